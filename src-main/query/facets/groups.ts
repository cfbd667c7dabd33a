/** Groups: the rows of a mask by the values of a field or by stretches of a time, each with what a person compares tasks by. */
import { resolveField, type Entity, failureStateTypes } from '../../contract/fields.ts';
import { AppError } from '../../contract/errors.ts';
import type { Group, Grouping, Groups, GroupSort } from '../../contract/query.ts';
import * as rowSet from '../columns/row-set.ts';
import type { Column, NumberColumn, RefColumn, TagsColumn, TermColumn } from '../columns/columns.ts';
import type { Table } from '../columns/table.ts';
import { MICROS_PER_SECOND } from '../../contract/time.ts';
import { MEDIAN, P95, percentile } from '../percentile.ts';
import { codeReader } from './facets.ts';

type Tables = Record<Entity, Table>;

/** Columns of a sparkline: a line of text has room for as many. */
const SPARK = 20;

/**
 * Which groups a row is in. Rows are counted by a code of their own, and what is counted of the codes is then added up: a run's flow run is one
 * of 50,000 numbers, and where these lead need not be asked for each of a million runs. Code 0 is that of rows without a value.
 */
type Membership = {
  /** by rid */
  codes: Uint32Array;
  size: number;
  /** the groups of a code stand from `starts[code]` to before `starts[code + 1]`; null: each code is a group */
  lists: { starts: Uint32Array; items: Uint32Array } | null;
  groups: number;
  value(group: number): string;
  label(group: number): string;
};

/** What is counted of each code or group, by its number. */
type Counted = {
  runs: Uint32Array;
  failed: Uint32Array;
  retried: Uint32Array;
  /** rows that have a duration */
  timed: Uint32Array;
  total: Float64Array;
  longest: Float64Array;
  last: Float64Array;
};
/** Runs by start: column i of a group covers [from + i·step, from + (i + 1)·step), µs. SPARK columns a group. */
type Spark = { from: number; step: number; counts: Uint32Array };
type Figures = Counted & { median: Float64Array; p95: Float64Array };
const shares = { median: MEDIAN, p95: P95 };
/** Of the durations of a group; NaN: it has none. */
type PercentileOf = (group: number, thousandths: number) => number;

/**
 * Task runs in groups: those of `list`, ascending. A run with several tags is in several groups, one without a value in the group whose value
 * is null. Percentiles are by nearest rank, over the runs that have a duration; those of groups that are not on the page are looked for only
 * when they decide the order. Throws BAD_INPUT for a field that cannot be grouped by.
 */
export function groups(
  tables: Tables,
  grouping: Grouping,
  page: { sort: GroupSort; from: number; to: number },
  list: Uint32Array,
): Groups {
  const rows = new Rows(tables.task_run, list);
  const members = membershipOf(tables, grouping, list);
  const byCode = rows.count(members);
  const counted = addedUp(byCode, members);
  const [median, p95] = [0, 0].map(() => new Float64Array(members.groups).fill(NaN));
  const figures: Figures = { ...counted, median, p95 };
  const found: number[] = [];
  for (let group = 0; group < members.groups; group++) if (figures.runs[group] > 0) found.push(group);
  const { by } = page.sort;
  // of all groups only the percentile that decides which are on the page
  const isRanked = by === 'median' || by === 'p95';
  const ranked = isRanked ? rows.detail(members, byCode, found, true, null) : null;
  if (ranked && isRanked) for (const group of found) figures[by][group] = ranked(group, shares[by]);
  found.sort(orderOf(page.sort, figures, members));
  const shown = found.slice(page.from, page.to);
  const spark = rows.sparkOf(shown.length);
  const detailed = rows.detail(members, byCode, shown, !isRanked, spark);
  const percentileOf = ranked ?? detailed;
  for (const group of shown)
    for (const share of ['median', 'p95'] as const) figures[share][group] = percentileOf(group, shares[share]);
  return {
    count: found.length,
    spark: { from: spark.from, step: spark.step },
    groups: shown.map((group, i) =>
      describe(group, members, figures, Array.from(spark.counts.subarray(i * SPARK, (i + 1) * SPARK))),
    ),
  };
}

