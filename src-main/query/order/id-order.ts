/** All rows by id: the tie-break of every order, and how the row of an id is found. */
import * as rowSet from '../columns/row-set.ts';
import type { RowSet } from '../columns/row-set.ts';
import { radixSort } from './radix.ts';
import type { Table } from '../columns/table.ts';

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
