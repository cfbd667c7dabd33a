/** Keeps the rows under the eye where they are when the list is read again. */
import type { TaskRunRow } from '../../../src-main/contract/run.ts';
import type { Pages } from './pages.ts';

type Place = {
  /** first row on screen and one past the last */
  seen: readonly [from: number, to: number];
  /** rows of the list on screen; null: not loaded */
  at: (index: number) => TaskRunRow | null;
  /** place of a run in the next list; null when it is not in it */
  position: (id: string) => Promise<number | null>;
};

/**
 * How many rows further down the list on screen stands in the next one; the rows that will be on screen are loaded. 0 at the top of the
 * list, where new rows are to be seen. A run that left the list is passed over for the next on screen.
 */
export async function rowsMoved({ seen: [from, to], at, position }: Place, next: Pages): Promise<number> {
  if (from === 0) return 0;
  for (let index = from; index < to; index++) {
    const row = at(index);
    const place = row && (await position(row.id));
    if (place === null) continue;
    const by = place - index;
    await Promise.all([next.later(from + by), next.later(to - 1 + by)]);
    return by;
  }
  return 0;
}