function membershipOf(tables: Tables, grouping: Grouping, list: Uint32Array): Membership {
  const { field } = grouping;
  const resolved = resolveField('task_run', field);
  if (!resolved) throw new AppError('BAD_INPUT', `unknown field ${field}`, { field });
  const table = tables[resolved.entity];
  const column = table.field(resolved.field);
  if (grouping.edges) {
    if (resolved.kind !== 'time' || resolved.via.length > 0 || column.kind !== 'number')
      throw new AppError('BAD_INPUT', `${field} is not a time of a task run`, { field });
    return stretches(column, grouping.edges, table.size, list);
  }
  const own = codesOf(tables, table, column, field);
  const read = codeReader(tables, table, column);
  const groups = column.kind === 'tags' ? column.dictionary.tags.length : own.size;
  const tags = column.kind === 'tags' ? tagsOfLists(column) : null;
  const [first, ...further] = resolved.via;
  if (first === undefined) return { ...own, lists: tags, groups, ...read };
  const step = tables.task_run.columns.get(first) as RefColumn;
  const leads = throughParents(tables, step.target, further, own.codes);
  return { codes: step.codes, size: leads.length, lists: listsOf(leads, tags), groups, ...read };
}

/** The tags of each list; a list without any, and no list, is in group 0. */
function tagsOfLists({ dictionary }: TagsColumn): NonNullable<Membership['lists']> {
  const [from, tags] = [dictionary.starts.words, dictionary.items.words];
  const starts = new Uint32Array(dictionary.texts.length + 1);
  const items: number[] = [];
  for (let list = 0; list < dictionary.texts.length; list++) {
    const own = list === 0 ? [] : tags.subarray(from[list], from[list + 1]);
    if (own.length === 0) items.push(0);
    for (const tag of own) items.push(tag);
    starts[list + 1] = items.length;
  }
  return { starts, items: Uint32Array.from(items) };
}

/** The groups of each parent, from the code that it leads to. */
function listsOf(leads: Uint32Array, tags: Membership['lists']): NonNullable<Membership['lists']> {
  if (!tags) return { starts: Uint32Array.from({ length: leads.length + 1 }, (_, i) => i), items: leads };
  const starts = new Uint32Array(leads.length + 1);
  const items: number[] = [];
  leads.forEach((list, parent) => {
    for (let i = tags.starts[list]; i < tags.starts[list + 1]; i++) items.push(tags.items[i]);
    starts[parent + 1] = items.length;
  });
  return { starts, items: Uint32Array.from(items) };
}

/** The codes of a column by row of its own table, and how many there may be. Of 32 bits whatever the column has, so that the loops below meet one kind of array. */
function codesOf(tables: Tables, table: Table, column: Column, field: string): { codes: Uint32Array; size: number } {
  switch (column.kind) {
    case 'term':
    case 'tags': {
      const { codes } = column;
      return {
        codes: codes instanceof Uint32Array ? codes : new Uint32Array(codes),
        size: column.dictionary.texts.length,
      };
    }
    case 'boolean':
      return { codes: new Uint32Array(column.codes), size: 3 };
    case 'ref':
      return { codes: column.codes, size: tables[column.target].size };
    case 'id':
      return { codes: Uint32Array.from({ length: table.size }, (_, rid) => rid), size: table.size };
    default:
      throw new AppError('BAD_INPUT', `${field} cannot be grouped by`, { field });
  }
}

