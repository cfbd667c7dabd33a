import { isInArena, scratch, put, type Words } from './heap.ts';
import { kernels } from './instance.ts';

/** A 32-bit checksum of the bytes of an array. `seed`: the checksum of the bytes before them. */
export function checksum(data: Words, seed = 0): number {
  let at = data.byteOffset;
  if (!isInArena(data)) {
    [at] = scratch(data.byteLength);
    put(at, data);
  }
  return kernels.checksum(at, data.byteLength, seed) >>> 0;
}
