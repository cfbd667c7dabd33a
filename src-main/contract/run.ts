/** What the views read of a run: its row in a list, its detail, its states, logs and artifacts. */
import { z } from 'zod';
import { fieldsOf, type FieldInfo, type fields } from './fields.ts';
import { wireErrorSchema } from './errors.ts';

const micros = z.number().nullable();

type TaskRunFields = typeof fields.task_run;
/** The row of a list holds each stored field of the run, … */
type OwnField = {
  [F in keyof TaskRunFields]: TaskRunFields[F] extends { stored: false } ? never : F;
}[keyof TaskRunFields];
type ValueOf<F extends FieldInfo> = F extends { kind: 'tags' }
  ? string[]
  : (F extends { kind: 'time' | 'number' } ? number : string) | (F extends { absent: unknown } ? never : null);

/** … these of its parents, by path, … */
export const parentFields = {
  flow_run_name: 'flow_run.name',
  flow_id: 'flow_run.flow_id',
  flow_name: 'flow_run.flow.name',
  deployment_id: 'flow_run.deployment_id',
  deployment_name: 'flow_run.deployment.name',
} as const;

/** … these of what a person has noted, by path, … */
export const noteFields = {
  note: 'note',
  failure_note: 'failure_note',
  bookmarked: 'bookmarked',
  seen_at: 'seen_at',
  flow_run_note: 'flow_run.note',
} as const;
type NoteValues = {
  note: string | null;
  failure_note: string | null;
  bookmarked: boolean;
  seen_at: number | null;
  flow_run_note: string | null;
};

/** … and whether it was left behind (left-behind.ts). Straight from the index. Times in µs, total_run_time in seconds. */
export type TaskRunRow = { [F in OwnField]: ValueOf<TaskRunFields[F]> } & {
  [F in keyof typeof parentFields]: string | null;
} & NoteValues & { left_behind: string | null };

/** Names of the row's values that come from stored fields, and each field's path from a task run. */
export const rowPaths = Object.fromEntries([
  ...fieldsOf('task_run').flatMap(([name, { stored }]) => (stored === false ? [] : [[name, name]])),
  ...Object.entries(parentFields),
]) as Record<Exclude<keyof TaskRunRow, 'left_behind' | keyof NoteValues>, string>;

function rowValueSchema({ kind, absent }: FieldInfo): z.ZodType {
  if (kind === 'tags') return z.array(z.string());
  const value = kind === 'time' || kind === 'number' ? z.number() : kind === 'boolean' ? z.boolean() : z.string();
  return absent === undefined ? value.nullable() : value;
}

export const taskRunRowSchema = z.object({
  ...Object.fromEntries(
    fieldsOf('task_run').flatMap(([name, info]) => (info.stored === false ? [] : [[name, rowValueSchema(info)]])),
  ),
  ...Object.fromEntries(Object.keys(parentFields).map((name) => [name, z.string().nullable()])),
  note: z.string().nullable(),
  failure_note: z.string().nullable(),
  bookmarked: z.boolean(),
  seen_at: micros,
  flow_run_note: z.string().nullable(),
  left_behind: z.string().nullable(),
}) as unknown as z.ZodObject<{ [F in keyof TaskRunRow]: z.ZodType<TaskRunRow[F]> }>;

const runLinkSchema = z.object({
  id: z.string(),
  kind: z.enum(['task_run', 'flow_run']),
  name: z.string(),
  state_type: z.string().nullable(),
  state_name: z.string().nullable(),
  /** the input parameter it was passed to, for upstream runs */
  parameter: z.string().nullable(),
});
export type RunLink = z.infer<typeof runLinkSchema>;

/** A run opened: its row, the server's JSON as it was received, and its neighbours in the archive. */
export const taskRunDetailSchema = z.object({
  row: taskRunRowSchema,
  /** the row's JSON text, byte for byte as the server sent it */
  json: z.string(),
  /** its flow run's, likewise; null when it has none here */
  flow_run_json: z.string().nullable(),
  upstream: z.array(runLinkSchema),
  downstream: z.array(runLinkSchema),
  subflows: z.array(runLinkSchema),
  /** seconds of one attempt, the median over completed runs of the same task_key in the archive. null when none */
  median_attempt: z.number().nullable(),
  /**
   * the last success of the same task_key before this run, in another flow run; null: there was none. `same_input` false: this run is one
   * of several of its task in its flow run, and none of the same place or name among them has succeeded
   */
  last_success: runLinkSchema.extend({ end_time: micros, same_input: z.boolean() }).nullable(),
  /** runs with the same `failure`, this one among them, and when the first of them was expected to start; null when it has none */
  same_failure: z.object({ runs: z.number(), first: micros }).nullable(),
  /** where Prefect's own UI shows it; null when unknown */
  url: z.string().nullable(),
});
export type TaskRunDetail = z.infer<typeof taskRunDetailSchema>;