/** For each row of `parent` the code that `codes` has for what it leads to by `via`; a row of which only the id is known has none. */
function throughParents(tables: Tables, parent: Entity, via: readonly string[], codes: Uint32Array): Uint32Array {
  const [next, ...further] = via;
  const { alive, size, columns } = tables[parent];
  const step = next === undefined ? null : (columns.get(next) as RefColumn);
  const beyond = step ? throughParents(tables, step.target, further, codes) : codes;
  const made = new Uint32Array(size);
  for (let rid = 1; rid < size; rid++) if (rowSet.has(alive, rid)) made[rid] = beyond[step ? step.codes[rid] : rid];
  return made;
}

/** Group i + 1 holds the rows from `edges[i]` to before `edges[i + 1]` µs; rows outside, and rows without the time, are in group 0. */
function stretches({ values }: NumberColumn, edges: readonly number[], rows: number, list: Uint32Array): Membership {
  const codes = new Uint32Array(rows);
  const placeOf = stretchOf(edges);
  // a column without any value has no array
  if (values.length > 0) for (let k = 0; k < list.length; k++) codes[list[k]] = placeOf(values[list[k]]) + 1;
  const value = (group: number) => String(edges[group - 1]);
  return { codes, size: edges.length, lists: null, groups: edges.length, value, label: value };
}

/** Which of the stretches between `edges` holds a time, from 0 on; −1: none, or no time. All in µs. */
export function stretchOf(edges: readonly number[]): (at: number) => number {
  const first = edges[0];
  const last = edges[edges.length - 1];
  const scale = (edges.length - 1) / (last - first);
  const begins = Float64Array.from(edges);
  return (at) => {
    if (!(at >= first && at < last)) return -1;
    // stretches are of nearly one length (a day of 23 or 25 hours): the guess is at most a few off
    let i = Math.floor((at - first) * scale);
    while (at < begins[i]) i--;
    while (at >= begins[i + 1]) i++;
    return i;
  };
}

/** The rows of one question, with the columns that are counted: plain arrays, 1 ns a read where a call takes 10 until it is compiled. */
class Rows {
  readonly #list: Uint32Array;
  /** µs; NaN: none */
  readonly #start: Float64Array;
  readonly #end: Float64Array;
  readonly #attempts: Float64Array;
  readonly #states: TermColumn;
  /** µs; the first and the last start, once they were counted */
  #span = [Infinity, -Infinity];

