/** Counts over the rows of a mask: by code, by bucket of time, and the extent of values. */
import type { RowSet } from './row-set.ts';
import { clear, copied32, copiedNumbers, scratch, put } from '../kernels/heap.ts';
import { kernels } from '../kernels/instance.ts';

/** Up to this many codes, each code has four counters, see the kernel `countFew`. */
const FEW = 4096;

/** How many rows of the mask have each of the codes below `values`. */
export function countCodes(codes: Uint16Array | Uint32Array, mask: RowSet, values: number): Uint32Array<ArrayBuffer> {
  const few = codes instanceof Uint16Array && values <= FEW;
  const length = few ? values * 4 : values;
  const [set, counts] = scratch(mask.byteLength, length * 4);
  put(set, mask);
  clear(counts, length * 4);
  if (codes instanceof Uint32Array) kernels.count32(codes.byteOffset, set, mask.length, counts);
  else if (few) kernels.countFew(codes.byteOffset, set, mask.length, counts);
  else kernels.count16(codes.byteOffset, set, mask.length, counts);
  return few ? summed(copied32(counts, length)) : copied32(counts, length);
}

/** Adds up the four counters of each code. */
export function summed(four: Uint32Array): Uint32Array<ArrayBuffer> {
  const sums = new Uint32Array(four.length / 4);
  for (let i = 0; i < sums.length; i++) sums[i] = four[i * 4] + four[i * 4 + 1] + four[i * 4 + 2] + four[i * 4 + 3];
  return sums;
}

/** Smallest and largest value of the mask's rows; null when no row has a value. */
export function extentOf(values: Float64Array, mask: RowSet): { low: number; high: number } | null {
  const [set, out] = scratch(mask.byteLength, 16);
  put(set, mask);
  put(out, Float64Array.of(Infinity, -Infinity));
  kernels.extent(values.byteOffset, set, mask.length, out);
  const [low, high] = copiedNumbers(out, 2);
  return low <= high ? { low, high } : null;
}

/** Buckets of `step` µs each, from the µs `from` on. */
export type Grid = { buckets: number; from: number; step: number };

/** Counts of the mask's rows at [bucket × types + code], and the number of rows that have a value. `codes` null: every code is 0. */
export function countBuckets(
  values: Float64Array,
  codes: Uint16Array | null,
  types: number,
  mask: RowSet,
  { buckets, from, step }: Grid,
): { counts: Uint32Array<ArrayBuffer>; valued: number } {
  const bytes = buckets * types * 4;
  const [set, counts, zeros] = scratch(mask.byteLength, bytes, codes ? 0 : mask.length * 64);
  put(set, mask);
  clear(counts, bytes);
  if (!codes) clear(zeros, mask.length * 64);
  const end = from + step * buckets;
  const at = codes?.byteOffset ?? zeros;
  const valued = kernels.countBuckets(values.byteOffset, at, set, mask.length, from, end, step, types, counts);
  return { counts: copied32(counts, buckets * types), valued };
}

/** Turns counts by row into counts by the code of the row. Rows that are not listed count as code 0; row 0 stands for "no row". */
export function foldCodes(
  codes: Uint32Array,
  listed: RowSet,
  counts: Uint32Array,
  values: number,
): Uint32Array<ArrayBuffer> {
  const [set, of, out] = scratch(listed.byteLength, counts.byteLength, values * 4);
  put(set, listed);
  put(of, counts);
  clear(out, values * 4);
  kernels.fold32(codes.byteOffset, set, of, counts.length, out);
  return copied32(out, values);
}
