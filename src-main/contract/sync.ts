/** How an archive is kept true and how much of it is: sync states, coverage, checks, what is kept and what goes. */
import { z } from 'zod';
import { wireErrorSchema } from './errors.ts';
import { documentKinds, entities, failureStateTypes } from './fields.ts';

const micros = z.number().nullable();

const syncPhaseSchema = z.enum(['idle', 'running', 'cancelling', 'failed']);
/**
 * Whether the server's events are read. off: they are not (paused, or no sync yet); unsupported: this server, or a proxy before it, has no
 * stream of events, and syncs by the clock do the work.
 */
export const liveSchema = z.enum(['off', 'connecting', 'on', 'unsupported']);
export type Live = z.infer<typeof liveSchema>;

/** A row, or with `id` null perhaps a whole route, that the server cannot answer or that cannot be kept. */
export const skippedRowSchema = z.object({
  entity: z.enum([...entities, ...documentKinds]),
  id: z.string().nullable(),
  reason: z.string(),
});
export type SkippedRow = z.infer<typeof skippedRowSchema>;

/** Most rows of `skipped` that a status names. */
export const SKIPPED_NAMED = 20;
/** `rows`: the first of them; `count`: of all. */
export const skippedSchema = z.object({ count: z.number(), rows: z.array(skippedRowSchema).max(SKIPPED_NAMED) });
export type Skipped = z.infer<typeof skippedSchema>;

/** The whole state of one workspace's sync: each item of the stream replaces the last. */
export const syncStatusSchema = z.object({
  workspace: z.string(),
  phase: syncPhaseSchema,
  /** what is being read now. verify: comparing with the server; activity: history and logs by rule */
  step: z.enum([
    'connect',
    'flows',
    'deployments',
    'flow_runs',
    'task_runs',
    'null_probe',
    'verify',
    'activity',
    'done',
  ]),
  /** rows received in this run, over all entities, and task runs among them */
  received: z.number(),
  task_runs: z.number(),
  /** rows that were new or different */
  changed: z.number(),
  /** what `task_runs` will be when this run is through, by the server's own count; null while unknown */
  expected: z.number().nullable(),
  /** rows per second over the last seconds; seconds left at that rate, null while unknown */
  rate: z.number(),
  seconds_left: z.number().nullable(),
  /** µs by this machine's clock */
  started: micros,
  finished: micros,
  /** µs; end of the last sync that went through */
  last_success: micros,
  /** µs by this machine's clock; every change on the server up to then is here: when the last sync that went through began to read */
  checked: micros,
  /** µs; the oldest expected start that is complete. null: not all there yet, or no rows */
  complete_since: micros,
  /** µs by this machine's clock; every part of the archive has been compared with the server since then. null: not yet */
  verified_since: micros,
  /** a harvest was cut short and the next sync goes on where it stopped */
  resumable: z.boolean(),
  problem: wireErrorSchema.nullable(),
  /** why the archive was closed and opened again by itself since the person opened it: THREAD_DIED, or ARCHIVE_DAMAGED that was found by it */
  reopened: wireErrorSchema.nullable(),
  /** what is not in the archive although the server has it, as of the last time it was asked for */
  skipped: skippedSchema,
  /** why it waits: a 429 or a retry; null when it does not */
  waiting: z.object({ seconds: z.number(), reason: z.enum(['busy', 'retry']) }).nullable(),
  /** the person has stopped syncing by the clock and by events; `sync.start` still works */
  paused: z.boolean(),
  /** the way to the server is paid for by what goes over it: see METERED_EVERY */
  metered: z.boolean(),
  live: liveSchema,
  /** µs by this machine's clock; when the next pass starts by itself, null: none is planned */
  next: micros,
});
export type SyncStatus = z.infer<typeof syncStatusSchema>;

/** The status of a workspace before anything is known of its sync. */
export const newStatus = (workspace: string): SyncStatus => ({
  workspace,
  phase: 'idle',
  step: 'done',
  received: 0,
  task_runs: 0,
  changed: 0,
  expected: null,
  rate: 0,
  seconds_left: null,
  started: null,
  finished: null,
  last_success: null,
  checked: null,
  complete_since: null,
  verified_since: null,
  resumable: false,
  problem: null,
  reopened: null,
  skipped: { count: 0, rows: [] },
  waiting: null,
  paused: false,
  metered: false,
  live: 'off',
  next: null,
});

