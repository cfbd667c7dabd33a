/** The calls between main and its worker threads, and between the sync and the writer worker. Same protocol as the window's. */
import { z } from 'zod';
import { answerSchema } from '../contract/calls.ts';
import { contract } from '../contract/calls.ts';
import { wireErrorSchema } from '../contract/errors.ts';
import { dialectSchema, querySchema } from '../contract/query.ts';
import { runActivitySchema, taskRunDetailSchema, taskRunRowSchema } from '../contract/rows.ts';
import { syncStatusSchema } from '../contract/sync.ts';
import { call, stream } from '../rpc/define.ts';
import type { Batch } from '../store/encode.ts';

const none = z.object({}).default({});
const span = z.object({ from: z.number(), to: z.number() });

/** Both ends are this program: a batch's inside is the store's business and is not parsed at every hop. */
const batch = z.custom<Batch>((value) => typeof value === 'object' && value !== null);
const bytes = z.custom<Uint8Array>((value) => value instanceof Uint8Array);

export const writerContract = {
  /** creates the file if it is missing; `notice` tells of a damaged file that was set aside */
  open: call(z.object({ path: z.string() }), z.object({ notice: wireErrorSchema.nullable() })),
  write: call(
    z.object({ batches: z.array(batch), state: z.record(z.string(), z.unknown()).optional() }),
    z.object({ inserted: z.number(), changed: z.number(), unchanged: z.number() }),
  ),
  markGone: call(
    z.object({
      entity: z.enum(['task_run', 'flow_run', 'flow', 'deployment']),
      ids: z.array(z.string()),
      at: z.number(),
    }),
    none,
  ),
  unfinished: call(z.object({ entity: z.enum(['task_run', 'flow_run']) }), z.array(z.string())),
  stubs: call(
    z.object({ entity: z.enum(['task_run', 'flow_run', 'flow', 'deployment']), limit: z.number() }),
    z.array(z.string()),
  ),
  state: call(z.object({ key: z.string() }), z.unknown()),
  setState: call(z.object({ key: z.string(), value: z.unknown() }), none),
  saveActivity: call(z.object({ id: z.string(), activity: runActivitySchema }), none),
  close: call(none, none),
};

export const connectionSchema = z.object({
  api_url: z.string(),
  auth: z.object({ scheme: z.enum(['api_key', 'basic']), secret: z.string() }).nullable(),
  headers: z.record(z.string(), z.string()),
  insecure_tls: z.boolean(),
  ca_file: z.string().nullable(),
});
export type Connection = z.infer<typeof connectionSchema>;

export const syncItemSchema = z.object({
  status: syncStatusSchema.omit({ workspace: true, paused: true, live: true, next: true }),
  /** the server's database, once it is known */
  dialect: dialectSchema.nullable(),
});

export const syncContract = {
  /** one sync from where the last stopped; ends when it is through, cancelled by ending the stream */
  run: stream(z.object({ connection: connectionSchema, since: z.number().nullable() }), syncItemSchema),
  activity: call(z.object({ connection: connectionSchema, id: z.string() }), runActivitySchema),
};

export const apiRequestSchema = z.object({
  method: z.string(),
  /** from `/api` on, with its query string */
  path: z.string(),
  contentType: z.string().nullable(),
  body: z.string(),
});
export type ApiRequest = z.infer<typeof apiRequestSchema>;

const asked = contract['query.ask'].input.omit({ workspace: true });
export const queryContract = {
  open: call(
    z.object({ path: z.string(), dialect: dialectSchema, watchFile: z.boolean() }),
    z.object({ version: z.number(), total: z.number() }),
  ),
  setDialect: call(z.object({ dialect: dialectSchema }), none),
  ask: call(asked, answerSchema),
  rows: call(z.object({ result: z.string(), rows: span }), z.array(taskRunRowSchema)),
  position: call(z.object({ result: z.string(), id: z.string() }), z.object({ position: z.number().nullable() })),
  counts: call(z.object({ queries: z.array(querySchema) }), z.array(z.number())),
  watch: stream(none, z.object({ version: z.number(), total: z.number(), changed: z.array(z.string()) })),
  run: call(z.object({ id: z.string() }), taskRunDetailSchema),
  activity: call(z.object({ id: z.string() }), runActivitySchema.nullable()),
  stats: call(none, z.object({ version: z.number(), task_runs: z.number(), state: z.record(z.string(), z.unknown()) })),
  api: call(apiRequestSchema, z.object({ status: z.number(), body: z.string() })),
  /** header line first, then rows; each chunk is whole lines */
  csv: stream(
    z.object({ query: querySchema, columns: z.array(z.string()), spreadsheet: z.boolean() }),
    z.object({ chunk: bytes, rows: z.number(), total: z.number() }),
  ),
  close: call(none, none),
};

export const demoContract = {
  address: call(none, z.object({ api_url: z.string() })),
};
