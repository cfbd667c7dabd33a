/**
 * Sets of rows, one bit a row, 32 to a word: 125 kB at a million rows, so a few hundred can be kept between questions
 * and a random lookup stays in the second-level cache. Int32Array, since words of a Uint32Array above 2^31 leave
 * V8's small-integer path. Sets are never changed once they are shared.
 */
export type Bits = Int32Array<ArrayBuffer>;

export const wordsFor = (rows: number): number => (rows + 31) >>> 5;

export function has(bits: Bits, row: number): boolean {
  return ((bits[row >>> 5] >>> (row & 31)) & 1) === 1;
}

export function add(bits: Bits, row: number): void {
  bits[row >>> 5] |= 1 << (row & 31);
}

export function remove(bits: Bits, row: number): void {
  bits[row >>> 5] &= ~(1 << (row & 31));
}

/** a ∩ b. The result may be longer than either only in zero words. */
export function and(a: Bits, b: Bits): Bits {
  const out = new Int32Array(a.length);
  const n = Math.min(a.length, b.length);
  for (let i = 0; i < n; i++) out[i] = a[i] & b[i];
  return out;
}

export function or(a: Bits, b: Bits): Bits {
  const out = new Int32Array(a.length);
  for (let i = 0; i < out.length; i++) out[i] = a[i] | b[i];
  return out;
}

/** a without b. */
export function andNot(a: Bits, b: Bits): Bits {
  const out = new Int32Array(a.length);
  for (let i = 0; i < out.length; i++) out[i] = a[i] & ~b[i];
  return out;
}

export function popcount(word: number): number {
  let w = word - ((word >>> 1) & 0x55555555);
  w = (w & 0x33333333) + ((w >>> 2) & 0x33333333);
  return Math.imul((w + (w >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

/** Sets are never changed once they are shared, and the same ones are counted again and again (0.08 ms each at a million rows). */
const counted = new WeakMap<Bits, number>();

export function count(bits: Bits): number {
  let total = counted.get(bits);
  if (total === undefined) counted.set(bits, (total = popcounts(bits)));
  return total;
}

function popcounts(bits: Bits): number {
  let total = 0;
  for (let i = 0; i < bits.length; i++) {
    const word = bits[i];
    if (word !== 0) {
      let w = word - ((word >>> 1) & 0x55555555);
      w = (w & 0x33333333) + ((w >>> 2) & 0x33333333);
      total += Math.imul((w + (w >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
    }
  }
  return total;
}

/** The rows of a set, ascending. */
export function rowsOf(bits: Bits, total: number): Uint32Array<ArrayBuffer> {
  const out = new Uint32Array(total);
  let k = 0;
  for (let i = 0; i < bits.length; i++) {
    let word = bits[i];
    const base = i << 5;
    while (word !== 0) {
      const low = word & -word;
      out[k++] = base + 31 - Math.clz32(low);
      word ^= low;
    }
  }
  return out;
}
