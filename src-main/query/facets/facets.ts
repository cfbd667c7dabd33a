/** Facets: the values of a field, and how many rows of a mask have each. */
import { relations, resolveField, type Entity, type Relation } from '../../contract/fields.ts';
import { AppError } from '../../contract/errors.ts';
import { instantAt, MOST_NEW, type Condition, type Facet, type FacetRequest } from '../../contract/query.ts';
import * as rowSet from '../columns/row-set.ts';
import type { RowSet } from '../columns/row-set.ts';
import type { Column, StoredColumn, TextColumn } from '../columns/columns.ts';
import { countCodes, foldCodes } from '../columns/counting.ts';
import type { Table, Tables } from '../columns/table.ts';
import type { Coded } from '../columns/code-counts.ts';
import { isNoteField } from '../columns/note-columns.ts';
import { isRule } from '../columns/run-rules.ts';

type Counts = { counts: Uint32Array; nulls: number };

/** From this share of all rows on, the other rows are counted and subtracted from the kept counts of all rows. */
const MOST = 0.5;

/** Counts by mask and path: the same mask is often counted again, as the facets of a question with one filter are those of all rows. A mask belongs to one version of the index, so these do too. */
const remembered = new WeakMap<RowSet, Map<string, Counts>>();

/** `rows`: the number of rows of `mask`. `now` in µs. Throws BAD_INPUT for an unknown field, or one that has no facet. */
export function facet(
  tables: Tables,
  root: Entity,
  request: FacetRequest,
  mask: RowSet,
  rows: number,
  now: number,
): Facet {
  const { field, new_since: since } = request;
  const resolved = resolveField(root, field);
  if (!resolved) throw new AppError('BAD_INPUT', `unknown field ${field}`, { field });
  const table = tables[resolved.entity];
  const column = table.field(resolved.field);
  const { counts, nulls } = countPath(tables, root, resolved.via, resolved.field, mask, rows);
  const read = codeReader(tables, table, column);
  const counted = { field, ...top(counts, nulls, read, request) };
  if (since === undefined) return counted;
  const fresh = onlyNew(tables[root], field, counts, instantAt(since, now), now);
  return { ...counted, new: top(fresh, 0, read, { field, limit: MOST_NEW }).values };
}

/** The counts of those values that no row of the table has from before `from` µs; see `facetSchema`. Throws BAD_INPUT. */
function onlyNew(table: Table, field: string, counts: Uint32Array, from: number, now: number): Uint32Array {
  const column = table.columns.get(field);
  const start = table.columns.get('expected_start_time');
  if (column?.kind !== 'term' || start?.kind !== 'number')
    throw new AppError('BAD_INPUT', `${field} cannot be asked for what is new`, { field });
  const first = table.firstTimes.by(column, start, table.listed(), column.dictionary.texts.length);
  const reachesBack = first.some((at) => at <= 2 * from - now);
  return counts.map((count, code) => (reachesBack && first[code] >= from && first[code] < Infinity ? count : 0));
}

/** Counts by code of the field's column: the codes of the first step of the path are counted, then folded over the other steps. */
function countPath(
  tables: Tables,
  root: Entity,
  via: readonly string[],
  field: string,
  mask: RowSet,
  rows: number,
): Counts {
  let known = remembered.get(mask);
  if (!known) remembered.set(mask, (known = new Map<string, Counts>()));
  const path = `${root}.${[...via, field].join('.')}`;
  const kept = isRule(field) || isNoteField(field) ? undefined : known.get(path);
  if (kept) return kept;
  let made: Counts;
  if (via.length === 0) made = countColumn(tables, tables[root], columnFor(tables[root], field), mask, rows);
  else {
    const before = via.slice(0, -1);
    const refs = countPath(tables, root, before, via.at(-1)!, mask, rows);
    const table = tables[entityBehind(root, via)];
    made = foldColumn(tables, table, columnFor(table, field), refs);
  }
  known.set(path, made);
  return made;
}

