/** What `doctor` asks of an archive that is not open. Changes nothing. */
import type { SyncStatus } from '../../contract/sync.ts';
import { openForReading } from '../../store/file/archive-file.ts';
import { storeError } from '../../store/file/errors.ts';
import { examine } from '../../store/file/examine.ts';
import { readState } from '../../store/state.ts';

/**
 * Reads the whole file: SQLite's own complaints, at most 20, else what is wrong with the first row that cannot be read; [] when the file is
 * sound. SQLite does not see a flipped bit within a row. Throws NOT_FOUND, ARCHIVE_NEWER, ARCHIVE_DAMAGED. About 15 s at a million rows.
 */
export function archiveProblems(path: string): string[] {
  const { db, close } = openForReading(path);
  try {
    const rows = db.pragma('quick_check(20)') as { quick_check: string }[];
    const found = rows.map((row) => row.quick_check).filter((line) => line !== 'ok');
    if (found.length === 0) examine(db, path, true);
    return found;
  } catch (thrown) {
    const error = storeError(thrown, path);
    if (error.code !== 'ARCHIVE_DAMAGED') throw error;
    return [error.message];
  } finally {
    close();
  }
}

/** How the last sync ended, as the archive keeps it; null: never synced, no archive, or one that cannot be read. */
export function storedSync(path: string): Partial<SyncStatus> | null {
  try {
    const { db, close } = openForReading(path);
    try {
      const stored = readState(db.prepare('SELECT value FROM state WHERE key = ?').pluck(), 'sync.status');
      return typeof stored === 'object' ? stored : null;
    } finally {
      close();
    }
  } catch {
    return null;
  }
}
