/**
 * A column for what failed: a term made of the state's message (../failure.ts). Only runs that failed or crashed have one, so only
 * their JSON is opened: 0.6 s for the 50,000 of a million rows.
 */
import type { Database } from 'better-sqlite3';
import { Dictionaries } from '../json/dictionaries.ts';
import { failureOf } from '../failure.ts';
import { Terms } from '../write/interner.ts';
import { jsonKey } from '../json/json-table.ts';
import { isObject } from '../layout.ts';
import { rowText } from '../json/row-json.ts';

export const version = 5;

export const sql = 'ALTER TABLE task_run ADD COLUMN failure INTEGER;';

/** Throws ARCHIVE_DAMAGED when a row cannot be read. */
export function move(db: Database): void {
  const failed = db
    .prepare(
      "SELECT rid, text FROM task_run JOIN term ON term.id = state_type WHERE known = 1 AND text IN ('FAILED', 'CRASHED')",
    )
    .raw()
    .all() as [number, string][];
  const json = db.prepare('SELECT z FROM row_json WHERE key = ?').pluck();
  const put = db.prepare('UPDATE task_run SET failure = ? WHERE rid = ?');
  const dictionaries = new Dictionaries(db);
  const terms = new Terms(db);
  for (const [rid, type] of failed) {
    const z = json.get(jsonKey('task_run', rid)) as Buffer | undefined;
    if (!z) continue;
    const row: unknown = JSON.parse(rowText(z, dictionaries.find));
    const state = isObject(row) ? row.state : null;
    const failure = failureOf(type, isObject(state) ? state.message : null);
    if (failure !== null) put.run(terms.id(failure), rid);
  }
}
