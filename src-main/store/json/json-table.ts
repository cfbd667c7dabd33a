/** The tables of the rows' JSON, one for each entity, by row number. */
import type { Database, Statement } from 'better-sqlite3';
import { AppError } from '../../contract/errors.ts';
import { perEntity, type Entity } from '../../contract/fields.ts';
import { Dictionaries } from './dictionary.ts';
import { openRow, packRow, splitRows, type Dictionary } from './row-json.ts';

/** Rows that lie one after the other, as `PackedRows` made them. Can be posted between threads. */
export type PackedJson = {
  json: Uint8Array;
  /** where each row ends in `json` */
  jsonEnds: readonly number[];
  /** Adler-32 of the dictionary they were packed against; null: none was known */
  dictionary: number | null;
};

export const jsonTable = (entity: Entity): string => `${entity}_json`;

export class JsonTable {
  readonly #put: Record<Entity, Statement>;
  readonly #delete: Record<Entity, Statement>;
  readonly #dictionaries: Dictionaries;

  constructor(db: Database) {
    const each = (sql: (table: string) => string) => perEntity((entity) => db.prepare(sql(jsonTable(entity))));
    this.#put = each(
      (table) => `INSERT INTO ${table} (rid, z) VALUES (?, ?) ON CONFLICT (rid) DO UPDATE SET z = excluded.z`,
    );
    this.#delete = each((table) => `DELETE FROM ${table} WHERE rid = ?`);
    this.#dictionaries = new Dictionaries(db);
  }

  dictionary(entity: Entity): Dictionary | null {
    return this.#dictionaries.current(entity);
  }

  /**
   * The rows as they are to be put: packed against the entity's dictionary, which is made of its first rows. Must run inside a
   * transaction. Throws INTERNAL when they were packed with another archive's dictionary, because they could not be opened again.
   */
  prepare(entity: Entity, { json, jsonEnds, dictionary }: PackedJson): Uint8Array[] {
    const rows = splitRows(json, jsonEnds);
    if (dictionary !== null) {
      if (this.#dictionaries.has(dictionary)) return rows;
      throw new AppError('INTERNAL', 'rows were packed for another archive');
    }
    if (rows.length === 0) return rows;
    // packed before there was a dictionary, or before their thread knew of it: a first sync has five pages under way
    const texts = rows.map((z) => openRow(z, this.#dictionaries.find));
    const made = this.dictionary(entity) ?? this.#dictionaries.learn(entity, texts);
    return texts.map((text) => packRow(text, made));
  }

  put(entity: Entity, rid: number, z: Uint8Array): void {
    this.#put[entity].run(rid, z);
  }

  delete(entity: Entity, rid: number): void {
    this.#delete[entity].run(rid);
  }

  /** After a rollback. */
  forget(): void {
    this.#dictionaries.forget();
  }
}
