/** Updates a kept order after a few rows have changed. */
import * as rowSet from '../columns/row-set.ts';
import type { RowSet } from '../columns/row-set.ts';
import type { KeptOrder } from './kept-order.ts';
import { placesIn } from './masked-scan.ts';

/**
 * Takes the changed rows out of the order and puts them in at their new places. The stretches between are moved as a whole. `before` and
 * `after`: the rows that the order had and is to have. `compare`: by the new values.
 */
export function moveRows(
  order: KeptOrder,
  before: RowSet,
  after: RowSet,
  changed: readonly number[],
  compare: (a: number, b: number) => number,
): void {
  const leaving: RowSet = new Int32Array(Math.max(before.length, 1));
  let leave = 0;
  for (const row of changed) {
    if (row >>> 5 >= before.length || !rowSet.has(before, row)) continue;
    rowSet.add(leaving, row);
    leave++;
  }
  const gaps = leave > 0 ? placesIn(order.rows, leaving) : new Uint32Array(0);
  const arriving = Uint32Array.from(changed.filter((row) => rowSet.has(after, row))).sort(compare);
  order.change(order.rows.length - leave + arriving.length, (room, length) => {
    insert(room, closeGaps(room, length, gaps), arriving, compare);
  });
}

/** Removes the rows at the places `gaps` (ascending); returns how many rows are left. */
function closeGaps(rows: Uint32Array, length: number, gaps: Uint32Array): number {
  let to = gaps.length > 0 ? gaps[0] : length;
  for (let g = 0; g < gaps.length; g++) {
    const from = gaps[g] + 1;
    const end = g + 1 < gaps.length ? gaps[g + 1] : length;
    rows.copyWithin(to, from, end);
    to += end - from;
  }
  return to;
}

/** Inserts `arriving`, which is sorted. It works from the back, so that each stretch is moved once. */
function insert(
  rows: Uint32Array,
  length: number,
  arriving: Uint32Array,
  compare: (a: number, b: number) => number,
): void {
  const places = new Uint32Array(arriving.length);
  for (let i = 0, from = 0; i < arriving.length; i++)
    from = places[i] = placeFor(arriving[i], rows, from, length, compare);
  for (let i = arriving.length - 1, end = length; i >= 0; i--) {
    const at = places[i];
    rows.copyWithin(at + i + 1, at, end);
    rows[at + i] = arriving[i];
    end = at;
  }
}

/** First place in [from, length) whose row comes after `row`. */
function placeFor(
  row: number,
  rows: Uint32Array,
  from: number,
  length: number,
  compare: (a: number, b: number) => number,
): number {
  let low = from;
  let high = length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compare(rows[middle], row) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
