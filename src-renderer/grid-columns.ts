/**
 * The columns the grid can show. `field` is the contract's path, so the same name sorts, exports and is kept in the settings.
 * What a column shows may be more than its field (`flow_run.name` also shows the flow), never less.
 */
import type { Settings, TaskRunRow } from '../src-main/contract/rows.ts';
import { secondsBetween } from './format.ts';

export type CellKind = 'name' | 'state' | 'time' | 'duration' | 'wait' | 'flow-run' | 'tags' | 'text' | 'id' | 'count';

export type GridColumn = {
  /** field path: sort key, export column and the name in the settings */
  field: string;
  label: string;
  kind: CellKind;
  /** px; with this width the column shares what is left over by `grow`, and gives way down to `min` */
  width: number;
  min: number;
  grow: number;
  /** group in the column chooser */
  group: 'Run' | 'Times' | 'Flow' | 'Ids';
};

/** Order and width as the settings keep them. */
export type ColumnChoice = { field: string; width: number };

const column = (
  field: string,
  label: string,
  kind: CellKind,
  group: GridColumn['group'],
  width: number,
  min = 56,
  grow = 0,
): GridColumn => ({ field, label, kind, group, width, min, grow });

export const gridColumns: readonly GridColumn[] = [
  column('name', 'Task run', 'name', 'Run', 190, 130, 1.15),
  column('state_name', 'State', 'state', 'Run', 104, 98),
  column('start_time', 'Started', 'time', 'Times', 124, 124),
  column('duration', 'Duration', 'duration', 'Times', 84, 82),
  column('flow_run.name', 'Flow run', 'flow-run', 'Flow', 230, 140, 1.5),
  column('tags', 'Tags', 'tags', 'Run', 130, 72, 0.5),
  column('failure', 'Failure', 'text', 'Run', 300, 150, 2.2),
  column('task_key', 'Task', 'text', 'Run', 170, 80, 0.8),
  column('run_count', 'Attempts', 'count', 'Run', 72),
  column('total_run_time', 'Total run time', 'duration', 'Times', 104, 72),
  column('wait', 'Waited', 'wait', 'Times', 76, 64),
  column('expected_start_time', 'Expected', 'time', 'Times', 124, 124),
  column('end_time', 'Ended', 'time', 'Times', 124, 124),
  column('next_scheduled_start_time', 'Next scheduled', 'time', 'Times', 124, 124),
  column('created', 'Created', 'time', 'Times', 124, 124),
  column('updated', 'Updated', 'time', 'Times', 124, 124),
  column('flow_run.flow.name', 'Flow', 'text', 'Flow', 150, 80, 0.8),
  column('flow_run.deployment.name', 'Deployment', 'text', 'Flow', 150, 80, 0.8),
  column('id', 'Task run id', 'id', 'Ids', 262, 80),
  column('flow_run_id', 'Flow run id', 'id', 'Ids', 262, 80),
  column('flow_run.flow_id', 'Flow id', 'id', 'Ids', 262, 80),
  column('flow_run.deployment_id', 'Deployment id', 'id', 'Ids', 262, 80),
];

const byField = new Map(gridColumns.map((one) => [one.field, one]));
const startFields = ['name', 'state_name', 'start_time', 'duration', 'flow_run.name', 'tags'];

export function gridColumn(field: string): GridColumn | null {
  return byField.get(field) ?? null;
}

/** px */
export function defaultWidth(field: string): number {
  return byField.get(field)?.width ?? 120;
}

export const defaultColumns: readonly ColumnChoice[] = startFields.map((field) => ({
  field,
  width: defaultWidth(field),
}));

/** What the settings hold, without names a newer or older version knew; the default when nothing is left. */
export function chosenColumns(kept: Settings['columns']): ColumnChoice[] {
  const known = (kept ?? []).filter(({ field }) => byField.has(field));
  return known.length > 0 ? known : [...defaultColumns];
}

/**
 * Widths in px on a row of `space` px. A column that a person has sized keeps that width; those at their default width share
 * the rest by `grow`, or give way down to `min` when there is too little.
 */
export function fitColumns(choice: readonly ColumnChoice[], space: number): number[] {
  const list = choice.map(({ field, width }) => {
    const known = byField.get(field);
    const free = known !== undefined && known.width === width;
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

/** The value of a time column in µs. */
export function timeValue(row: TaskRunRow, field: string): number | null {
  switch (field) {
    case 'start_time':
    case 'end_time':
    case 'expected_start_time':
    case 'next_scheduled_start_time':
    case 'created':
    case 'updated':
      return row[field];
    default:
      return null;
  }
}

export function textValue(row: TaskRunRow, field: string): string {
  switch (field) {
    case 'id':
      return row.id;
    case 'task_key':
      return row.task_key ?? '';
    case 'failure':
      return row.failure ?? '';
    case 'flow_run_id':
      return row.flow_run_id ?? '';
    case 'flow_run.flow.name':
      return row.flow_name ?? '';
    case 'flow_run.flow_id':
      return row.flow_id ?? '';
    case 'flow_run.deployment.name':
      return row.deployment_name ?? '';
    case 'flow_run.deployment_id':
      return row.deployment_id ?? '';
    default:
      return '';
  }
}

/** Seconds from start to end, or to `now` (µs) while it runs; null before it started. */
export function durationOf(row: TaskRunRow, now: number): number | null {
  const end = row.end_time ?? (row.state_type === 'RUNNING' ? now : null);
  return secondsBetween(row.start_time, end);
}

export function waitOf(row: TaskRunRow): number | null {
  return secondsBetween(row.expected_start_time, row.start_time);
}

/** Prefect names runs `task-3f2`: what comes after the last dash is a counter or a hash, and muted. */
export function splitName(name: string): { base: string; suffix: string } {
  const match = /^(.*[^-])(-[0-9a-f]{1,8})$/i.exec(name);
  return match ? { base: match[1] ?? name, suffix: match[2] ?? '' } : { base: name, suffix: '' };
}

/**
 * Length of the thin bar under a duration, 0 to 1. Durations differ by powers of ten, so the scale is logarithmic: 0.1 s is
 * nothing, a day is full.
 */
export function durationShare(seconds: number): number {
  if (seconds <= 0.1) return 0;
  return Math.min(1, Math.log10(seconds / 0.1) / Math.log10(86_400 / 0.1));
}
