/**
 * Orders kept between questions. A commit does not touch them. The next question that needs an order moves the changed rows to their new
 * places (about 2 ms at a million rows), so that orders out of use cost nothing.
 */
import type { Entity } from '../../contract/fields.ts';
import type { Dialect, SortKey } from '../../contract/query.ts';
import * as rowSet from '../columns/row-set.ts';
import type { RowSet } from '../columns/row-set.ts';
import {
  compareBy,
  concerns,
  resolveKey,
  sortRows,
  withValue,
  type OrderContext,
  type ResolvedKey,
} from './sort-keys.ts';
import { idsDescending } from './id-order.ts';
import { Arena } from '../kernels/heap.ts';
import { KeptOrder } from './kept-order.ts';
import { isNoteField } from '../columns/note-columns.ts';
import { isRule } from '../columns/run-rules.ts';
import { RUN_TIME } from '../columns/run-times.ts';
import { moveRows } from './order-merge.ts';
import type { Table } from '../columns/table.ts';

type Kept = {
  /** All rows of `members`; rows without a value stand where the dialect puts them. */
  order: KeptOrder;
  /** The listed rows; in the order by id also the stubs. */
  members: RowSet;
  keys: ResolvedKey[];
  /** For each table the order depends on: the changes that concern it, and the place in the log of that table up to which it is updated. */
  concerns: Map<Table, { of: number; seen: number }>;
};

/** Orders kept, 4 MB each at a million rows: the four that a window switches between, and two more. */
const KEPT = 6;

export class Permutations implements OrderContext {
  readonly tables: Record<Entity, Table>;
  readonly dialect: Dialect;
  readonly #arena = new Arena();
  readonly #kept = new Map<string, Kept>();
  readonly #ranks = new Map<string, { ranks: Uint32Array; at: number }>();

  constructor(tables: Record<Entity, Table>, dialect: Dialect) {
    this.tables = tables;
    this.dialect = dialect;
  }

  /** Frees the memory; results that still read an order are completed first. */
  dispose(): void {
    for (const { order } of this.#kept.values()) order.drop();
    this.#kept.clear();
    this.#arena.dispose();
  }

  get bytes(): number {
    let total = 0;
    for (const { order, members } of this.#kept.values()) total += order.bytes + members.byteLength;
    for (const { ranks } of this.#ranks.values()) total += ranks.byteLength;
    return total;
  }

  /** Every row with an id, stubs too, by id descending: the tie-break of all orders, and how the row of an id is found. */
  byId(entity: Entity): Uint32Array {
    return this.#order(entity, []).order.rows;
  }

  idsDescending(entity: Entity): Uint32Array {
    return this.byId(entity);
  }

  /** All listed rows; [] and a sole `id` descending also hold the stubs. Throws BAD_INPUT for an unknown field. */
  order(entity: Entity, sort: readonly SortKey[]): KeptOrder {
    return this.#order(entity, significant(sort)).order;
  }

  /** An order by one field, in the direction that is kept already. */
  either(entity: Entity, field: string): { rows: Uint32Array; descending: boolean } {
    const descending = !this.#kept.has(nameOf(entity, [{ field, dir: 'asc' }]));
    return { rows: this.order(entity, [{ field, dir: descending ? 'desc' : 'asc' }]).rows, descending };
  }

  /** The comparison of `order`, for results that are too small to build an order for. */
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
    // rows that have another value since, though they have not changed themselves, are in the log after this
    for (const key of sort) if (moves(key)) this.#fieldOf(entity, key);
    let kept = this.#kept.get(name);
    if (kept) {
      this.#kept.delete(name);
      if (!this.#catchUp(entity, table, kept)) {
        kept.order.drop();
        kept = undefined;
      }
    }
    kept ??= this.#keep(entity, sort);
    this.#kept.set(name, kept);
    this.#trim();
    return kept;
  }

  #fieldOf(entity: Entity, key: SortKey): void {
    const { table, field } = resolveKey(entity, key, this);
    table.field(field);
  }

  /** Drops the orders used longest ago. Orders by id are not counted: every order needs them. */
  #trim(): void {
    const names = [...this.#kept.keys()].filter((name) => !name.endsWith(' []'));
    for (const name of names.slice(0, Math.max(0, names.length - KEPT))) {
      this.#kept.get(name)?.order.drop();
      this.#kept.delete(name);
    }
  }

  /** Moves the changed rows; false when the order must be built anew. */
  #catchUp(entity: Entity, table: Table, kept: Kept): boolean {
    let own: number[] = [];
    for (const [of, concern] of kept.concerns) {
      const changed = concern.seen === of.log.end ? [] : of.log.since(concern.seen, concern.of);
      if (changed === null || (of !== table && changed.length > 0)) return false;
      concern.seen = of.log.end;
      if (of === table) own = changed;
    }
    if (own.length === 0) return true;
    // the sort key leads back to the sorted table: a changed row may move other rows
    if (kept.keys.some((key) => key.tables.includes(table))) return false;
    if (own.length > 20_000 && own.length > kept.order.rows.length >>> 4) return false;
    const members = kept.keys.length === 0 ? table.present.slice(0, table.words) : table.listed();
    const compare = this.#compare(entity, kept.keys);
    moveRows(kept.order, kept.members, members, own, compare);
    kept.members = members;
    return true;
  }

