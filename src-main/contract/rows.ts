/** What the views read: rows of the grid, a run's detail, workspaces, presets, settings. */
import { z } from 'zod';
import { fieldsOf, type FieldInfo, type fields } from './fields.ts';
import { dialectSchema, querySchema } from './query.ts';
import { wireErrorSchema } from './errors.ts';
import { fetchRuleSchema, keepingSchema } from './sync.ts';

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

/** … and whether it has started a flow run of its own. Straight from the index. Times in µs, total_run_time in seconds. */
export type TaskRunRow = { [F in OwnField]: ValueOf<TaskRunFields[F]> } & {
  [F in keyof typeof parentFields]: string | null;
} & { has_subflow: boolean };

/** Names of the row's values that come from fields, and each field's path from a task run. */
export const rowPaths = Object.fromEntries([
  ...fieldsOf('task_run').flatMap(([name, { stored }]) => (stored === false ? [] : [[name, name]])),
  ...Object.entries(parentFields),
]) as Record<Exclude<keyof TaskRunRow, 'has_subflow'>, string>;

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
  has_subflow: z.boolean(),
}) as unknown as z.ZodObject<{ [F in keyof TaskRunRow]: z.ZodType<TaskRunRow[F]> }>;

export const runLinkSchema = z.object({
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
  /** seconds; over completed runs of the same task_key in the archive. null when none */
  median_duration: z.number().nullable(),
  last_success: runLinkSchema.extend({ end_time: micros }).nullable(),
  /** runs with the same `failure`, this one among them, and when the first of them was expected to start; null when it has none */
  same_failure: z.object({ runs: z.number(), first: micros }).nullable(),
  /** where Prefect's own UI shows it; null when unknown */
  url: z.string().nullable(),
});
export type TaskRunDetail = z.infer<typeof taskRunDetailSchema>;

export const stateHistorySchema = z.array(
  z.object({
    id: z.string(),
    type: z.string(),
    name: z.string(),
    timestamp: z.number(),
    message: z.string().nullable(),
  }),
);
export type StateHistory = z.infer<typeof stateHistorySchema>;

/** Prefect's levels: 10 debug, 20 info, 30 warning, 40 error, 50 critical. timestamp in µs. */
export const logLineSchema = z.object({
  id: z.string(),
  name: z.string(),
  level: z.number(),
  message: z.string(),
  timestamp: z.number(),
});
export type LogLine = z.infer<typeof logLineSchema>;

/** What a run has published: markdown, tables, links, images, progress, and the result's metadata (type `result`). Times in µs. */
export const artifactSchema = z.object({
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

/** Logs, history and artifacts, read from the server when a run is opened or by rule, and kept in the archive. */
export const runActivitySchema = z.object({
  history: stateHistorySchema,
  logs: z.array(logLineSchema),
  artifacts: z.array(artifactSchema).default([]),
  /** more lines than `logs` holds exist on the server */
  truncated: z.boolean(),
  /** id of the line after which lines are missing; then come the last ones. null: none are, or only the first ones are here */
  gap: z.string().nullable().default(null),
  /** µs; when it was read from the server. null: never, and `problem` says why */
  fetched: z.number().nullable(),
  problem: wireErrorSchema.nullable(),
});
export type RunActivity = z.infer<typeof runActivitySchema>;

/** What there is of a run whose activity could not be read and was never kept. */
export function noActivity({ code, message, details }: z.infer<typeof wireErrorSchema>): RunActivity {
  const problem = { code, message, details };
  return { history: [], logs: [], artifacts: [], truncated: false, gap: null, fetched: null, problem };
}

export const authKindSchema = z.enum(['none', 'api_key', 'basic']);
/** A workspace as the renderer may see it: where, never the secret. */
export const workspaceSchema = z.object({
  name: z.string(),
  kind: z.enum(['demo', 'server']),
  api_url: z.string(),
  auth: authKindSchema,
  /** environment variable the secret is read from; null: kept by the shell, or none */
  secret_env: z.string().nullable(),
  custom_headers: z.array(z.string()),
  insecure_tls: z.boolean(),
  /** path of a file with the certificates to trust besides the system's */
  ca_file: z.string().nullable(),
  dialect: dialectSchema,
  /** the dialect was found by asking the server (auto) or set by the person */
  dialect_source: z.enum(['auto', 'chosen', 'unknown']),
  task_runs: z.number().nullable(),
  bytes: z.number().nullable(),
  keeping: keepingSchema,
  fetch_rule: fetchRuleSchema,
  /** no pass by the clock, no events, until the person goes on */
  paused: z.boolean(),
  /** seconds between two syncs that start by themselves; 0: only when asked */
  sync_every: z.number(),
  metered: z.boolean(),
});
export type Workspace = z.infer<typeof workspaceSchema>;

export const workspaceInputSchema = z.object({
  name: z
    .string()
    .trim()
    .regex(/^[A-Za-z0-9][A-Za-z0-9 ._-]{0,62}$/),
  api_url: z.string().trim().min(1),
  auth: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('none') }),
    z.object({ kind: z.literal('env'), scheme: z.enum(['api_key', 'basic']), variable: z.string().min(1) }),
    z.object({ kind: z.literal('secret'), scheme: z.enum(['api_key', 'basic']), secret: z.string().min(1) }),
  ]),
  headers: z.record(z.string(), z.string()).default({}),
  insecure_tls: z.boolean().default(false),
  ca_file: z.string().trim().min(1).nullable().default(null),
  dialect: dialectSchema.nullable().default(null),
});
export type WorkspaceInput = z.input<typeof workspaceInputSchema>;

