/**
 * One kind of row: those of the story, and over them what a test put in, changed or took away. A row's number is its
 * key: 0 and up for the story's, below 0 for those put in.
 */
import type { JsonRow } from './wire-rows.ts';

export type Source<Facts> = {
  /** numbers in use: 0 … count - 1 */
  count(): number;
  /** false while the row does not exist yet */
  exists(key: number, now: number): boolean;
  facts(key: number, now: number): Facts;
  json(key: number, now: number): JsonRow;
  /** -1: not one of the story's */
  keyOf(id: string): number;
  /** µs; what `byTime` is ordered by. NaN: null */
  time(key: number): number;
  stored(row: JsonRow): Facts;
  timeOf(facts: Facts): number | null;
  /** the row as the server gives it: what it takes from other tables as it answers */
  shown?(row: JsonRow): JsonRow;
};

type Stored<Facts> = { row: JsonRow; facts: Facts };

export class Table<Facts extends { id: string }> {
  readonly #source: Source<Facts>;
  readonly #stored = new Map<number, Stored<Facts>>();
  readonly #deleted = new Set<number>();
  readonly #insertedIds = new Map<string, number>();
  #nextInserted = -1;
  #revision = 0;
  #order: { revision: string; keys: Int32Array; nulls: number } | null = null;
  #idOrder: { revision: string; keys: Int32Array } | null = null;

  constructor(source: Source<Facts>) {
    this.#source = source;
  }

  exists(key: number, now: number): boolean {
    if (this.#deleted.has(key)) return false;
    return this.#stored.has(key) || (key >= 0 && this.#source.exists(key, now));
  }

  /** it is no longer the story's: put in or changed */
  changed(key: number): boolean {
    return this.#stored.has(key);
  }

  facts(key: number, now: number): Facts {
    return this.#stored.get(key)?.facts ?? this.#source.facts(key, now);
  }

  json(key: number, now: number): JsonRow {
    const row = this.#stored.get(key)?.row ?? this.#source.json(key, now);
    return this.#source.shown?.(row) ?? row;
  }

  /** null: no such row at that time */
  find(id: string, now: number): number | null {
    const key = this.#insertedIds.get(id) ?? this.#source.keyOf(id);
    return key !== -1 || this.#insertedIds.has(id) ? (this.exists(key, now) ? key : null) : null;
  }

  #time(key: number): number {
    const stored = this.#stored.get(key);
    return stored ? (this.#source.timeOf(stored.facts) ?? NaN) : this.#source.time(key);
  }

  get #version(): string {
    return `${this.#revision}/${this.#source.count()}`;
  }

  #allKeys(): number[] {
    const keys: number[] = [];
    for (let key = 0; key < this.#source.count(); key++) if (!this.#deleted.has(key)) keys.push(key);
    for (const key of this.#insertedIds.values()) if (!this.#deleted.has(key)) keys.push(key);
    return keys;
  }

  /** All keys by time, ascending; the first `nulls` of them have none. Kept until a row comes or goes. */
  byTime(): { keys: Int32Array; nulls: number } {
    const revision = this.#version;
    if (this.#order?.revision === revision) return this.#order;
    const all = this.#allKeys();
    const times = new Map<number, number>();
    for (const key of this.#stored.keys()) times.set(key, this.#time(key));
    const at = (key: number) => {
      const time = times.get(key) ?? this.#source.time(key);
      return Number.isNaN(time) ? -Infinity : time;
    };
    const keys = Int32Array.from(all).sort((a, b) => at(a) - at(b) || a - b);
    let nulls = 0;
    while (nulls < keys.length && at(keys[nulls]) === -Infinity) nulls += 1;
    this.#order = { revision, keys, nulls };
    return this.#order;
  }

  /** First place in `byTime` whose time is ≥ `micros`, or > with `after`. */
  placeOf(micros: number, after: boolean): number {
    const { keys, nulls } = this.byTime();
    let low = nulls;
    let high = keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const time = this.#time(keys[middle]);
      if (after ? time <= micros : time < micros) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** All keys by id, descending. Ids never change, so it is kept until a row comes or goes. */
  byIdDescending(): Int32Array {
    const revision = this.#version;
    if (this.#idOrder?.revision === revision) return this.#idOrder.keys;
    const all = this.#allKeys();
    // a million ids as strings would be 100 MB: their first 48 bits as a number decide nearly always
    const lead = (id: string) => parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
    const leads = Float64Array.from(all, (key) => lead(this.facts(key, 0).id));
    const id = (place: number) => this.facts(all[place], 0).id;
    const places = Int32Array.from(all.keys()).sort((a, b) => {
      const difference = leads[b] - leads[a];
      return difference !== 0 ? difference : id(a) < id(b) ? 1 : -1;
    });
    this.#idOrder = { revision, keys: places.map((place) => all[place]) };
    return this.#idOrder.keys;
  }

  /** Returns the new row's id. Throws when the id is taken. */
  insert(row: JsonRow): string {
    const id = String(row['id']);
    if (this.#insertedIds.has(id)) throw new Error(`row ${id} is there already`);
    const key = --this.#nextInserted;
    this.#insertedIds.set(id, key);
    this.#stored.set(key, { row, facts: this.#source.stored(row) });
    this.#revision += 1;
    return id;
  }

  /** From then on the row stands still: the clock moves it no more. Throws when it is not there. */
  update(id: string, change: JsonRow, now: number): void {
    const key = this.find(id, now);
    if (key === null) throw new Error(`no row ${id}`);
    const row = { ...this.json(key, now), ...change };
    this.#stored.set(key, { row, facts: this.#source.stored(row) });
    this.#revision += 1;
  }

  /** false: it was not there */
  remove(id: string, now: number): boolean {
    const key = this.find(id, now);
    if (key === null) return false;
    this.#deleted.add(key);
    this.#revision += 1;
    return true;
  }
}
