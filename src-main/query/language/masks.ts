/**
 * Column → mask: the passes over all rows. Columns live in the memory the kernels see and have room for whole words; a
 * mask is copied out of it (0.04 ms a million rows), so that it belongs to whoever asked and never changes.
 */
import type { Bits } from '../columns/row-set.ts';
import { clear, copiedBits, memory, pieces, put } from '../kernels/heap.ts';
import { kernels } from '../kernels/instance.ts';

/** up to so many codes a table is one 128-bit register */
const FEW = 16;

/** Rows whose code is marked in `table` (1 or 0 for every code in use). */
export function byCode(codes: Uint16Array | Uint32Array, table: Uint8Array, words: number): Bits {
  const [marks, out] = pieces(Math.max(FEW, table.length), words * 4);
  put(marks, table);
  if (codes instanceof Uint32Array) kernels.byCode32(codes.byteOffset, marks, out, words);
  else if (table.length > FEW) kernels.byCode16(codes.byteOffset, marks, out, words);
  else kernels.byFew(codes.byteOffset, marks, out, words);
  return copiedBits(out, words);
}

/** Rows whose reference points into `target`: the gather of a relation of kind `one`. */
export function byReference(refs: Uint32Array, target: Bits, words: number): Bits {
  const [set, out] = pieces(target.byteLength, words * 4);
  put(set, target);
  kernels.byBit32(refs.byteOffset, set, out, words);
  return copiedBits(out, words);
}

/** Rows of the other table that some row in `from` points at: the scatter of a relation of kind `many`. */
export function pointedAt(refs: Uint32Array, from: Bits, words: number): Bits {
  const [set, out] = pieces(from.byteLength, words * 4);
  put(set, from);
  clear(out, words * 4);
  kernels.pointedAt(refs.byteOffset, set, from.length, out);
  const made = copiedBits(out, words);
  made[0] &= ~1;
  return made;
}

/** from ≤ value ≤ to. NaN (null) is in no range. */
export function byRange(values: Float64Array, from: number, to: number, words: number): Bits {
  const [out] = pieces(words * 4);
  kernels.byRange(values.byteOffset, from, to, out, words);
  return copiedBits(out, words);
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
  const [out] = pieces(words * 4);
  kernels.byDifference(later.byteOffset, earlier.byteOffset, unit, from, to, out, words);
  return copiedBits(out, words);
}

export function notNaN(values: Float64Array, words: number): Bits {
  const [out] = pieces(words * 4);
  kernels.notNaN(values.byteOffset, out, words);
  return copiedBits(out, words);
}

export function notZero(codes: Uint16Array | Uint32Array, words: number): Bits {
  const [out] = pieces(words * 4);
  if (codes instanceof Uint32Array) kernels.notZero32(codes.byteOffset, out, words);
  else kernels.notZero16(codes.byteOffset, out, words);
  return copiedBits(out, words);
}

/** Rows for which table[offsets[head] + suffix] is 1; it holds 1 and 0 only. */
export function byName(
  heads: Uint32Array,
  suffixes: Uint16Array,
  offsets: Uint32Array,
  table: Uint8Array,
  words: number,
): Bits {
  const [places, marks, out] = pieces(offsets.byteLength, table.length, words * 4);
  put(places, offsets);
  put(marks, table);
  kernels.byName(heads.byteOffset, suffixes.byteOffset, places, marks, out, words);
  return copiedBits(out, words);
}

/** A table of `size` bytes that is not 0 at the pairs that rows have. */
export function namesInUse(
  heads: Uint32Array,
  suffixes: Uint16Array,
  offsets: Uint32Array,
  size: number,
  rows: number,
): Uint8Array {
  const [places, marks] = pieces(offsets.byteLength, size);
  put(places, offsets);
  clear(marks, size);
  kernels.markNames(heads.byteOffset, suffixes.byteOffset, places, marks, rows);
  return new Uint8Array(memory.buffer, marks, size).slice();
}
