/** Opening the file itself: settings of the connection, version, and what to do with one that is damaged. */
import { existsSync, writeFileSync } from 'node:fs';
import Sqlite, { type Database } from 'better-sqlite3';
import { AppError } from '../contract/errors.ts';
import { storeError } from './errors.ts';
import { migrate, newestVersion, refuseNewer, versionOf } from './migrations/migrate.ts';

/** The largest SQLite was built to map: a random row is then read without a copy (performance.md §3: 200 rows 0.8 ms instead of 7.1). */
const MAP_BYTES = 2_147_418_112;

export type Opened = { db: Database; notice: AppError | null };

/** Throws ARCHIVE_NEWER, DISK_FULL, FOLDER_READ_ONLY, FOLDER_IN_USE. */
export function openForWriting(path: string): Opened {
  const db = connect(path);
  return { db, notice: null };
}

/** A file that gave a read error is examined fully at the next opening. */
export function suspectFile(path: string): void {
  try {
    writeFileSync(`${path}.suspect`, '');
  } catch {
    // the mark only saves time later: the error that led here is on its way to the person
  }
}

function connect(path: string): Database {
  let db: Database | null = null;
  try {
    db = new Sqlite(path);
    db.pragma('journal_mode = WAL');
    db.pragma('synchronous = NORMAL');
    // 4,000 pages: p95 of a 200-row transaction 2.7 ms instead of 14.6 at 1,000 (performance.md §1)
    db.pragma('wal_autocheckpoint = 4000');
    db.pragma('journal_size_limit = 67108864');
    db.pragma('cache_size = -48000');
    db.pragma('temp_store = MEMORY');
    migrate(db, path);
    return db;
  } catch (thrown) {
    db?.close();
    throw storeError(thrown, path);
  }
}

/** Throws NOT_FOUND when there is no file, ARCHIVE_NEWER, ARCHIVE_DAMAGED. */
export function openForReading(path: string): Database {
  if (!existsSync(path)) throw new AppError('NOT_FOUND', `no archive at ${path}`, { path });
  let db: Database | null = null;
  try {
    db = new Sqlite(path, { readonly: true, fileMustExist: true });
    db.pragma(`mmap_size = ${MAP_BYTES}`);
    refuseNewer(db, path);
    if (versionOf(db) < newestVersion())
      throw new AppError('FOLDER_READ_ONLY', `${path} must be upgraded first, by opening it for writing`, { path });
    return db;
  } catch (thrown) {
    db?.close();
    throw storeError(thrown, path);
  }
}
