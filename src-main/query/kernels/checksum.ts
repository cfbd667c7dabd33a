import { isHeld, pieces, put, type Words } from './heap.ts';
import { kernels } from './instance.ts';

/** 32 bits over the bytes of an array; `seed`: the checksum of what came before. */
export function checksum(data: Words, seed = 0): number {
  let at = data.byteOffset;
  if (!isHeld(data)) {
    [at] = pieces(data.byteLength);
    put(at, data);
  }
  return kernels.checksum(at, data.byteLength, seed) >>> 0;
}