/** A workspace's connection as it is to be. Secrets the window has never seen stay by being named, not by being sent back. */
export const connectionEditSchema = z.object({
  name: workspaceInputSchema.shape.name,
  api_url: workspaceInputSchema.shape.api_url,
  /** keep: as it is, with the secret kept for it */
  auth: z.discriminatedUnion('kind', [
    ...workspaceInputSchema.shape.auth.options,
    z.object({ kind: z.literal('keep') }),
  ]),
  /** all there are to be; null: the value that header has now */
  headers: z.record(z.string(), z.string().nullable()),
  insecure_tls: z.boolean(),
  ca_file: z.string().trim().min(1).nullable(),
});
export type ConnectionEdit = z.infer<typeof connectionEditSchema>;

/** One workspace of a Prefect Cloud account, as the key may see it. */
export const cloudWorkspaceSchema = z.object({ account: z.string(), workspace: z.string(), api_url: z.string() });
export type CloudWorkspace = z.infer<typeof cloudWorkspaceSchema>;

/** A server found on this machine, offered, never added by itself. The secret stays in main. */
export const candidateSchema = z.object({
  id: z.string(),
  name: z.string(),
  api_url: z.string(),
  auth: authKindSchema,
  source: z.string(),
  active: z.boolean(),
});
export type Candidate = z.infer<typeof candidateSchema>;

export const presetSchema = z.object({
  id: z.string(),
  name: z.string().trim().min(1).max(80),
  query: querySchema,
  /** field paths in order; null: the columns stay as they are */
  columns: z.array(z.string()).nullable(),
  /** shipped with the app: may be hidden, not changed */
  builtin: z.boolean(),
});
export type Preset = z.infer<typeof presetSchema>;

/** Seconds between two syncs, at most a day; 0: only when asked. */
export const syncEverySchema = z.number().min(0).max(86_400);
const pixels = z.number().min(0).max(10_000);

/** Window settings. Kept by main, since a browser page has a new origin at every start. */
export const settingsSchema = z.object({
  theme: z.enum(['system', 'light', 'dark']).default('system'),
  time_zone: z.enum(['local', 'utc']).default('local'),
  workspace: z.string().nullable().default(null),
  /** field → width in px, in the order of `columns` */
  columns: z
    .array(z.object({ field: z.string(), width: pixels }))
    .nullable()
    .default(null),
  panel_width: pixels.default(244),
  detail_width: pixels.default(408),
  /** seconds between two syncs, for workspaces that were not given a pace of their own; 0: only when asked */
  sync_every: syncEverySchema.default(30),
  closed_sections: z.array(z.string()).default([]),
  /** ids, the first on top */
  pinned_presets: z.array(z.string()).default([]),
  /** id of the preset a window starts with; null: every run */
  default_preset: z.string().nullable().default(null),
});
export type Settings = z.infer<typeof settingsSchema>;

const { shape } = settingsSchema;
/** A change of some settings. Without the defaults, which zod fills in for what is left out of a `partial`, too. */
export const settingsChangeSchema = z
  .object({
    theme: shape.theme.removeDefault(),
    time_zone: shape.time_zone.removeDefault(),
    workspace: shape.workspace.removeDefault(),
    columns: shape.columns.removeDefault(),
    panel_width: shape.panel_width.removeDefault(),
    detail_width: shape.detail_width.removeDefault(),
    sync_every: shape.sync_every.removeDefault(),
    closed_sections: shape.closed_sections.removeDefault(),
    pinned_presets: shape.pinned_presets.removeDefault(),
    default_preset: shape.default_preset.removeDefault(),
  } satisfies Record<keyof Settings, z.ZodType>)
  .partial();
