/** One kind of row in the orders the demo server reads it in. A row's key is its number in the story. */
import type { JsonRow } from '../json.ts';

/** Where a table's rows come from. Times are µs. */
export type Source<Facts> = {
  /** All keys, also of rows that do not exist yet. */
  keys(): Iterable<number>;
  /** Another text whenever `keys` or a `time` changed. */
  version(): string;
  /** False while the row does not exist yet. */
  exists(key: number, now: number): boolean;
  facts(key: number, now: number): Facts;
  json(key: number, now: number): JsonRow;
  /** null: an id of no row. */
  keyOf(id: string): number | null;
  /** What `byTime` is ordered by; NaN for null. */
  time(key: number): number;
};

export class Table<Facts extends { id: string }> {
  readonly #source: Source<Facts>;
  #order: { version: string; keys: Int32Array; nulls: number } | null = null;
  #idOrder: { version: string; keys: Int32Array } | null = null;

  constructor(source: Source<Facts>) {
    this.#source = source;
  }

  exists(key: number, now: number): boolean {
    return this.#source.exists(key, now);
  }

  facts(key: number, now: number): Facts {
    return this.#source.facts(key, now);
  }

  json(key: number, now: number): JsonRow {
    return this.#source.json(key, now);
  }

  /** null: no such row at that time */
  find(id: string, now: number): number | null {
    const key = this.#source.keyOf(id);
    return key !== null && this.exists(key, now) ? key : null;
  }

  /** All keys by time, ascending; the first `nulls` of them have no time. Kept until the source's version changes. */
  byTime(): { keys: Int32Array; nulls: number } {
    const version = this.#source.version();
    if (this.#order?.version === version) return this.#order;
    const at = (key: number) => {
      const time = this.#source.time(key);
      return Number.isNaN(time) ? -Infinity : time;
    };
    const keys = Int32Array.from(this.#source.keys()).sort((a, b) => at(a) - at(b) || a - b);
    let nulls = 0;
    while (nulls < keys.length && at(keys[nulls]) === -Infinity) nulls += 1;
    this.#order = { version, keys, nulls };
    return this.#order;
  }

  /** First place in `byTime` whose time is ≥ `micros`, or > with `after`. */
  placeOf(micros: number, after: boolean): number {
    const { keys, nulls } = this.byTime();
    let low = nulls;
    let high = keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const time = this.#source.time(keys[middle]);
      if (after ? time <= micros : time < micros) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** All keys by id, descending. Ids never change, so the order is kept until the source's version changes. */
  byIdDescending(): Int32Array {
    const version = this.#source.version();
    if (this.#idOrder?.version === version) return this.#idOrder.keys;
    const rows = Array.from(this.#source.keys(), (key) => ({ key, id: this.facts(key, 0).id }));
    rows.sort((a, b) => (a.id < b.id ? 1 : -1));
    this.#idOrder = { version, keys: Int32Array.from(rows, ({ key }) => key) };
    return this.#idOrder.keys;
  }
}
