/** The way to a flow run's own view, and from there to its runs in the list and back. */
import type { FlowRunHead } from '../../../src-main/contract/flow-run.ts';
import type { FlowRunTab } from '../../../src-main/contract/place.ts';
import type { Condition } from '../../../src-main/contract/query.ts';
import { rememberName } from '../filters/names.svelte.ts';
import { question } from '../question/question.svelte.ts';
import { undo } from '../question/undo.svelte.ts';
import { api, app } from '../window/app.svelte.ts';
import { notes } from '../window/notes.svelte.ts';
import { views } from '../window/views.svelte.ts';

export function showFlowRun(id: string, name: string | null, tab: FlowRunTab = 'timeline'): void {
  rememberName('flow_run_id', id, name);
  views.show({ kind: 'flow_run', id, tab });
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

/** All its task runs in the list, whatever else was asked for; the list as it is when it already shows its runs alone. */
export function showRunsOf(id: string, name: string): void {
  rememberName('flow_run_id', id, name);
  views.showList();
  if (onlyFlowRun(question.where) === id) return;
  undo.replace({ field: 'flow_run_id', in: [id] }, `Only the runs of flow run ${name}; the other filters are off`);
}

/** The id of the one flow run whose runs the question leaves; null: of several, or of any. */
export function onlyFlowRun(where: Condition): string | null {
  const parts = 'and' in where ? where.and : [where];
  for (const part of parts)
    if ('in' in part && part.field === 'flow_run_id' && part.in.length === 1) return String(part.in[0]);
  return null;
}

/** What the archive has of it besides its task runs; null: nothing, or it cannot be read, which the list itself says. */
export async function readHead(workspace: string, id: string, signal: AbortSignal): Promise<FlowRunHead | null> {
  try {
    for await (const item of api['flow_run.read']({ workspace, id }, { signal })) if (item.kind === 'head') return item;
  } catch {
    // as above
  }
  return null;
}
