/** Scans of a kept order that test each row against a mask. */
import type { RowSet } from '../columns/row-set.ts';
import { summed } from '../columns/counting.ts';
import { clear, copied32, scratch, put } from '../kernels/heap.ts';
import { kernels } from '../kernels/instance.ts';

/** The rows among the first `n` of the order that are in the mask. */
export function rowsIn(order: Uint32Array, n: number, mask: RowSet): Uint32Array<ArrayBuffer> {
  const length = Math.min(n, order.length);
  const [set, out] = scratch(mask.byteLength, length * 4 + 4);
  put(set, mask);
  return copied32(out, kernels.pick(order.byteOffset, length, set, out));
}

/** The places in the order whose rows are in the mask. */
export function placesIn(order: Uint32Array, mask: RowSet): Uint32Array<ArrayBuffer> {
  const [set, out] = scratch(mask.byteLength, order.byteLength + 4);
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
  mask: RowSet,
  codes: Uint16Array,
  values: number,
  edges: readonly number[],
): { counts: Uint32Array<ArrayBuffer>; outside: number } {
  const stretches = edges.length - 1;
  const bytes = stretches * values * 16;
  const [set, counts] = scratch(mask.byteLength, bytes);
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
