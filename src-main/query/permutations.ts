/**
 * Orders kept between questions, 4 bytes a row each. A change only marks them stale; the next question that needs one
 * takes the changed rows out and merges them in again (about 1 ms at a million rows), so a batch costs nothing for
 * orders nobody looks at. An order's array is never written to once it is handed out.
 */
import type { Entity } from '../contract/fields.ts';
import type { Dialect, SortKey } from '../contract/query.ts';
import * as bits from './bits.ts';
import type { Bits } from './bits.ts';
import { compareBy, resolveKey, sortRows, withValue, type OrderContext, type ResolvedKey } from './sort-keys.ts';
import { radixSort } from './radix.ts';
import type { Table } from './table.ts';

type Kept = {
  /** all rows of `members`, those without a value where the dialect puts them */
  rows: Uint32Array<ArrayBuffer>;
  /** the listed rows; for the order by id also the stubs */
  members: Bits;
  keys: ResolvedKey[];
  /** place in the table's log of changes up to which `rows` is right */
  seen: number;
  /** changes of the tables behind relations, at the time it was built */
  behind: number[];
};

/** 4 MB each at a million rows; the four a window switches between, and two more */
const KEPT = 6;

export class Permutations implements OrderContext {
  readonly tables: Record<Entity, Table>;
  dialect: Dialect;
  readonly #kept = new Map<string, Kept>();
  readonly #ranks = new Map<string, { ranks: Uint32Array; at: number }>();

  constructor(tables: Record<Entity, Table>, dialect: Dialect) {
    this.tables = tables;
    this.dialect = dialect;
  }

  forget(dialect: Dialect): void {
    this.dialect = dialect;
    this.#kept.clear();
    this.#ranks.clear();
  }

  get bytes(): number {
    let total = 0;
    for (const { rows, members } of this.#kept.values()) total += rows.byteLength + members.byteLength;
    for (const { ranks } of this.#ranks.values()) total += ranks.byteLength;
    return total;
  }

  /** Every row with an id, stubs too, id descending: the tie-break of all orders and the way from id to row. */
  byId(entity: Entity): Uint32Array<ArrayBuffer> {
    return this.#order(entity, []).rows;
  }

  idsDescending(entity: Entity): Uint32Array {
    return this.byId(entity);
  }

  /** All listed rows; [] and a sole `id` descending also hold the stubs. Throws BAD_INPUT for an unknown field. */
  order(entity: Entity, sort: readonly SortKey[]): Uint32Array<ArrayBuffer> {
    return this.#order(entity, significant(sort)).rows;
  }

  /** An order by one field in whichever direction is at hand. */
  either(entity: Entity, field: string): { rows: Uint32Array<ArrayBuffer>; descending: boolean } {
    const descending = !this.#kept.has(nameOf(entity, [{ field, dir: 'asc' }]));
    return { rows: this.order(entity, [{ field, dir: descending ? 'desc' : 'asc' }]), descending };
  }

  /** The comparison behind `order`, for results too small to be worth one. */
  compare(entity: Entity, sort: readonly SortKey[]): (a: number, b: number) => number {
    return this.#compare(
      entity,
      significant(sort).map((key) => resolveKey(entity, key, this)),
    );
  }

  #compare(entity: Entity, keys: readonly ResolvedKey[]): (a: number, b: number) => number {
    const { ids } = this.tables[entity];
    const compares = keys.map((key) => compareBy(key, this));
    return (a, b) => {
      for (const one of compares) {
        const order = one(a, b);
        if (order !== 0) return order;
      }
      return ids.compare(b, a);
    };
  }

  #order(entity: Entity, sort: readonly SortKey[]): Kept {
    const name = nameOf(entity, sort);
    const table = this.tables[entity];
    const end = table.changesBase + table.changes.length;
    let kept = this.#kept.get(name);
    if (kept) this.#kept.delete(name);
    if (kept && this.#moved(kept)) kept = undefined;
    if (kept && kept.seen < end) kept = this.#merge(entity, kept);
    kept ??= this.#build(entity, sort);
    this.#kept.set(name, kept);
    this.#trim();
    return kept;
  }

  /** Orders by id are not counted: they are small or needed by everything. */
  #trim(): void {
    const names = [...this.#kept.keys()].filter((name) => !name.endsWith(' []'));
    for (const name of names.slice(0, Math.max(0, names.length - KEPT))) this.#kept.delete(name);
  }

