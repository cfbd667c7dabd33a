/** The way to a task's own view, and from there to its runs in the list. */
import type { Condition } from '../../../src-main/contract/query.ts';
import { taskName } from '../filters/task-names.svelte.ts';
import { undo } from '../question/undo.svelte.ts';
import { views } from '../window/views.svelte.ts';

export function showTask(key: string): void {
  views.show({ kind: 'task', key });
}

/** Its runs in the list, whatever else was asked for. `more`: which of them; `words`: the same for a person. */
export function showRunsOfTask(key: string, more: Condition[] = [], words = ''): void {
  views.showList();
  undo.replace(
    { and: [{ field: 'task_key', in: [key] }, ...more] },
    `Only the runs of task ${taskName(key)}${words}; the other filters are off`,
  );
}
