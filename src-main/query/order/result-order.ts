/** The rows of one question in order. A kept order is scanned for the rows of the mask, only as far as rows are asked for. */
import * as rowSet from '../columns/row-set.ts';
import type { RowSet } from '../columns/row-set.ts';
import type { KeptOrder } from './kept-order.ts';
import { rowsIn } from './masked-scan.ts';

type Rows = Uint32Array<ArrayBuffer>;

export type Orders = {
  /** A kept order that holds all rows of the mask. */
  kept(): KeptOrder;
  compare(): (a: number, b: number) => number;
};

/** Rows of an order scanned for a first page; four times as many each time they do not suffice. */
const FIRST_LOOK = 16_384;

export class ResultOrder {
  readonly count: number;
  readonly #mask: RowSet;
  /** The order that is not scanned to its end yet; null once all rows are known. */
  #from: KeptOrder | null = null;
  #removeReader = (): void => {};
  /** All rows of the result; while `#from` is not null, the first ones. */
  #known: Rows = new Uint32Array(0);

  /** Results of up to `small` rows are sorted without a kept order. */
  constructor(mask: RowSet, count: number, orders: Orders, small: number) {
    this.count = count;
    this.#mask = mask;
    if (count <= small) {
      this.#known = rowSet.rowsOf(mask, count).sort(orders.compare());
      return;
    }
    this.#from = orders.kept();
    this.#removeReader = this.#from.addReader(this);
  }

  /** The rids at places [from, to) of the result; fewer at its end. */
  slice(from: number, to: number): Rows {
    const end = Math.max(0, Math.min(to, this.count));
    const start = Math.min(Math.max(0, from), end);
    if (this.#from?.rows.length === this.count) return copy(this.#from.rows.subarray(start, end));
    if (start > 0) this.all();
    for (let look = FIRST_LOOK; this.#from && this.#known.length < end; look *= 4) this.#scan(look);
    return this.#known.slice(start, end);
  }

  all(): Rows {
    this.finish();
    return this.#known;
  }

  /** All rows in order, others of a kept order among them, not copied: valid until that order changes. The result is not used any more. */
  among(): Uint32Array {
    const rows = this.#from?.rows ?? this.#known;
    this.release();
    return rows;
  }

  /** The place of a row; null when the row is not in the result. */
  position(rid: number): number | null {
    if (rid >>> 5 >= this.#mask.length || !rowSet.has(this.#mask, rid)) return null;
    return this.all().indexOf(rid);
  }

  /** Scans the rest; afterwards the kept order may change. */
  finish(): void {
    if (this.#from) this.#scan(this.#from.rows.length);
  }

  /** The result is not used any more. */
  release(): void {
    this.#removeReader();
    this.#from = null;
  }

  #scan(rows: number): void {
    if (!this.#from) return;
    const all = this.#from.rows;
    this.#known = all.length === this.count ? copy(all) : rowsIn(all, rows, this.#mask);
    if (rows < all.length) return;
    this.release();
    if (this.#known.length < this.count) throw new Error('the order lacks rows of the result');
  }
}

const copy = (rows: Uint32Array): Rows => Uint32Array.from(rows);
