/** The numbers under which texts and ids are stored. Those that were looked up are remembered, up to a bound. */
import type { Database, Statement } from 'better-sqlite3';
import type { Entity } from '../../contract/fields.ts';
import { uuidBytes } from '../uuid.ts';

/** Entries kept in memory, about 120 B each. When there are more, all are dropped and looked up in the file again. */
const MAX_KEPT = 100_000;

export class Terms {
  readonly #find: Statement;
  readonly #insert: Statement;
  readonly #kept = new Map<string, number>();

  constructor(db: Database) {
    this.#find = db.prepare('SELECT id FROM term WHERE text = ?').pluck();
    this.#insert = db.prepare('INSERT INTO term (text) VALUES (?)');
  }

  /** Must run inside a transaction. */
  id(text: string): number {
    const kept = this.#kept.get(text);
    if (kept !== undefined) return kept;
    const found = this.#find.get(text) as number | undefined;
    const id = found ?? Number(this.#insert.run(text).lastInsertRowid);
    if (this.#kept.size >= MAX_KEPT) this.#kept.clear();
    this.#kept.set(text, id);
    return id;
  }

  /** After a rollback: some of the remembered numbers were never stored. */
  forget(): void {
    this.#kept.clear();
  }
}

/** Row numbers of one table. They only grow while the file is open, so that a list of row numbers never comes to mean other rows. */
export class Rids {
  readonly #find: Statement;
  readonly #stub: Statement;
  readonly #max: Statement;
  readonly #kept = new Map<string, number>();
  #next: number;

  constructor(db: Database, entity: Entity) {
    this.#find = db.prepare(`SELECT rid FROM ${entity} WHERE id = ?`).pluck();
    this.#stub = db.prepare(`INSERT INTO ${entity} (rid, id, known) VALUES (?, ?, 0)`);
    this.#max = db.prepare(`SELECT ifnull(max(rid), 0) FROM ${entity}`).pluck();
    this.#next = (this.#max.get() as number) + 1;
  }

  /** The number that `take` will give. */
  get next(): number {
    return this.#next;
  }

  /** A number for a row that is about to be inserted. */
  take(): number {
    return this.#next++;
  }

  /** The number of the row with this id. When there is none, a row is made that holds only the id, and `onStub` gets its number. */
  of(id: string, onStub: (rid: number) => void): number {
    const kept = this.#kept.get(id);
    if (kept !== undefined) return kept;
    const bytes = uuidBytes(id);
    let rid = this.#find.get(bytes) as number | undefined;
    if (rid === undefined) {
      rid = this.take();
      this.#stub.run(rid, bytes);
      onStub(rid);
    }
    if (this.#kept.size >= MAX_KEPT) this.#kept.clear();
    this.#kept.set(id, rid);
    return rid;
  }

  /** After a row was removed or a transaction was rolled back. A number that was given is not given again. */
  forget(): void {
    this.#kept.clear();
  }
}
