/**
 * All rows of a table in one order, in the memory of the kernels, 4 bytes a row. It is changed in place: copying a million rows to fresh
 * memory takes 2.7 ms, most of it page faults. Results that have read only a part of the order register as readers; each reads the rest
 * before the order changes.
 */
import type { Arena } from '../kernels/heap.ts';

/** A result that still has to read the rest of an order; `finish` is called before the order changes. */
type OrderReader = { finish(): void };

/** Readers from which on those that were garbage-collected are looked for and dropped. */
const MANY_READERS = 64;

export class KeptOrder {
  readonly #arena: Arena;
  #room: Uint32Array;
  /** Valid until the order changes; only `change` writes to it. */
  rows: Uint32Array;
  #readers = new Set<WeakRef<OrderReader>>();

  constructor(arena: Arena, rows: Uint32Array) {
    this.#arena = arena;
    this.#room = arena.array(Uint32Array, withRoom(rows.length));
    this.#room.set(rows);
    this.rows = this.#room.subarray(0, rows.length);
  }

  get bytes(): number {
    return this.#room.byteLength;
  }

  /** Calls `reader.finish` before the order changes, unless the returned function was called before. */
  addReader(reader: OrderReader): () => void {
    if (this.#readers.size >= MANY_READERS)
      for (const one of this.#readers) if (!one.deref()) this.#readers.delete(one);
    const added = new WeakRef(reader);
    this.#readers.add(added);
    return () => this.#readers.delete(added);
  }

  /** `write` gets an array with room for `length` rows, and the number of rows in it now. */
  change(length: number, write: (room: Uint32Array, length: number) => void): void {
    this.#finishReaders();
    const before = this.rows.length;
    if (length > this.#room.length) this.#room = this.#arena.grown(this.#room, withRoom(length));
    write(this.#room, before);
    this.rows = this.#room.subarray(0, length);
  }

  /** Frees the memory. */
  drop(): void {
    this.#finishReaders();
    this.#arena.free(this.#room);
    this.rows = new Uint32Array(0);
  }

  #finishReaders(): void {
    for (const reader of this.#readers) reader.deref()?.finish();
    this.#readers.clear();
  }
}

/** Room for a thirty-second more rows, as tables have. */
const withRoom = (rows: number): number => rows + (rows >>> 5) + 1024;
