/**
 * Which rows of a list are chosen, as lists of files do it: a click begins anew, Ctrl or Cmd adds or takes away one row, Shift takes the
 * rows from the anchor on. Plain data: rows are known by their ids, since places change when the list is read again.
 */

/** The most rows that can be chosen one by one; beyond it the whole view is what is exported. */
export const MOST_CHOSEN = 10_000;

export type ChosenRows = {
  readonly ids: ReadonlySet<string>;
  /** the ids before the last range: another range from the same anchor replaces the first */
  readonly base: ReadonlySet<string>;
  /** place of the row at which a range begins; null: none yet */
  readonly anchor: number | null;
};

export const nothingChosen: ChosenRows = { ids: new Set(), base: new Set(), anchor: null };

/** A click without keys: nothing is chosen, and a range begins at this row. */
export const startedAt = (index: number): ChosenRows => ({ ...nothingChosen, anchor: index });

/** Adds the row or takes it away; a range begins at it from now on. */
export function toggled(rows: ChosenRows, index: number, id: string): ChosenRows {
  const ids = new Set(rows.ids);
  if (!ids.delete(id) && ids.size < MOST_CHOSEN) ids.add(id);
  return { ids, base: ids, anchor: index };
}

/** `range`: the ids from the anchor to the row that was reached. What is more than `MOST_CHOSEN` is left out. */
export function extended(rows: ChosenRows, range: readonly string[], anchor: number): ChosenRows {
  const ids = new Set(rows.base);
  for (const id of range) {
    if (ids.size >= MOST_CHOSEN) break;
    ids.add(id);
  }
  return { ids, base: rows.base, anchor };
}

/** The places from the anchor to `to`, nearest to the anchor first and at most as many as can be chosen: [from, end) in the list. */
export function rangeOf(anchor: number, to: number): { from: number; end: number } {
  const from = Math.max(Math.min(anchor, to), anchor - MOST_CHOSEN + 1);
  return { from, end: Math.min(Math.max(anchor, to), anchor + MOST_CHOSEN - 1) + 1 };
}
