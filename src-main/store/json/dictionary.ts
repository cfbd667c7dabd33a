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
const MOST_ROWS = 4;
/** zlib reads the dictionary anew for each row, 1.5 ns a byte: one more row in it, 3 µs of 25, must make packed rows smaller by this share. */
const WORTH_A_ROW = 0.05;
/** A row more is of a kind that at least one row of this many is of. */
const KIND = 20;
/** Rows that are packed to find out: five pages, packed up to four times, would hold the writer for 0.1 s. */
const SAMPLE = 200;

const ids = /[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}/g;
/** Share of rows that must have an id for it to stay: the first rows of a server are of few flow runs, whose ids later ones do not have. */
const COMMON = 0.5;

/**
 * A dictionary of some of these rows (UTF-8, at least one): the one of median length, and then rows of the kinds that are packed worst, as
 * long as they pay. The typical row comes last, where zlib names it in the fewest bits. Without the ids that few rows have, a fifth of a
 * row, packing takes 22 instead of 25 µs.
 */
export function makeDictionary(rows: readonly Uint8Array[]): Dictionary {
  const step = Math.ceil(rows.length / SAMPLE);
  const sample = rows.filter((_, i) => i % step === 0).map((row) => row.subarray(0, MOST_OF_A_ROW));
  const texts = sample.slice(0, 2 * KIND).map(latin1);
  const isCommon = (id: string) =>
    texts.length > 1 && texts.filter((text) => text.includes(id)).length >= COMMON * texts.length;
  const dictionaryRow = (row: Uint8Array) =>
    Buffer.from(
      latin1(row).replace(ids, (id) => (isCommon(id) ? id : '')),
      'latin1',
    );
  const measure = (dictionary: Dictionary) => sample.map((row) => packRow(row, dictionary).length);
  const sum = (sizes: readonly number[]) => sizes.reduce((all, size) => all + size, 0);

  const typical = sample.toSorted((a, b) => a.length - b.length)[sample.length >> 1] ?? new Uint8Array();
  let dictionary = dictionaryFrom(dictionaryRow(typical));
  let sizes = measure(dictionary);
  for (let count = 1; count < MOST_ROWS; count++) {
    const ratios = sizes.map((size, i) => size / (sample[i]?.length || 1));
    const bad = ratios.toSorted((a, b) => b - a)[Math.floor(ratios.length / KIND)];
    const next = dictionaryRow(sample[ratios.indexOf(bad ?? 0)] ?? typical);
    const longer = dictionaryFrom(Buffer.concat([next, dictionary.bytes]));
    const smaller = measure(longer);
    if (sum(smaller) > sum(sizes) * (1 - WORTH_A_ROW)) break;
    [dictionary, sizes] = [longer, smaller];
  }
  return dictionary;
}

const latin1 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');

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
