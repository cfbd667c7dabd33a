/** Opens an archive file: connection settings, migration, and replacement of a damaged file. */
import { constants, copyFileSync, existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import Sqlite, { type Database } from 'better-sqlite3';
import { AppError } from '../../contract/errors.ts';
import { errorName, storeError } from './errors.ts';
import { networkFileSystem } from './network.ts';
import { createPrivate, makePrivate, PRIVATE_FILE } from './private.ts';
import { examine } from './examine.ts';
import { migrate, newestVersion, refuseNewer, versionOf } from './migrate.ts';
import { finishReplacing, replaceDamaged } from './replace-damaged.ts';
import { shrink } from '../write/retention.ts';
import type { OpenTarget, SalvageProgress } from './salvage.ts';

export type Opened = { db: Database; notice: AppError | null };

/** `openTarget` makes the new archive that a damaged one is salvaged into. Throws ARCHIVE_NEWER, DISK_FULL, FOLDER_READ_ONLY, FOLDER_IN_USE. */
export function openForWriting(
  path: string,
  openTarget: OpenTarget,
  onSalvage: (progress: SalvageProgress) => void,
): Opened {
  try {
    finishReplacing(path);
    rollBack(path);
    const opened = findDamage(path) ?? connectOrDamage(path);
    const notice = opened instanceof AppError ? replaceDamaged(path, opened, openTarget, onSalvage) : null;
    rmSync(suspectMark(path), { force: true });
    return { db: opened instanceof AppError ? connect(path) : opened, notice };
  } catch (thrown) {
    throw storeError(thrown, path);
  }
}

/**
 * Undoes the transaction that a crash has cut short where there is no WAL, on a network file system. Until then a connection that only
 * reads, as the one that looks for damage, is refused.
 */
function rollBack(path: string): void {
  if (!existsSync(`${path}-journal`) || !existsSync(path)) return;
  let db: Database | null = null;
  try {
    db = new Sqlite(path, { fileMustExist: true });
    db.pragma('schema_version'); // the first read does it
  } catch {
    // what is wrong with the file is found, and said, by the connections that follow
  } finally {
    db?.close();
  }
}

/** A migration may read every row, and so find damage that `examine` did not. Throws every other error. */
function connectOrDamage(path: string): Database | AppError {
  try {
    return connect(path);
  } catch (thrown) {
    return damageOf(thrown, path);
  }
}

/** Returns damage as an error; throws every other error. */
function damageOf(thrown: unknown, path: string): AppError {
  const error = storeError(thrown, path);
  if (error.code !== 'ARCHIVE_DAMAGED') throw error;
  return error;
}

/** A file that gave a read error is examined fully at the next opening. */
export function suspectFile(path: string): void {
  try {
    writeFileSync(suspectMark(path), '', { mode: PRIVATE_FILE });
  } catch {
    // without the mark the next opening examines less; the error that led here reaches the person all the same
  }
}

function suspectMark(path: string): string {
  return `${path}.suspect`;
}

/** Why the file cannot be used; null when it is sound or missing. Throws ARCHIVE_NEWER and every error that is not damage. */
function findDamage(path: string): AppError | null {
  if (!existsSync(path) || statSync(path).size === 0) return null;
  let db: Database | null = null;
  try {
    // read-only: a writing connection would play the log into a damaged file when it closes
    db = new Sqlite(path, { readonly: true, fileMustExist: true });
    examine(db, path, existsSync(suspectMark(path)));
    return null;
  } catch (thrown) {
    return damageOf(thrown, path);
  } finally {
    db?.close();
  }
}

function connect(path: string): Database {
  createPrivate(path);
  makePrivate(path, `${path}-wal`, `${path}-shm`, `${path}.index`);
  const db = new Sqlite(path); // its -wal and -shm get the mode of the file
  try {
    db.pragma(`journal_mode = ${networkFileSystem(dirname(path)) === null ? 'WAL' : 'DELETE'}`);
    db.pragma('synchronous = NORMAL');
    // 4,000 pages: p95 of a 200-row transaction 2.7 ms instead of 14.6 at 1,000
    db.pragma('wal_autocheckpoint = 4000');
    db.pragma('journal_size_limit = 67108864');
    db.pragma('cache_size = -48000');
    db.pragma('temp_store = MEMORY');
    if (migrate(db, path) !== null) shrink(db);
    return db;
  } catch (thrown) {
    db.close();
    throw thrown;
  }
}

/**
 * Closes the file without a log beside it, so that the file alone is the archive: it can be copied, and read from a read-only folder.
 * While another connection reads it, or on a full disk, the log stays; nothing is lost by that.
 */
export function closeWritten(db: Database): void {
  try {
    db.pragma('busy_timeout = 0');
    db.pragma('journal_mode = DELETE');
  } catch {
    // every commit is already on the disk, in the file or in its log
  } finally {
    db.close();
  }
}

export type OpenedForReading = { db: Database; close(): void };

/** Throws NOT_FOUND when there is no file, ARCHIVE_NEWER, ARCHIVE_DAMAGED. */
export function openForReading(path: string): OpenedForReading {
  if (!existsSync(path)) throw new AppError('NOT_FOUND', `no archive at ${path}`, { path });
  try {
    return connectForReading(path);
  } catch (thrown) {
    throw storeError(thrown, path);
  }
}

function connectForReading(path: string): OpenedForReading {
  try {
    const db = connectAt(path, path);
    return { db, close: () => void db.close() };
  } catch (thrown) {
    // a crash left a log in a folder that has become read-only or full since: SQLite has to write beside the file even to read it
    if (!/^SQLITE_(CANTOPEN|READONLY|FULL|IOERR_(SHM|WRITE))/.test(errorName(thrown))) throw thrown;
    return readCopy(path);
  }
}

function readCopy(path: string): OpenedForReading {
  const dir = mkdtempSync(join(tmpdir(), 'taskscope-read-'));
  const remove = () => rmSync(dir, { recursive: true, force: true });
  try {
    const copy = join(dir, 'archive.sqlite');
    copyFileSync(path, copy, constants.COPYFILE_FICLONE);
    for (const log of ['-wal', '-journal']) if (existsSync(path + log)) copyFileSync(path + log, copy + log);
    rollBack(copy);
    const db = connectAt(copy, path);
    const close = () => {
      db.close();
      remove();
    };
    return { db, close };
  } catch (thrown) {
    remove();
    throw thrown;
  }
}

function connectAt(address: string, path: string): Database {
  const db = new Sqlite(address, { readonly: true, fileMustExist: true });
  try {
    refuseNewer(db, path);
    if (versionOf(db) < newestVersion())
      throw new AppError('FOLDER_READ_ONLY', `${path} must be upgraded first, by opening it for writing`, { path });
    // not mapped into memory: a page that cannot be read, or is cut off meanwhile, would end the process with SIGBUS; reading takes as long
    return db;
  } catch (thrown) {
    db.close();
    throw thrown;
  }
}
