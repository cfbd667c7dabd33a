/**
 * Checks an archive that came from elsewhere, before anything in it is used: it must be what this version itself would have made. A table
 * that is a view, a trigger or an expression of somebody else's would run while rows are read.
 */
import Sqlite, { type Database } from 'better-sqlite3';
import { AppError } from '../../contract/errors.ts';
import { examine } from './examine.ts';
import { newestVersion, refuseNewer, versionOf } from './migrate.ts';
import { schemaSql } from './schema.ts';
import { searchSql } from '../search/search-tables.ts';
import { storeError } from './errors.ts';

/** Reads every page and every row: about 15 s a million rows. Throws ARCHIVE_NEWER and ARCHIVE_DAMAGED. */
export function checkForeign(path: string): void {
  let db: Database | null = null;
  try {
    db = new Sqlite(path, { readonly: true, fileMustExist: true });
    db.pragma('trusted_schema = OFF');
    db.pragma('cell_size_check = ON');
    refuseNewer(db, path);
    if (versionOf(db) !== newestVersion() || !sameSchema(db))
      throw new AppError('ARCHIVE_DAMAGED', `${path}: its tables are not those of an archive`, { path });
    examine(db, path, true);
  } catch (thrown) {
    throw storeError(thrown, path);
  } finally {
    db?.close();
  }
}

const objects =
  "SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%' ORDER BY type, name";

function sameSchema(db: Database): boolean {
  const own = new Sqlite(':memory:');
  try {
    own.exec(schemaSql);
    own.exec(searchSql); // made by the first writer, not with the file
    return JSON.stringify(db.prepare(objects).all()) === JSON.stringify(own.prepare(objects).all());
  } finally {
    own.close();
  }
}
