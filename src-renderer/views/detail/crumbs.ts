/** Where a run belongs: its flow, its flow run and its task, each a question of its own. */
import type { TaskRunRow } from '../../../src-main/contract/run.ts';

/** `field` in `value` is the question. */
export type Crumb = { field: string; value: string; name: string; what: 'flow' | 'flow run' | 'task' };

export function crumbsOf(row: TaskRunRow, taskName: (key: string) => string): Crumb[] {
  const crumb = (what: Crumb['what'], field: string, value: string | null, name: string | null): Crumb[] =>
    value === null ? [] : [{ field, value, name: name ?? value.slice(0, 8), what }];
  return [
    ...crumb('flow', 'flow_run.flow_id', row.flow_id, row.flow_name),
    ...crumb('flow run', 'flow_run_id', row.flow_run_id, row.flow_run_name),
    ...crumb('task', 'task_key', row.task_key, row.task_key && taskName(row.task_key)),
  ];
}
