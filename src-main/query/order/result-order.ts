/** A question's rows in order: a walk over a kept order that picks the rows of a mask, no further than it is asked to go. */
import * as bits from '../columns/row-set.ts';
import type { Bits } from '../columns/row-set.ts';
import type { KeptOrder } from './kept-order.ts';
import { picked } from './masked-scan.ts';

type Rows = Uint32Array<ArrayBuffer>;

export type Orders = {
  /** holds all rows of the mask */
  kept(): KeptOrder;
  compare(): (a: number, b: number) => number;
};

/** Rows of an order looked at for a first page; four times as many while they do not suffice. */
const FIRST_LOOK = 16_384;

export class ResultOrder {
  readonly count: number;
  readonly #mask: Bits;
  /** what is still to be walked; null once all rows are known */
  #from: KeptOrder | null = null;
  #giveBack = (): void => {};
  /** all rows, or while `#from` is there the first ones */
  #known: Rows = new Uint32Array(0);

  /** Results of up to `small` rows are sorted by themselves. */
  constructor(mask: Bits, count: number, orders: Orders, small: number) {
    this.count = count;
    this.#mask = mask;
    if (count <= small) {
      this.#known = bits.rowsOf(mask, count).sort(orders.compare());
      return;
    }
    this.#from = orders.kept();
    this.#giveBack = this.#from.lend(this);
  }

  /** rids [from, to) of the result, fewer past its end */
  slice(from: number, to: number): Rows {
    const end = Math.max(0, Math.min(to, this.count));
    const start = Math.min(Math.max(0, from), end);
    if (this.#from?.rows.length === this.count) return copy(this.#from.rows.subarray(start, end));
    if (start > 0) this.all();
    for (let look = FIRST_LOOK; this.#from && this.#known.length < end; look *= 4) this.#walk(look);
    return this.#known.slice(start, end);
  }

  all(): Rows {
    this.finish();
    return this.#known;
  }

  /** place of a row, null when it is not in the result */
  position(rid: number): number | null {
    if (rid >>> 5 >= this.#mask.length || !bits.has(this.#mask, rid)) return null;
    return this.all().indexOf(rid);
  }

  /** Walks the rest; afterwards the kept order may change. */
  finish(): void {
    if (this.#from) this.#walk(this.#from.rows.length);
  }

  /** Nothing more will be asked. */
  release(): void {
    this.#giveBack();
    this.#from = null;
  }

  #walk(rows: number): void {
    if (!this.#from) return;
    const all = this.#from.rows;
    this.#known = all.length === this.count ? copy(all) : picked(all, rows, this.#mask);
    if (rows < all.length) return;
    this.release();
    if (this.#known.length < this.count) throw new Error('the order lacks rows of the result');
  }
}

const copy = (rows: Uint32Array): Rows => Uint32Array.from(rows);
