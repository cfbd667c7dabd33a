/**
 * Sets of rows, one bit a row, 32 to a word. A set of a million rows is 125 kB, so a few hundred can be kept between questions and a random
 * look-up stays in the second-level cache. Words are signed, because words of a Uint32Array above 2^31 leave V8's small-integer path. A set
 * does not change once it is shared.
 */
export type RowSet = Int32Array<ArrayBuffer>;

export const wordsFor = (rows: number): number => (rows + 31) >>> 5;

export function has(set: RowSet, row: number): boolean {
  return ((set[row >>> 5] >>> (row & 31)) & 1) === 1;
}

export function add(set: RowSet, row: number): void {
  set[row >>> 5] |= 1 << (row & 31);
}

export function remove(set: RowSet, row: number): void {
  set[row >>> 5] &= ~(1 << (row & 31));
}

/** The rows in both sets, as long as `a`. */
export function and(a: RowSet, b: RowSet): RowSet {
  const out = new Int32Array(a.length);
  const n = Math.min(a.length, b.length);
  for (let i = 0; i < n; i++) out[i] = a[i] & b[i];
  return out;
}

/** The rows in either set, as long as `a`; `b` is at most that long. */
export function or(a: RowSet, b: RowSet): RowSet {
  const out = new Int32Array(a.length);
  for (let i = 0; i < out.length; i++) out[i] = a[i] | b[i];
  return out;
}

/** The rows of `a` that are not in `b`. */
export function andNot(a: RowSet, b: RowSet): RowSet {
  const out = new Int32Array(a.length);
  for (let i = 0; i < out.length; i++) out[i] = a[i] & ~b[i];
  return out;
}

/** The number of set bits of a word. */
function popcount(word: number): number {
  let w = word - ((word >>> 1) & 0x55555555);
  w = (w & 0x33333333) + ((w >>> 2) & 0x33333333);
  return Math.imul((w + (w >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

/** The same sets are counted again and again: 0.08 ms each at a million rows. */
const counted = new WeakMap<RowSet, number>();

/** The number of rows in a shared set, which must not change afterwards. */
export function count(set: RowSet): number {
  let total = counted.get(set);
  if (total === undefined) counted.set(set, (total = popcounts(set)));
  return total;
}

function popcounts(set: RowSet): number {
  let total = 0;
  for (let i = 0; i < set.length; i++) if (set[i] !== 0) total += popcount(set[i]);
  return total;
}

/** The rows of a set, ascending. `total`: their number. */
export function rowsOf(set: RowSet, total: number): Uint32Array<ArrayBuffer> {
  const out = new Uint32Array(total);
  let k = 0;
  for (let i = 0; i < set.length; i++) {
    let word = set[i];
    const base = i << 5;
    while (word !== 0) {
      const low = word & -word;
      out[k++] = base + 31 - Math.clz32(low);
      word ^= low;
    }
  }
  return out;
}
