/** The calls between main and its worker threads, and between the sync and the writer thread. The protocol is the window's (rpc/). */
import { z } from 'zod';
import { contract, type SentAnswer } from '../../contract/calls.ts';
import { caseContentsSchema } from '../../contract/case-file.ts';
import { wireErrorSchema } from '../../contract/errors.ts';
import { exportItemSchema, exportOptionsSchema } from '../../contract/export.ts';
import { documentKinds } from '../../contract/fields.ts';
import type { FlowRunItem, FlowRunLogs } from '../../contract/flow-run.ts';
import { noteSchema } from '../../contract/note.ts';
import { conditionSchema, dialectSchema, entitySchema, groupsSchema, querySchema } from '../../contract/query.ts';
import { activityOwnerSchema, logLineSchema, runActivitySchema, taskRunDetailSchema } from '../../contract/run.ts';
import { taskSchema } from '../../contract/task.ts';
import { cloudWorkspaceSchema } from '../../contract/workspace.ts';
import type { RowColumns } from '../../contract/row-columns.ts';
import {
  checkSchema,
  coverageSchema,
  fetchRuleSchema,
  retentionSchema,
  liveSchema,
  removalSchema,
  syncStatusSchema,
} from '../../contract/sync.ts';
import { call, stream } from '../../contract/define.ts';
import type { ApiRequest } from '../../local-api/bodies.ts';
import { connectionSchema } from '../../prefect/connection.ts';
import type { Batch, Keys } from '../../store/write/encode.ts';

const none = z.object({}).default({});
const micros = z.number().nullable();
const runEntity = z.enum(['task_run', 'flow_run']);
const span = z.object({ from: z.number(), to: z.number() });
const linePlace = z.object({ timestamp: z.number(), id: z.string() });

/** Not parsed at every hop: both ends are this program, and only the store looks inside. */
const batch = z.custom<Batch>((value) => typeof value === 'object' && value !== null);
const keys = z.custom<Keys>((value) => typeof value === 'object' && value !== null);
const bytes = z.custom<Uint8Array>((value) => value instanceof Uint8Array);

export const writerContract = {
  /** creates a missing file. `server`: the address that its rows are from; `notice`: a damaged file was set aside */
  open: call(z.object({ path: z.string(), server: z.string() }), z.object({ notice: wireErrorSchema.nullable() })),
  write: call(
    z.object({
      batches: z.array(batch),
      state: z.record(z.string(), z.unknown()).optional(),
      /** once a write of a chain has failed, later ones of the chain fail with the same error */
      chain: z.number().optional(),
    }),
    z.object({ inserted: z.number(), changed: z.number(), unchanged: z.number() }),
  ),
  /** 1 for each row that `write` would insert or change */
  needed: call(z.object({ keys }), bytes),
  /** `drop`: the rows are deleted from the archive instead */
  markGone: call(z.object({ entity: entitySchema, ids: z.array(z.string()), at: z.number(), drop: z.boolean() }), none),
  /** `all`: kept documents that are not among these are gone; `drop`: of documents that are gone only the id is kept */
  replaceDocuments: call(
    z.object({
      kind: z.enum(documentKinds),
      documents: z.array(z.object({ id: z.string(), name: z.string(), json: z.string() })),
      at: z.number(),
      all: z.boolean(),
      drop: z.boolean(),
    }),
    z.object({ added: z.array(z.string()), renamed: z.array(z.string()), gone: z.array(z.string()) }),
  ),
  unfinished: call(z.object({ entity: runEntity, since: micros }), z.array(z.string())),
  stubs: call(z.object({ entity: entitySchema, limit: z.number() }), z.array(z.string())),
  ids: call(
    z.object({
      entity: entitySchema,
      range: z.union([z.object({ from: micros, to: micros }), z.enum(['without_start', 'all'])]),
    }),
    z.array(z.string()),
  ),
  histogram: call(z.object({ entity: runEntity, step: z.number() }), z.array(z.tuple([z.number(), z.number()]))),
  differing: call(z.object({ keys }), z.object({ missing: z.array(z.string()), changed: z.array(z.string()) })),
  preview: call(z.object({ retention: retentionSchema, now: z.number() }), removalSchema),
  enforce: call(z.object({ retention: retentionSchema, now: z.number() }), removalSchema),
  state: call(z.object({ key: z.string() }), z.unknown()),
  /** number of the last commit that changed rows */
  lastBatch: call(none, z.number()),
  setState: call(z.object({ key: z.string(), value: z.unknown() }), none),
  setServer: call(z.object({ server: z.string() }), none),
  /** merges it with the kept activity of the run; returns both together, of the lines those from `from` (µs) on, at most LINES_AT_ONCE */
  saveActivity: call(
    z.object({
      id: z.string(),
      activity: runActivitySchema,
      stamp: z.number().nullable(),
      from: z.number().nullable().default(null),
    }),
    runActivitySchema,
  ),
  dueActivities: call(
    z.object({
      states: z.array(z.string()),
      from: z.number(),
      to: z.number(),
      settle: z.number(),
      limit: z.number(),
    }),
    z.array(z.object({ id: z.string(), stamp: z.number() })),
  ),
  close: call(none, none),
};

