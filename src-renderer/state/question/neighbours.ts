/** Opens the next or previous run of the list, or a run that a link names. */
import { question } from './question.svelte.ts';
import { selection } from '../window/selection.svelte.ts';

/** A view in front of the list says how it goes to the next run; the last one is in front. */
let walks: ((step: 1 | -1) => void)[] = [];

/** Returns how to withdraw it. */
export function offerNeighbours(walk: (step: 1 | -1) => void): () => void {
  walks.push(walk);
  return () => {
    walks = walks.filter((one) => one !== walk);
  };
}

/** A row not yet loaded is waited for; at either end nothing happens. */
export async function openNeighbour(step: 1 | -1): Promise<void> {
  const walk = walks.at(-1);
  if (walk) return walk(step);
  const index = selection.index === null ? 0 : selection.index + step;
  if (index < 0 || index >= question.count) return;
  const row = question.rows.at(index) ?? (await question.rows.later(index));
  if (row) selection.show(row.id, index);
}

/** A run reached through a link: marked in the list and scrolled to when it is there, else nothing moves. */
export async function openById(id: string): Promise<void> {
  selection.open(id, null);
  await question.placeOpenRun();
  if (selection.id === id && selection.index !== null) selection.reveal += 1;
}
