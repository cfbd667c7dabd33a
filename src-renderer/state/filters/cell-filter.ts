/** The filter that a cell of the list stands for: its field, its value, and what the value is called. */
import type { TaskRunRow } from '../../../src-main/contract/run.ts';
import { readChoice, writeChoice } from './conditions.ts';
import type { Condition } from '../../../src-main/contract/query.ts';

export type CellFilter = { field: string; value: string; label: string };

/** Cells that show a parent's name filter by its id: names are not unique. */
const ids: Record<string, { field: string; id: keyof TaskRunRow; name: keyof TaskRunRow }> = {
  'flow_run.name': { field: 'flow_run_id', id: 'flow_run_id', name: 'flow_run_name' },
  'flow_run.flow.name': { field: 'flow_run.flow_id', id: 'flow_id', name: 'flow_name' },
  'flow_run.deployment.name': { field: 'flow_run.deployment_id', id: 'deployment_id', name: 'deployment_name' },
};
const terms: Record<string, keyof TaskRunRow> = { state_name: 'state_name', task_key: 'task_key', failure: 'failure' };

/** null: the cell is no filter, such as a time, or is empty */
export function cellFilter(row: TaskRunRow, column: string): CellFilter | null {
  const parent = Object.hasOwn(ids, column) ? ids[column] : undefined;
  const key = parent ? parent.id : Object.hasOwn(terms, column) ? terms[column] : undefined;
  const value = key === undefined ? null : row[key];
  if (typeof value !== 'string') return null;
  return { field: parent?.field ?? column, value, label: String((parent ? row[parent.name] : null) ?? value) };
}

/** `with`: only runs with the value; `without`: no run with it. */
export function filterByCell(where: Condition, { field, value }: CellFilter, how: 'with' | 'without'): Condition {
  const { include, exclude, mode } = readChoice(where, field);
  const others = (list: typeof include) => list.filter((one) => one !== value);
  return writeChoice(where, field, {
    include: how === 'with' ? [value] : others(include),
    exclude: how === 'without' ? [...others(exclude), value] : others(exclude),
    mode,
  });
}
