/**
 * The `failure` of rows is made by a rule (../failure.ts). An archive that was written under another version of the rule is brought up to
 * date in slices after it has been opened, from the rows' own JSON. A slice and the place it came to are one transaction.
 */
import type { Database, Statement } from 'better-sqlite3';
import { FAILURE_RULE } from '../failure.ts';
import { Dictionaries } from '../json/dictionary.ts';
import { jsonTable } from '../json/json-table.ts';
import { rowText } from '../json/row-json.ts';
import { isObject, layouts } from '../layout.ts';
import { readState } from '../state.ts';
import type { Touches } from './change-log.ts';
import type { Terms } from './interner.ts';

/** Row numbers that one slice looks at, 2 ms, and rows whose JSON it opens at most, 20 ms. */
const MOST_LOOKED_AT = 20_000;
const MOST_OPENED = 1000;

/** Key in `state`; the rule that was being applied, and the last row number that was looked at. */
const PLACE = 'failure_refresh';
type Place = { rule: number; rid: number };

const column = layouts.task_run.columns.find(({ name }) => name === 'failure');

export class FailureRefresh {
  readonly #terms: Terms;
  readonly #dictionaries: Dictionaries;
  readonly #rule: Statement;
  readonly #setRule: Statement;
  readonly #place: Statement;
  readonly #setPlace: Statement;
  readonly #dropPlace: Statement;
  readonly #last: Statement;
  readonly #rows: Statement;
  readonly #update: Statement;

  constructor(db: Database, terms: Terms) {
    this.#terms = terms;
    this.#dictionaries = new Dictionaries(db);
    this.#rule = db.prepare("SELECT value FROM meta WHERE key = 'failure_rule'").pluck();
    this.#setRule = db.prepare("INSERT OR REPLACE INTO meta (key, value) VALUES ('failure_rule', ?)");
    this.#place = db.prepare('SELECT value FROM state WHERE key = ?').pluck();
    this.#setPlace = db.prepare('INSERT OR REPLACE INTO state (key, value) VALUES (?, ?)');
    this.#dropPlace = db.prepare('DELETE FROM state WHERE key = ?');
    this.#last = db.prepare('SELECT ifnull(max(rid), 0) FROM task_run').pluck();
    this.#rows = db
      .prepare(
        `SELECT t.rid, t.failure, j.z FROM task_run t JOIN ${jsonTable('task_run')} j ON j.rid = t.rid
         WHERE t.rid > ? AND t.rid <= ? AND t.known = 1 AND (t.failure IS NOT NULL
           OR t.state_type IN (SELECT id FROM term WHERE text IN ('FAILED', 'CRASHED')))
         ORDER BY t.rid LIMIT ${MOST_OPENED}`,
      )
      .raw();
    this.#update = db.prepare('UPDATE task_run SET failure = ? WHERE rid = ?');
  }

  isDone(): boolean {
    return this.#rule.get() === String(FAILURE_RULE);
  }

  /** One slice; false when it was the last. Must run inside a transaction. Throws ARCHIVE_DAMAGED when a row cannot be read. */
  step(touches: Pick<Touches, 'changed'>): boolean {
    const place = readState(this.#place, PLACE) as Place | undefined;
    const from = place?.rule === FAILURE_RULE ? place.rid : 0;
    const to = from + MOST_LOOKED_AT;
    const rows = this.#rows.all(from, to) as [rid: number, failure: number | null, z: Buffer][];
    for (const [rid, old, z] of rows) {
      const row: unknown = JSON.parse(rowText(z, this.#dictionaries.find));
      const text = isObject(row) ? column?.read(row) : null;
      const failure = typeof text === 'string' ? this.#terms.id(text) : null;
      if (failure === old) continue;
      this.#update.run(failure, rid);
      touches.changed('task_run', rid);
    }
    const reached = rows.length === MOST_OPENED ? (rows.at(-1)?.[0] ?? to) : to;
    if (reached < (this.#last.get() as number)) {
      this.#setPlace.run(PLACE, JSON.stringify({ rule: FAILURE_RULE, rid: reached } satisfies Place));
      return true;
    }
    this.#setRule.run(String(FAILURE_RULE));
    this.#dropPlace.run(PLACE);
    return false;
  }
}
