/** Whether an archive asks its server by itself when it is opened. */
import { METERED_EVERY, type SyncStatus } from '../../contract/sync.ts';

/** Whether a sync starts when the archive is opened: on a metered connection at most one per METERED_EVERY. `now`: µs. */
export function mayBegin({ paused, metered, last_success }: SyncStatus, now: number): boolean {
  if (paused) return false;
  return !metered || last_success === null || Math.abs(now - last_success) >= METERED_EVERY * 1_000_000;
}
