/** How often each code occurs among the rows of a mask, and along a stretch of an order. */
import type { Bits } from './bits.ts';
import { clear, copied32, pieces, put } from './kernels/heap.ts';
import { kernels } from './kernels/instance.ts';

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
