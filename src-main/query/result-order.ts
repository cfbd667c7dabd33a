/** A question's rows in order: a walk over a kept order that picks the rows of a mask, no further than it is asked to go. */
import * as bits from './bits.ts';
import type { Bits } from './bits.ts';
import { picked } from './walks.ts';

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
    else this.#out = new Uint32Array(count);
    if (count <= small || count === from.length) this.#filled = count;
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
    // a page near the front looks at a few thousand rows, the whole order at all of them in one go
    for (let step = wanted === this.count ? this.#from.length : 16_384; this.#filled < wanted; step *= 2) {
      const end = Math.min(this.#from.length, this.#at + step);
      if (end === this.#at) throw new Error('the order lacks rows of the result');
      const found = picked(this.#from.subarray(this.#at, end), this.#mask);
      this.#out.set(found, this.#filled);
      this.#filled += found.length;
      this.#at = end;
    }
  }
}