/** A few ids of each kind that the archive has. */
const knownIdsSchema = z.object({
  flow: z.array(z.string()),
  flow_run: z.array(z.string()),
  task_run: z.array(z.string()),
});
export type KnownIds = z.infer<typeof knownIdsSchema>;

const syncItemSchema = z.object({
  status: syncStatusSchema.omit({
    ...{ workspace: true, paused: true, metered: true, live: true, next: true, reopened: true },
  }),
  /** of the server's database, once it is known */
  dialect: dialectSchema.nullable(),
});

export const syncContract = {
  /** one sync, from where the last one stopped; ends when the sync is through; ending the stream cancels the sync */
  run: stream(
    z.object({
      connection: connectionSchema,
      since: micros,
      /** compare the whole archive with the server */
      verify: z.boolean(),
      /** rows the server has deleted are deleted here too */
      drop: z.boolean(),
      rule: fetchRuleSchema,
      /** read changes only: nothing is compared because it is due */
      metered: z.boolean(),
    }),
    syncItemSchema,
  ),
  /** reads and writes the runs that the server's events name, until the stream is ended. `reconnected`: how often the line has come back */
  live: stream(z.object({ connection: connectionSchema }), z.object({ state: liveSchema, reconnected: z.number() })),
  /** checks one question. `body`: filters as Prefect takes them, null when Prefect has none for it; `ids`: runs that match here and are not gone */
  check: call(
    z.object({
      connection: connectionSchema,
      body: z.record(z.string(), z.unknown()).nullable(),
      ids: z.array(z.string()),
      /** number of all runs that match here; `ids` may be the first of them only */
      count: z.number(),
      drop: z.boolean(),
    }),
    checkSchema.omit({ before: true, after: true }),
  ),
  /** `after`: µs; all lines before are kept. `rest`: reads on from there, and not the run's end */
  activity: call(
    z.object({
      connection: connectionSchema,
      id: z.string(),
      of: activityOwnerSchema,
      after: micros,
      rest: z.boolean(),
    }),
    runActivitySchema,
  ),
  /** fetches and keeps the activity of these runs, in this order; ending the stream stops it */
  fetchRuns: stream(
    z.object({ connection: connectionSchema, ids: z.array(z.string()) }),
    z.object({ done: z.number() }),
  ),
  /** whether the server knows one of these ids */
  knows: call(z.object({ connection: connectionSchema, ids: knownIdsSchema }), z.boolean()),
  /** ends everything above; answers when nothing more is sent to the server or to the writer */
  detach: call(none, none),
};

/** What the sync thread answers about servers that no archive belongs to yet. */
export const serverContract = {
  /** throws the one SERVER_ code that says what is wrong with the address or the sign-in */
  probe: call(
    z.object({ connection: connectionSchema }),
    z.object({ api_url: z.string(), version: z.string().nullable(), task_runs: z.number() }),
  ),
  /** those of the archives at `paths` whose runs the server knows. One that cannot be read is left out. Throws the server's errors */
  known: call(
    z.object({ connection: connectionSchema, paths: z.array(z.string()) }),
    z.array(z.object({ path: z.string(), task_runs: z.number(), server: z.string().nullable() })),
  ),
  /** `api_url` null: Cloud's own */
  cloudWorkspaces: call(
    z.object({ auth: connectionSchema.shape.auth, api_url: z.string().nullable() }),
    z.array(cloudWorkspaceSchema),
  ),
};

const apiRequestSchema: z.ZodType<ApiRequest> = z.object({
  method: z.string(),
  /** from `/api` on, with its query string */
  path: z.string(),
  contentType: z.string().nullable(),
  /** its bytes as they came, or its text */
  body: z.union([z.string(), bytes]),
});

/** Not checked here: main only hands on the query thread's answers (200 rows of 22 values), and the window checks them. */
const handedOn = <T>() => z.custom<T>((value) => typeof value === 'object' && value !== null);

