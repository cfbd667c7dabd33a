/** One sort key: sorting rows by it to build an order, and comparing two rows by it to update one. */
import { resolveField, type Entity } from '../../contract/fields.ts';
import { AppError } from '../../contract/errors.ts';
import type { Dialect, SortKey } from '../../contract/query.ts';
import * as rowSet from '../columns/row-set.ts';
import type { RowSet } from '../columns/row-set.ts';
import { nullsFirst, textOrder } from '../language/collation.ts';
import type { Column, RefColumn } from '../columns/columns.ts';
import { byReference } from '../language/masks.ts';
import { sortByName } from './name-order.ts';
import { notNull } from '../language/predicates.ts';
import { numberKeys, radixSort } from './radix.ts';
import { NEW } from '../columns/row-log.ts';
import type { Table } from '../columns/table.ts';

export type OrderContext = {
  tables: Record<Entity, Table>;
  dialect: Dialect;
  /** Every row with an id, stubs too. */
  idsDescending(entity: Entity): Uint32Array;
  /** The rank of every row of a table by one field ascending, from 1; equal values have one rank, 0 is null. Kept until the table changes. */
  ranks(entity: Entity, field: string): Uint32Array;
};

export type ResolvedKey = {
  key: SortKey;
  /** Reference columns from the sorted table to the table of the field. */
  via: RefColumn[];
  /** The table after each step of `via`. */
  tables: Table[];
  table: Table;
  field: string;
  nullsFirst: boolean;
};

export function resolveKey(entity: Entity, key: SortKey, context: OrderContext): ResolvedKey {
  const resolved = resolveField(entity, key.field);
  if (!resolved) throw new AppError('BAD_INPUT', `unknown field ${key.field}`, { field: key.field });
  const via: RefColumn[] = [];
  const tables: Table[] = [];
  let table = context.tables[entity];
  for (const relation of resolved.via) {
    const column = table.columns.get(relation) as RefColumn;
    via.push(column);
    table = context.tables[column.target];
    tables.push(table);
  }
  return { key, via, tables, table, field: resolved.field, nullsFirst: nullsFirst(context.dialect, key.dir) };
}

/** Bits of the row log that concern an order by these keys, for the sorted table and for each table behind a relation. */
export function concerns(entity: Entity, keys: readonly ResolvedKey[], context: OrderContext): Map<Table, number> {
  const of = new Map<Table, number>([[context.tables[entity], NEW]]);
  const note = (table: Table, bit: number) => of.set(table, (of.get(table) ?? 0) | bit);
  for (const key of keys) {
    const tables = [context.tables[entity], ...key.tables];
    key.via.forEach((column, i) => note(tables[i], tables[i].bitOf(column)));
    note(key.table, key.table.bitsOfField(key.field));
  }
  return of;
}

/** Rows that have a value for the key. */
export function withValue(entity: Entity, key: ResolvedKey, context: OrderContext): RowSet {
  let mask = rowSet.and(notNull(key.table, key.table.field(key.field)), key.table.listed());
  for (let i = key.via.length - 1; i >= 0; i--) {
    const table = i === 0 ? context.tables[entity] : key.tables[i - 1];
    mask = rowSet.and(byReference(key.via[i].codes, mask, table.words), table.listed());
  }
  return mask;
}

/** A stable sort of rows in place. Rows without a value go to the end where the dialect puts nulls. */
export function sortRows(
  rows: Uint32Array<ArrayBuffer>,
  key: ResolvedKey,
  hasValue: RowSet,
  context: OrderContext,
): void {
  const valued = new Uint32Array(rows.length);
  const nulls = new Uint32Array(rows.length);
  let v = 0;
  let n = 0;
  for (const row of rows) {
    if (rowSet.has(hasValue, row)) valued[v++] = row;
    else nulls[n++] = row;
  }
  const sorted = valued.slice(0, v);
  sortValued(sorted, key, context);
  rows.set(sorted, key.nullsFirst ? n : 0);
  rows.set(nulls.subarray(0, n), key.nullsFirst ? 0 : v);
}

