/** A saved view: a question, its columns and what it is grouped by. */
import { z } from 'zod';
import { bounded } from './bounded.ts';
import { listGroupingSchema, querySchema } from './query.ts';

export const presetSchema = z.object({
  id: z.string(),
  name: z.string().trim().min(1).max(80),
  /** where it stands in the panel; '': in no folder */
  folder: z.string().trim().max(80).default(''),
  query: querySchema,
  /** what the ids in the question were called when it was saved, by id: another workspace has other ids for the same flows */
  names: bounded(z.record(z.string(), z.string()), 10_000).default({}),
  /** field paths in order; null: the columns stay as they are */
  columns: z.array(z.string()).max(500).nullable(),
  /** how many of the first of them stay in place while the list is scrolled sideways */
  frozen: z.number().int().min(0).max(500).default(0),
  /** the list in groups; null: single runs. Left out, as by an older Taskscope: the list stays as it is */
  group: listGroupingSchema.nullable().optional(),
  /** shipped with the app: may be hidden, not changed */
  builtin: z.boolean(),
});
export type Preset = z.infer<typeof presetSchema>;

/** A preset without what makes it one of this machine. */
export const savedPresetSchema = presetSchema.omit({ id: true, builtin: true });
export type SavedPreset = z.infer<typeof savedPresetSchema>;
