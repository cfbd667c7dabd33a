/** Writes what is kept of a task run besides its row, and tells for which runs that is still to be read from the server. */
import type { Database, Statement } from 'better-sqlite3';
import type { DueActivities, DueRun } from '../../contract/archive.ts';
import type { RunActivity } from '../../contract/run.ts';
import { keptColumns, keptParts, keptTables, type KeptKind, type KeptTable } from '../kept-columns.ts';
import { uuidBytes, uuidText } from '../uuid.ts';
import type { Terms } from './interner.ts';

type Stored = Uint8Array | string | number | null;

export class Activities {
  readonly #db: Database;
  readonly #terms: Terms;
  readonly #head: Statement;
  readonly #find: Statement;
  readonly #dropHead: Statement;
  readonly #parts: { table: KeptTable; insert: Statement; drop: Statement }[];

  constructor(db: Database, terms: Terms) {
    this.#db = db;
    this.#terms = terms;
    // opened by a person (stamp null): says nothing about how complete it is, so the stamp stays as it was
    this.#head = db
      .prepare(
        `INSERT INTO activity (run, stamp, fetched, truncated, gap, problem) VALUES (?, ?, ?, ?, ?, ?)
         ON CONFLICT (run) DO UPDATE SET stamp = coalesce(excluded.stamp, stamp), fetched = excluded.fetched,
           truncated = excluded.truncated, gap = excluded.gap, problem = excluded.problem
         RETURNING rid`,
      )
      .pluck();
    this.#find = db.prepare('SELECT rid FROM activity WHERE run = ?').pluck();
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
   * Replaces what is kept of the run. `run`: the task run's id, 16 bytes. `stamp`: as `due` gave it; null when the run was read for
   * another reason. Must run inside a transaction.
   */
  save(run: Uint8Array, activity: RunActivity, stamp: number | null): void {
    const { fetched, truncated, gap, problem } = activity;
    const rid = this.#head.get(
      run,
      stamp,
      fetched,
      Number(truncated),
      gap,
      problem && JSON.stringify(problem),
    ) as number;
    for (const { table, insert, drop } of this.#parts) {
      drop.run(rid);
      const columns: [string, KeptKind][] = Object.entries(keptColumns[table]);
      for (const row of activity[keptParts[table]] as readonly Record<string, unknown>[])
        insert.run(rid, ...columns.map(([name, kind]) => this.#stored(kind, row[name])));
    }
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
    if (kind !== 'id') return value as string | number;
    const bytes = uuidBytes(value as string);
    // another spelling of a UUID would not come back as it was
    return bytes && uuidText(bytes) === value ? bytes : (value as string);
  }
}
