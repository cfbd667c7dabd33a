/** The typical rows that blocks are compressed against. One is never changed or deleted: blocks name it. */
import type { Database, Statement } from 'better-sqlite3';
import { AppError } from '../contract/errors.ts';
import { entities, type Entity } from '../contract/fields.ts';
import type { Dictionary } from './blocks.ts';

export class Dictionaries {
  readonly #get: Statement;
  readonly #last: Statement;
  readonly #insert: Statement;
  readonly #copy: Statement;
  readonly #kept = new Map<number, Uint8Array>();
  readonly #current = new Map<Entity, Dictionary | null>();

  constructor(db: Database) {
    this.#get = db.prepare('SELECT bytes FROM dictionary WHERE id = ?').pluck();
    this.#last = db.prepare('SELECT id, bytes FROM dictionary WHERE entity = ? ORDER BY id DESC LIMIT 1');
    this.#insert = db.prepare('INSERT INTO dictionary (entity, bytes) VALUES (?, ?)');
    this.#copy = db.prepare('INSERT INTO dictionary_copy (id, bytes) VALUES (?, ?)');
  }

  /** The bytes under a number a block names; null for null. Throws ARCHIVE_DAMAGED when they are not there. */
  bytes(id: number | null): Uint8Array | null {
    if (id === null) return null;
    let bytes = this.#kept.get(id);
    if (!bytes) {
      bytes = this.#get.get(id) as Uint8Array | undefined;
      if (!bytes) throw new AppError('ARCHIVE_DAMAGED', 'what a block of rows was compressed against is not there');
      this.#kept.set(id, bytes);
    }
    return bytes;
  }

  /** The newest of the entity's; null when it has none. */
  current(entity: Entity): Dictionary | null {
    let current = this.#current.get(entity);
    if (current === undefined) {
      current = (this.#last.get(entities.indexOf(entity)) as Dictionary | undefined) ?? null;
      this.#current.set(entity, current);
    }
    return current;
  }

  /** Must run inside a transaction. */
  add(entity: Entity, bytes: Uint8Array): void {
    const id = Number(this.#insert.run(entities.indexOf(entity), bytes).lastInsertRowid);
    this.#copy.run(id, bytes);
    this.#current.set(entity, { id, bytes });
  }

  /** After a rollback: what is remembered may not have been stored. */
  forget(): void {
    this.#kept.clear();
    this.#current.clear();
  }
}
