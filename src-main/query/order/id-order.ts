/** All rows by id: the tie-break of every order, and how the row of an id is found. */
import * as rowSet from '../columns/row-set.ts';
import type { RowSet } from '../columns/row-set.ts';
import { radixSort } from './radix.ts';
import type { Table } from '../columns/table.ts';
import { parseUuid } from '../columns/uuid-words.ts';

/** Sorts by the first 64 bits of the id by radix, then ties (ids made in one millisecond) by comparison. */
export function idsDescending({ ids }: Table, members: RowSet): Uint32Array<ArrayBuffer> {
  const rows = rowSet.rowsOf(members, rowSet.count(members));
  const { words } = ids;
  const hi = new Uint32Array(rows.length);
  const lo = new Uint32Array(rows.length);
  for (let i = 0; i < rows.length; i++) {
    hi[i] = ~words[rows[i] * 4] >>> 0;
    lo[i] = ~words[rows[i] * 4 + 1] >>> 0;
  }
  radixSort(rows, hi, lo);
  const same = (a: number, b: number) => words[a * 4] === words[b * 4] && words[a * 4 + 1] === words[b * 4 + 1];
  for (let start = 0; start < rows.length;) {
    let end = start + 1;
    while (end < rows.length && same(rows[start], rows[end])) end++;
    if (end - start > 1) rows.subarray(start, end).sort((a, b) => ids.compare(b, a));
    start = end;
  }
  return rows;
}

/** Of rows by id descending, those whose ids begin with these hex digits: two searches of halves, whatever the number of rows. */
export function beginningWith({ ids }: Table, rows: Uint32Array, hex: string): Uint32Array {
  const { words } = ids;
  const [least, most] = ['0', 'f'].map((digit) => parseUuid(hex.padEnd(32, digit))!);
  /** How many rows stand before the first whose id is at most `wanted`, or below it. */
  const before = (wanted: readonly number[], orSame: boolean): number => {
    let low = 0;
    let high = rows.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const at = rows[middle] * 4;
      let order = 0;
      for (let i = 0; i < 4 && order === 0; i++) order = words[at + i] - wanted[i];
      if (order > 0 || (order === 0 && orSame)) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  return rows.subarray(before(most, false), before(least, true));
}
