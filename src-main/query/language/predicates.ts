/** One comparison over one column → mask. The mask may hold rows that are not listed; rows without a value are never in it. */
import { AppError } from '../../contract/errors.ts';
import type { Condition, Dialect } from '../../contract/query.ts';
import { MICROS_PER_SECOND } from '../../contract/time.ts';
import * as rowSet from '../columns/row-set.ts';
import type { RowSet } from '../columns/row-set.ts';
import type { Column, DifferenceColumn, NumberColumn, TagsColumn, TextColumn } from '../columns/columns.ts';
import type { SearchTable } from '../../store/search/search-tables.ts';
import { containsMatcher, likeMatcher, type Matcher } from './like.ts';
import { byCode, byDifference, byName, byRange, byReference, namesInUse, notNaN, notZero } from './masks.ts';
import type { Table } from '../columns/table.ts';

export type Comparison = Exclude<
  Extract<Condition, { field: string }>,
  { isNull: boolean } | { all: string[] } | { any: string[] } | { from?: unknown; to?: unknown }
>;

export type Context = {
  dialect: Dialect;
  /** The table that a reference column points to. */
  target(column: Column): Table;
  /** The rids of an id, or of all ids that begin so; of stubs too. */
  ridsOf(table: Table, id: string): Uint32Array;
  /** Numbers of the rows in which the full-text index finds `match`. `among`: only these are asked about; others may come too. */
  search(table: SearchTable, match: string, among?: readonly number[]): Uint32Array;
  /** Numbers of the task runs whose logs are kept, likewise. */
  withLogs(among?: readonly number[]): Uint32Array;
};

export function notNull(table: Table, column: Column): RowSet {
  const { words } = table;
  switch (column.kind) {
    case 'number':
      return column.values.length === 0 ? new Int32Array(words) : notNaN(column.values, words);
    case 'difference':
      return inRange(column, -Infinity, Infinity, words);
    case 'term':
    case 'boolean':
    case 'ref':
      return notZero(column.codes, words);
    case 'tags':
      return byCode(column.codes, nonEmptySets(column), words);
    case 'text':
      return notZero(column.heads, words);
    case 'id':
      return table.listed();
  }
}

function nonEmptySets({ dictionary }: TagsColumn): Uint8Array {
  const table = new Uint8Array(dictionary.texts.length);
  const starts = dictionary.starts.words;
  for (let code = 1; code < table.length; code++) table[code] = starts[code + 1] > starts[code] ? 1 : 0;
  return table;
}

/** Rows with from ≤ value ≤ to. */
export function inRange(column: NumberColumn | DifferenceColumn, from: number, to: number, words: number): RowSet {
  if (column.kind === 'number')
    return column.values.length === 0 ? new Int32Array(words) : byRange(column.values, from, to, words);
  const [later, earlier] = [column.to.values, column.from.values];
  if (later.length === 0 || earlier.length === 0) return new Int32Array(words);
  return byDifference(later, earlier, MICROS_PER_SECOND, from, to, words);
}

export function isIn(
  table: Table,
  column: Column,
  values: readonly (string | number | boolean)[],
  context: Context,
): RowSet {
  const { words } = table;
  switch (column.kind) {
    case 'number':
    case 'difference': {
      const wanted = values.filter((v): v is number => typeof v === 'number');
      let out: RowSet = new Int32Array(words);
      for (const value of wanted) out = rowSet.or(out, inRange(column, value, value, words));
      return out;
    }
    case 'boolean': {
      const marks = new Uint8Array(3);
      for (const value of values) if (typeof value === 'boolean') marks[value ? 2 : 1] = 1;
      return byCode(column.codes, marks, words);
    }
    case 'term': {
      const marks = new Uint8Array(column.dictionary.texts.length);
      for (const value of values) if (typeof value === 'string') marks[column.dictionary.find(value)] = 1;
      marks[0] = 0;
      return byCode(column.codes, marks, words);
    }
    case 'tags':
      return hasAnyTag(
        table,
        column,
        values.filter((v): v is string => typeof v === 'string'),
      );
    case 'text':
      return isName(column, values, words);
    case 'ref':
      return byReference(column.codes, withIds(context.target(column), values, context), words);
    case 'id':
      return withIds(table, values, context);
  }
}

function withIds(table: Table, values: readonly unknown[], context: Context): RowSet {
  const out: RowSet = new Int32Array(table.words);
  for (const value of values)
    if (typeof value === 'string') for (const rid of context.ridsOf(table, value)) rowSet.add(out, rid);
  return out;
}

function isName(column: TextColumn, values: readonly unknown[], words: number): RowSet {
  const { names, heads, suffixes } = column;
  const wanted = new Map<number, Set<number>>();
  for (const value of values) {
    if (typeof value !== 'string' || !names.find(value)) continue;
    const of = wanted.get(names.head);
    if (of) of.add(names.suffix);
    else wanted.set(names.head, new Set([names.suffix]));
  }
  const marks = new Uint8Array(names.heads.length);
  for (const head of wanted.keys()) marks[head] = 1;
  const out = byCode(heads, marks, words);
  for (let w = 0; w < words; w++) {
    let word = out[w];
    while (word !== 0) {
      const low = word & -word;
      word ^= low;
      const r = (w << 5) + 31 - Math.clz32(low);
      if (!wanted.get(heads[r])!.has(suffixes[r])) out[w] ^= low;
    }
  }
  return out;
}

