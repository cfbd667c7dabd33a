/** Groups: the rows of a mask by the values of a field or by stretches of a time, each with what a person compares tasks by. */
import { resolveField, type Entity, failureStateTypes } from '../../contract/fields.ts';
import { AppError } from '../../contract/errors.ts';
import type { Group, Grouping, Groups, GroupSort } from '../../contract/query.ts';
import * as rowSet from '../columns/row-set.ts';
import type { RowSet } from '../columns/row-set.ts';
import type { Column, DifferenceColumn, NumberColumn, RefColumn, TagsColumn, TermColumn } from '../columns/columns.ts';
import type { Table } from '../columns/table.ts';
import { codeReader } from './facets.ts';

type Tables = Record<Entity, Table>;

/** Columns of a sparkline: a line of text has room for as many. */
const SPARK = 20;
/** In thousandths. */
export const [MEDIAN, P95] = [500, 950];

/**
 * Which groups a row is in: `items[starts[code]]` to `items[starts[code + 1] − 1]` for `code = codes[rid]`. Group 0 is that of rows without a
 * value. A row of anything but tags is in one group; it goes the same way, so that there is one loop and not two.
 */
type Membership = {
  codes: Uint32Array;
  starts: Uint32Array;
  items: Uint32Array;
  groups: number;
  value(group: number): string;
  label(group: number): string;
};

/** What is counted of each group, by its number. */
type Figures = {
  runs: Uint32Array;
  failed: Uint32Array;
  retried: Uint32Array;
  /** rows that have a duration */
  timed: Uint32Array;
  total: Float64Array;
  median: Float64Array;
  p95: Float64Array;
  longest: Float64Array;
  last: Float64Array;
};

/**
 * Task runs in groups. A run with several tags is in several groups, one without a value in the group whose value is null. Percentiles
 * are by nearest rank, over the runs that have a duration. `byDuration` gives rows that include all of `mask`, shortest first.
 * Throws BAD_INPUT for a field that cannot be grouped by.
 */
export function groups(
  tables: Tables,
  grouping: Grouping,
  page: { sort: GroupSort; from: number; to: number },
  mask: RowSet,
  rows: number,
  byDuration: (list: Uint32Array) => Uint32Array,
): Groups {
  const table = tables.task_run;
  const members = membershipOf(tables, grouping, mask);
  const list = rowSet.rowsOf(mask, rows);
  const figures = count(table, members, list);
  rank(table, members, figures, mask, byDuration(list));
  const found: number[] = [];
  for (let group = 0; group < members.groups; group++) if (figures.runs[group] > 0) found.push(group);
  found.sort(orderOf(page.sort, figures, members));
  const shown = found.slice(page.from, page.to);
  const spark = sparks(table, members, list, shown);
  return {
    count: found.length,
    spark: { from: spark.from, step: spark.step },
    groups: shown.map((group, i) => describe(group, members, figures, spark.counts[i])),
  };
}

function membershipOf(tables: Tables, grouping: Grouping, mask: RowSet): Membership {
  const { field } = grouping;
  const resolved = resolveField('task_run', field);
  if (!resolved) throw new AppError('BAD_INPUT', `unknown field ${field}`, { field });
  const column = tables[resolved.entity].field(resolved.field);
  if (grouping.edges) {
    if (resolved.kind !== 'time' || resolved.via.length > 0 || column.kind !== 'number')
      throw new AppError('BAD_INPUT', `${field} is not a time of a task run`, { field });
    return stretches(column, grouping.edges, mask);
  }
  const codes = throughParents(tables, resolved.via, codesOf(tables[resolved.entity], column, field));
  const read = codeReader(tables, tables[resolved.entity], column);
  if (column.kind === 'tags') return { codes, groups: column.dictionary.tags.length, ...listsOf(column), ...read };
  const groups = groupsOf(tables, column);
  return { codes, groups, ...eachItself(groups), ...read };
}

const eachItself = (groups: number): Pick<Membership, 'starts' | 'items'> => ({
  starts: Uint32Array.from({ length: groups + 1 }, (_, i) => i),
  items: Uint32Array.from({ length: groups }, (_, i) => i),
});

