/** Next and previous run of the list, without leaving the detail pane. */
import { question } from '../question/question.svelte.ts';
import { selection } from './selection.svelte.ts';

/** A row not yet loaded is waited for; at either end nothing happens. */
export async function walk(step: 1 | -1): Promise<void> {
  const index = selection.index === null ? 0 : selection.index + step;
  if (index < 0 || index >= question.count) return;
  const row = question.row(index) ?? (await question.rowLater(index));
  if (row) selection.show(row.id, index);
}

/** A run reached through a link: marked in the list when it is there. */
export async function openById(id: string): Promise<void> {
  selection.open(id, null);
  await question.locate(id);
}
