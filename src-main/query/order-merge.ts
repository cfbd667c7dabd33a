/** Bringing a kept order up to date after a few rows have changed. */
import * as bits from './bits.ts';
import type { Bits } from './bits.ts';
import { placesIn } from './walks.ts';

/**
 * The order with the changed rows in their new places: out of where they are, in where they belong, the stretches
 * between copied whole. `rows` itself is left as it is.
 */
export function moved(
  rows: Uint32Array<ArrayBuffer>,
  before: Bits,
  after: Bits,
  changed: readonly number[],
  compare: (a: number, b: number) => number,
): Uint32Array<ArrayBuffer> {
  const leaving: Bits = new Int32Array(Math.max(before.length, 1));
  let leave = 0;
  for (const row of changed) {
    if (row >>> 5 >= before.length || !bits.has(before, row)) continue;
    bits.add(leaving, row);
    leave++;
  }
  const gaps = leave > 0 ? placesIn(rows, leaving) : new Uint32Array(0);
  const arriving = Uint32Array.from(changed.filter((row) => bits.has(after, row))).sort(compare);
  const out = new Uint32Array(rows.length - leave + arriving.length);
  let from = 0;
  let to = 0;
  let gap = 0;
  /** copies rows[from, end) less the gaps in it */
  const copyUpTo = (end: number): void => {
    while (gap < leave && gaps[gap] < end) {
      out.set(rows.subarray(from, gaps[gap]), to);
      to += gaps[gap] - from;
      from = gaps[gap++] + 1;
    }
    out.set(rows.subarray(from, end), to);
    to += end - from;
    from = end;
  };
  for (const row of arriving) {
    copyUpTo(placeFor(row, rows, from, leaving, leave > 0, compare));
    out[to++] = row;
  }
  copyUpTo(rows.length);
  return out;
}

/** First place from `from` on whose row comes after `row`. Rows that leave have changed values and say nothing. */
function placeFor(
  row: number,
  rows: Uint32Array,
  from: number,
  leaving: Bits,
  skip: boolean,
  compare: (a: number, b: number) => number,
): number {
  let low = from;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    let probe = middle;
    if (skip) while (probe < high && bits.has(leaving, rows[probe])) probe++;
    if (probe === high) high = middle;
    else if (compare(rows[probe], row) < 0) low = probe + 1;
    else high = middle;
  }
  return low;
}