/** Counts by code. For a mask of most rows, the rows outside it are counted and subtracted. */
function countMask(table: Table, column: Coded, mask: RowSet, rows: number, values: number): Uint32Array<ArrayBuffer> {
  if (rows < table.count * MOST) return countCodes(column.codes, mask, values);
  const listed = table.listed();
  const counts = table.codeCounts.of(column, listed, values);
  if (mask === listed) return counts;
  const out = countCodes(column.codes, rowSet.andNot(listed, mask), values);
  for (let code = 0; code < values; code++) counts[code] -= out[code];
  return counts;
}

function entityBehind(root: Entity, via: readonly string[]): Entity {
  let entity = root;
  for (const name of via) entity = (relations[entity] as Record<string, Relation>)[name].to;
  return entity;
}

/** `name`: a field, or a relation of kind `one`, whose column has the name of the relation. */
function columnFor(table: Table, name: string): Column {
  return table.columns.get(name) ?? table.field(name);
}

function countColumn(tables: Tables, table: Table, column: Column, mask: RowSet, rows: number): Counts {
  // counts are kept of columns that change with their rows only
  const isStored = [...table.columns.values()].includes(column as StoredColumn);
  const count = (of: Coded, values: number) =>
    isStored ? countMask(table, of, mask, rows, values) : countCodes(of.codes, mask, values);
  switch (column.kind) {
    case 'term':
      return split(count(column, column.dictionary.texts.length));
    case 'boolean':
      return split(count(column, 3));
    case 'ref':
      return split(countMask(table, column, mask, rows, tables[column.target].size));
    case 'tags':
      return foldTags(column.dictionary, countMask(table, column, mask, rows, column.dictionary.texts.length));
    case 'id': {
      const counts = new Uint32Array(table.size);
      for (const row of rowSet.rowsOf(mask, rows)) counts[row] = 1;
      return { counts, nulls: 0 };
    }
    case 'text':
    case 'number':
    case 'difference':
      throw new AppError('BAD_INPUT', 'a facet needs a term, id or tags field', {});
  }
}

function split(counts: Uint32Array): Counts {
  const nulls = counts[0];
  counts[0] = 0;
  return { counts, nulls };
}

function foldTags(
  dictionary: { starts: { words: Uint32Array }; items: { words: Uint32Array }; tags: string[] },
  lists: Uint32Array,
): Counts {
  const starts = dictionary.starts.words;
  const items = dictionary.items.words;
  const counts = new Uint32Array(dictionary.tags.length);
  let nulls = lists[0];
  for (let code = 1; code < lists.length; code++) {
    const n = lists[code];
    if (n === 0) continue;
    const end = starts[code + 1];
    let i = starts[code];
    if (i === end) nulls += n;
    for (; i < end; i++) counts[items[i]] += n;
  }
  return { counts, nulls };
}

/** Turns counts by row of `table` into counts by code of one of its columns. Rows that refer to a stub or to no row have no value. */
function foldColumn(tables: Tables, table: Table, column: Column, of: Counts): Counts {
  const listed = table.listed();
  let nulls = of.nulls;
  if (column.kind === 'text' || column.kind === 'number' || column.kind === 'difference')
    throw new AppError('BAD_INPUT', 'a facet needs a term, id or tags field', {});
  if (column.kind === 'id') {
    const counts = of.counts.slice();
    for (let rid = 1; rid < counts.length; rid++) {
      if (counts[rid] !== 0 && !rowSet.has(listed, rid)) {
        nulls += counts[rid];
        counts[rid] = 0;
      }
    }
    return { counts, nulls };
  }
  const size =
    column.kind === 'ref' ? tables[column.target].size : column.kind === 'boolean' ? 3 : column.dictionary.texts.length;
  const { codes } = column;
  const counts =
    codes instanceof Uint32Array ? foldCodes(codes, listed, of.counts, size) : fold16(codes, listed, of.counts, size);
  nulls += counts[0];
  counts[0] = 0;
  if (column.kind === 'tags') {
    counts[0] = nulls;
    return foldTags(column.dictionary, counts);
  }
  return { counts, nulls };
}

