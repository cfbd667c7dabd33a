/** What a sync asks of an archive and is told by it: between `sync/` and `store/`, which do not know each other. */
import { AppError } from './errors.ts';
import type { Entity } from './fields.ts';

/** Which ids to list: by expected start (µs, bounds included, null: no bound); runs that have none; or all. */
export type IdRange = { from: number | null; to: number | null } | 'without_start' | 'all';

/** A row that cannot be stored, though others can: `reason` is SQLite's or that of the code which makes its columns. `id` null: it has none. */
export type RefusedRow = { entity: Entity; id: string | null; reason: string };

/** How many rows a write has inserted, changed, and found to be as they were; `refused`: rows that are not stored. */
export type WriteCounts = { inserted: number; changed: number; unchanged: number; refused?: RefusedRow[] };

/** Rows refused in one write; when none of it was stored either, the archive is at fault and not the rows. */
export const MOST_REFUSED = 64;

/** What is thrown for a single run's activity that cannot be stored, though others' can. */
export const refusedActivity = (reason: string, cause: unknown): AppError =>
  new AppError('INTERNAL', reason, { refused: 1 }, cause);
export const isRefused = (thrown: unknown): thrown is AppError =>
  thrown instanceof AppError && thrown.details['refused'] === 1;

/** Ids of work pools or work queues: new or back, with another name, and lost by the server. `refused`: those that cannot be stored. */
export type DocumentChanges = {
  added: string[];
  renamed: string[];
  gone: string[];
  refused?: { id: string; reason: string }[];
};

/**
 * Which runs' activity to read by rule: runs in one of the states that ended in [from, to] (µs by the server's clock), whose activity is
 * missing, or was read before they changed or before `settle` µs after their end. Newest first, at most `limit`.
 */
export type DueActivities = { states: string[]; from: number; to: number; settle: number; limit: number };
/** `stamp`: µs; what the run was like when it was due. Kept with its activity, so that it is due again only when it has changed. */
export type DueRun = { id: string; stamp: number };