export function hasAnyTag(table: Table, { dictionary, codes }: TagsColumn, tags: readonly string[]): RowSet {
  const wanted = new Uint8Array(dictionary.tags.length);
  for (const tag of tags) wanted[dictionary.findTag(tag)] = 1;
  wanted[0] = 0;
  return byCode(codes, setsWith(dictionary, wanted, 1), table.words);
}

/** Rows whose list has all of the tags; for no tags, every listed row. */
export function hasAllTags(table: Table, { dictionary, codes }: TagsColumn, tags: readonly string[]): RowSet {
  const distinct = new Set(tags);
  if (distinct.size === 0) return table.listed();
  const wanted = new Uint8Array(dictionary.tags.length);
  for (const tag of distinct) {
    const index = dictionary.findTag(tag);
    if (index === 0) return new Int32Array(table.words);
    wanted[index] = 1;
  }
  return byCode(codes, setsWith(dictionary, wanted, distinct.size), table.words);
}

/** Marks the tag lists that have at least `least` of the wanted tags. */
function setsWith(dictionary: TagsColumn['dictionary'], wanted: Uint8Array, least: number): Uint8Array {
  const starts = dictionary.starts.words;
  const items = dictionary.items.words;
  const marks = new Uint8Array(dictionary.texts.length);
  for (let code = 1; code < marks.length; code++) {
    let hits = 0;
    for (let i = starts[code]; i < starts[code + 1]; i++) hits += wanted[items[i]];
    marks[code] = hits >= least ? 1 : 0;
  }
  return marks;
}

export function matcherOf(comparison: { like: string } | { contains: string }, dialect: Dialect): Matcher {
  return 'like' in comparison ? likeMatcher(comparison.like, dialect) : containsMatcher(comparison.contains);
}

/** Rows whose text is accepted: of tags, any one tag; of ids, the canonical spelling. Throws BAD_INPUT for numbers and booleans. */
export function matches(table: Table, column: Column, matcher: Matcher, context: Context): RowSet {
  const { words } = table;
  switch (column.kind) {
    case 'term':
      return byCode(column.codes, accepted(column.dictionary.texts, matcher), words);
    case 'tags': {
      const wanted = accepted(column.dictionary.tags, matcher);
      return byCode(column.codes, setsWith(column.dictionary, wanted, 1), words);
    }
    case 'text':
      return matchesName(table, column, matcher);
    case 'id':
      return idsAccepted(table, matcher);
    case 'ref':
      return byReference(column.codes, idsAccepted(context.target(column), matcher), words);
    case 'number':
    case 'difference':
    case 'boolean':
      throw new AppError('BAD_INPUT', 'like and contains compare text', {});
  }
}

function accepted(texts: readonly string[], matcher: Matcher): Uint8Array {
  const marks = new Uint8Array(texts.length);
  for (let code = 1; code < texts.length; code++) marks[code] = matcher.test(texts[code]) ? 1 : 0;
  return marks;
}

function idsAccepted(table: Table, matcher: Matcher): RowSet {
  const out: RowSet = new Int32Array(table.words);
  for (let rid = 1; rid < table.size; rid++) {
    if (rowSet.has(table.present, rid) && matcher.test(table.ids.text(rid))) rowSet.add(out, rid);
  }
  return out;
}

/** Beyond this many pairs of a state and a suffix, only pairs that occur in rows are matched. */
const EAGER_PAIRS = 131_072;

/** The pattern runs once over each head, and for each state it can end in, once over each suffix. */
function matchesName(table: Table, { names, heads, suffixes }: TextColumn, matcher: Matcher): RowSet {
  const { words } = table;
  const folded = names.folded(matcher.fold);
  const width = names.suffixes.length;
  // slot 0 is for rows without a name
  const states: number[] = [-1];
  const slots = new Map<number, number>();
  const slotOf = new Uint32Array(names.heads.length);
  for (let head = 1; head < slotOf.length; head++) {
    const state = matcher.advance(matcher.start, folded.heads[head]);
    let slot = slots.get(state);
    if (slot === undefined) {
      slot = states.push(state) - 1;
      slots.set(state, slot);
    }
    slotOf[head] = slot;
  }
  const offsets = slotOf.map((slot) => slot * width);
  const pairs = states.length * width;
  const inUse = pairs > EAGER_PAIRS ? namesInUse(heads, suffixes, offsets, pairs, table.size) : null;
  const marks = new Uint8Array(pairs);
  let uniform = true;
  for (let slot = 1; slot < states.length; slot++) {
    const state = states[slot];
    const at = slot * width;
    if (matcher.settled(state)) {
      marks.fill(matcher.accepts(state) ? 1 : 0, at, at + width);
      continue;
    }
    let hits = 0;
    for (let suffix = 0; suffix < width; suffix++) {
      if (inUse !== null && inUse[at + suffix] === 0) continue;
      hits += marks[at + suffix] = matcher.accepts(matcher.advance(state, folded.suffixes[suffix])) ? 1 : 0;
    }
    if (hits > 0 && hits < width) uniform = false;
  }
  // a pattern without a dash is mostly decided by the head alone
  if (uniform && inUse === null) return byCode(heads, headMarks(slotOf, marks, width), words);
  return byName(heads, suffixes, offsets, marks, words);
}

function headMarks(slotOf: Uint32Array, table: Uint8Array, width: number): Uint8Array {
  const marks = new Uint8Array(slotOf.length);
  for (let head = 1; head < marks.length; head++) marks[head] = table[slotOf[head] * width];
  return marks;
}