const asked = contract['query.ask'].input.omit({ workspace: true });
export const queryContract = {
  open: call(
    /** `foreign`: the file is from elsewhere and is checked in full first */
    z.object({ path: z.string(), dialect: dialectSchema, watchFile: z.boolean(), foreign: z.boolean().default(false) }),
    /** `notice`: the file of the notes could not be read */
    z.object({ version: z.number(), total: z.number(), notice: wireErrorSchema.nullable() }),
  ),
  setDialect: call(z.object({ dialect: dialectSchema }), none),
  /** Resolves once that commit of the writer is in the index: commits and calls come on different ports. */
  reached: call(z.object({ batch: z.number() }), none),
  ask: call(asked, handedOn<SentAnswer>()),
  rows: call(z.object({ result: z.string(), rows: span }), handedOn<RowColumns>()),
  position: call(z.object({ result: z.string(), id: z.string() }), z.object({ position: z.number().nullable() })),
  /** of the first rows of a question's result; `count`: all of them */
  ids: call(
    z.object({ query: querySchema, limit: z.number() }),
    z.object({ ids: z.array(z.string()), count: z.number() }),
  ),
  coverage: call(none, coverageSchema),
  news: call(contract['query.news'].input.omit({ workspace: true }), contract['query.news'].output),
  marks: call(contract['query.marks'].input.omit({ workspace: true }), contract['query.marks'].output),
  more: call(contract['query.more'].input.omit({ workspace: true }), contract['query.more'].output),
  paths: call(contract['query.paths'].input.omit({ workspace: true }), contract['query.paths'].output),
  counts: call(z.object({ queries: z.array(querySchema) }), z.array(z.number())),
  /**
   * runs that came to match watched conditions, condition by condition: see new-matches.ts. Questions get a turn between two of them; a condition
   * that cannot be asked finds nothing
   */
  newMatches: call(
    z.object({
      watches: z.array(
        z.object({
          key: z.string(),
          where: conditionSchema,
          since: z.number(),
          looked: z.number(),
          floor: micros,
          told: z.array(z.string()).nullable(),
        }),
      ),
      now: z.number(),
      most: z.number(),
    }),
    z.array(
      z
        .object({
          runs: z.array(z.object({ id: z.string(), created: z.number() })),
          cut: z.object({ count: z.number(), created: z.number() }).nullable(),
        })
        .nullable(),
    ),
  ),
  groups: call(contract['query.groups'].input.omit({ workspace: true }), groupsSchema),
  task: call(contract['task.get'].input.omit({ workspace: true }), taskSchema),
  watch: stream(none, z.object({ version: z.number(), total: z.number(), changed: z.array(z.string()) })),
  run: call(z.object({ id: z.string() }), taskRunDetailSchema),
  /** what is kept; of the lines those from `from` (µs) on, at most LINES_AT_ONCE. `end`: the line up to which none is missing */
  activity: call(
    z.object({ id: z.string(), from: micros }),
    z.object({ activity: runActivitySchema, end: linePlace.nullable() }).nullable(),
  ),
  lines: call(z.object({ id: z.string(), after: linePlace }), z.array(logLineSchema)),
  flowRun: stream(contract['flow_run.read'].input.omit({ workspace: true }), handedOn<FlowRunItem>()),
  flowRunLogs: stream(z.object({ id: z.string() }), handedOn<FlowRunLogs>()),
  /** `prefect`: the server's version, null where it is not known */
  stats: call(
    none,
    z.object({
      version: z.number(),
      task_runs: z.number(),
      prefect: z.string().nullable(),
      state: z.record(z.string(), z.unknown()),
    }),
  ),
  /** `body` of the reply: UTF-8 */
  api: call(apiRequestSchema, z.object({ status: z.number(), body: bytes })),
  /**
   * writes `path`; ending the stream early leaves nothing there. `result`: as in `export.run`. `overwrite` false: FILE_EXISTS when something
   * is there
   */
  export: stream(
    exportOptionsSchema.extend({
      ...{ query: querySchema, path: z.string(), overwrite: z.boolean() },
      result: z.string().nullable(),
    }),
    exportItemSchema,
  ),
  notes: call(contract['note.read'].input.omit({ workspace: true }), contract['note.read'].output),
  changeNotes: call(contract['note.change'].input.omit({ workspace: true }), contract['note.change'].output),
  /** the notes that go with these runs into a case file */
  caseNotes: call(z.object({ ids: z.array(z.string()) }), z.array(noteSchema)),
  caseContents: call(
    z.object({ ids: z.array(z.string()) }),
    z.object({ contents: caseContentsSchema, unread: z.array(z.string()) }),
  ),
  /** writes an archive of these runs to `path`; ending the stream early leaves no file */
  caseArchive: stream(
    z.object({ ids: z.array(z.string()), path: z.string(), activity: z.boolean() }),
    z.object({ done: z.number(), total: z.number() }),
  ),
  close: call(none, none),
};

export const demoContract = {
  address: call(none, z.object({ api_url: z.string() })),
};
