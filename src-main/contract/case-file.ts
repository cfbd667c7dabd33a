/**
 * A case file: chosen runs, handed over as one file. It is a zip of an ordinary archive (`archive.sqlite`) and this manifest
 * (`manifest.json`), and nothing else.
 */
import { z } from 'zod';
import { dialectSchema, querySchema } from './query.ts';

export const CASE_ENDING = '.taskscope';
/** Raised by a change that an older Taskscope would misread. */
export const CASE_VERSION = 1;
/** Runs in one case file: a case is for reading, and the activity of each run is read from the server first. */
export const MOST_CASE_RUNS = 2_000;

const count = z.number().int().min(0);

/** What is in a case file; a person sees it before the file is written and after it was opened. */
export const caseContentsSchema = z.object({
  task_runs: count,
  flow_runs: count,
  /** task runs of which states, logs and artifacts are in it */
  with_activity: count,
  states: count,
  log_lines: count,
  artifacts: count,
  /** names of the flow runs' parameters, whose values are in it; the first 50 */
  parameters: z.array(z.string()).max(50),
});
export type CaseContents = z.infer<typeof caseContentsSchema>;

export const caseManifestSchema = z.object({
  format: z.literal('taskscope-case'),
  version: z.number().int().min(1),
  /** ISO 8601, UTC */
  made: z.string().max(40),
  /** version of the Taskscope that made it */
  app: z.string().max(40),
  /** name of the workspace the runs are from */
  workspace: z.string().max(100),
  /** address of its server, without any secret; null for the demo */
  server: z.string().max(2000).nullable(),
  dialect: dialectSchema,
  /** the view in which the runs were chosen; relative times are moments */
  view: z.object({ query: querySchema, columns: z.array(z.string()).max(500) }),
  contents: caseContentsSchema,
  archive: z.object({ bytes: count, sha256: z.string().regex(/^[0-9a-f]{64}$/) }),
});
export type CaseManifest = z.infer<typeof caseManifestSchema>;
