/** Bringing a kept order up to date after a few rows have changed. */
import * as bits from '../columns/row-set.ts';
import type { Bits } from '../columns/row-set.ts';
import type { KeptOrder } from './kept-order.ts';
import { placesIn } from './masked-scan.ts';

/**
 * Takes the changed rows out of where they are and puts them in where they belong, in place: the stretches between are
 * moved whole. `before` and `after` are the members the order had and is to have; `compare` is by the new values.
 */
export function move(
  order: KeptOrder,
  before: Bits,
  after: Bits,
  changed: readonly number[],
  compare: (a: number, b: number) => number,
): void {
  const leaving: Bits = new Int32Array(Math.max(before.length, 1));
  let leave = 0;
  for (const row of changed) {
    if (row >>> 5 >= before.length || !bits.has(before, row)) continue;
    bits.add(leaving, row);
    leave++;
  }
  const gaps = leave > 0 ? placesIn(order.rows, leaving) : new Uint32Array(0);
  const arriving = Uint32Array.from(changed.filter((row) => bits.has(after, row))).sort(compare);
  order.change(order.rows.length - leave + arriving.length, (room, length) => {
    insert(room, closeGaps(room, length, gaps), arriving, compare);
  });
}

/** Returns how many are left. */
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

/** `arriving` is in order; from the back, so that each stretch moves once. */
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