  constructor(table: Table, list: Uint32Array) {
    this.#list = list;
    const numbers = (name: string) => {
      const { values } = table.columns.get(name) as NumberColumn;
      return values.length > 0 ? values : new Float64Array(table.size).fill(NaN);
    };
    [this.#start, this.#end, this.#attempts] = ['start_time', 'end_time', 'run_count'].map(numbers);
    this.#states = table.columns.get('state_type') as TermColumn;
  }

  /** By code. */
  count({ codes, size }: Membership): Counted {
    // what is counted of one code stands together: codes come in any order, and seven arrays would be seven places in memory
    const counts = new Uint32Array(size * 4);
    const sums = new Float64Array(size * 3);
    const { codes: states, dictionary } = this.#states;
    const isFailed = Uint8Array.from(dictionary.texts, (text) => (failureStateTypes.includes(text) ? 1 : 0));
    const [list, starts, ends, attempts] = [this.#list, this.#start, this.#end, this.#attempts];
    let [low, high] = this.#span;
    for (let code = 0; code < size; code++) sums[code * 3 + 1] = sums[code * 3 + 2] = NaN;
    for (let k = 0; k < list.length; k++) {
      const rid = list[k];
      const code = codes[rid];
      const count = code * 4;
      counts[count]++;
      counts[count + 1] += isFailed[states[rid]];
      if (attempts[rid] > 1) counts[count + 2]++;
      const start = starts[rid];
      if (start !== start) continue;
      if (start < low) low = start;
      if (start > high) high = start;
      const sum = code * 3;
      if (!(start <= sums[sum + 2])) sums[sum + 2] = start;
      const seconds = (ends[rid] - start) / MICROS_PER_SECOND;
      if (seconds !== seconds) continue;
      counts[count + 3]++;
      sums[sum] += seconds;
      if (!(seconds <= sums[sum + 1])) sums[sum + 1] = seconds;
    }
    this.#span = [low, high];
    const [runs, failed, retried, timed] = apart(counts, 4, (length) => new Uint32Array(length));
    const [total, longest, last] = apart(sums, 3, (length) => new Float64Array(length));
    return { runs, failed, retried, timed, total, longest, last };
  }

  /** Equal stretches over all starts, and in each no run yet of so many groups. */
  sparkOf(groups: number): Spark {
    const [low, high] = this.#span;
    const counts = new Uint32Array(groups * SPARK);
    if (low > high) return { from: 0, step: 1, counts };
    return { from: low, step: Math.max(1, Math.ceil((high - low + 1) / SPARK)), counts };
  }

  /** Looks closer at some groups: at their durations if `isRanked`, else none has a percentile; and counts their runs by start. `byCode`: of `count`. */
  detail(
    members: Membership,
    byCode: Counted,
    groups: readonly number[],
    isRanked: boolean,
    spark: Spark | null,
  ): PercentileOf {
    const { codes, size } = members;
    const own = codesOfGroups(members, groups);
    /** by code: its place among those that are wanted, from 1 on; 0 for the others */
    const places = new Uint32Array(size);
    let wanted = 0;
    for (const some of own) for (const code of some) if (places[code] === 0) places[code] = ++wanted;
    /** by place: where the next of its durations stands; those of one code stand together */
    const next = new Uint32Array(wanted + 1);
    let length = 0;
    if (isRanked) {
      for (let code = 0; code < size; code++) {
        if (places[code] === 0) continue;
        next[places[code]] = length;
        length += byCode.timed[code];
      }
    }
    const durations = new Float64Array(length);
    const columns = new Uint32Array(spark ? (wanted + 1) * SPARK : 0);
    const [from, step] = spark ? [spark.from, spark.step] : [0, 1];
    const perStep = 1 / step;
    const [list, starts, ends] = [this.#list, this.#start, this.#end];
    const isDrawn = spark !== null;
    for (let k = 0; k < list.length; k++) {
      const rid = list[k];
      const place = places[codes[rid]];
      if (place === 0) continue;
      const start = starts[rid];
      if (start !== start) continue;
      if (isRanked) {
        const seconds = (ends[rid] - start) / MICROS_PER_SECOND;
        if (seconds === seconds) durations[next[place]++] = seconds;
      }
      if (isDrawn) {
        // a product is some bits off a quotient, and quotients of times far from 1970 are too
        let column = Math.floor((start - from) * perStep);
        if (from + (column + 1) * step <= start) column++;
        else if (from + column * step > start) column--;
        columns[place * SPARK + (column < 0 ? 0 : column < SPARK ? column : SPARK - 1)]++;
      }
    }
    if (spark)
      own.forEach((codes, i) => {
        for (const code of codes)
          for (let at = 0; at < SPARK; at++) spark.counts[i * SPARK + at] += columns[places[code] * SPARK + at];
      });
    const ofCode = (code: number) => durations.subarray(next[places[code]] - byCode.timed[code], next[places[code]]);
    const ofGroup = new Map(groups.map((group, i) => [group, own[i]]));
    const kept = new Map<number, Float64Array>();
    return (group, thousandths) => {
      const codes = ofGroup.get(group) ?? [];
      const all = kept.get(group) ?? (codes.length === 1 ? ofCode(codes[0]) : joined(codes.map(ofCode)));
      kept.set(group, all);
      return percentile(all, all.length, thousandths) ?? NaN;
    };
  }
}

/** Values that stand together by code, as an array for each of the `many` values of a code. */
function apart<T extends Uint32Array | Float64Array>(together: T, many: number, make: (length: number) => T): T[] {
  return Array.from({ length: many }, (_, at) => {
    const own = make(together.length / many);
    for (let code = 0; code < own.length; code++) own[code] = together[code * many + at];
    return own;
  });
}

function joined(lists: readonly Float64Array[]): Float64Array {
  const all = new Float64Array(lists.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const list of lists) {
    all.set(list, at);
    at += list.length;
  }
  return all;
}

/** The codes of each of these groups. */
function codesOfGroups({ size, lists, groups: all }: Membership, groups: readonly number[]): number[][] {
  if (!lists) return groups.map((group) => [group]);
  const places = new Uint32Array(all);
  groups.forEach((group, i) => (places[group] = i + 1));
  const own: number[][] = groups.map(() => []);
  for (let code = 0; code < size; code++)
    for (let i = lists.starts[code]; i < lists.starts[code + 1]; i++) {
      const place = places[lists.items[i]];
      if (place > 0) own[place - 1].push(code);
    }
  return own;
}

/** From codes to groups. */
function addedUp(byCode: Counted, { size, lists, groups }: Membership): Counted {
  if (!lists) return byCode;
  const [runs, failed, retried, timed] = [0, 0, 0, 0].map(() => new Uint32Array(groups));
  const total = new Float64Array(groups);
  const [longest, last] = [0, 0].map(() => new Float64Array(groups).fill(NaN));
  for (let code = 0; code < size; code++) {
    if (byCode.runs[code] === 0) continue;
    for (let i = lists.starts[code]; i < lists.starts[code + 1]; i++) {
      const group = lists.items[i];
      runs[group] += byCode.runs[code];
      failed[group] += byCode.failed[code];
      retried[group] += byCode.retried[code];
      timed[group] += byCode.timed[code];
      total[group] += byCode.total[code];
      if (!(byCode.longest[code] <= longest[group]) && byCode.timed[code] > 0) longest[group] = byCode.longest[code];
      if (byCode.last[code] === byCode.last[code] && !(byCode.last[code] <= last[group]))
        last[group] = byCode.last[code];
    }
  }
  return { runs, failed, retried, timed, total, longest, last };
}

/** The group without a value comes last, and of the others those without the measure; ties as the values were first met. */
function orderOf(
  { by, dir }: GroupSort,
  figures: Figures,
  { label, groups }: Membership,
): (a: number, b: number) => number {
  const sign = dir === 'asc' ? 1 : -1;
  const rest = (a: number, b: number) => (a === 0 ? 1 : b === 0 ? -1 : a - b);
  if (by === 'label') {
    const labels = Array.from({ length: groups }, (_, group) => (figures.runs[group] > 0 ? label(group) : ''));
    return (a, b) => {
      if (a === 0 || b === 0 || labels[a] === labels[b]) return rest(a, b);
      return labels[a] < labels[b] ? -sign : sign;
    };
  }
  const measure =
    by === 'failed_share' ? Float64Array.from(figures.failed, (n, i) => n / figures.runs[i]) : figures[by];
  return (a, b) => {
    const [x, y] = [measure[a], measure[b]];
    if (a === 0 || b === 0 || x === y) return rest(a, b);
    if (Number.isNaN(x) || Number.isNaN(y)) return Number.isNaN(x) ? (Number.isNaN(y) ? a - b : 1) : -1;
    return sign * (x - y);
  };
}

function describe(group: number, { value, label }: Membership, figures: Figures, spark: number[]): Group {
  const number = (found: number) => (Number.isFinite(found) ? found : null);
  return {
    value: group === 0 ? null : value(group),
    label: group === 0 ? '' : label(group),
    runs: figures.runs[group],
    failed: figures.failed[group],
    retried: figures.retried[group],
    total: figures.total[group],
    median: number(figures.median[group]),
    p95: number(figures.p95[group]),
    longest: number(figures.longest[group]),
    last: number(figures.last[group]),
    spark,
  };
}
