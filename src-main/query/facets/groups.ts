/** Groups: the rows of a mask by the values of a field or by stretches of a time, each with what a person compares tasks by. */
import { resolveField, type Entity } from '../../contract/fields.ts';
import { AppError } from '../../contract/errors.ts';
import type { Group, Grouping, Groups, GroupSort } from '../../contract/query.ts';
import * as rowSet from '../columns/row-set.ts';
import type { Column, NumberColumn, RefColumn, TagsColumn } from '../columns/columns.ts';
import { GroupRows, type ByDuration, type Figures, type Membership } from '../columns/group-figures.ts';
import type { RowSet } from '../columns/row-set.ts';
import type { Table, Tables } from '../columns/table.ts';
import { codeReader } from './facets.ts';

type NamedMembership = Membership & { value(group: number): string; label(group: number): string };
type Percentiles = { median: Float64Array; p95: Float64Array };

/**
 * Task runs in groups: those of `mask`. A run with several tags is in several groups, one without a value in the group whose value is null.
 * Percentiles are by nearest rank, over the runs that have a duration. Throws BAD_INPUT for a field that cannot be grouped by.
 */
export function groups(
  tables: Tables,
  grouping: Grouping,
  { sort, from, to }: { sort: GroupSort; from: number; to: number },
  mask: RowSet,
  byDuration: ByDuration,
): Groups {
  const members = membershipOf(tables, grouping, mask);
  const rows = new GroupRows(tables.task_run, mask, members);
  try {
    const counted = rows.count();
    const figures = { ...counted, ...rows.percentiles(byDuration, counted.timed) };
    const found: number[] = [];
    for (let group = 0; group < members.groups; group++) if (figures.runs[group] > 0) found.push(group);
    found.sort(orderOf(sort, figures, members));
    const shown = found.slice(from, to);
    const { counts, ...spark } = rows.sparks(shown);
    return {
      count: found.length,
      spark,
      groups: shown.map((group, i) => describe(group, members, figures, counts[i])),
    };
  } finally {
    rows.dispose();
  }
}

function membershipOf(tables: Tables, grouping: Grouping, mask: RowSet): NamedMembership {
  const { field } = grouping;
  const resolved = resolveField('task_run', field);
  if (!resolved) throw new AppError('BAD_INPUT', `unknown field ${field}`, { field });
  const table = tables[resolved.entity];
  const column = table.field(resolved.field);
  if (grouping.edges) {
    if (resolved.kind !== 'time' || resolved.via.length > 0 || column.kind !== 'number')
      throw new AppError('BAD_INPUT', `${field} is not a time of a task run`, { field });
    return stretches(column, grouping.edges, table.size, mask);
  }
  const own = codesOf(tables, table, column, field);
  const read = codeReader(tables, table, column);
  const groups = column.kind === 'tags' ? column.dictionary.tags.length : own.size;
  const tags = column.kind === 'tags' ? tagsOfLists(column) : null;
  const [first, ...further] = resolved.via;
  if (first === undefined) return { codes: own.codes, lists: tags, groups, ...read };
  const step = tables.task_run.columns.get(first) as RefColumn;
  const leads = throughParents(tables, step.target, further, own.codes);
  return { codes: step.codes, lists: listsOf(leads, tags), groups, ...read };
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
  const starts = new Uint32Array(leads.length + 1);
  if (!tags) {
    for (let parent = 0; parent < leads.length; parent++) starts[parent + 1] = parent + 1;
    return { starts, items: leads };
  }
  const items: number[] = [];
  leads.forEach((list, parent) => {
    for (let i = tags.starts[list]; i < tags.starts[list + 1]; i++) items.push(tags.items[i]);
    starts[parent + 1] = items.length;
  });
  return { starts, items: Uint32Array.from(items) };
}

/** The codes of a column by row of its own table, and how many there may be. */
function codesOf(
  tables: Tables,
  table: Table,
  column: Column,
  field: string,
): { codes: Membership['codes']; size: number } {
  switch (column.kind) {
    case 'term':
    case 'tags':
      return { codes: column.codes, size: column.dictionary.texts.length };
    case 'boolean':
      return { codes: column.codes, size: 3 };
    case 'ref':
      return { codes: column.codes, size: tables[column.target].size };
    case 'id':
      return { codes: Uint32Array.from({ length: table.size }, (_, rid) => rid), size: table.size };
    default:
      throw new AppError('BAD_INPUT', `${field} cannot be grouped by`, { field });
  }
}

/** For each row of `parent` the code that `codes` has for what it leads to by `via`; a row of which only the id is known has none. */
function throughParents(
  tables: Tables,
  parent: Entity,
  via: readonly string[],
  codes: Membership['codes'],
): Uint32Array {
  const [next, ...further] = via;
  const { alive, size, columns } = tables[parent];
  const step = next === undefined ? null : (columns.get(next) as RefColumn);
  const beyond = step ? throughParents(tables, step.target, further, codes) : codes;
  const made = new Uint32Array(size);
  for (let rid = 1; rid < size; rid++) if (rowSet.has(alive, rid)) made[rid] = beyond[step ? step.codes[rid] : rid];
  return made;
}

/** Group i + 1 holds the rows from `edges[i]` to before `edges[i + 1]` µs; rows outside, and rows without the time, are in group 0. */
function stretches({ values }: NumberColumn, edges: readonly number[], rows: number, mask: RowSet): NamedMembership {
  const list = rowSet.rowsOf(mask, rowSet.count(mask));
  const codes = new Uint32Array(rows);
  const placeOf = stretchOf(edges);
  // a column without any value has no array
  if (values.length > 0) for (let k = 0; k < list.length; k++) codes[list[k]] = placeOf(values[list[k]]) + 1;
  const value = (group: number) => String(edges[group - 1]);
  return { codes, lists: null, groups: edges.length, value, label: value };
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

/** The group without a value comes last, and of the others those without the measure; ties as the values were first met. */
function orderOf(
  { by, dir }: GroupSort,
  figures: Figures & Percentiles,
  { label, groups }: NamedMembership,
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

function describe(
  group: number,
  { value, label }: NamedMembership,
  figures: Figures & Percentiles,
  spark: number[],
): Group {
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
