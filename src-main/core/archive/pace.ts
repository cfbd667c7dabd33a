/** How often an archive asks its server by itself. */
import { METERED_EVERY, type SyncStatus } from '../../contract/sync.ts';

/**
 * Passes are this much rarer while the server tells what changes. A pass reads everything since the last one, however long
 * ago: what events leave out (changes by REST, an overflowed queue) comes later, never not at all.
 */
const RARER = 2;

/** Seconds between two passes by the clock; 0: none. `every`: as the person has set it. */
export function secondsBetween(
  { paused, metered, live }: Pick<SyncStatus, 'paused' | 'metered' | 'live'>,
  every: number,
) {
  if (paused || every <= 0) return 0;
  if (metered) return Math.max(every, METERED_EVERY);
  return every * (live === 'on' ? RARER : 1);
}

/** Is a pass due when the archive is opened? On a metered connection not so soon after the last one. `now`: µs. */
export function mayBegin({ paused, metered, last_success }: SyncStatus, now: number): boolean {
  if (paused) return false;
  return !metered || last_success === null || now - last_success >= METERED_EVERY * 1_000_000;
}
