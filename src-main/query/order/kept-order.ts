/**
 * All rows of a table in one order, where the kernels see them, 4 bytes a row. It is changed in place when rows have
 * changed: copying a million rows to fresh memory takes 2.7 ms, most of it the system handing out pages. Results that
 * have not walked all of it yet are lent it, and walk the rest before it changes.
 */
import type { Arena } from '../kernels/heap.ts';

/** Somebody who reads an order later than now. */
export type Borrower = { finish(): void };

/** Loans after which those that are over are looked for. */
const MANY = 64;

export class KeptOrder {
  readonly #arena: Arena;
  #room: Uint32Array;
  /** not to be written to, nor held beyond the present call */
  rows: Uint32Array;
  #lent = new Set<WeakRef<Borrower>>();

  constructor(arena: Arena, rows: Uint32Array) {
    this.#arena = arena;
    this.#room = arena.array(Uint32Array, withRoom(rows.length));
    this.#room.set(rows);
    this.rows = this.#room.subarray(0, rows.length);
  }

  get bytes(): number {
    return this.#room.byteLength;
  }

  /** Until it gives it back, the borrower is told before the order changes. */
  lend(borrower: Borrower): () => void {
    if (this.#lent.size >= MANY) for (const one of this.#lent) if (!one.deref()) this.#lent.delete(one);
    const loan = new WeakRef(borrower);
    this.#lent.add(loan);
    return () => this.#lent.delete(loan);
  }

  /** `write` gets an array with room for `length` rows, and how many there are now. */
  change(length: number, write: (room: Uint32Array, length: number) => void): void {
    this.#recall();
    const before = this.rows.length;
    if (length > this.#room.length) this.#room = this.#arena.grown(this.#room, withRoom(length));
    write(this.#room, before);
    this.rows = this.#room.subarray(0, length);
  }

  /** Gives the memory back. */
  drop(): void {
    this.#recall();
    this.#arena.free(this.#room);
    this.rows = new Uint32Array(0);
  }

  #recall(): void {
    for (const loan of this.#lent) loan.deref()?.finish();
    this.#lent.clear();
  }
}

/** a thirty-second more, as tables have */
const withRoom = (rows: number): number => rows + (rows >>> 5) + 1024;