  /** All of a new order but its rows. */
  #describe(entity: Entity, sort: readonly SortKey[]): Omit<Kept, 'order'> {
    const table = this.tables[entity];
    const keys = sort.map((key) => resolveKey(entity, key, this));
    const needs = [...concerns(entity, keys, this)].map(([of, what]) => [of, { of: what, seen: of.log.end }] as const);
    const members = sort.length === 0 ? table.present.slice(0, table.words) : table.listed();
    return { keys, members, concerns: new Map(needs) };
  }

  #keep(entity: Entity, sort: readonly SortKey[]): Kept {
    const described = this.#describe(entity, sort);
    return { ...described, order: new KeptOrder(this.#arena, this.#build(entity, described)) };
  }

  #build(entity: Entity, { keys, members }: Omit<Kept, 'order'>): Uint32Array {
    const table = this.tables[entity];
    if (keys.length === 0) return idsDescending(table, members);
    const rows = new Uint32Array(table.count);
    let n = 0;
    for (const row of this.byId(entity)) if (rowSet.has(members, row)) rows[n++] = row;
    for (const key of keys.toReversed()) {
      if (key.field === 'id' && key.via.length === 0) rows.reverse();
      else sortRows(rows, key, withValue(entity, key, this), this);
    }
    return rows;
  }

  /** The orders of task runs that a snapshot keeps: by id, and the last one used. `adopt` understands their names. */
  export(): Map<string, Uint32Array> {
    const out = new Map<string, Uint32Array>();
    const sorts: SortKey[][] = [[]];
    const used = [...this.#kept.values()]
      .reverse()
      .find(
        (kept) =>
          kept.keys.length === 1 &&
          kept.keys[0].table === this.tables.task_run &&
          kept.keys[0].via.length === 0 &&
          !moves(kept.keys[0].key),
      );
    if (used) sorts.push([used.keys[0].key]);
    for (const sort of sorts) out.set(JSON.stringify([this.dialect, sort]), this.order('task_run', sort).rows);
    return out;
  }

  /** Takes over the orders of a snapshot. The tables must not have changed since `export`. */
  adopt(orders: ReadonlyMap<string, Uint32Array>): void {
    for (const [name, rows] of orders) {
      const [dialect, sort] = JSON.parse(name) as [Dialect, SortKey[]];
      if (dialect !== this.dialect) continue;
      const order = new KeptOrder(this.#arena, rows);
      this.#kept.set(nameOf('task_run', sort), { ...this.#describe('task_run', sort), order });
    }
  }

  ranks(entity: Entity, field: string): Uint32Array {
    const table = this.tables[entity];
    if (moves({ field, dir: 'asc' })) table.field(field);
    const at = table.log.end;
    const name = `${entity}.${field}`;
    const known = this.#ranks.get(name);
    if (known?.at === at) return known.ranks;
    const sort: SortKey = { field, dir: 'asc' };
    const described = this.#describe(entity, [sort]);
    const { keys } = described;
    const rows = this.#build(entity, described);
    const valued = withValue(entity, keys[0], this);
    const compare = compareBy(keys[0], this);
    const ranks = new Uint32Array(table.size);
    let rank = 0;
    let before = 0;
    for (const row of rows) {
      if (!rowSet.has(valued, row)) continue;
      if (before === 0 || compare(before, row) !== 0) rank++;
      ranks[row] = rank;
      before = row;
    }
    this.#ranks.set(name, { ranks, at });
    return ranks;
  }
}

const lastName = (field: string): string => field.slice(field.lastIndexOf('.') + 1);
/** Such an order moves without a change of its rows: with the clock, with other rows, or with notes. */
const moves = ({ field }: SortKey): boolean =>
  lastName(field) === RUN_TIME || isRule(lastName(field)) || isNoteField(lastName(field));

const nameOf = (entity: Entity, sort: readonly SortKey[]): string => `${entity} ${JSON.stringify(sort)}`;

/** The sort keys that matter: keys after the id do not, nor does a last key of id descending, which is the tie-break. */
function significant(sort: readonly SortKey[]): readonly SortKey[] {
  const end = sort.findIndex((key) => key.field === 'id');
  return end < 0 ? sort : sort.slice(0, sort[end].dir === 'desc' ? end : end + 1);
}
