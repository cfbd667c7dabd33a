/** What `doctor` asks of an archive that is not open. Changes nothing. */
import type { SyncStatus } from '../../contract/sync.ts';
import { openForReading } from '../../store/file/archive-file.ts';
import { readState } from '../../store/state.ts';

/** Reads the whole file: SQLite's own complaints, at most 20; [] when the file is sound. Throws NOT_FOUND, ARCHIVE_NEWER, ARCHIVE_DAMAGED. About 1 s per GB. */
export function archiveProblems(path: string): string[] {
  const { db, close } = openForReading(path);
  try {
    const rows = db.pragma('quick_check(20)') as { quick_check: string }[];
    return rows.map((row) => row.quick_check).filter((line) => line !== 'ok');
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
