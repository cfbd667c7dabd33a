/** A question's rows in order: a walk over a kept order that picks the rows of a mask, no further than it is asked to go. */
import * as bits from './bits.ts';
import type { Bits } from './bits.ts';
import type { Order } from './permutations.ts';

type Part = { rows: Uint32Array; mask: Bits };

export class ResultOrder {
  readonly count: number;
  readonly #parts: Part[];
  readonly #mask: Bits;
  readonly #out: Uint32Array<ArrayBuffer>;
  #filled = 0;
  #part = 0;
  #at = 0;

  constructor(mask: Bits, count: number, order: Order, byId: Order) {
    this.count = count;
    this.#mask = mask;
    this.#parts = [{ rows: order.rows, mask }];
    if (order.nulls !== null && order.rows.length < byId.rows.length) {
      const missing = bits.andNot(mask, order.members);
      if (order.nulls === 'first') this.#parts.unshift({ rows: byId.rows, mask: missing });
      else this.#parts.push({ rows: byId.rows, mask: missing });
    }
    this.#out = new Uint32Array(count);
  }

  /** rids [from, to) of the result, fewer past its end */
  slice(from: number, to: number): Uint32Array<ArrayBuffer> {
    const end = Math.min(to, this.count);
    this.#fill(end);
    return this.#out.slice(Math.max(0, from), Math.max(0, from, end));
  }

  all(): Uint32Array<ArrayBuffer> {
    this.#fill(this.count);
    return this.#out;
  }

  /** place of a row, null when it is not in the result */
  position(rid: number): number | null {
    if (rid >>> 5 >= this.#mask.length || !bits.has(this.#mask, rid)) return null;
    return this.all().indexOf(rid);
  }

  #fill(wanted: number): void {
    while (this.#filled < wanted) {
      const part = this.#parts[this.#part];
      const left = part.rows.length - this.#at;
      if (left === 0) {
        this.#part++;
        this.#at = 0;
        continue;
      }
      // a page near the front looks at a few thousand rows, the whole order at all of them in one go
      const step = wanted === this.count ? left : Math.min(left, 16_384);
      this.#filled = pick(part.rows, this.#at, this.#at + step, part.mask, this.#out, this.#filled);
      this.#at += step;
    }
  }
}

/** Appends the rows of rows[from, to) that are in the mask; returns the new length. Writing past the end is a no-op. */
function pick(rows: Uint32Array, from: number, to: number, mask: Bits, out: Uint32Array, length: number): number {
  let n = length;
  for (let i = from; i < to; i++) {
    const row = rows[i];
    out[n] = row;
    n += (mask[row >>> 5] >>> (row & 31)) & 1;
  }
  return n;
}
