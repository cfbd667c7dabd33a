/**
 * The typical rows that blocks are compressed against. One is never changed or deleted: blocks name it. Its number is the CRC-32 of
 * its bytes (zero excepted), so that a block made with another archive's is noticed before it is stored.
 */
import { crc32 } from 'node:zlib';
import type { Database, Statement } from 'better-sqlite3';
import { AppError } from '../contract/errors.ts';
import { entities, type Entity } from '../contract/fields.ts';
import type { Dictionary } from './blocks.ts';
import type { Opener } from './frames.ts';

/** The number a block names when it was compressed without one; NULL: version 1 wrote it. */
export const NO_DICTIONARY = 0;

export class Dictionaries {
  readonly #get: Statement;
  readonly #last: Statement;
  readonly #insert: Statement;
  readonly #copy: Statement;
  readonly #kept = new Map<number, Opener>();
  readonly #current = new Map<Entity, Dictionary | null>();

  constructor(db: Database) {
    this.#get = db.prepare('SELECT bytes FROM dictionary WHERE id = ?').pluck();
    this.#last = db.prepare('SELECT id, bytes FROM dictionary WHERE entity = ? LIMIT 1');
    this.#insert = db.prepare('INSERT INTO dictionary (id, entity, bytes) VALUES (?, ?, ?)');
    this.#copy = db.prepare('INSERT INTO dictionary_copy (id, bytes) VALUES (?, ?)');
  }

  /** What opens a block that names this number. Throws ARCHIVE_DAMAGED when it is not there. */
  opener(id: number | null): Opener {
    if (id === null) return 'version 1';
    let opener = this.#kept.get(id);
    if (!opener) {
      const dictionary = id === NO_DICTIONARY ? null : (this.#get.get(id) as Uint8Array | undefined);
      if (dictionary === undefined)
        throw new AppError('ARCHIVE_DAMAGED', 'what a block of rows was compressed against is not there');
      opener = { dictionary };
      this.#kept.set(id, opener);
    }
    return opener;
  }

  /** null when the entity has none yet */
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
    const id = crc32(bytes) || 1;
    this.#insert.run(id, entities.indexOf(entity), bytes);
    this.#copy.run(id, bytes);
    this.#current.set(entity, { id, bytes });
  }

  /** After a rollback: what is remembered may not have been stored. */
  forget(): void {
    this.#kept.clear();
    this.#current.clear();
  }
}
