/**
 * A flow run as a whole, in the pieces in which it is read: its head, then its task runs from the index, then what only their JSON and their
 * kept states say. A piece holds columns: lists of one length, a place for each task run.
 */
import { z } from 'zod';
import { logLineSchema } from './run.ts';

const text = z.string().nullable();
const micros = z.number().nullable();

const factsSchema = z.object({
  id: z.string(),
  name: text,
  state_type: text,
  state_name: text,
  /** µs */
  expected_start_time: micros,
  start_time: micros,
  end_time: micros,
});

/** A flow run that a task run of this one has started. */
const subflowSchema = factsSchema.extend({
  parent_task_run_id: z.string(),
  flow_name: text,
  /** its own task runs in the archive */
  runs: z.number(),
});
export type Subflow = z.infer<typeof subflowSchema>;

const headSchema = factsSchema.extend({
  kind: z.literal('head'),
  flow_name: text,
  deployment_name: text,
  run_count: z.number().nullable(),
  /** seconds */
  total_run_time: z.number().nullable(),
  tags: z.array(z.string()),
  /** µs; when a sync first saw that the server no longer has it */
  gone: micros,
  /** the row's JSON text as the server sent it; null: only the flow run's id is known here */
  json: text,
  /** the flow run whose task run has started this one */
  parent: z.object({ flow_run_id: text, flow_run_name: text, task_run_id: z.string(), task_run_name: text }).nullable(),
  /** task runs in the archive */
  runs: z.number(),
  subflows: z.array(subflowSchema),
});
export type FlowRunHead = z.infer<typeof headSchema>;

const runsSchema = z.object({
  kind: z.literal('runs'),
  /** place of the first task run of the piece among all */
  from: z.number(),
  id: z.array(z.string()),
  name: z.array(text),
  task_key: z.array(text),
  state_type: z.array(text),
  state_name: z.array(text),
  /** µs */
  state_timestamp: z.array(micros),
  expected_start_time: z.array(micros),
  start_time: z.array(micros),
  end_time: z.array(micros),
  run_count: z.array(z.number()),
  /** seconds, all attempts together */
  total_run_time: z.array(z.number()),
});
export type FlowRunRuns = z.infer<typeof runsSchema>;

/** A state that is kept of a task run: place of the task run, type, name, µs. */
const keptStateSchema = z.tuple([z.number(), z.string(), z.string(), z.number()]);

const linksSchema = z.object({
  kind: z.literal('links'),
  from: z.number(),
  dynamic_key: z.array(text),
  /** places of the task runs of this flow run whose results it was given, each once */
  upstream: z.array(z.array(z.number())),
  /** results of runs that are not in this flow run, or not in the archive */
  outside: z.array(z.number()),
  states: z.array(keptStateSchema),
  /** of the piece's runs, those whose states and logs are kept */
  kept: z.number(),
});
export type FlowRunLinks = z.infer<typeof linksSchema>;

export const flowRunItemSchema = z.discriminatedUnion('kind', [headSchema, runsSchema, linksSchema]);
export type FlowRunItem = z.infer<typeof flowRunItemSchema>;

/** Its own lines, then those of all its task runs: run by run, each run's by time. */
export const flowRunLogsSchema = z.object({
  /** task runs looked at so far, and of these, those whose logs are kept */
  done: z.number(),
  kept: z.number(),
  /** the flow run's own are kept */
  own: z.boolean(),
  /** of the runs in this piece, those of which only the first lines are here */
  cut: z.number(),
  /** the bounds of the merged log are reached: further lines are kept and not sent */
  full: z.boolean(),
  /** `run`: the id of the task run or of the flow run */
  lines: z.array(logLineSchema.extend({ run: z.string() })),
});
export type FlowRunLogs = z.infer<typeof flowRunLogsSchema>;
export type FlowRunLine = FlowRunLogs['lines'][number];

/** Most of a flow run's merged log, all answers together, since the window holds all of it: 200 characters are an ordinary line. */
export const MOST_MERGED = { lines: 200_000, characters: 40_000_000 };
