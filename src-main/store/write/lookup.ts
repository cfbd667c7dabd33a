/** Answers the sync's questions about kept rows. Each answer is one scan of a table, about 0.1 s at a million rows on the writer's thread: no index is kept for it. */
import type { Database } from 'better-sqlite3';
import type { IdRange } from '../../contract/archive.ts';
import { terminalStateTypes, type Entity } from '../../contract/fields.ts';
import { uuidText } from '../uuid.ts';

/** SQL: rows that are there and not gone. */
const THERE = 'known = 1 AND gone IS NULL';
/** SQL: ids of Prefect's terminal state types. */
export const ENDED = `(SELECT id FROM term WHERE text IN (${terminalStateTypes.map((type) => `'${type}'`).join(', ')}))`;

export class Lookup {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /**
   * Ids of rows that are there, not gone, in no terminal state of Prefect's, and updated since `since` (µs; null: all); a run without a state
   * counts as unfinished, one without `updated` as updated just now.
   */
  unfinished(entity: 'task_run' | 'flow_run', since: number | null): string[] {
    return this.#ids(
      `SELECT id FROM ${entity} WHERE ${THERE} AND (state_type IS NULL OR state_type NOT IN ${ENDED})
       AND (updated IS NULL OR updated >= ifnull(?, -1e18))`,
      since,
    );
  }

  /** At most `limit` ids that rows refer to, of which nothing else is known and which are not marked gone. */
  stubs(entity: Entity, limit: number): string[] {
    return this.#ids(`SELECT id FROM ${entity} WHERE known = 0 AND gone IS NULL LIMIT ${Math.trunc(limit)}`);
  }

  ids(entity: Entity, range: IdRange): string[] {
    const all = `SELECT id FROM ${entity} WHERE ${THERE}`;
    if (range === 'all') return this.#ids(all);
    if (range === 'without_start') return this.#ids(`${all} AND expected_start_time IS NULL`);
    return this.#ids(
      `${all} AND expected_start_time BETWEEN ifnull(?, -1e18) AND ifnull(?, 1e18)`,
      range.from,
      range.to,
    );
  }

  /** [start of the step in µs, rows that are there and not gone], ascending; empty steps are left out. */
  histogram(entity: 'task_run' | 'flow_run', step: number): [number, number][] {
    return this.#db
      .prepare(
        `SELECT expected_start_time / ${Math.trunc(step)} * ${Math.trunc(step)} AS start, count(*) FROM ${entity}
         WHERE ${THERE} AND expected_start_time IS NOT NULL GROUP BY start ORDER BY start`,
      )
      .raw()
      .all() as [number, number][];
  }

  #ids(sql: string, ...bound: (number | null)[]): string[] {
    return (
      this.#db
        .prepare(sql)
        .pluck()
        .all(...bound) as Uint8Array[]
    ).map((id) => uuidText(id));
  }
}
