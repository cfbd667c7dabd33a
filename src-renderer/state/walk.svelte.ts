/** Next and previous run of the list, without leaving the detail pane. */
import { question } from './question.svelte.ts';
import { selection } from './selection.svelte.ts';

/** A row not yet loaded is waited for; at either end nothing happens. */
export async function walk(step: 1 | -1): Promise<void> {
  const index = selection.index === null ? 0 : selection.index + step;
  if (index < 0 || index >= question.count) return;
  const row = question.row(index) ?? (await question.rowLater(index));
  if (row) selection.show(row.id, index);
}