function sortValued(rows: Uint32Array<ArrayBuffer>, key: ResolvedKey, context: OrderContext): void {
  const descending = key.key.dir === 'desc';
  const column = key.table.field(key.field);
  if (key.via.length > 0) {
    const ranks = context.ranks(key.table.entity, key.field);
    const turn = descending ? 0xffffffff : 0;
    const lo = new Uint32Array(rows.length);
    for (let i = 0; i < rows.length; i++) {
      let at = rows[i];
      for (const step of key.via) at = step.codes[at]!;
      lo[i] = (ranks[at] ^ turn) >>> 0;
    }
    radixSort(rows, new Uint32Array(rows.length), lo);
    return;
  }
  if (column.kind === 'text') return sortByName(rows, column, context.dialect, descending);
  if (column.kind === 'number' || column.kind === 'difference') {
    const { hi, lo } = numberKeys(column, rows, descending);
    return radixSort(rows, hi, lo);
  }
  const turn = descending ? 0xffffffff : 0;
  const lo = new Uint32Array(rows.length);
  if (column.kind === 'id') {
    const { ids } = key.table;
    const order = Array.from(rows).sort((a, b) => (descending ? ids.compare(b, a) : ids.compare(a, b)));
    rows.set(order);
    return;
  }
  const ranks = codeRanks(column, context);
  for (let i = 0; i < rows.length; i++) lo[i] = (ranks[column.codes[rows[i]]] ^ turn) >>> 0;
  radixSort(rows, new Uint32Array(rows.length), lo);
}

/** The rank of each code among the values of its column. */
function codeRanks(
  column: Exclude<Column, { kind: 'text' | 'number' | 'difference' | 'id' }>,
  context: OrderContext,
): Uint32Array {
  if (column.kind === 'boolean') return Uint32Array.of(0, 1, 2);
  if (column.kind === 'ref') {
    const order = context.idsDescending(column.target);
    const ranks = new Uint32Array(context.tables[column.target].size);
    for (let i = 0; i < order.length; i++) ranks[order[i]] = order.length - i;
    return ranks;
  }
  const { texts } = column.dictionary;
  const compare = textOrder(context.dialect);
  const order = texts.map((_, code) => code).sort((a, b) => compare(texts[a], texts[b]));
  return placesOf(order, texts.length);
}

function placesOf(order: readonly number[], size: number): Uint32Array {
  const ranks = new Uint32Array(size);
  order.forEach((code, place) => (ranks[code] = place + 1));
  return ranks;
}

/** Compares two rows by one key; 0 when both values are equal or both are missing. */
export function compareBy(key: ResolvedKey, context: OrderContext): (a: number, b: number) => number {
  const sign = key.key.dir === 'desc' ? -1 : 1;
  const nullSign = key.nullsFirst ? -1 : 1;
  const value = valueOf(key, context);
  const compareText = textOrder(context.dialect);
  return (a, b) => {
    const x = value(a);
    const y = value(b);
    if (x === y) return 0;
    if (x === null) return nullSign;
    if (y === null) return -nullSign;
    if (typeof x === 'string') return sign * compareText(x, y as string);
    return sign * (x - (y as number));
  };
}

/** The value of a row to compare by. Ids are compared as canonical text, which has the order of their bytes. */
function valueOf(key: ResolvedKey, context: OrderContext): (rid: number) => string | number | null {
  const { table } = key;
  const read = readOf(table, key.field, context);
  if (key.via.length === 0) return read;
  return (rid) => {
    let at = rid;
    for (let i = 0; i < key.via.length; i++) {
      at = key.via[i].codes[at]!;
      if (at === 0 || !rowSet.has(key.tables[i].alive, at)) return null;
    }
    return read(at);
  };
}

function readOf(table: Table, field: string, context: OrderContext): (rid: number) => string | number | null {
  const column = table.field(field);
  switch (column.kind) {
    case 'number':
    case 'difference':
      return (rid) => (Number.isNaN(column.get(rid)) ? null : column.get(rid));
    case 'boolean':
      return (rid) => column.codes[rid] || null;
    case 'term':
      return (rid) => (column.codes[rid] ? column.dictionary.texts[column.codes[rid]] : null);
    case 'tags': {
      const { starts, texts } = column.dictionary;
      return (rid) => {
        const code = column.codes[rid];
        return code !== 0 && starts.words[code + 1] > starts.words[code] ? texts[code] : null;
      };
    }
    case 'text':
      return (rid) => column.text(rid);
    case 'id':
      return (rid) => column.text(rid);
    case 'ref': {
      const { ids } = context.tables[column.target];
      return (rid) => (column.codes[rid] ? ids.text(column.codes[rid]) : null);
    }
  }
}