  #moved(kept: Kept): boolean {
    return this.#behind(kept.keys).some((at, i) => at !== kept.behind[i]);
  }

  #behind(keys: readonly ResolvedKey[]): number[] {
    return keys.flatMap((key) => key.tables.map((table) => table.changesBase + table.changes.length));
  }

  #build(entity: Entity, sort: readonly SortKey[]): Kept {
    const table = this.tables[entity];
    const seen = table.changesBase + table.changes.length;
    if (sort.length === 0) {
      const members = table.present.slice(0, table.words);
      return { rows: idsDescending(table, members), members, keys: [], seen, behind: [] };
    }
    const keys = sort.map((key) => resolveKey(entity, key, this));
    const members = table.listed();
    const rows = new Uint32Array(table.count);
    let n = 0;
    for (const row of this.byId(entity)) if (bits.has(members, row)) rows[n++] = row;
    for (const key of keys.toReversed()) {
      if (key.field === 'id' && key.via.length === 0) rows.reverse();
      else sortRows(rows, key, withValue(entity, key, this), this);
    }
    return { rows, members, keys, seen, behind: this.#behind(keys) };
  }

  #merge(entity: Entity, kept: Kept): Kept | undefined {
    const table = this.tables[entity];
    if (kept.seen < table.changesBase) return undefined;
    const dirty = [...new Set(table.changes.slice(kept.seen - table.changesBase))];
    if (dirty.length > 20_000 && dirty.length > kept.rows.length >>> 4) return undefined;
    const members = kept.keys.length === 0 ? table.present.slice(0, table.words) : table.listed();
    const compare = this.#compare(entity, kept.keys);
    const inserted = Uint32Array.from(dirty.filter((row) => bits.has(members, row))).sort(compare);
    const rows = mergeInto(without(kept.rows, kept.members, dirty), inserted, compare);
    return { ...kept, rows, members, seen: table.changesBase + table.changes.length };
  }

  ranks(entity: Entity, field: string): Uint32Array {
    const table = this.tables[entity];
    const at = table.changesBase + table.changes.length;
    const name = `${entity}.${field}`;
    const known = this.#ranks.get(name);
    if (known?.at === at) return known.ranks;
    const sort: SortKey = { field, dir: 'asc' };
    const { rows, keys } = this.#build(entity, [sort]);
    const valued = withValue(entity, keys[0], this);
    const compare = compareBy(keys[0], this);
    const ranks = new Uint32Array(table.size);
    let rank = 0;
    let before = 0;
    for (const row of rows) {
      if (!bits.has(valued, row)) continue;
      if (before === 0 || compare(before, row) !== 0) rank++;
      ranks[row] = rank;
      before = row;
    }
    this.#ranks.set(name, { ranks, at });
    return ranks;
  }
}

const nameOf = (entity: Entity, sort: readonly SortKey[]): string => `${entity} ${JSON.stringify(sort)}`;

/** Keys after the id order nothing, and id descending is the tie-break anyway. */
function significant(sort: readonly SortKey[]): readonly SortKey[] {
  const end = sort.findIndex((key) => key.field === 'id');
  return end < 0 ? sort : sort.slice(0, sort[end].dir === 'desc' ? end : end + 1);
}

function idsDescending(table: Table, members: Bits): Uint32Array<ArrayBuffer> {
  const rows = bits.rowsOf(members, bits.count(members));
  return sortIds(rows, table);
}

function sortIds(rows: Uint32Array<ArrayBuffer>, { ids }: Table): Uint32Array<ArrayBuffer> {
  const { words } = ids;
  return radixIds(rows, words, (a, b) => ids.compare(b, a));
}

/** 64 bits by radix; what still ties (ids of one millisecond can) by comparison. */
function radixIds(
  rows: Uint32Array<ArrayBuffer>,
  words: Uint32Array,
  compare: (a: number, b: number) => number,
): Uint32Array<ArrayBuffer> {
  const hi = new Uint32Array(rows.length);
  const lo = new Uint32Array(rows.length);
  for (let i = 0; i < rows.length; i++) {
    hi[i] = ~words[rows[i] * 4] >>> 0;
    lo[i] = ~words[rows[i] * 4 + 1] >>> 0;
  }
  radixSort(rows, hi, lo);
  const same = (a: number, b: number) => words[a * 4] === words[b * 4] && words[a * 4 + 1] === words[b * 4 + 1];
  for (let start = 0; start < rows.length;) {
    let end = start + 1;
    while (end < rows.length && same(rows[start], rows[end])) end++;
    if (end - start > 1) rows.subarray(start, end).sort(compare);
    start = end;
  }
  return rows;
}

/** The order without the changed rows; the same array when none of them was in it. */
function without(rows: Uint32Array<ArrayBuffer>, members: Bits, changed: readonly number[]): Uint32Array<ArrayBuffer> {
  const out = changed.filter((row) => row >>> 5 < members.length && bits.has(members, row));
  if (out.length === 0) return rows;
  const leaving: Bits = new Int32Array(Math.max(members.length, 1));
  for (const row of out) bits.add(leaving, row);
  const staying = new Uint32Array(rows.length - out.length + 1);
  let n = 0;
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i];
    staying[n] = row;
    n += 1 - ((leaving[row >>> 5] >>> (row & 31)) & 1);
  }
  return staying.subarray(0, n);
}

/** Merges a few sorted rows into many, copying the stretches between them whole. */
function mergeInto(
  rows: Uint32Array<ArrayBuffer>,
  inserted: Uint32Array<ArrayBuffer>,
  compare: (a: number, b: number) => number,
): Uint32Array<ArrayBuffer> {
  if (inserted.length === 0) return rows;
  const out = new Uint32Array(rows.length + inserted.length);
  let from = 0;
  let to = 0;
  for (const row of inserted) {
    let low = from;
    let high = rows.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compare(rows[middle], row) < 0) low = middle + 1;
      else high = middle;
    }
    out.set(rows.subarray(from, low), to);
    to += low - from;
    out[to++] = row;
    from = low;
  }
  out.set(rows.subarray(from), to);
  return out;
}
