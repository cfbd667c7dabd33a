/** How often each code occurs among the rows of a mask, and along a stretch of an order. */
import type { Bits } from '../columns/row-set.ts';
import { clear, copied32, copiedNumbers, pieces, put } from '../kernels/heap.ts';
import { kernels } from '../kernels/instance.ts';

/** up to so many codes four counters each are kept, see `countFew` */
const FEW = 4096;

export function countCodes(codes: Uint16Array | Uint32Array, mask: Bits, values: number): Uint32Array<ArrayBuffer> {
  const few = codes instanceof Uint16Array && values <= FEW;
  const length = few ? values * 4 : values;
  const [set, counts] = pieces(mask.byteLength, length * 4);
  put(set, mask);
  clear(counts, length * 4);
  if (codes instanceof Uint32Array) kernels.count32(codes.byteOffset, set, mask.length, counts);
  else if (few) kernels.countFew(codes.byteOffset, set, mask.length, counts);
  else kernels.count16(codes.byteOffset, set, mask.length, counts);
  return few ? summed(copied32(counts, length)) : copied32(counts, length);
}

export function summed(four: Uint32Array): Uint32Array<ArrayBuffer> {
  const sums = new Uint32Array(four.length / 4);
  for (let i = 0; i < sums.length; i++) sums[i] = four[i * 4] + four[i * 4 + 1] + four[i * 4 + 2] + four[i * 4 + 3];
  return sums;
}

/** Smallest and largest value of the mask's rows; null when none has one. */
export function extentOf(values: Float64Array, mask: Bits): { low: number; high: number } | null {
  const [set, out] = pieces(mask.byteLength, 16);
  put(set, mask);
  put(out, Float64Array.of(Infinity, -Infinity));
  kernels.extent(values.byteOffset, set, mask.length, out);
  const [low, high] = copiedNumbers(out, 2);
  return low <= high ? { low, high } : null;
}

export type Grid = { buckets: number; from: number; step: number };

/** counts[bucket × types + code] of the mask's rows, and how many of them have a value at all. `codes` null: all 0. */
export function countBuckets(
  values: Float64Array,
  codes: Uint16Array | null,
  types: number,
  mask: Bits,
  { buckets, from, step }: Grid,
): { counts: Uint32Array<ArrayBuffer>; valued: number } {
  const bytes = buckets * types * 4;
  const [set, counts, zeros] = pieces(mask.byteLength, bytes, codes ? 0 : mask.length * 64);
  put(set, mask);
  clear(counts, bytes);
  if (!codes) clear(zeros, mask.length * 64);
  const end = from + step * buckets;
  const at = codes?.byteOffset ?? zeros;
  const valued = kernels.countBuckets(values.byteOffset, at, set, mask.length, from, end, step, types, counts);
  return { counts: copied32(counts, buckets * types), valued };
}

/** Counts of rows (row 0: none) turned into counts of the codes those rows have; rows that are not listed have code 0. */
export function foldCodes(
  codes: Uint32Array,
  listed: Bits,
  counts: Uint32Array,
  values: number,
): Uint32Array<ArrayBuffer> {
  const [set, of, out] = pieces(listed.byteLength, counts.byteLength, values * 4);
  put(set, listed);
  put(of, counts);
  clear(out, values * 4);
  kernels.fold32(codes.byteOffset, set, of, counts.length, out);
  return copied32(out, values);
}
