/** Writes what is kept of a run besides its row, and tells for which runs that is still to be read from the server. */
import type { Database, Statement } from 'better-sqlite3';
import type { DueActivities, DueRun } from '../../contract/archive.ts';
import type { LogLine, RunActivity } from '../../contract/run.ts';
import { keptColumns, keptParts, keptTables, type KeptKind, type KeptTable } from '../kept-columns.ts';
import type { SearchIndex } from '../search/search-index.ts';
import { idCell, uuidText } from '../uuid.ts';
import type { Terms } from './interner.ts';

type Stored = Uint8Array | string | number | bigint | null;

export class Activities {
  readonly #db: Database;
  readonly #terms: Terms;
  readonly #search: SearchIndex;
  readonly #head: Statement;
  readonly #find: Statement;
  readonly #lineIds: Statement;
  readonly #dropHead: Statement;
  readonly #parts: { table: KeptTable; insert: Statement; drop: Statement }[];

  constructor(db: Database, terms: Terms, search: SearchIndex) {
    this.#db = db;
    this.#terms = terms;
    this.#search = search;
    // opened by a person (stamp null): says nothing about how complete it is, so the stamp stays as it was
    this.#head = db
      .prepare(
        `INSERT INTO activity (run, stamp, fetched, gap, count, problem, missed) VALUES (?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (run) DO UPDATE SET stamp = coalesce(excluded.stamp, stamp), fetched = excluded.fetched,
           gap = excluded.gap, count = excluded.count, problem = excluded.problem, missed = excluded.missed
         RETURNING rid`,
      )
      .pluck();
    this.#find = db.prepare('SELECT rid FROM activity WHERE run = ?').pluck();
    this.#lineIds = db.prepare('SELECT id FROM kept_log WHERE activity = ? AND timestamp BETWEEN ? AND ?').pluck();
    this.#dropHead = db.prepare('DELETE FROM activity WHERE rid = ?');
    this.#parts = keptTables.map((table) => {
      const names = Object.keys(keptColumns[table]);
      return {
        table,
        insert: db.prepare(
          `INSERT INTO ${table} (activity, ${names.join(', ')}) VALUES (?, ${names.map(() => '?').join(', ')})`,
        ),
        drop: db.prepare(`DELETE FROM ${table} WHERE activity = ?`),
      };
    });
  }

  /**
   * Replaces what is kept of the run, but for its lines: those that are not kept yet are added. `run`: the id of a task run or a flow run, 16 bytes. `stamp`: as `due` gave it; null when the run was read for
   * another reason. Returns the task run's number when a search may answer otherwise for it than before, else null. Must run inside a transaction.
   */
  save(run: Uint8Array, activity: RunActivity, stamp: number | null): number | null {
    const { fetched, gap, count, problem, missed } = activity;
    const why = Object.keys(missed).length > 0 ? JSON.stringify(missed) : null;
    const rid = this.#head.get(run, stamp, fetched, gap, count, problem && JSON.stringify(problem), why) as number;
    const kept = this.#keptLines(rid, activity.logs);
    const added = activity.logs.filter(({ id }) => !kept.has(id));
    for (const { table, insert, drop } of this.#parts) {
      if (table !== 'kept_log') drop.run(rid);
      const columns: [string, KeptKind][] = Object.entries(keptColumns[table]);
      const rows: readonly Record<string, unknown>[] = table === 'kept_log' ? added : activity[keptParts[table]];
      for (const row of rows) insert.run(rid, ...columns.map(([name, kind]) => this.#stored(kind, row[name])));
    }
    return this.#search.activity(run, activity, added);
  }

  /** Ids of the kept lines among these. Lines never change on the server. */
  #keptLines(rid: number, lines: readonly LogLine[]): Set<string> {
    let [from, to] = [Infinity, -Infinity];
    for (const { timestamp } of lines) [from, to] = [Math.min(from, timestamp), Math.max(to, timestamp)];
    const ids = this.#lineIds.all(rid, from, to) as (Uint8Array | string)[];
    return new Set(ids.map((id) => (typeof id === 'string' ? id : uuidText(id))));
  }

  drop(run: Uint8Array): void {
    const rid = this.#find.get(run) as number | undefined;
    if (rid === undefined) return;
    for (const { drop } of this.#parts) drop.run(rid);
    this.#dropHead.run(rid);
  }

  /**
   * Runs whose activity is missing or was read before they changed. Stamps compare the server's times with each other and never with a
   * clock of this machine. `settle` µs after its end a run that was read before is due once more: its last lines may have come later.
   */
  due({ states, from, to, settle, limit }: DueActivities): DueRun[] {
    const stamp = 'max(coalesce(t.updated, 0), t.end_time + ?)';
    const rows = this.#db
      .prepare(
        `SELECT t.id, ${stamp} AS stamp FROM task_run t LEFT JOIN activity a ON a.run = t.id
         WHERE t.end_time BETWEEN ? AND ? AND t.known = 1 AND t.gone IS NULL
           AND t.state_type IN (SELECT id FROM term WHERE text IN (SELECT value FROM json_each(?)))
           AND (a.stamp IS NULL OR a.stamp < ${stamp})
         ORDER BY t.end_time DESC, t.id LIMIT ?`,
      )
      .raw()
      .all(settle, from, to, JSON.stringify(states), settle, limit) as [Uint8Array, number][];
    return rows.map(([id, at]) => ({ id: uuidText(id), stamp: at }));
  }

  #stored(kind: KeptKind, value: unknown): Stored {
    if (value === null || value === undefined) return null;
    if (kind === 'term') return this.#terms.id(value as string);
    if (kind === 'bool') return Number(value);
    // better-sqlite3 binds every number as REAL, and a level would be read as 30.0
    if (kind === 'number' && Number.isSafeInteger(value)) return BigInt(value as number);
    if (kind !== 'id') return value as string | number;
    return idCell(value as string);
  }
}
