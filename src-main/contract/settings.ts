/** The window's settings. */
import { z } from 'zod';
import { bounded } from './bounded.ts';
import { delimiters, formatsOf } from './export.ts';
import { quietHoursSchema } from './watch.ts';
import { conditionSchema } from './query.ts';

/** Seconds between two syncs, at most a day; 0: only when asked. */
export const syncEverySchema = z.number().min(0).max(86_400);
const pixels = z.number().min(0).max(10_000);

/** What the export dialog was set to last. */
const exportChoiceSchema = z.object({
  format: z.enum(formatsOf.runs).default('csv'),
  /** the columns of the list, the usual set, `columns`, or the server's own rows */
  which: z.enum(['shown', 'usual', 'chosen', 'raw']).default('shown'),
  columns: z.array(z.string()).max(500).default([]),
  /** null: as the system's locale has it */
  delimiter: z.enum(delimiters).nullable().default(null),
  spreadsheet: z.boolean().default(true),
  header: z.enum(['key', 'title']).default('key'),
  local_times: z.boolean().default(false),
  tags: z.enum(['json', 'joined']).default('json'),
  by_day: z.boolean().default(false),
});
export type ExportChoice = z.infer<typeof exportChoiceSchema>;

/** What the window showed last; `place`: as place.ts writes it, `row`: the first on screen, `chosen`: ids. */
const leftAtSchema = z.object({
  place: z.string().max(200_000),
  row: z.number().int().min(0).max(1_000_000_000),
  chosen: z.array(z.string()).max(1000),
});

/** Questions that are kept of one workspace. */
export const MOST_RECENT = 12;
/** `text`: as it is typed, with the names of its day. */
const recentQuerySchema = z.object({ where: conditionSchema, text: z.string().max(2_000) });
export type RecentQuery = z.infer<typeof recentQuerySchema>;

/** Window settings. Kept by main, since a browser page has a new origin at every start. */
export const settingsSchema = z.object({
  theme: z.enum(['system', 'light', 'dark']).default('system'),
  time_zone: z.enum(['local', 'utc']).default('local'),
  workspace: z.string().nullable().default(null),
  /** field → width in px, in the order of `columns` */
  columns: z
    .array(z.object({ field: z.string(), width: pixels }))
    .max(500)
    .nullable()
    .default(null),
  /** how many of the first `columns` stay in place while the list is scrolled sideways */
  frozen_columns: z.number().int().min(0).max(500).default(0),
  panel_width: pixels.default(244),
  detail_width: pixels.default(408),
  /** seconds between two syncs, for workspaces that were not given a pace of their own; 0: only when asked */
  sync_every: syncEverySchema.default(30),
  closed_sections: z.array(z.string()).max(1000).default([]),
  /** ids, the first on top */
  pinned_presets: z.array(z.string()).max(1000).default([]),
  /** workspace → id of the preset it opens with; others open with every run */
  default_presets: bounded(z.record(z.string(), z.string()), 1000).default({}),
  /** workspace → the questions that stood on screen for a while, newest first */
  recent_queries: bounded(z.record(z.string(), z.array(recentQuerySchema).max(MOST_RECENT)), 1000).default({}),
  export_choice: exportChoiceSchema.default(exportChoiceSchema.parse({})),
  /** where a file was exported to last; null: the system's folder for downloads */
  export_folder: z.string().nullable().default(null),
  /** how to connect a server of one's own is said while there is only demo data, until it is dismissed */
  demo_hint: z.boolean().default(true),
  /** action of the window → its key, in the place of those it comes with; see shortcuts.ts */
  keys: bounded(z.record(z.string().max(40), z.string().max(40)), 1000).default({}),
  /** a window begins where the last one ended, unless its workspace has a default preset */
  left_at: leftAtSchema.nullable().default(null),
  /** when watched presets tell nothing; null: they always do */
  quiet_hours: quietHoursSchema.nullable().default(null),
});
export type Settings = z.infer<typeof settingsSchema>;

const { shape } = settingsSchema;
type Shape = { [Name in keyof typeof shape]: ReturnType<(typeof shape)[Name]['removeDefault']> };
const withoutDefaults = Object.entries(shape).map(([name, setting]) => [name, setting.removeDefault()]);
/** A change of some settings. Without the defaults, which zod fills in for what is left out of a `partial`, too. */
export const settingsChangeSchema = z.object(Object.fromEntries(withoutDefaults) as Shape).partial();