/** `foldCodes` for 16-bit codes, whose tables are small. */
function fold16(codes: Uint16Array, listed: RowSet, counts: Uint32Array, values: number): Uint32Array {
  const folded = new Uint32Array(values);
  for (let rid = 1; rid < counts.length; rid++)
    if (counts[rid] !== 0) folded[rowSet.has(listed, rid) ? codes[rid] : 0] += counts[rid];
  return folded;
}

type Read = { value(code: number): string; label(code: number): string };

/** What the codes of a term, tags, boolean, id or reference column stand for. */
export function codeReader(tables: Tables, table: Table, column: Column): Read {
  switch (column.kind) {
    case 'term': {
      const { texts } = column.dictionary;
      return { value: (code) => texts[code], label: (code) => texts[code] };
    }
    case 'tags': {
      const { tags } = column.dictionary;
      return { value: (code) => tags[code], label: (code) => tags[code] };
    }
    case 'boolean':
      return { value: (code) => String(code === 2), label: (code) => String(code === 2) };
    default: {
      const target = column.kind === 'ref' ? tables[column.target] : table;
      const names = target.columns.get('name') as TextColumn;
      return {
        value: (rid) => target.ids.text(rid),
        label: (rid) => (rowSet.has(target.alive, rid) ? names.text(rid) : null) ?? target.ids.text(rid),
      };
    }
  }
}

type Value = Facet['values'][number];

/** Most frequent first, ties by label. */
function top(
  counts: Uint32Array,
  nulls: number,
  read: Read,
  request: FacetRequest,
): Pick<Facet, 'values' | 'distinct'> {
  let distinct = 0;
  for (let code = 1; code < counts.length; code++) if (counts[code] !== 0) distinct++;
  const search = request.search?.toLowerCase() ?? '';
  const atLeast = search === '' ? threshold(counts, distinct, request.limit) : 1;
  const values: Value[] = [];
  for (let code = 1; code < counts.length; code++) {
    const count = counts[code];
    if (count < atLeast) continue;
    const label = read.label(code);
    if (search !== '' && !label.toLowerCase().includes(search)) continue;
    values.push({ value: read.value(code), label, count });
  }
  if (nulls > 0 && search === '' && request.nulls !== false) values.push({ value: null, label: '', count: nulls });
  values.sort((a, b) => b.count - a.count || (a.label < b.label ? -1 : a.label > b.label ? 1 : 0));
  return { values: values.slice(0, request.limit), distinct };
}

/** The least count among the `limit` most frequent values, at least 1: only values with such a count need a label. */
function threshold(counts: Uint32Array, distinct: number, limit: number): number {
  if (distinct <= limit) return 1;
  const sorted = counts.slice().sort();
  return Math.max(1, sorted[sorted.length - limit]);
}

/** True when the condition is about some of these paths and nothing else. */
export function speaksOnlyOf(condition: Condition, paths: ReadonlySet<string>, prefix = ''): boolean {
  if ('not' in condition) return speaksOnlyOf(condition.not, paths, prefix);
  if ('has' in condition) return speaksOnlyOf(condition.where, paths, `${prefix}${condition.has}.`);
  if ('text' in condition || 'log' in condition) return false;
  if ('field' in condition) return paths.has(prefix + condition.field);
  const parts = 'and' in condition ? condition.and : condition.or;
  return parts.length > 0 && parts.every((part) => speaksOnlyOf(part, paths, prefix));
}

/** The top-level conjuncts, with nested `and`s taken apart. */
export function conjuncts(condition: Condition): Condition[] {
  return 'and' in condition ? condition.and.flatMap(conjuncts) : [condition];
}