/** The tags of each list; a list without any, and no list, is in group 0. */
function listsOf({ dictionary }: TagsColumn): Pick<Membership, 'starts' | 'items'> {
  const [from, tags] = [dictionary.starts.words, dictionary.items.words];
  const starts = new Uint32Array(dictionary.texts.length + 1);
  const items: number[] = [];
  for (let list = 0; list < dictionary.texts.length; list++) {
    const own = list === 0 ? [] : tags.subarray(from[list], from[list + 1]);
    items.push(...(own.length === 0 ? [0] : own));
    starts[list + 1] = items.length;
  }
  return { starts, items: Uint32Array.from(items) };
}

/** The codes of a column by row of its own table. */
function codesOf(table: Table, column: Column, field: string): Uint32Array {
  switch (column.kind) {
    case 'term':
    case 'boolean':
    case 'ref':
    case 'tags':
      return new Uint32Array(column.codes); // of 32 bits whatever the column has, so that the loops below meet one kind of array
    case 'id':
      return Uint32Array.from({ length: table.size }, (_, rid) => rid);
    default:
      throw new AppError('BAD_INPUT', `${field} cannot be grouped by`, { field });
  }
}

function groupsOf(tables: Tables, column: Column): number {
  if (column.kind === 'term') return column.dictionary.texts.length;
  if (column.kind === 'boolean') return 3;
  return tables[column.kind === 'ref' ? column.target : 'task_run'].size;
}

/** The codes of a parent's column, by row of the child. A parent of which only the id is known has no value. */
function throughParents(tables: Tables, via: readonly string[], codes: Uint32Array): Uint32Array {
  const steps: RefColumn[] = [];
  let table = tables.task_run;
  for (const name of via) {
    const step = table.columns.get(name) as RefColumn;
    steps.push(step);
    table = tables[step.target];
  }
  let made = codes;
  let child = steps.length - 1;
  for (const step of steps.toReversed()) {
    const parents = tables[step.target];
    const from = child === 0 ? tables.task_run : tables[steps[child - 1].target];
    const next = new Uint32Array(from.size);
    for (let rid = 1; rid < next.length; rid++) {
      const parent = step.codes[rid];
      next[rid] = rowSet.has(parents.alive, parent) ? made[parent] : 0;
    }
    made = next;
    child--;
  }
  return made;
}

/** Group i + 1 holds the rows from `edges[i]` to before `edges[i + 1]` µs; rows outside, and rows without the time, are in group 0. */
function stretches(column: NumberColumn, edges: readonly number[], mask: RowSet): Membership {
  const codes = new Uint32Array(mask.length * 32);
  const placeOf = stretchOf(edges);
  for (let rid = 1; rid < codes.length; rid++) codes[rid] = placeOf(column.get(rid)) + 1;
  const value = (group: number) => String(edges[group - 1]);
  return { codes, groups: edges.length, ...eachItself(edges.length), value, label: value };
}

/** Which of the stretches between `edges` holds a time, from 0 on; −1: none, or no time. All in µs. */
export function stretchOf(edges: readonly number[]): (at: number) => number {
  const first = edges[0];
  const last = edges[edges.length - 1];
  const scale = (edges.length - 1) / (last - first);
  return (at) => {
    if (!(at >= first && at < last)) return -1;
    // stretches are of nearly one length (a day of 23 or 25 hours): the guess is at most a few off
    let i = Math.floor((at - first) * scale);
    while (at < edges[i]) i--;
    while (at >= edges[i + 1]) i++;
    return i;
  };
}

