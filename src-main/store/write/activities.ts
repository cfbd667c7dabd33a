/** The table of activities: what was read of a run besides its row, and for which runs that is still to be done. */
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import type { Database, Statement } from 'better-sqlite3';
import { runActivitySchema, type RunActivity } from '../../contract/rows.ts';
import { uuidText } from '../uuid.ts';

/** Which runs to fetch: in one of the states, ended in [from, to] (µs by the server's clock), newest first. */
export type Wanted = { states: readonly string[]; from: number; to: number; settle: number; limit: number };
/** `stamp`: what the run was like when it was due; kept with its activity, so that it is due again only when it has changed. */
export type Due = { id: string; stamp: number };

export class Activities {
  readonly #db: Database;
  readonly #get: Statement;
  readonly #save: Statement;
  readonly #drop: Statement;

  constructor(db: Database) {
    this.#db = db;
    this.#get = db.prepare('SELECT z FROM activity WHERE id = ?').pluck();
    // opened by a person (null): says nothing about how complete it is, so a stamp stays as it was
    this.#save = db.prepare(
      'INSERT INTO activity (id, fetched, z) VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET fetched = coalesce(excluded.fetched, fetched), z = excluded.z',
    );
    this.#drop = db.prepare('DELETE FROM activity WHERE id = ?');
  }

  get(id: Uint8Array): RunActivity | null {
    const z = this.#get.get(id) as Buffer | undefined;
    return z ? runActivitySchema.parse(JSON.parse(zstdDecompressSync(z).toString('utf8'))) : null;
  }

  save(id: Uint8Array, activity: RunActivity, stamp: number | null): void {
    this.keep(id, stamp, zstdCompressSync(JSON.stringify(activity)));
  }

  /** As it lies in an archive, for salvaging. */
  keep(id: Uint8Array, stamp: number | null, z: Uint8Array): void {
    this.#save.run(id, stamp, z);
  }

  drop(id: Uint8Array): void {
    this.#drop.run(id);
  }

  /**
   * Stamps compare the server's times with each other and never with a clock of ours. `settle` µs after its end a run is due
   * once more, when it was fetched before: its last lines may have come later. The stamps are first read into a table of their
   * own: finding one among the activities goes through their texts (14 µs each; 1.6 s for the 117,000 runs of a busy week).
   */
  due({ states, from, to, settle, limit }: Wanted): Due[] {
    const stamp = 'max(coalesce(t.updated, 0), t.end_time + ?)';
    const rows = this.#db
      .prepare(
        `WITH kept AS MATERIALIZED (SELECT id, fetched FROM activity)
         SELECT t.id, ${stamp} AS stamp FROM task_run t LEFT JOIN kept a ON a.id = t.id
         WHERE t.end_time BETWEEN ? AND ? AND t.known = 1 AND t.gone IS NULL
           AND t.state_type IN (SELECT id FROM term WHERE text IN (SELECT value FROM json_each(?)))
           AND (a.fetched IS NULL OR a.fetched < ${stamp})
         ORDER BY t.end_time DESC, t.id LIMIT ?`,
      )
      .raw()
      .all(settle, from, to, JSON.stringify(states), settle, limit) as [Uint8Array, number][];
    return rows.map(([id, at]) => ({ id: uuidText(id), stamp: at }));
  }
}
