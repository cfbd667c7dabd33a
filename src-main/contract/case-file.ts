/**
 * A case file: chosen runs, handed over as one file. It is a zip of an ordinary archive (`archive.sqlite`) and this manifest
 * (`manifest.json`), and nothing else.
 */
import { z } from 'zod';
import { noteSchema } from './note.ts';
import { dialectSchema, querySchema } from './query.ts';

export const CASE_ENDING = '.taskscope';
/** Raised by a change that an older Taskscope would misread. */
export const CASE_VERSION = 1;
/** Notes in one case file: those of its runs, of their flow runs and of their failures. */
export const MOST_CASE_NOTES = 10_000;
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
  /** notes and bookmarks on the runs, on their flow runs and on their failures; what was marked as seen is not among them */
  notes: count.default(0),
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
  notes: z.array(noteSchema).max(MOST_CASE_NOTES).default([]),
});
export type CaseManifest = z.infer<typeof caseManifestSchema>;

/** What a window is told of a case file that is open: its notes come with its runs. */
export const caseAboutSchema = caseManifestSchema.omit({ notes: true });
export type CaseAbout = z.infer<typeof caseAboutSchema>;
