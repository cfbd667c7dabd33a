/** Makes the sync status of a workspace at opening and at the beginning of a sync. */
import { newStatus, skippedSchema, type SyncStatus } from '../../contract/sync.ts';

/** The status before any sync of this run of the program. `stored`: the one that the last run left in the archive. */
export function initialStatus(workspace: string, stored: unknown): SyncStatus {
  const empty = newStatus(workspace);
  if (typeof stored !== 'object' || stored === null) return empty;
  const kept = syncStatusKept(stored);
  return { ...empty, ...kept };
}

/** The members that outlive a run of the program; a stored phase would be false. */
function syncStatusKept(stored: object): Partial<SyncStatus> {
  const number = (value: unknown) => (typeof value === 'number' ? value : null);
  const record = stored as Record<string, unknown>;
  const skipped = skippedSchema.safeParse(record.skipped);
  return {
    last_success: number(record.last_success),
    checked: number(record.checked) ?? number(record.last_success),
    complete_since: number(record.complete_since),
    verified_since: number(record.verified_since),
    finished: number(record.finished),
    resumable: record.resumable === true,
    skipped: skipped.success ? skipped.data : { count: 0, rows: [] },
  };
}
