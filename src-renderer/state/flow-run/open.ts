/** The way to a flow run's own view, and from there to its runs in the list. */
import { rememberName } from '../filters/names.svelte.ts';
import { undo } from '../question/undo.svelte.ts';
import { views } from '../window/views.svelte.ts';

export function showFlowRun(id: string, name: string | null): void {
  rememberName('flow_run_id', id, name);
  views.show({ kind: 'flow_run', id });
}

/** All its task runs in the list, whatever else was asked for. */
export function showRunsOf(id: string, name: string): void {
  rememberName('flow_run_id', id, name);
  views.showList();
  undo.replace({ field: 'flow_run_id', in: [id] }, `Only the runs of flow run ${name}; the other filters are off`);
}