const stateHistorySchema = z.array(
  z.object({
    id: z.string(),
    type: z.string(),
    name: z.string(),
    timestamp: z.number(),
    message: z.string().nullable(),
  }),
);
export type StateHistory = z.infer<typeof stateHistorySchema>;

/** Python's names of log levels, which Prefect uses. */
export const levelNames: Readonly<Record<number, string>> = {
  10: 'DEBUG',
  20: 'INFO',
  30: 'WARNING',
  40: 'ERROR',
  50: 'CRITICAL',
};

/** `level`: one of `levelNames`, or any other number. timestamp in µs. */
export const logLineSchema = z.object({
  id: z.string(),
  name: z.string(),
  level: z.number(),
  message: z.string(),
  timestamp: z.number(),
});
export type LogLine = z.infer<typeof logLineSchema>;

/** What a run has published: markdown, tables, links, images, progress, and the result's metadata (type `result`). Times in µs. */
const artifactSchema = z.object({
  id: z.string(),
  key: z.string().nullable(),
  type: z.string().nullable(),
  description: z.string().nullable(),
  /** as the server sent it, JSON text; cut at 1 MB, then `truncated` is true */
  data: z.string(),
  truncated: z.boolean(),
  created: micros,
  updated: micros,
});
export type Artifact = z.infer<typeof artifactSchema>;

/** Most lines in one answer; further ones are asked for with `run.lines`. */
export const LINES_AT_ONCE = 20_000;
/** Characters of lines after which an answer ends early: of a message over 64 MB the window would be cut off, and a character takes up to 6 bytes. */
export const TEXT_AT_ONCE = 8_000_000;
/** Most lines read and kept of one run: some 200 MB, and 5,000 requests. Beyond them only the run's last lines are kept. */
export const MOST_LINES = 1_000_000;

/** What an activity is of. Of a flow run, its own states, and the lines that its flow wrote outside of task runs; its artifacts are not read. */
export const activityOwnerSchema = z.enum(['task_run', 'flow_run']);
export type ActivityOwner = z.infer<typeof activityOwnerSchema>;

/** What there is of a run besides its row; each part is read by itself. */
export type ActivityPart = 'history' | 'logs' | 'artifacts';

/** Logs, history and artifacts, read from the server when a run is opened or by rule, and kept in the archive. */
export const runActivitySchema = z.object({
  history: stateHistorySchema,
  logs: z.array(logLineSchema),
  artifacts: z.array(artifactSchema).default([]),
  /** id of the line after which lines are missing; then come the last ones. null: none are */
  gap: z.string().nullable().default(null),
  /** lines of the run that are kept: `logs` may hold a part of them */
  kept: z.number().default(0),
  /** lines that the server has; null: they were not counted, because all of them were read or none could be */
  count: z.number().nullable().default(null),
  /** µs; when it was read from the server. null: never, and `problem` says why */
  fetched: z.number().nullable(),
  problem: wireErrorSchema.nullable(),
  /** why the server did not give a part when the others were read; what there is of it was read earlier */
  missed: z.partialRecord(z.enum(['history', 'logs', 'artifacts']), wireErrorSchema).default({}),
});
export type RunActivity = z.infer<typeof runActivitySchema>;

/** Lines stand by time, and lines of one time by id, so that they stand alike wherever they are shown. */
export type LinePlace = Pick<LogLine, 'timestamp' | 'id'>;
/** Before every line of a run. */
export const BEFORE_LINES: LinePlace = { timestamp: -1, id: '' };
export function byTimeAndId(a: LinePlace, b: LinePlace): number {
  return a.timestamp - b.timestamp || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}

/** What there is of a run whose activity was never kept and could not be read; null: it was not asked for. */
export function noActivity(error: z.infer<typeof wireErrorSchema> | null): RunActivity {
  const problem = error && { code: error.code, message: error.message, details: error.details };
  return { history: [], logs: [], artifacts: [], gap: null, kept: 0, count: null, fetched: null, problem, missed: {} };
}
