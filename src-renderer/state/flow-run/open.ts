/** The way to a flow run's own view, and from there to its runs in the list. */
import { rememberName } from '../filters/names.svelte.ts';
import { undo } from '../question/undo.svelte.ts';
import { api, app } from '../window/app.svelte.ts';
import { notes } from '../window/notes.svelte.ts';
import { views } from '../window/views.svelte.ts';

export function showFlowRun(id: string, name: string | null): void {
  rememberName('flow_run_id', id, name);
  views.show({ kind: 'flow_run', id });
}

/** The flow run that a task run belongs to; says so when it has none. */
export async function showFlowRunOf(taskRun: string): Promise<void> {
  const { workspace } = app;
  if (workspace === null) return;
  await notes.attempt(async () => {
    const { row } = await api['run.get']({ workspace, id: taskRun });
    if (row.flow_run_id === null) notes.say('This run belongs to no flow run');
    else showFlowRun(row.flow_run_id, row.flow_run_name);
  });
}

/** All its task runs in the list, whatever else was asked for. */
export function showRunsOf(id: string, name: string): void {
  rememberName('flow_run_id', id, name);
  views.showList();
  undo.replace({ field: 'flow_run_id', in: [id] }, `Only the runs of flow run ${name}; the other filters are off`);
}
