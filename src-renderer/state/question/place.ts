/** Where the open run is in an answer. */
import type { Answer } from '../../../src-main/contract/calls.ts';
import { api } from '../window/app.svelte.ts';
import { selection } from '../window/selection.svelte.ts';

/** Sets the selection's index: the place in the answer, or null when the run is not in it. `isCurrent`: the answer is still on screen. */
export async function placeOpenRun(workspace: string, answer: Answer, isCurrent: () => boolean): Promise<void> {
  const id = selection.id;
  if (id === null) return;
  const near = answer.rows.findIndex((row) => row.id === id);
  if (near >= 0) {
    selection.index = near;
    return;
  }
  try {
    const { position } = await api['query.position']({ workspace, result: answer.result, id });
    if (selection.id === id && isCurrent()) selection.index = position;
  } catch {
    if (selection.id === id) selection.index = null; // the list works without the mark: no message
  }
}