function count(table: Table, { codes, starts, items, groups }: Membership, list: Uint32Array): Figures {
  const [runs, failed, retried, timed] = [0, 0, 0, 0].map(() => new Uint32Array(groups));
  const total = new Float64Array(groups);
  const [median, p95, longest, last] = [0, 0, 0, 0].map(() => new Float64Array(groups).fill(NaN));
  const states = table.columns.get('state_type') as TermColumn;
  const isFailed = Uint8Array.from(states.dictionary.texts, (text) => (failureStateTypes.includes(text) ? 1 : 0));
  const attempts = table.columns.get('run_count') as NumberColumn;
  const begins = table.columns.get('start_time') as NumberColumn;
  const durations = table.field('duration') as DifferenceColumn;
  for (const rid of list) {
    const code = codes[rid];
    const hasFailed = isFailed[states.codes[rid]];
    const hasRetried = attempts.get(rid) > 1 ? 1 : 0;
    const start = begins.get(rid);
    const seconds = durations.get(rid);
    const isTimed = Number.isNaN(seconds) ? 0 : 1;
    for (let i = starts[code]; i < starts[code + 1]; i++) {
      const group = items[i];
      runs[group]++;
      failed[group] += hasFailed;
      retried[group] += hasRetried;
      timed[group] += isTimed;
      if (isTimed === 1) total[group] += seconds;
      if (start === start && !(start <= last[group])) last[group] = start;
    }
  }
  return { runs, failed, retried, timed, total, median, p95, longest, last };
}

/** Fills in the percentiles: the k-th row of a group in order of duration is its k-th shortest. */
function rank(
  table: Table,
  { codes, starts, items }: Membership,
  figures: Figures,
  mask: RowSet,
  byDuration: Uint32Array,
): void {
  const durations = table.field('duration') as DifferenceColumn;
  const { timed, median, p95, longest } = figures;
  const seen = new Uint32Array(timed.length);
  const middle = timed.map((n) => nearestRank(n, MEDIAN));
  const high = timed.map((n) => nearestRank(n, P95));
  // rows without a duration stand together at one end
  let [first, end] = [0, byDuration.length];
  while (first < end && Number.isNaN(durations.get(byDuration[first]))) first++;
  while (end > first && Number.isNaN(durations.get(byDuration[end - 1]))) end--;
  for (let at = first; at < end; at++) {
    const rid = byDuration[at];
    if (!rowSet.has(mask, rid)) continue;
    const code = codes[rid];
    for (let i = starts[code]; i < starts[code + 1]; i++) {
      const group = items[i];
      const k = ++seen[group];
      if (k === middle[group]) median[group] = durations.get(rid);
      if (k === high[group]) p95[group] = durations.get(rid);
      if (k === timed[group]) longest[group] = durations.get(rid);
    }
  }
}

/** Which of `n` values in order, from 1 on, is the percentile of so many thousandths. */
export const nearestRank = (n: number, thousandths: number): number => Math.ceil((n * thousandths) / 1000);

/** Runs by start, in equal stretches over the whole result, of the groups on the page. */
function sparks(
  table: Table,
  { codes, starts, items, groups }: Membership,
  list: Uint32Array,
  shown: readonly number[],
): { from: number; step: number; counts: number[][] } {
  const begins = table.columns.get('start_time') as NumberColumn;
  let [low, high] = [Infinity, -Infinity];
  for (const rid of list) {
    const at = begins.get(rid);
    if (at < low) low = at;
    if (at > high) high = at;
  }
  const from = low === Infinity ? 0 : low;
  const step = low === Infinity ? 1 : Math.max(1, Math.ceil((high - low + 1) / SPARK));
  const counts = new Uint32Array(shown.length * SPARK);
  /** by group: its place on the page, from 1 on; 0 for the others */
  const places = new Uint32Array(groups);
  shown.forEach((group, i) => (places[group] = i + 1));
  for (const rid of list) {
    const at = begins.get(rid);
    if (at !== at) continue;
    const column = Math.min(SPARK - 1, Math.floor((at - from) / step)); // far from 1970 the step is lost in rounding
    const code = codes[rid];
    for (let i = starts[code]; i < starts[code + 1]; i++) {
      const place = places[items[i]];
      if (place > 0) counts[(place - 1) * SPARK + column]++;
    }
  }
  return { from, step, counts: shown.map((_, i) => Array.from(counts.subarray(i * SPARK, (i + 1) * SPARK))) };
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
