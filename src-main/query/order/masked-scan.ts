/** Walks along a kept order that look at each row's bit in a mask. */
import type { Bits } from '../columns/row-set.ts';
import { summed } from '../facets/counting.ts';
import { clear, copied32, pieces, put } from '../kernels/heap.ts';
import { kernels } from '../kernels/instance.ts';

/** The rows among the first `n` of the order that are in the mask. */
export function picked(order: Uint32Array, n: number, mask: Bits): Uint32Array<ArrayBuffer> {
  const length = Math.min(n, order.length);
  const [set, out] = pieces(mask.byteLength, length * 4 + 4);
  put(set, mask);
  return copied32(out, kernels.pick(order.byteOffset, length, set, out));
}

/** The places in the order whose rows are in the mask. */
export function placesIn(order: Uint32Array, mask: Bits): Uint32Array<ArrayBuffer> {
  const [set, out] = pieces(mask.byteLength, order.byteLength + 4);
  put(set, mask);
  return copied32(out, kernels.placesOf(order.byteOffset, order.length, set, out));
}

/**
 * Counts per code of the order's rows [first, last) in the mask, one list for each stretch between two `edges`
 * (ascending places), and how many of them lie before the first edge and after the last.
 */
export function countStretches(
  order: Uint32Array,
  [first, last]: readonly [number, number],
  mask: Bits,
  codes: Uint16Array,
  values: number,
  edges: readonly number[],
): { counts: Uint32Array<ArrayBuffer>; outside: number } {
  const stretches = edges.length - 1;
  const bytes = stretches * values * 16;
  const [set, counts] = pieces(mask.byteLength, bytes);
  put(set, mask);
  clear(counts, bytes);
  for (let i = 0; i < stretches; i++) {
    const n = edges[i + 1] - edges[i];
    kernels.countCodesIn(order.byteOffset + edges[i] * 4, n, codes.byteOffset, set, counts + i * values * 16);
  }
  const countIn = (from: number, to: number) => kernels.countIn(order.byteOffset + from * 4, to - from, set);
  const outside = countIn(first, edges[0]) + countIn(edges[stretches], last);
  return { counts: summed(copied32(counts, bytes / 4)), outside };
}
