/** Fills a column that a migration has added, from the rows' own JSON: the sync skips unchanged rows, and the server may have forgotten others. */
import type { Database } from 'better-sqlite3';
import { AppError } from '../../contract/errors.ts';
import type { Entity } from '../../contract/fields.ts';
import { Dictionaries } from '../json/dictionary.ts';
import { jsonTable } from '../json/json-table.ts';
import { rowText } from '../json/row-json.ts';
import { isObject, isRef, layouts } from '../layout.ts';
import { toNumber } from './encode.ts';
import { Rids, Terms } from './interner.ts';

/** Rows read at once. */
const ROWS = 1000;

/** Must run inside the migration's transaction. Opens and parses every row. Throws ARCHIVE_DAMAGED when one cannot be read. */
export function fillColumn(db: Database, entity: Entity, name: string): void {
  const column = layouts[entity].columns.find((one) => one.name === name);
  if (!column) throw new AppError('INTERNAL', `${entity} has no column ${name} that is read from the row`);
  const { kind } = column;
  const terms = new Terms(db);
  const rids = isRef(kind) ? new Rids(db, kind) : null;
  const asTerm = { of: (text: string) => terms.id(text) };
  const asRef = new Map(rids && isRef(kind) ? [[kind, { of: (id: string) => rids.of(id, () => undefined) }]] : []);
  const dictionaries = new Dictionaries(db);
  const rows = db
    .prepare(
      `SELECT t.rid, j.z FROM ${entity} t JOIN ${jsonTable(entity)} j ON j.rid = t.rid
       WHERE t.known = 1 AND t.rid > ? ORDER BY t.rid LIMIT ${ROWS}`,
    )
    .raw();
  const update = db.prepare(`UPDATE ${entity} SET ${name} = ? WHERE rid = ?`);
  for (let after = 0; ;) {
    const piece = rows.all(after) as [rid: number, z: Buffer][];
    for (const [rid, z] of piece) {
      const row: unknown = JSON.parse(rowText(z, dictionaries.find));
      const found = isObject(row) ? column.read(row) : null;
      if (found === null || found === undefined) continue;
      const cell = kind === 'text' ? found : toNumber(column, found, asTerm, asRef);
      if (typeof cell === 'string' || (typeof cell === 'number' && !Number.isNaN(cell))) update.run(cell, rid);
    }
    const last = piece.at(-1);
    if (!last || piece.length < ROWS) return;
    after = last[0];
  }
}
