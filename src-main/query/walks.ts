/**
 * Walks along an order that look at each row's bit in a mask. Orders are JavaScript's own, since results go on holding
 * them after a change has made new ones; the two walked last also lie where the kernels see them (0.25 ms a copy).
 */
import type { Bits } from './bits.ts';
import { summed } from './counting.ts';
import { Arena, clear, copied32, pieces, put } from './kernels/heap.ts';
import { kernels } from './kernels/instance.ts';

/** order of a list and order of a histogram */
const RESIDENT = 2;
const arena = new Arena();
/** last used last; weak, so that an order nobody asks for any more is not kept by its copy */
const residents: { order: WeakRef<Uint32Array>; copy: Uint32Array }[] = [];

/** Where the kernels find the order. */
function resident(order: Uint32Array): number {
  let at = residents.findIndex((one) => one.order.deref() === order);
  if (at < 0) {
    const oldest = residents.length === RESIDENT ? residents.shift() : undefined;
    let copy = oldest?.copy;
    if (copy && copy.length < order.length) {
      arena.free(copy);
      copy = undefined;
    }
    // room for a thirty-second more: a few new rows must not move it
    copy ??= arena.array(Uint32Array, order.length + (order.length >>> 5));
    copy.set(order);
    at = residents.push({ order: new WeakRef(order), copy }) - 1;
  }
  const [found] = residents.splice(at, 1);
  residents.push(found);
  return found.copy.byteOffset;
}

/** The rows among the first `n` of the order that are in the mask. */
export function picked(order: Uint32Array, n: number, mask: Bits): Uint32Array<ArrayBuffer> {
  const length = Math.min(n, order.length);
  const rows = resident(order);
  const [set, out] = pieces(mask.byteLength, length * 4 + 4);
  put(set, mask);
  return copied32(out, kernels.pick(rows, length, set, out));
}

/** The places in the order whose rows are in the mask. */
export function placesIn(order: Uint32Array, mask: Bits): Uint32Array<ArrayBuffer> {
  const rows = resident(order);
  const [set, out] = pieces(mask.byteLength, order.byteLength + 4);
  put(set, mask);
  return copied32(out, kernels.placesOf(rows, order.length, set, out));
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
  const rows = resident(order);
  const [set, counts] = pieces(mask.byteLength, bytes);
  put(set, mask);
  clear(counts, bytes);
  for (let i = 0; i < stretches; i++) {
    const n = edges[i + 1] - edges[i];
    kernels.countCodesIn(rows + edges[i] * 4, n, codes.byteOffset, set, counts + i * values * 16);
  }
  const countIn = (from: number, to: number) => kernels.countIn(rows + from * 4, to - from, set);
  const outside = countIn(first, edges[0]) + countIn(edges[stretches], last);
  return { counts: summed(copied32(counts, bytes / 4)), outside };
}
