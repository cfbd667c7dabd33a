/** The table of the rows' JSON, by entity and row number. */
import type { Database, Statement } from 'better-sqlite3';
import { AppError } from '../../contract/errors.ts';
import { entities, type Entity } from '../../contract/fields.ts';
import { nameOf, type Dictionary, type DictionaryName } from '../coder/dictionary.ts';
import { Dictionaries } from './dictionaries.ts';
import { openRow, packEach, splitRows } from './row-json.ts';

/** Rows that lie one after the other, as `PackedRows` made them. */
export type PackedJson = {
  json: Uint8Array;
  /** where each row ends in it */
  jsonEnds: readonly number[];
  /** what they were coded against */
  dictionary: DictionaryName | null;
};

/** Entities have two bits of it. */
export const jsonKey = (entity: Entity, rid: number): number => rid * 4 + entities.indexOf(entity);

export class JsonTable {
  readonly #put: Statement;
  readonly #delete: Statement;
  readonly #dictionaries: Dictionaries;

  constructor(db: Database) {
    this.#put = db.prepare(
      'INSERT INTO row_json (key, z) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET z = excluded.z',
    );
    this.#delete = db.prepare('DELETE FROM row_json WHERE key = ?');
    this.#dictionaries = new Dictionaries(db);
  }

  dictionary(entity: Entity): Dictionary | null {
    return this.#dictionaries.current(entity);
  }

  /**
   * The rows as they are to be put: coded against the entity's dictionary, which the first of its rows become. Throws when they could
   * not be read again, having been made with another archive's dictionary.
   */
  prepare(entity: Entity, { json, jsonEnds, dictionary }: PackedJson): Uint8Array[] {
    const rows = splitRows(json, jsonEnds);
    if (dictionary) {
      if (nameOf(this.#dictionaries.find(dictionary.id)).check === dictionary.check) return rows;
      throw new AppError('INTERNAL', 'rows were packed for another archive');
    }
    if (rows.length === 0) return rows;
    // packed before there was a dictionary, or before whoever packed them knew of it: a first sync has five pages under way
    const texts = rows.map((z) => Uint8Array.from(openRow(z, this.#dictionaries.find).bytes));
    return packEach(texts, this.dictionary(entity) ?? this.#dictionaries.learn(entity, texts));
  }

  put(entity: Entity, rid: number, z: Uint8Array): void {
    this.#put.run(jsonKey(entity, rid), z);
  }

  delete(entity: Entity, rid: number): void {
    this.#delete.run(jsonKey(entity, rid));
  }

  /** After a rollback. */
  forget(): void {
    this.#dictionaries.forget();
  }
}
