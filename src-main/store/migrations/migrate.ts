/**
 * Brings a file to the newest version, one step at a time, each in one transaction. An existing file is copied first: the
 * archive may hold what the server has forgotten. `user_version` is the number of the last step that ran.
 */
import { copyFileSync, constants, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Database } from 'better-sqlite3';
import { AppError } from '../../contract/errors.ts';
import * as archive from './0001-archive.ts';
import * as frames from './0002-frames.ts';
import * as documents from './0003-documents.ts';
import * as rowJson from './0004-row-json.ts';
import * as failure from './0005-failure.ts';

/** `move`: what SQL alone cannot do, after `sql` and in the same transaction. */
export type Migration = { version: number; sql: string; move?: (db: Database) => void };

/** In order. A step that was released is never changed; a change is a new step. */
export const migrations: readonly Migration[] = [archive, frames, documents, rowJson, failure];

export function newestVersion(steps: readonly Migration[] = migrations): number {
  return steps.at(-1)?.version ?? 0;
}

export function versionOf(db: Database): number {
  return db.pragma('user_version', { simple: true }) as number;
}

/** Throws ARCHIVE_NEWER. */
export function refuseNewer(db: Database, path: string, steps: readonly Migration[] = migrations): void {
  const version = versionOf(db);
  const known = newestVersion(steps);
  if (version > known) {
    const message = `${path} has version ${version}, this Taskscope knows ${known}`;
    throw new AppError('ARCHIVE_NEWER', message, { path, version, known });
  }
}

/** Returns where the copy of the old file is, null when none was needed. Throws ARCHIVE_NEWER and what SQLite and the file system throw. */
export function migrate(db: Database, path: string, steps: readonly Migration[] = migrations): string | null {
  steps.forEach((step, i) => {
    if (step.version !== i + 1) throw new AppError('INTERNAL', `migration ${step.version} is out of order`);
  });
  refuseNewer(db, path, steps);
  const from = versionOf(db);
  if (from === newestVersion(steps)) return null;
  const copy = from > 0 ? copyFirst(db, path, from) : null;
  for (const step of steps.slice(from)) {
    db.exec('BEGIN IMMEDIATE');
    try {
      db.exec(step.sql);
      step.move?.(db);
      db.pragma(`user_version = ${step.version}`);
      db.exec('COMMIT');
    } catch (thrown) {
      if (db.inTransaction) db.exec('ROLLBACK');
      throw thrown;
    }
  }
  if (copy) removeOlderCopies(path, copy);
  return copy;
}

function copyName(path: string, version: number): string {
  return `${path}.before-v${version + 1}`;
}

function copyFirst(db: Database, path: string, version: number): string {
  db.pragma('wal_checkpoint(TRUNCATE)');
  const copy = copyName(path, version);
  const partial = `${copy}.partial`;
  try {
    copyFileSync(path, partial, constants.COPYFILE_FICLONE);
    renameSync(partial, copy);
  } finally {
    rmSync(partial, { force: true });
  }
  return copy;
}

/** One copy is enough, and an archive is large. */
function removeOlderCopies(path: string, keep: string): void {
  for (const name of readdirSync(dirname(path))) {
    const found = join(dirname(path), name);
    if (name.startsWith(`${basename(path)}.before-v`) && found !== keep) rmSync(found, { force: true });
  }
}
