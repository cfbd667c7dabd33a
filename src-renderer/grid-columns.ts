/**
 * The columns the grid can show. `field` is the contract's path, so the same name sorts, exports and is kept in the settings.
 * What a column shows may be more than its field (`flow_run.name` also shows the flow), never less.
 */
import { exportColumn } from '../src-main/contract/export.ts';
import {
  fieldsOf,
  pathsFromTaskRun,
  resolveField,
  type ColumnInfo,
  type FieldInfo,
  type FieldKind,
} from '../src-main/contract/fields.ts';
import { noteFields, rowPaths, type TaskRunRow } from '../src-main/contract/run.ts';
import type { Settings } from '../src-main/contract/settings.ts';
import { dateTime, secondsBetween, type Zone } from './format.ts';

type CellKind =
  'name' | 'state' | 'time' | 'duration' | 'wait' | 'flow-run' | 'tags' | 'text' | 'id' | 'count' | 'more';

export type GridColumn = {
  /** field path: sort key, export column and the name in the settings */
  field: string;
  label: string;
  kind: CellKind;
  /** px; with this width the column shares what is left over by `grow`, and gives way down to `min` */
  width: number;
  min: number;
  grow: number;
  /** group in the column chooser; null: see isMoreColumn */
  group: ColumnInfo['group'] | null;
  /** the list can be ordered by it */
  sortable: boolean;
};

/** Order and width as the settings keep them. */
export type ColumnChoice = { field: string; width: number };

/** Width, least width and share of what is left over, in px, by what the cell shows. */
const widths: Record<CellKind, { width: number; min: number; grow: number }> = {
  name: { width: 190, min: 114, grow: 1.15 },
  state: { width: 104, min: 96, grow: 0 },
  time: { width: 124, min: 118, grow: 0 },
  duration: { width: 84, min: 66, grow: 0 },
  wait: { width: 76, min: 64, grow: 0 },
  'flow-run': { width: 230, min: 64, grow: 1.5 },
  tags: { width: 130, min: 60, grow: 0.5 },
  text: { width: 170, min: 80, grow: 0.8 },
  id: { width: 262, min: 80, grow: 0 },
  count: { width: 72, min: 56, grow: 0 },
  more: { width: 170, min: 80, grow: 0.8 },
};
const cells: Record<FieldKind, CellKind> = {
  uuid: 'id',
  text: 'text',
  term: 'text',
  time: 'time',
  number: 'count',
  boolean: 'text',
  tags: 'tags',
};

function gridColumnOf(field: string, { kind, title, column }: FieldInfo): GridColumn[] {
  if (!column) return [];
  const cell = column.cell ?? cells[kind];
  const { width, min, grow, group } = { ...widths[cell], ...column };
  return [{ field, label: column.title ?? title, kind: cell, width, min, grow, group, sortable: true }];
}

/** Those shown at first; then the others in the order of the chooser: by group, as the contract declares them. */
const startFields = ['name', 'state_name', 'start_time', 'duration', 'flow_run.name', 'tags'];
const chooserGroups = ['Run', 'Times', 'Flow', 'Ids'];

export const gridColumns: readonly GridColumn[] = pathsFromTaskRun
  .flatMap(({ entity, prefix }) => fieldsOf(entity).flatMap(([name, info]) => gridColumnOf(prefix + name, info)))
  .sort((a, b) => placeOf(a) - placeOf(b));

function placeOf({ field, group }: GridColumn): number {
  const at = startFields.indexOf(field);
  return at >= 0 || group === null ? at : startFields.length + chooserGroups.indexOf(group);
}

const byField = new Map(gridColumns.map((one) => [one.field, one]));

/** The column of a field or of a path into the rows' JSON. null: it is neither. */
export function gridColumn(field: string): GridColumn | null {
  return byField.get(field) ?? (isMoreColumn(field) ? moreColumn(field) : null);
}

/** Characters of a path, as many as a link to the view takes. */
const LONGEST_PATH = 300;

/**
 * A column that the rows of a list do not hold: a path into their JSON, such as `flow_run.parameters.day`, or a field that is no column of its own.
 * Whether a path leads anywhere is known from the rows only.
 */
export function isMoreColumn(path: string): boolean {
  if (byField.has(path) || path.trim() === '' || path.length > LONGEST_PATH) return false;
  return exportColumn(path).kind === 'json' || resolveField('task_run', path) !== null;
}

/** No order of all rows is kept by what stands in their JSON: a million rows would have to be read for one. */
function moreColumn(field: string): GridColumn {
  const sortable = resolveField('task_run', field) !== null;
  return { field, label: exportColumn(field).title, kind: 'more', ...widths.more, group: null, sortable };
}

/** px */
export function defaultWidth(field: string): number {
  return gridColumn(field)?.width ?? widths.more.width;
}

export const defaultColumns: readonly ColumnChoice[] = startFields.map((field) => ({
  field,
  width: defaultWidth(field),
}));

/** What the settings hold, without names a newer or older version knew; the default when nothing is left. */
export function chosenColumns(kept: Settings['columns']): ColumnChoice[] {
  const known = (kept ?? []).filter(({ field }) => gridColumn(field) !== null);
  return known.length > 0 ? known : [...defaultColumns];
}

