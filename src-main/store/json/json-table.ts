/** The tables of the rows' JSON, one for each entity, by row number. */
import type { Database, Statement } from 'better-sqlite3';
import { perEntity, type Entity } from '../../contract/fields.ts';
import { Dictionaries } from './dictionary.ts';
import { packRow } from './row-json.ts';

/** The texts of rows, UTF-8, one after the other. Can be posted between threads as one piece of memory. */
export type RowTexts = {
  json: Uint8Array;
  /** where each row ends in `json` */
  jsonEnds: readonly number[];
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

  /** Views of the rows' texts. The first rows of an entity make its dictionary. Must run inside a transaction. */
  split(entity: Entity, { json, jsonEnds }: RowTexts): Uint8Array[] {
    const texts = jsonEnds.map((end, i) => json.subarray(jsonEnds[i - 1] ?? 0, end));
    if (texts.length > 0 && !this.#dictionaries.current(entity)) this.#dictionaries.learn(entity, texts);
    return texts;
  }

  /** `text`: UTF-8. Throws SERVER_BAD_REPLY for a row of more than 256 MiB. */
  put(entity: Entity, rid: number, text: Uint8Array): void {
    this.#put[entity].run(rid, packRow(text, this.#dictionaries.current(entity)));
  }

  delete(entity: Entity, rid: number): void {
    this.#delete[entity].run(rid);
  }

  /** After a rollback. */
  forget(): void {
    this.#dictionaries.forget();
  }
}
