/** A question's rows in order: a walk over a kept order that picks the rows of a mask, no further than it is asked to go. */
import * as bits from './bits.ts';
import type { Bits } from './bits.ts';
import { picked } from './walks.ts';

type Rows = Uint32Array<ArrayBuffer>;

export type Orders = {
  /** a kept order that holds all rows of the mask; never written to */
  rows(): Rows;
  compare(): (a: number, b: number) => number;
};

/** Rows of an order looked at for a first page; four times as many while they do not suffice. */
const FIRST_LOOK = 16_384;

export class ResultOrder {
  readonly count: number;
  readonly #mask: Bits;
  /** what is still to be walked; null once all rows are known */
  #from: Rows | null;
  /** all rows, or while `#from` is there the first ones */
  #known: Rows;

  /** Results of up to `small` rows are sorted by themselves. */
  constructor(mask: Bits, count: number, orders: Orders, small: number) {
    this.count = count;
    this.#mask = mask;
    this.#from = count > small ? orders.rows() : null;
    this.#known = this.#from ? new Uint32Array(0) : bits.rowsOf(mask, count).sort(orders.compare());
    if (this.#from?.length === count) {
      this.#known = this.#from;
      this.#from = null;
    }
  }

  /** rids [from, to) of the result, fewer past its end */
  slice(from: number, to: number): Rows {
    const end = Math.max(0, Math.min(to, this.count));
    if (from > 0) this.all();
    for (let look = FIRST_LOOK; this.#from && this.#known.length < end; look *= 4) this.#walk(look);
    return this.#known.slice(Math.min(Math.max(0, from), end), end);
  }

  all(): Rows {
    if (this.#from) this.#walk(this.#from.length);
    return this.#known;
  }

  /** place of a row, null when it is not in the result */
  position(rid: number): number | null {
    if (rid >>> 5 >= this.#mask.length || !bits.has(this.#mask, rid)) return null;
    return this.all().indexOf(rid);
  }

  #walk(rows: number): void {
    if (!this.#from) return;
    this.#known = picked(this.#from, rows, this.#mask);
    if (rows < this.#from.length) return;
    this.#from = null;
    if (this.#known.length < this.count) throw new Error('the order lacks rows of the result');
  }
}