/** The members of a status that every sync begins with. `started`: µs. */
export const syncBegun = (started: number) =>
  ({
    ...{ phase: 'running', step: 'connect', received: 0, task_runs: 0, changed: 0, expected: null, rate: 0 },
    ...{ seconds_left: null, started, finished: null, problem: null, waiting: null },
  }) as const satisfies Partial<SyncStatus>;

/** A stretch of expected start times and what is known of it. Times in µs, `to` not included. */
const coverageSpanSchema = z.object({
  from: z.number(),
  to: z.number(),
  runs: z.number(),
  /** of `runs`: marked as gone from the server */
  gone: z.number(),
  /** of `runs`: in no terminal state */
  unfinished: z.number(),
  /** everything the server had there has been read */
  complete: z.boolean(),
  /** µs by this machine's clock; when all of it was last compared with the server. null: not yet */
  verified: micros,
});
export type CoverageSpan = z.infer<typeof coverageSpanSchema>;

/** What the archive holds, newest span first. Days, or weeks and months when there are many. */
export const coverageSchema = z.object({
  spans: z.array(coverageSpanSchema),
  runs: z.number(),
  gone: z.number(),
  unfinished: z.number(),
  /** task runs without expected start, in no span */
  without_start: z.number(),
  /** task runs whose history and logs are kept */
  with_activity: z.number(),
});
export type Coverage = z.infer<typeof coverageSchema>;

/** A question compared with the server, after what differed was read anew. Counts leave out rows marked as gone. */
export const checkSchema = z.object({
  /** false: Prefect has no filter for this question, so only the runs found here were asked for, by id */
  exact: z.boolean(),
  /** what the server answered; null when `exact` is false */
  server: z.number().nullable(),
  before: z.number(),
  after: z.number(),
  /** ids, at most 200 of each: that were missing here, that were different, that the server no longer has */
  added: z.array(z.string()),
  changed: z.array(z.string()),
  gone: z.array(z.string()),
  /** more differ than were looked at: comparing the whole archive finds them */
  more: z.boolean(),
  at: z.number(),
});
export type Check = z.infer<typeof checkSchema>;

const positive = z.number().int().min(1);
const MAX_DAYS = 36_500;
const MAX_BYTES = 2 ** 50; // a petabyte
/** What happens to runs the server has deleted, and how long runs are kept here at all. null: no such bound. */
export const retentionSchema = z.object({
  /** keep: marked as gone and kept; drop: the archive mirrors the server */
  gone: z.enum(['keep', 'drop']).default('keep'),
  /** days since the expected start */
  max_days: positive.max(MAX_DAYS).nullable().default(null),
  /** size of the archive's file; the oldest runs go first */
  max_bytes: positive.max(MAX_BYTES).nullable().default(null),
});
export type Retention = z.infer<typeof retentionSchema>;

/** What a `Retention` would delete from the archive now, and does once it is confirmed. */
export const removalSchema = z.object({
  /** runs that started before this (µs) go; null: none by age or size */
  before: micros,
  task_runs: z.number(),
  flow_runs: z.number(),
  /** of the task runs: because the server no longer has them */
  gone: z.number(),
  /** estimate */
  bytes: z.number(),
});
export type Removal = z.infer<typeof removalSchema>;

/** Seconds between two passes on a metered connection, at least. There no events are read, and nothing is compared or fetched by rule unless asked for. */
export const METERED_EVERY = 900;

/**
 * Syncs are this much rarer while the server sends events. A sync reads everything since the last one, however long ago that was, so
 * changes that events leave out (by REST, from an overflowed queue) come later and are never lost.
 */
export const LIVE_RARER = 2;

/** Seconds between two syncs by the clock; 0: none. `every`: as the person has set it. */
export function secondsBetween(
  { paused, metered, live }: Pick<SyncStatus, 'paused' | 'metered' | 'live'>,
  every: number,
): number {
  if (paused || every <= 0) return 0;
  if (metered) return Math.max(every, METERED_EVERY);
  return every * (live === 'on' ? LIVE_RARER : 1);
}

/** For which runs history, logs and artifacts are fetched in the background. Off: only when a run is opened. */
export const fetchRuleSchema = z.object({
  states: z
    .array(z.string())
    .max(50)
    .default([...failureStateTypes]),
  /** days since the run ended; 0: off */
  days: z.number().int().min(0).max(MAX_DAYS).default(7),
});
export type FetchRule = z.infer<typeof fetchRuleSchema>;
