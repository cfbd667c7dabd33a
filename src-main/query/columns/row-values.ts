/** Values of single rows by path, for the grid and for exports. */
import { fields, resolveField, type Entity, type FieldInfo, type FieldKind } from '../../contract/fields.ts';
import { AppError } from '../../contract/errors.ts';
import type { Note } from '../../contract/note.ts';
import type { RowColumns } from '../../contract/row-columns.ts';
import { rowPaths, type noteFields, type TaskRunRow } from '../../contract/run.ts';
import * as rowSet from './row-set.ts';
import type { BooleanColumn, Column, RefColumn, TermColumn } from './columns.ts';
import type { NoteColumns } from './note-columns.ts';
import type { Table, Tables } from './table.ts';

export type Value = string | number | boolean | null | string[];

/** A field's column, and for rows of the root entity the rows of the table it is in: 0 where a parent is missing or only its id is known. */
export type FieldColumn = {
  column: Column;
  /** the table in which a column of references has its rows */
  target: Table | null;
  rows: (rids: Uint32Array, out: Uint32Array) => void;
};

/** Throws BAD_INPUT for an unknown path. */
export function fieldColumn(tables: Tables, root: Entity, path: string): FieldColumn {
  const { steps, table, field } = walk(tables, root, path);
  const column = table.field(field);
  const target = column.kind === 'ref' ? tables[column.target] : null;
  const rows = (rids: Uint32Array, out: Uint32Array) => {
    out.set(rids);
    for (const { refs, to } of steps) {
      const { codes } = refs;
      const { alive } = to;
      for (let i = 0; i < rids.length; i++) {
        const row = codes[out[i]];
        out[i] = row !== 0 && rowSet.has(alive, row) ? row : 0;
      }
    }
  };
  return { column, target, rows };
}

/** Reads a field by its path: times in µs, numbers in the field's unit; null (tags: []) where there is no value. Throws BAD_INPUT for an unknown path. */
export function accessor(tables: Tables, root: Entity, path: string): (rid: number) => Value {
  const { steps, table, field, kind } = walk(tables, root, path);
  const read = columnReader(tables, table, field);
  if (steps.length === 0) return read;
  return (rid) => {
    let at = rid;
    for (const { refs, to } of steps) {
      at = refs.codes[at]!;
      if (at === 0 || !rowSet.has(to.alive, at)) return kind === 'tags' ? [] : null;
    }
    return read(at);
  };
}

type Step = { refs: RefColumn; to: Table };

function walk(
  tables: Tables,
  root: Entity,
  path: string,
): { steps: Step[]; table: Table; field: string; kind: FieldKind } {
  const resolved = resolveField(root, path);
  if (!resolved) throw new AppError('BAD_INPUT', `unknown field ${path}`, { field: path });
  let table = tables[root];
  const steps: Step[] = [];
  for (const relation of resolved.via) {
    const refs = table.columns.get(relation) as RefColumn;
    table = tables[refs.target];
    steps.push({ refs, to: table });
  }
  return { steps, table, field: resolved.field, kind: resolved.kind };
}

function columnReader(tables: Tables, table: Table, field: string): (rid: number) => Value {
  return readerOf(tables, table.field(field));
}

/** Reads a column that is computed from many rows as it was at this call, also when it is computed anew: a copy of up to 8 bytes a row. */
export function copyReader(table: Table, field: string): (rid: number) => Value {
  const column = table.field(field);
  switch (column.kind) {
    case 'number': {
      const values = column.values.slice();
      const get = (rid: number) => values[rid] ?? NaN;
      return (rid) => number({ get }, rid);
    }
    case 'boolean': {
      const codes = column.codes.slice();
      return (rid) => boolean({ codes }, rid);
    }
    case 'term': {
      const { dictionary } = column;
      const codes = column.codes.slice();
      return (rid) => term({ codes, dictionary }, rid);
    }
    default:
      throw new AppError('INTERNAL', `${field} is not computed from many rows`);
  }
}

function readerOf(tables: Tables, column: Column): (rid: number) => Value {
  switch (column.kind) {
    case 'number':
    case 'difference':
      return (rid) => number(column, rid);
    case 'boolean':
      return (rid) => boolean(column, rid);
    case 'term':
      return (rid) => term(column, rid);
    case 'tags':
      return (rid) => column.dictionary.list(column.codes[rid]);
    case 'ref': {
      const { ids } = tables[column.target];
      return (rid) => (column.codes[rid] ? ids.text(column.codes[rid]) : null);
    }
    default:
      return (rid) => column.text(rid);
  }
}

function number(column: { get(rid: number): number }, rid: number): number | null {
  const v = column.get(rid);
  return Number.isNaN(v) ? null : v;
}

function boolean({ codes }: Pick<BooleanColumn, 'codes'>, rid: number): boolean | null {
  return codes[rid] ? codes[rid] === 2 : null;
}

function term(column: Pick<TermColumn, 'codes' | 'dictionary'>, rid: number): string | null {
  const code = column.codes[rid];
  return code === 0 ? null : column.dictionary.texts[code];
}

/** What follows from other rows too, for some rows at once. */
type RowRules = {
  leftBehind(rids: ArrayLike<number>): (string | null)[];
};

/** Reads rows of a list: one as an object, or several as columns. The index's columns are looked up once, not per row. */
export type RowReader = { row(rid: number): TaskRunRow; columns(rids: ArrayLike<number>): RowColumns };

export function taskRunReader(
  tables: Tables,
  rules: RowRules,
  notes: Record<'task_run' | 'flow_run', NoteColumns>,
): RowReader {
  const readers = Object.entries(rowPaths).map(([name, path]): [string, (rid: number) => unknown] => [
    name,
    withDefault(accessor(tables, 'task_run', path), (fields.task_run as Record<string, FieldInfo>)[name]?.absent),
  ]);
  readers.push(...noteReaders(tables, notes));
  const columns = (rids: ArrayLike<number>): Record<string, unknown[]> => ({
    ...Object.fromEntries(readers.map(([name, read]) => [name, Array.from(rids, read)])),
    left_behind: rules.leftBehind(rids),
  });
  return {
    row: (rid) =>
      Object.fromEntries(Object.entries(columns([rid])).map(([name, [value]]) => [name, value])) as TaskRunRow,
    columns: (rids) => columns(rids) as unknown as RowColumns,
  };
}

/** Straight from the notes: a page of a list has few rows, and needs no column of all. */
function noteReaders(
  tables: Tables,
  { task_run, flow_run }: Record<'task_run' | 'flow_run', NoteColumns>,
): [keyof typeof noteFields, (rid: number) => unknown][] {
  const flowRun = tables.task_run.columns.get('flow_run') as RefColumn;
  const text = (note: Note | null) => note?.text || null;
  return [
    ['note', (rid) => text(task_run.of(rid))],
    ['failure_note', (rid) => text(task_run.ofFailure(rid))],
    ['bookmarked', (rid) => task_run.of(rid)?.bookmarked ?? false],
    ['seen_at', (rid) => task_run.of(rid)?.seen ?? null],
    [
      'flow_run_note',
      (rid) => {
        const parent = flowRun.codes[rid];
        return parent !== 0 && rowSet.has(tables.flow_run.alive, parent) ? text(flow_run.of(parent)) : null;
      },
    ],
  ];
}

function withDefault(read: (rid: number) => Value, absent: string | number | undefined): (rid: number) => Value {
  return absent === undefined ? read : (rid) => read(rid) ?? absent;
}
