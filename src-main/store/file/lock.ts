/**
 * Makes sure that only one Taskscope writes a data folder. The lock is SQLite's own lock on a small file beside the archives: the system
 * drops it when the process ends, however it ends, so no stale lock is ever left. The file also says who holds it.
 */
import { hostname } from 'node:os';
import { join } from 'node:path';
import Sqlite, { type Database } from 'better-sqlite3';
import { z } from 'zod';
import { AppError } from '../../contract/errors.ts';
import { errorName, storeError } from './errors.ts';
import { createPrivate, makePrivate } from './private.ts';

type Lock = { release(): void };

/** `since`: µs */
const holderSchema = z.object({ pid: z.number(), host: z.string(), since: z.number() });
type Holder = z.infer<typeof holderSchema>;

/** ms; another process that starts at the same moment first writes its name */
const WAIT = 200;
const RETRIES = 3;

/** Throws FOLDER_IN_USE with `pid`, `host` and `since` (µs) of who holds it, FOLDER_READ_ONLY, DISK_FULL. */
export function lockFolder(dir: string): Lock {
  const path = join(dir, 'taskscope.lock');
  let db: Database | null = null;
  try {
    createPrivate(path);
    makePrivate(path);
    db = new Sqlite(path, { timeout: WAIT });
    hold(db, { pid: process.pid, host: hostname(), since: Date.now() * 1000 });
    return releasing(db);
  } catch (thrown) {
    const holder = db && errorName(thrown).startsWith('SQLITE_BUSY') ? readHolder(db) : null;
    db?.close();
    if (!holder) throw storeError(thrown, path);
    const message = `${dir} is held by process ${holder.pid} on ${holder.host}`;
    throw new AppError('FOLDER_IN_USE', message, { path: dir, ...holder }, thrown);
  }
}

/** The holder's name must be committed, so that others can read it, before the lock is taken again; another process may take it in between. */
function hold(db: Database, me: Holder): void {
  db.pragma('journal_mode = DELETE');
  for (let attempt = 0; attempt < RETRIES; attempt++) {
    db.exec('BEGIN IMMEDIATE');
    const there = readHolder(db);
    if (there && there.pid === me.pid && there.host === me.host && there.since === me.since) return;
    db.exec('CREATE TABLE IF NOT EXISTS holder (one INTEGER PRIMARY KEY CHECK (one = 1), who TEXT NOT NULL)');
    db.prepare('INSERT OR REPLACE INTO holder VALUES (1, ?)').run(JSON.stringify(me));
    db.exec('COMMIT');
  }
  throw new AppError('FOLDER_IN_USE', 'another program is taking the folder', { path: db.name });
}

function readHolder(db: Database): Holder | null {
  try {
    const text = db.prepare('SELECT who FROM holder').pluck().get();
    return typeof text === 'string' ? holderSchema.parse(JSON.parse(text)) : null;
  } catch {
    return null; // there is no table yet, or another process is writing it at this moment
  }
}

function releasing(db: Database): Lock {
  return {
    release() {
      if (!db.open) return;
      db.exec('ROLLBACK');
      db.close();
    },
  };
}
