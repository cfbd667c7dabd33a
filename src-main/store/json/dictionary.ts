/**
 * The dictionaries that rows are packed against: some typical rows of an entity, one after the other. The first rows of an entity give
 * its dictionary. A dictionary is never changed or deleted, because the rows made against it can be opened with no other.
 */
import { deflateSync } from 'node:zlib';
import type { Database, Statement } from 'better-sqlite3';
import { AppError } from '../../contract/errors.ts';
import type { Entity } from '../../contract/fields.ts';
import { dictionaryOf, packRow, type Dictionary } from './row-json.ts';

function dictionaryFrom(bytes: Uint8Array): Dictionary {
  return { adler: dictionaryOf(deflateSync('', { dictionary: bytes })) ?? 0, bytes };
}

/** Bytes of one row that are taken: the parts that all rows share come first. */
const MOST_OF_A_ROW = 4 * 1024;
/** Each row more costs 2 µs a packed row, since zlib reads the dictionary anew every time, and 8 instead of 4 save 1 B. */
const MOST_ROWS = 4;
/** A row that takes at most this many times the usual size is well served. */
const WELL_SERVED = 1.3;

/**
 * A dictionary of some of these rows (UTF-8, at least one): the one of median length, and then whichever row is packed worst, until all
 * are packed well. The typical row comes last, where zlib names it in the fewest bits.
 */
export function makeDictionary(rows: readonly Uint8Array[]): Dictionary {
  let left = rows.map((row) => row.subarray(0, MOST_OF_A_ROW)).sort((a, b) => a.length - b.length);
  const chosen: Uint8Array[] = [];
  for (let next: Uint8Array | undefined = left[left.length >> 1]; next;) {
    const taken = next;
    chosen.unshift(taken);
    left = left.filter((row) => row !== taken);
    if (chosen.length === MOST_ROWS) break;
    const dictionary = dictionaryFrom(Buffer.concat(chosen));
    const sizes = left.map((row) => packRow(row, dictionary).length);
    const usual = [...sizes].sort((a, b) => a - b)[sizes.length >> 1] ?? 0;
    const worst = Math.max(...sizes);
    next = worst > usual * WELL_SERVED ? left[sizes.indexOf(worst)] : undefined;
  }
  return dictionaryFrom(Buffer.concat(chosen));
}

export class Dictionaries {
  readonly #get: Statement;
  readonly #ofEntity: Statement;
  readonly #insert: Statement;
  readonly #copy: Statement;
  readonly #kept = new Map<number, Dictionary>();
  readonly #current = new Map<Entity, Dictionary | null>();

  constructor(db: Database) {
    this.#get = db.prepare('SELECT adler, bytes FROM dictionary WHERE adler = ?');
    this.#ofEntity = db.prepare('SELECT adler, bytes FROM dictionary WHERE entity = ? LIMIT 1');
    this.#insert = db.prepare('INSERT INTO dictionary (adler, entity, bytes) VALUES (?, ?, ?)');
    this.#copy = db.prepare('INSERT INTO dictionary_copy (adler, bytes) VALUES (?, ?)');
  }

  /** Throws ARCHIVE_DAMAGED when it is not there. */
  readonly find = (adler: number): Dictionary => {
    const found = this.#find(adler);
    if (!found) throw new AppError('ARCHIVE_DAMAGED', 'the dictionary of a row is missing');
    return found;
  };

  has(adler: number): boolean {
    return this.#find(adler) !== undefined;
  }

  /** What new rows of the entity are packed against; null when it has none yet. */
  current(entity: Entity): Dictionary | null {
    let current = this.#current.get(entity);
    if (current === undefined) {
      current = (this.#ofEntity.get(entity) as Dictionary | undefined) ?? null;
      this.#current.set(entity, current);
    }
    return current;
  }

  /** Makes the entity's dictionary of these rows (UTF-8, at least one). Must run inside a transaction. */
  learn(entity: Entity, rows: readonly Uint8Array[]): Dictionary {
    const dictionary = makeDictionary(rows);
    this.#insert.run(dictionary.adler, entity, dictionary.bytes);
    this.#copy.run(dictionary.adler, dictionary.bytes);
    this.#kept.set(dictionary.adler, dictionary);
    this.#current.set(entity, dictionary);
    return dictionary;
  }

  /** After a rollback: what is remembered may not have been stored. */
  forget(): void {
    this.#kept.clear();
    this.#current.clear();
  }

  #find(adler: number): Dictionary | undefined {
    let found = this.#kept.get(adler);
    if (!found) {
      found = this.#get.get(adler) as Dictionary | undefined;
      if (found) this.#kept.set(adler, found);
    }
    return found;
  }
}
