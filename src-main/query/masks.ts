/**
 * Column → mask: the passes over all rows. Each loop sees one kind of typed array, so V8 compiles it to straight
 * machine code (a shared loop over 16- and 32-bit codes ran half as fast). Every column has room for whole words.
 * Comparisons become numbers, not branches: a range that half of the rows are in took 7 ms a million with an `if`, 1.1 without.
 */
import type { Bits } from './bits.ts';

/** Rows whose code is marked in `table` (1 or 0 for every code in use). */
export function byCode(codes: Uint16Array | Uint32Array, table: Uint8Array, words: number): Bits {
  return codes instanceof Uint16Array ? byCode16(codes, table, words) : byCode32(codes, table, words);
}

function byCode16(codes: Uint16Array, table: Uint8Array, words: number): Bits {
  const out = new Int32Array(words);
  for (let w = 0, r = 0; w < words; w++) {
    let word = 0;
    for (let j = 0; j < 32; j += 4, r += 4) {
      word |=
        (table[codes[r]] | (table[codes[r + 1]] << 1) | (table[codes[r + 2]] << 2) | (table[codes[r + 3]] << 3)) << j;
    }
    out[w] = word;
  }
  return out;
}

function byCode32(codes: Uint32Array, table: Uint8Array, words: number): Bits {
  const out = new Int32Array(words);
  for (let w = 0, r = 0; w < words; w++) {
    let word = 0;
    for (let j = 0; j < 32; j += 4, r += 4) {
      word |=
        (table[codes[r]] | (table[codes[r + 1]] << 1) | (table[codes[r + 2]] << 2) | (table[codes[r + 3]] << 3)) << j;
    }
    out[w] = word;
  }
  return out;
}

/** up to here a byte per target row fits the second-level cache and is faster to look up than a bit */
const BYTES_UP_TO = 262_144;

/** Rows whose reference points into `target`: the gather of a relation of kind `one`. */
export function byReference(refs: Uint32Array, target: Bits, words: number): Bits {
  const size = target.length * 32;
  if (size <= BYTES_UP_TO) {
    const marks = new Uint8Array(size);
    for (let i = 0; i < size; i++) marks[i] = (target[i >>> 5] >>> (i & 31)) & 1;
    return byCode32(refs, marks, words);
  }
  const out = new Int32Array(words);
  for (let w = 0, r = 0; w < words; w++) {
    let word = 0;
    for (let j = 0; j < 32; j++, r++) {
      const to = refs[r];
      word |= ((target[to >>> 5] >>> (to & 31)) & 1) << j;
    }
    out[w] = word;
  }
  return out;
}

/** Rows of the other table that some row in `from` points at: the scatter of a relation of kind `many`. */
export function pointedAt(refs: Uint32Array, from: Bits, words: number): Bits {
  const out = new Int32Array(words);
  for (let w = 0; w < from.length; w++) {
    let word = from[w];
    const base = w << 5;
    while (word !== 0) {
      const low = word & -word;
      const to = refs[base + 31 - Math.clz32(low)];
      out[to >>> 5] |= 1 << (to & 31);
      word ^= low;
    }
  }
  out[0] &= ~1;
  return out;
}

/** from ≤ value ≤ to. NaN (null) is in no range. */
export function byRange(values: Float64Array, from: number, to: number, words: number): Bits {
  const out = new Int32Array(words);
  for (let w = 0, r = 0; w < words; w++) {
    let word = 0;
    for (let j = 0; j < 32; j++, r++) {
      const v = values[r];
      word |= (Number(v >= from) & Number(v <= to)) << j;
    }
    out[w] = word;
  }
  return out;
}

/** from ≤ (later − earlier) / unit ≤ to */
export function byDifference(
  later: Float64Array,
  earlier: Float64Array,
  unit: number,
  from: number,
  to: number,
  words: number,
): Bits {
  const out = new Int32Array(words);
  for (let w = 0, r = 0; w < words; w++) {
    let word = 0;
    for (let j = 0; j < 32; j++, r++) {
      const v = (later[r] - earlier[r]) / unit;
      word |= (Number(v >= from) & Number(v <= to)) << j;
    }
    out[w] = word;
  }
  return out;
}

export function notNaN(values: Float64Array, words: number): Bits {
  const out = new Int32Array(words);
  for (let w = 0, r = 0; w < words; w++) {
    let word = 0;
    for (let j = 0; j < 32; j++, r++) {
      const v = values[r];
      word |= Number(v === v) << j;
    }
    out[w] = word;
  }
  return out;
}

export function notZero(codes: Uint16Array | Uint32Array, words: number): Bits {
  return codes instanceof Uint16Array ? notZero16(codes, words) : notZero32(codes, words);
}

function notZero16(codes: Uint16Array, words: number): Bits {
  const out = new Int32Array(words);
  for (let w = 0, r = 0; w < words; w++) {
    let word = 0;
    for (let j = 0; j < 32; j++, r++) word |= Number(codes[r] !== 0) << j;
    out[w] = word;
  }
  return out;
}

function notZero32(codes: Uint32Array, words: number): Bits {
  const out = new Int32Array(words);
  for (let w = 0, r = 0; w < words; w++) {
    let word = 0;
    for (let j = 0; j < 32; j++, r++) word |= Number(codes[r] !== 0) << j;
    out[w] = word;
  }
  return out;
}

/** Rows for which table[offsets[head] + suffix] is 1; it holds 1 and 0 only. */
export function byName(
  heads: Uint32Array,
  suffixes: Uint16Array,
  offsets: Uint32Array,
  table: Uint8Array,
  words: number,
): Bits {
  const out = new Int32Array(words);
  for (let w = 0, r = 0; w < words; w++) {
    let word = 0;
    for (let j = 0; j < 32; j += 4, r += 4) {
      word |=
        (table[offsets[heads[r]] + suffixes[r]] |
          (table[offsets[heads[r + 1]] + suffixes[r + 1]] << 1) |
          (table[offsets[heads[r + 2]] + suffixes[r + 2]] << 2) |
          (table[offsets[heads[r + 3]] + suffixes[r + 3]] << 3)) <<
        j;
    }
    out[w] = word;
  }
  return out;
}

export const UNKNOWN = 2;

/** The same where the table still holds UNKNOWN: `resolve` finds out and fills it in. */
export function byNameLazily(
  heads: Uint32Array,
  suffixes: Uint16Array,
  offsets: Uint32Array,
  table: Uint8Array,
  resolve: (offset: number, suffix: number) => number,
  words: number,
): Bits {
  const out = new Int32Array(words);
  for (let w = 0, r = 0; w < words; w++) {
    let word = 0;
    for (let j = 0; j < 32; j++, r++) {
      const offset = offsets[heads[r]];
      let v = table[offset + suffixes[r]];
      if (v === UNKNOWN) v = resolve(offset, suffixes[r]);
      word |= v << j;
    }
    out[w] = word;
  }
  return out;
}
