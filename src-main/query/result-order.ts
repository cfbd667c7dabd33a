/** A question's rows in order: a walk over a kept order that picks the rows of a mask, no further than it is asked to go. */
import * as bits from './bits.ts';
import type { Bits } from './bits.ts';

export type Orders = {
  /** a kept order that holds all rows of the mask */
  rows(): Uint32Array<ArrayBuffer>;
  compare(): (a: number, b: number) => number;
};

export class ResultOrder {
  readonly count: number;
  readonly #mask: Bits;
  readonly #from: Uint32Array;
  readonly #out: Uint32Array<ArrayBuffer>;
  #filled = 0;
  #at = 0;

  /** Results of up to `small` rows are sorted by themselves. */
  constructor(mask: Bits, count: number, orders: Orders, small: number) {
    this.count = count;
    this.#mask = mask;
    const from = count > small ? orders.rows() : new Uint32Array(0);
    this.#from = from;
    if (count <= small) this.#out = bits.rowsOf(mask, count).sort(orders.compare());
    // every row of a kept order: handed out as it is, since neither is ever written to
    else if (count === from.length) this.#out = from;
    // one place more than rows, since `pick` writes before it knows
    else this.#out = new Uint32Array(count + 1);
    if (this.#out.length === count) this.#filled = count;
  }

  /** rids [from, to) of the result, fewer past its end */
  slice(from: number, to: number): Uint32Array<ArrayBuffer> {
    const end = Math.max(0, Math.min(to, this.count));
    this.#fill(end);
    return this.#out.slice(Math.min(Math.max(0, from), end), end);
  }

  all(): Uint32Array<ArrayBuffer> {
    this.#fill(this.count);
    return this.#out.subarray(0, this.count);
  }

  /** place of a row, null when it is not in the result */
  position(rid: number): number | null {
    if (rid >>> 5 >= this.#mask.length || !bits.has(this.#mask, rid)) return null;
    return this.all().indexOf(rid);
  }

  #fill(wanted: number): void {
    while (this.#filled < wanted) {
      const left = this.#from.length - this.#at;
      if (left <= 0) throw new Error('the order lacks rows of the result');
      // a page near the front looks at a few thousand rows, the whole order at all of them in one go
      const step = wanted === this.count ? left : Math.min(left, 16_384);
      this.#filled = pick(this.#from, this.#at, this.#at + step, this.#mask, this.#out, this.#filled);
      this.#at += step;
    }
  }
}

/** Appends the rows of rows[from, to) that are in the mask; returns the new length. */
function pick(rows: Uint32Array, from: number, to: number, mask: Bits, out: Uint32Array, length: number): number {
  let n = length;
  for (let i = from; i < to; i++) {
    const row = rows[i];
    out[n] = row;
    n += (mask[row >>> 5] >>> (row & 31)) & 1;
  }
  return n;
}
