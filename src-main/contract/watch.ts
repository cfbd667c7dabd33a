/** A watched preset: it tells when runs come to match it. A watch belongs to one workspace. */
import { z } from 'zod';

/** Watches of all workspaces together. */
export const MOST_WATCHES = 64;
/** Ids of new matches that are handed to the window, the newest; the count goes on. */
export const MOST_MARKED = 1000;

/** Minutes of a day, 0 to 1439; from 22:00 to 07:00 is over midnight, and `from` equal to `to` is no hour at all. */
const minute = z.number().int().min(0).max(1439);
export const quietHoursSchema = z.object({
  from: minute,
  to: minute,
  /** IANA name of the person's zone */
  zone: z.string().max(64),
});
export type QuietHours = z.infer<typeof quietHoursSchema>;

const watchedSchema = z.object({
  workspace: z.string(),
  preset: z.string(),
  /** new matches that nobody has looked at */
  count: z.number(),
  /** their runs, the newest MOST_MARKED */
  ids: z.array(z.string()),
});
export type Watched = z.infer<typeof watchedSchema>;

/** `number`: grows by one with each notice of this process. The window shows one that it sees come, not one that stood there before. */
const noticeSchema = z.object({
  number: z.number(),
  title: z.string(),
  body: z.string(),
  /** what a click opens */
  workspace: z.string(),
  preset: z.string(),
});
export type Notice = z.infer<typeof noticeSchema>;

export const watchNewsSchema = z.object({
  watches: z.array(watchedSchema),
  /** the last notice, for windows that show it themselves; null where the shell shows it, and before the first */
  notice: noticeSchema.nullable(),
  /** a notice of the shell was clicked: the window is to open what it is about */
  opened: z.object({ number: z.number(), workspace: z.string(), preset: z.string() }).nullable(),
});
export type WatchNews = z.infer<typeof watchNewsSchema>;
