/**
 * Every row's JSON by itself, coded against a dictionary of rows (coder/), instead of in blocks: opened in a twentieth of the time,
 * packed in half of it, and nothing is left to be rewritten when rows change. `key`: four times the row number plus the position of
 * the entity in contract/fields.ts `entities`. `dictionary.id`: 1 to 255, the first byte of `z`; 0 there is a zstd frame.
 * About 20 s for a million rows.
 */
import type { Database } from 'better-sqlite3';
import { entities, type Entity } from '../../contract/fields.ts';
import { Dictionaries } from '../json/dictionaries.ts';
import { jsonKey } from '../json/json-table.ts';
import { packEach } from '../json/row-json.ts';
import { blockRows } from './block-rows.ts';

export const version = 4;

export const sql = `
ALTER TABLE dictionary RENAME TO block_dictionary;
CREATE TABLE dictionary (id INTEGER PRIMARY KEY, entity INTEGER NOT NULL, bytes BLOB NOT NULL) STRICT;
DROP TABLE dictionary_copy;
-- the same once more on pages of its own: without its dictionary every row of an entity would be lost
CREATE TABLE dictionary_copy (id INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;
CREATE TABLE row_json (key INTEGER PRIMARY KEY, z BLOB NOT NULL) STRICT;
`;

/** Rows that a dictionary is made of: a page of them, as in a sync. */
const PAGE = 200;

/** Throws ARCHIVE_DAMAGED when a block cannot be read. */
export function move(db: Database): void {
  const put = db.prepare('INSERT INTO row_json (key, z) VALUES (?, ?)');
  const dictionaries = new Dictionaries(db);
  const waiting = new Map<Entity, { rid: number; row: Buffer }[]>();
  const flush = (entity: Entity) => {
    const rows = waiting.get(entity) ?? [];
    waiting.delete(entity);
    if (rows.length === 0) return;
    const texts = rows.map(({ row }) => row);
    const packed = packEach(texts, dictionaries.current(entity) ?? dictionaries.learn(entity, texts));
    rows.forEach(({ rid }, i) => put.run(jsonKey(entity, rid), packed[i]));
  };
  for (const { entity, rid, row } of blockRows(db)) {
    const rows = waiting.get(entity) ?? [];
    waiting.set(entity, rows);
    if (rows.push({ rid, row }) >= PAGE) flush(entity);
  }
  entities.forEach(flush);
  db.exec('DROP TABLE block; DROP TABLE block_dictionary');
  for (const entity of entities)
    db.exec(`ALTER TABLE ${entity} DROP COLUMN blk; ALTER TABLE ${entity} DROP COLUMN bix`);
}
