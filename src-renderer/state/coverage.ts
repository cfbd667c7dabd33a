/** What the archive holds and when that was last checked, as the footer says it. */
import type { SyncStatus } from '../../src-main/contract/sync.ts';

type Words = { day(micros: number): string; ago(micros: number): string };

/** null until the first status is there */
export function coverageWords(
  status: SyncStatus | null,
  words: Words,
): { coverage: string; checked: string | null } | null {
  if (!status) return null;
  const coverage =
    status.complete_since !== null
      ? `Every run since ${words.day(status.complete_since)}`
      : status.phase === 'running'
        ? 'First sync under way'
        : status.resumable
          ? 'Not all runs are here yet'
          : status.last_success === null
            ? 'Never synced'
            : 'No runs on the server';
  const checked = status.last_success === null ? null : `checked ${words.ago(status.last_success)}`;
  return { coverage, checked };
}
