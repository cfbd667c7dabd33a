/**
 * Checks that a file is a sound archive. Every opening checks the first, the last and some other rows of each table, in milliseconds.
 * Everything is read only after an error was met in use: about 15 s at a million rows.
 */
import type { Database } from 'better-sqlite3';
import { AppError } from '../../contract/errors.ts';
import { entities } from '../../contract/fields.ts';
import { Dictionaries } from '../json/dictionary.ts';
import { jsonTable } from '../json/json-table.ts';
import { columnNames } from '../layout.ts';
import { newestVersion, refuseNewer, versionOf } from './migrate.ts';
import { openRow } from '../json/row-json.ts';
import { APPLICATION_ID } from './schema.ts';

const SAMPLES = 24;

/** `fully`: reads everything. Throws ARCHIVE_NEWER; ARCHIVE_DAMAGED or SQLite's own error when the file is not sound. */
export function examine(db: Database, path: string, fully: boolean): void {
  const number = (sql: string) => db.prepare(sql).pluck().get() as number;
  if (number('SELECT count(*) FROM sqlite_schema') === 0 && versionOf(db) === 0) return; // empty: it was created, and its tables were not yet made
  if ((db.pragma('application_id', { simple: true }) as number) !== APPLICATION_ID)
    throw damaged(path, 'it is another program’s file');
  refuseNewer(db, path);
  if (fully) {
    const found = db.pragma('integrity_check(1)', { simple: true });
    if (found !== 'ok') throw damaged(path, String(found));
  }
  if (versionOf(db) < newestVersion()) return; // the tables are not today's: the migration reads them
  for (const entity of entities) {
    const read = db.prepare(`SELECT id, rid, ${columnNames(entity).join(', ')} FROM ${entity} WHERE rid >= ? LIMIT 1`);
    const find = db.prepare(`SELECT rid FROM ${entity} WHERE id = ?`).pluck();
    const last = number(`SELECT ifnull(max(rid), 0) FROM ${entity}`);
    for (const at of spread(last)) {
      const row = read.get(at) as { id: Uint8Array; rid: number } | undefined;
      if (row && find.get(row.id) !== row.rid) throw damaged(path, `the ids of ${entity} are not in order`);
    }
  }
  const dictionaries = new Dictionaries(db);
  const check = (z: unknown) => openRow(z as Buffer, dictionaries.find);
  for (const entity of entities) {
    const table = jsonTable(entity);
    if (fully) {
      for (const z of db.prepare(`SELECT z FROM ${table}`).pluck().iterate()) check(z);
      const bare = number(
        `SELECT count(*) FROM ${entity} WHERE known = 1 AND NOT EXISTS (SELECT 1 FROM ${table} WHERE ${table}.rid = ${entity}.rid)`,
      );
      if (bare > 0) throw damaged(path, `rows of ${entity} have lost their text`);
      continue;
    }
    const read = db.prepare(`SELECT z FROM ${table} WHERE rid >= ? LIMIT 1`).pluck();
    for (const at of spread(number(`SELECT ifnull(max(rid), 0) FROM ${table}`))) {
      const z = read.get(at);
      if (z) check(z);
    }
  }
}

/** Both ends of 0 to `last`, and some random numbers between. */
function spread(last: number): number[] {
  return [0, last, ...Array.from({ length: last > 1 ? SAMPLES : 0 }, () => Math.ceil(Math.random() * last))];
}

function damaged(path: string, why: string): AppError {
  return new AppError('ARCHIVE_DAMAGED', `${path}: ${why}`, { path });
}
