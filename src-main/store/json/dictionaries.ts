/**
 * The dictionaries that rows are coded against, numbered from one. One is never changed or deleted: rows name it.
 */
import type { Database, Statement } from 'better-sqlite3';
import { AppError } from '../../contract/errors.ts';
import { entities, type Entity } from '../../contract/fields.ts';
import type { Dictionary } from '../coder/dictionary.ts';
import { learn } from '../coder/learn.ts';

/** A row names its dictionary in one byte. */
const MOST = 255;

export class Dictionaries {
  readonly #get: Statement;
  readonly #last: Statement;
  readonly #insert: Statement;
  readonly #copy: Statement;
  readonly #next: Statement;
  readonly #kept = new Map<number, Dictionary>();
  readonly #current = new Map<Entity, Dictionary | null>();

  constructor(db: Database) {
    this.#get = db.prepare('SELECT id, bytes FROM dictionary WHERE id = ?');
    this.#last = db.prepare('SELECT id, bytes FROM dictionary WHERE entity = ? ORDER BY id DESC LIMIT 1');
    this.#insert = db.prepare('INSERT INTO dictionary (id, entity, bytes) VALUES (?, ?, ?)');
    this.#copy = db.prepare('INSERT INTO dictionary_copy (id, bytes) VALUES (?, ?)');
    this.#next = db.prepare('SELECT ifnull(max(id), 0) + 1 FROM dictionary').pluck();
  }

  /** Throws ARCHIVE_DAMAGED when it is not there. */
  readonly find = (id: number): Dictionary => {
    let found = this.#kept.get(id);
    if (!found) {
      found = this.#get.get(id) as Dictionary | undefined;
      if (!found) throw new AppError('ARCHIVE_DAMAGED', 'what a row was compressed against is not there');
      this.#kept.set(id, found);
    }
    return found;
  };

  /** What new rows of the entity are coded against; null when it has none yet. */
  current(entity: Entity): Dictionary | null {
    let current = this.#current.get(entity);
    if (current === undefined) {
      const last = this.#last.get(entities.indexOf(entity)) as Dictionary | undefined;
      current = last ? this.find(last.id) : null;
      this.#current.set(entity, current);
    }
    return current;
  }

  /** Makes the entity's dictionary of these rows (UTF-8, at least one). Must run inside a transaction. */
  learn(entity: Entity, rows: readonly Uint8Array[]): Dictionary {
    const id = this.#next.get() as number;
    if (id > MOST) throw new AppError('INTERNAL', 'an archive has no more than 255 dictionaries');
    const dictionary = { id, bytes: learn(rows) };
    this.#insert.run(id, entities.indexOf(entity), dictionary.bytes);
    this.#copy.run(id, dictionary.bytes);
    this.#kept.set(id, dictionary);
    this.#current.set(entity, dictionary);
    return dictionary;
  }

  /** After a rollback: what is remembered may not have been stored. */
  forget(): void {
    this.#kept.clear();
    this.#current.clear();
  }
}
