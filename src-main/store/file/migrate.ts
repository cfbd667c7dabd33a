/**
 * Makes the tables of a new file, and brings an older file to the newest version: one step at a time, each in one transaction. An older
 * file is copied first, since the archive may hold what the server has forgotten. `user_version` is the version of the tables.
 */
import { copyFileSync, constants, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Database } from 'better-sqlite3';
import { AppError } from '../../contract/errors.ts';
import { schemaSql } from './schema.ts';
import { dropViewsSql, viewsSql } from './views.ts';

/** Leads from `version` - 1 to `version`. `move`: what SQL alone cannot do, after `sql` and in the same transaction. */
export type Migration = { version: number; sql: string; move?: (db: Database) => void };

/**
 * In order, from version 2 on; a new file is made with today's tables at once and runs none of them. A step that was released is never
 * changed: a change of the tables is a new step, in which `addColumnSql` adds a column.
 */
export const migrations: readonly Migration[] = [];

const FIRST = 1;

export function newestVersion(steps: readonly Migration[] = migrations): number {
  return steps.at(-1)?.version ?? FIRST;
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
    if (step.version !== FIRST + 1 + i) throw new AppError('INTERNAL', `migration ${step.version} is out of order`);
  });
  refuseNewer(db, path, steps);
  const from = versionOf(db);
  const newest = newestVersion(steps);
  if (from === newest) return null;
  if (from === 0) {
    inTransaction(db, newest, () => db.exec(schemaSql));
    return null;
  }
  const copy = copyFirst(db, path, from);
  for (const step of steps.slice(from - FIRST))
    inTransaction(db, step.version, () => {
      // SQLite refuses to drop or rename what a view names, and the views are to name the columns of today
      db.exec(dropViewsSql);
      db.exec(step.sql);
      step.move?.(db);
      db.exec(viewsSql);
    });
  removeOlderCopies(path, copy);
  return copy;
}

function inTransaction(db: Database, version: number, work: () => void): void {
  db.exec('BEGIN IMMEDIATE');
  try {
    work();
    db.pragma(`user_version = ${version}`);
    db.exec('COMMIT');
  } catch (thrown) {
    if (db.inTransaction) db.exec('ROLLBACK');
    throw thrown;
  }
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
