/** How often an archive asks its server by itself. */
import { METERED_EVERY, type SyncStatus } from '../../contract/sync.ts';

/**
 * Syncs are this much rarer while the server sends events. A sync reads everything since the last one, however long ago that was, so
 * changes that events leave out (by REST, from an overflowed queue) come later and are never lost.
 */
const RARER = 2;

/** Seconds between two syncs by the clock; 0: none. `every`: as the person has set it. */
export function secondsBetween(
  { paused, metered, live }: Pick<SyncStatus, 'paused' | 'metered' | 'live'>,
  every: number,
) {
  if (paused || every <= 0) return 0;
  if (metered) return Math.max(every, METERED_EVERY);
  return every * (live === 'on' ? RARER : 1);
}

/** Whether a sync starts when the archive is opened: on a metered connection at most one per METERED_EVERY. `now`: µs. */
export function mayBegin({ paused, metered, last_success }: SyncStatus, now: number): boolean {
  if (paused) return false;
  return !metered || last_success === null || now - last_success >= METERED_EVERY * 1_000_000;
}
