/**
 * Is this file a sound archive? At every opening a look at its edges and at some rows: milliseconds. Everything is read only when
 * an earlier use met an error: about 6 s at a million rows.
 */
import type { Database } from 'better-sqlite3';
import { AppError } from '../../contract/errors.ts';
import { entities, type Entity } from '../../contract/fields.ts';
import { Dictionaries } from '../json/dictionaries.ts';
import { columnNames } from '../layout.ts';
import { newestVersion, refuseNewer, versionOf } from '../migrations/migrate.ts';
import { openRow } from '../json/row-json.ts';

/** 'TSKS', set by migration 0001 */
const APPLICATION_ID = 0x54534b53;
const SAMPLES = 24;

/** Throws ARCHIVE_NEWER; ARCHIVE_DAMAGED or SQLite's own error when it is not sound. */
export function examine(db: Database, path: string, fully: boolean): void {
  const number = (sql: string) => db.prepare(sql).pluck().get() as number;
  if (number('SELECT count(*) FROM sqlite_schema') === 0 && versionOf(db) === 0) return; // made, and not yet filled
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
  if (fully) {
    for (const z of db.prepare('SELECT z FROM row_json').pluck().iterate()) check(z);
    const bare = entities.find((entity) => number(withoutJson(entity)) > 0);
    if (bare) throw damaged(path, `rows of ${bare} have lost their text`);
  } else {
    const read = db.prepare('SELECT z FROM row_json WHERE key >= ? LIMIT 1').pluck();
    for (const at of spread(number('SELECT ifnull(max(key), 0) FROM row_json'))) {
      const z = read.get(at);
      if (z) check(z);
    }
  }
}

const withoutJson = (entity: Entity): string =>
  `SELECT count(*) FROM ${entity} WHERE known = 1 AND NOT EXISTS (SELECT 1 FROM row_json WHERE key = rid * 4 + ${entities.indexOf(entity)})`;

/** Both ends and some in between. */
function spread(last: number): number[] {
  return [0, last, ...Array.from({ length: last > 1 ? SAMPLES : 0 }, () => Math.ceil(Math.random() * last))];
}

function damaged(path: string, why: string): AppError {
  return new AppError('ARCHIVE_DAMAGED', `${path}: ${why}`, { path });
}
