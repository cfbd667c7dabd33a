/** What a sync asks of an archive and is told by it: between `sync/` and `store/`, which do not know each other. */

/** Which ids to list: by expected start (µs, bounds included, null: no bound); runs that have none; or all. */
export type IdRange = { from: number | null; to: number | null } | 'without_start' | 'all';

/** How many rows a write has inserted, changed, and found to be as they were. */
export type WriteCounts = { inserted: number; changed: number; unchanged: number };

/** Ids of work pools or work queues: new or back, with another name, and lost by the server. */
export type DocumentChanges = { added: string[]; renamed: string[]; gone: string[] };

/**
 * Which runs' activity to read by rule: runs in one of the states that ended in [from, to] (µs by the server's clock), whose activity is
 * missing, or was read before they changed or before `settle` µs after their end. Newest first, at most `limit`.
 */
export type DueActivities = { states: string[]; from: number; to: number; settle: number; limit: number };
/** `stamp`: µs; what the run was like when it was due. Kept with its activity, so that it is due again only when it has changed. */
export type DueRun = { id: string; stamp: number };
