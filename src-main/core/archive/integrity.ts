/** Checks an archive for `doctor`: reads the whole file and changes nothing. */
import { openForReading } from '../../store/file/archive-file.ts';

/** SQLite's own complaints, at most 20; [] when the file is sound. Throws NOT_FOUND, ARCHIVE_NEWER, ARCHIVE_DAMAGED. About 1 s per GB. */
export function archiveProblems(path: string): string[] {
  const { db, close } = openForReading(path);
  try {
    const rows = db.pragma('quick_check(20)') as { quick_check: string }[];
    return rows.map((row) => row.quick_check).filter((line) => line !== 'ok');
  } finally {
    close();
  }
}
