/** Scans of an order that test each row against a mask. They have no branches, because the outcome for the next row cannot be predicted. */
import { bit } from './bits';

/** Writes to `out` the rows of rows[0, n) that are in the mask; returns how many. `out` needs room for one more. */
export function pick(rows: usize, n: u32, mask: usize, out: usize): u32 {
  const start = out;
  const end = rows + ((<usize>n) << 2);
  for (; rows < end; rows += 4) {
    const row = load<u32>(rows);
    store<u32>(out, row);
    out += (<usize>bit(mask, row)) << 2;
  }
  return <u32>((out - start) >> 2);
}

/** Writes to `out` the places in rows[0, n) whose row is in the mask; returns how many. `out` needs room for one more. */
export function placesOf(rows: usize, n: u32, mask: usize, out: usize): u32 {
  const start = out;
  for (let i: u32 = 0; i < n; i++) {
    const row = load<u32>(rows);
    store<u32>(out, i);
    out += (<usize>bit(mask, row)) << 2;
    rows += 4;
  }
  return <u32>((out - start) >> 2);
}

/** The number of rows of rows[0, n) that are in the mask. */
export function countIn(rows: usize, n: u32, mask: usize): u32 {
  let total: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    total += bit(mask, load<u32>(rows));
    rows += 4;
  }
  return total;
}

/** counts[codes[row] · 4 + k] += 1 for the rows of rows[0, n) in the mask. k cycles through 0 to 3, as in countFew. */
export function countCodesIn(rows: usize, n: u32, codes: usize, mask: usize, counts: usize): void {
  let i: u32 = 0;
  for (; i + 4 <= n; i += 4) {
    const a = load<u32>(rows);
    const b = load<u32>(rows, 4);
    const c = load<u32>(rows, 8);
    const d = load<u32>(rows, 12);
    add(counts + ((<usize>load<u16>(codes + ((<usize>a) << 1))) << 4), bit(mask, a));
    add(counts + ((<usize>load<u16>(codes + ((<usize>b) << 1))) << 4) + 4, bit(mask, b));
    add(counts + ((<usize>load<u16>(codes + ((<usize>c) << 1))) << 4) + 8, bit(mask, c));
    add(counts + ((<usize>load<u16>(codes + ((<usize>d) << 1))) << 4) + 12, bit(mask, d));
    rows += 16;
  }
  for (; i < n; i++) {
    const row = load<u32>(rows);
    add(counts + ((<usize>load<u16>(codes + ((<usize>row) << 1))) << 4), bit(mask, row));
    rows += 4;
  }
}

function add(counter: usize, n: u32): void {
  store<u32>(counter, load<u32>(counter) + n);
}
