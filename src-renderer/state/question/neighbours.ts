/** Opens the next or previous run of the list, or a run that a link names. */
import { question } from './question.svelte.ts';
import { selection } from '../window/selection.svelte.ts';

/** How each view that lies over the list goes to its next or previous run. The last of them is on top. */
let steppers: ((step: 1 | -1) => void)[] = [];

/** A view calls this while it lies over the list. The returned function takes `stepper` away again. */
export function stepThrough(stepper: (step: 1 | -1) => void): () => void {
  steppers.push(stepper);
  return () => {
    steppers = steppers.filter((one) => one !== stepper);
  };
}

/** Waits for a row that is not loaded yet; at either end nothing happens. */
export async function openNeighbour(step: 1 | -1): Promise<void> {
  const stepper = steppers.at(-1);
  if (stepper) return stepper(step);
  const index = selection.index === null ? 0 : selection.index + step;
  if (index < 0 || index >= question.count) return;
  const row = question.rows.at(index) ?? (await question.rows.later(index));
  if (row) selection.show(row.id, index);
}

/** Opens a run that a link names. The list marks it and scrolls to it when it is in the list. */
export async function openById(id: string): Promise<void> {
  selection.open(id, null);
  await question.placeOpenRun();
  if (selection.id === id && selection.index !== null) selection.reveal += 1;
}
