/**
 * Column → mask: the passes over all rows. Columns live in the memory of the kernels and have room for whole words. The mask is copied out
 * of that memory (0.04 ms for a million rows), so that the caller owns it.
 */
import type { RowSet } from '../columns/row-set.ts';
import { clear, copiedRowSet, memory, scratch, put } from '../kernels/heap.ts';
import { kernels } from '../kernels/instance.ts';

/** Up to this many codes, the table fits one 128-bit register. */
const FEW = 16;

/** Rows whose code is marked in `table`, which holds 1 or 0 for every code in use. */
export function byCode(codes: Uint16Array | Uint32Array, table: Uint8Array, words: number): RowSet {
  const [marks, out] = scratch(Math.max(FEW, table.length), words * 4);
  put(marks, table);
  if (codes instanceof Uint32Array) kernels.byCode32(codes.byteOffset, marks, out, words);
  else if (table.length > FEW) kernels.byCode16(codes.byteOffset, marks, out, words);
  else kernels.byFew(codes.byteOffset, marks, out, words);
  return copiedRowSet(out, words);
}

/** Rows whose reference points to a row of `target`: a relation of kind `one`. */
export function byReference(refs: Uint32Array, target: RowSet, words: number): RowSet {
  const [set, out] = scratch(target.byteLength, words * 4);
  put(set, target);
  kernels.byBit32(refs.byteOffset, set, out, words);
  return copiedRowSet(out, words);
}

/** Rows of the other table that a row of `from` points to: a relation of kind `many`. */
export function pointedAt(refs: Uint32Array, from: RowSet, words: number): RowSet {
  const [set, out] = scratch(from.byteLength, words * 4);
  put(set, from);
  clear(out, words * 4);
  kernels.pointedAt(refs.byteOffset, set, from.length, out);
  const made = copiedRowSet(out, words);
  made[0] &= ~1;
  return made;
}

/** Rows with from ≤ value ≤ to. NaN (null) is in no range. */
export function byRange(values: Float64Array, from: number, to: number, words: number): RowSet {
  const [out] = scratch(words * 4);
  kernels.byRange(values.byteOffset, from, to, out, words);
  return copiedRowSet(out, words);
}

/** Rows with from ≤ (later − earlier) / unit ≤ to. */
export function byDifference(
  later: Float64Array,
  earlier: Float64Array,
  unit: number,
  from: number,
  to: number,
  words: number,
): RowSet {
  const [out] = scratch(words * 4);
  kernels.byDifference(later.byteOffset, earlier.byteOffset, unit, from, to, out, words);
  return copiedRowSet(out, words);
}

export function notNaN(values: Float64Array, words: number): RowSet {
  const [out] = scratch(words * 4);
  kernels.notNaN(values.byteOffset, out, words);
  return copiedRowSet(out, words);
}

export function notZero(codes: Uint16Array | Uint32Array, words: number): RowSet {
  const [out] = scratch(words * 4);
  if (codes instanceof Uint32Array) kernels.notZero32(codes.byteOffset, out, words);
  else kernels.notZero16(codes.byteOffset, out, words);
  return copiedRowSet(out, words);
}

/** Rows for which table[offsets[head] + suffix] is 1. The table holds 1 and 0 only. */
export function byName(
  heads: Uint32Array,
  suffixes: Uint16Array,
  offsets: Uint32Array,
  table: Uint8Array,
  words: number,
): RowSet {
  const [places, marks, out] = scratch(offsets.byteLength, table.length, words * 4);
  put(places, offsets);
  put(marks, table);
  kernels.byName(heads.byteOffset, suffixes.byteOffset, places, marks, out, words);
  return copiedRowSet(out, words);
}

/** A table of `size` bytes that is not 0 at [offsets[head] + suffix] for every pair that a row has. */
export function namesInUse(
  heads: Uint32Array,
  suffixes: Uint16Array,
  offsets: Uint32Array,
  size: number,
  rows: number,
): Uint8Array {
  const [places, marks] = scratch(offsets.byteLength, size);
  put(places, offsets);
  clear(marks, size);
  kernels.markNames(heads.byteOffset, suffixes.byteOffset, places, marks, rows);
  return new Uint8Array(memory.buffer, marks, size).slice();
}