/**
 * Widths in px on a row of `space` px. A column that a person has sized keeps that width; those at their default width share
 * the rest by `grow`, or give way down to `min` when there is too little.
 */
export function fitColumns(choice: readonly ColumnChoice[], space: number): number[] {
  const list = choice.map(({ field, width }) => {
    const known = gridColumn(field);
    const free = known !== null && known.width === width;
    return { width, min: free ? known.min : width, grow: free ? known.grow : 0 };
  });
  const spare = space - list.reduce((sum, { width }) => sum + width, 0);
  if (spare >= 0) {
    const grows = list.reduce((sum, { grow }) => sum + grow, 0);
    return list.map(({ width, grow }) => width + (grows > 0 ? Math.floor((spare * grow) / grows) : 0));
  }
  const gives = list.reduce((sum, { width, min }) => sum + (width - min), 0);
  const share = gives > 0 ? Math.min(1, -spare / gives) : 0;
  return list.map(({ width, min }) => Math.ceil(width - (width - min) * share));
}

/** Share of the row that columns which stay in place may take: the others are scrolled through what is left. */
const MOST_HELD = 0.6;

/** How many of the first columns stay in place, of `wanted`, on a row of `space` px. */
export function heldColumns(widths: readonly number[], wanted: number, space: number): number {
  let [held, taken] = [0, 0];
  while (held < Math.min(wanted, widths.length)) {
    taken += widths[held] ?? 0;
    if (taken > space * MOST_HELD) break;
    held += 1;
  }
  return held;
}

/** The column at `from` stands before the one now at `to` (or last when `to` is the length). */
export function movedColumn(choice: readonly ColumnChoice[], from: number, to: number): ColumnChoice[] {
  const next = [...choice];
  const [one] = next.splice(from, 1);
  if (!one) return next;
  next.splice(to > from ? to - 1 : to, 0, one);
  return next;
}

/** A column chosen is added at the end; the last one cannot be taken away. */
export function toggledColumn(choice: readonly ColumnChoice[], field: string): ColumnChoice[] {
  const without = choice.filter((one) => one.field !== field);
  if (without.length < choice.length) return without.length > 0 ? without : [...choice];
  return [...choice, { field, width: defaultWidth(field) }];
}

/** Name of the row's value that a column's path stands for; a computed column has none. */
const valueNames = new Map(
  Object.entries({ ...rowPaths, ...noteFields }).map(([name, path]) => [path, name as keyof TaskRunRow]),
);

/** A time in µs, a number in its field's unit. */
export function numberValue(row: TaskRunRow, field: string): number | null {
  const value = valueOf(row, field);
  return typeof value === 'number' ? value : null;
}

export function textValue(row: TaskRunRow, field: string): string {
  const value = valueOf(row, field);
  return typeof value === 'string' ? value : typeof value === 'boolean' ? (value ? 'yes' : 'no') : '';
}

export type CellValue = string | number | boolean | readonly string[] | null;

/** The value of a column, computed ones among them: a time in µs, a duration or wait in seconds, of a run that has not ended null. */
export function rowValue(row: TaskRunRow, field: string): CellValue {
  if (field === 'duration') return secondsBetween(row.start_time, row.end_time);
  return field === 'wait' ? waitOf(row) : valueOf(row, field);
}

/** Times in `zone`, everything else as it stands; '': no value. Sheets of every kind read the times. */
export function valueText(value: CellValue, field: string, zone: Zone): string {
  if (value === null) return '';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value === 'object') return value.join(', ');
  const isTime = typeof value === 'number' && resolveField('task_run', field)?.kind === 'time';
  return isTime ? dateTime(value, zone) : String(value);
}

function valueOf(row: TaskRunRow, field: string): TaskRunRow[keyof TaskRunRow] {
  const name = valueNames.get(field);
  return name === undefined ? null : row[name];
}

/** Seconds from start to end, or to `now` (µs) while it runs; null before it started. */
export function durationOf(row: TaskRunRow, now: number): number | null {
  const end = row.end_time ?? (row.state_type === 'RUNNING' ? now : null);
  return secondsBetween(row.start_time, end);
}

/** Seconds from the expected to the real start. null: one of them is not known. */
export function waitOf(row: TaskRunRow): number | null {
  return secondsBetween(row.expected_start_time, row.start_time);
}

/** Prefect names runs `task-3f2`: what comes after the last dash is a counter or a hash, and muted. */
export function splitName(name: string): { base: string; suffix: string } {
  const match = /^(.*[^-])(-[0-9a-f]{1,8})$/i.exec(name);
  return match ? { base: match[1] ?? name, suffix: match[2] ?? '' } : { base: name, suffix: '' };
}

/** Prefect's key of a task is its name and eight digits, a hash of its source file; Prefect 2's is its name only. */
export function splitTaskKey(key: string): { base: string; suffix: string } {
  const match = /^(.+)(-[0-9a-f]{8})$/.exec(key);
  return { base: match?.[1] ?? key, suffix: match?.[2] ?? '' };
}

/**
 * Length of the thin bar under a duration, 0 to 1. Durations differ by powers of ten, so the scale is logarithmic: 0.1 s is
 * nothing, a day is full.
 */
export function durationShare(seconds: number): number {
  if (seconds <= 0.1) return 0;
  return Math.min(1, Math.log10(seconds / 0.1) / Math.log10(86_400 / 0.1));
}
