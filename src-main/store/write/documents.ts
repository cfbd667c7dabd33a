/** The table of documents: the whole rows of work pools and work queues. All rows of a kind are read from the server at once, so all are replaced at once. */
import type { Database, Statement } from 'better-sqlite3';
import type { DocumentChanges } from '../../contract/archive.ts';
import { AppError } from '../../contract/errors.ts';
import type { DocumentKind } from '../../contract/fields.ts';
import { uuidBytes, uuidText } from '../uuid.ts';
import { refusal } from './refused.ts';

/** As received: `json` is the row's exact text. */
export type Document = { id: string; name: string; json: string };
/** `gone`: µs by the server's clock, null while the server has it. `json` is null when the text was deleted here and only id and name are left. */
export type KeptDocument = { id: string; name: string; gone: number | null; json: string | null };

type Cells = [id: Uint8Array, name: string, gone: number | null, json: string | null];

export class Documents {
  readonly #list: Statement;
  readonly #put: Statement;
  readonly #gone: Statement;
  readonly #letGo: Statement;

  constructor(db: Database) {
    this.#list = listStatement(db);
    this.#put = db.prepare(
      `INSERT INTO document (kind, id, name, gone, json) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (kind, id) DO UPDATE SET name = excluded.name, gone = excluded.gone, json = excluded.json`,
    );
    this.#gone = db.prepare('UPDATE document SET gone = ? WHERE kind = ? AND id = ?');
    this.#letGo = db.prepare('UPDATE document SET json = NULL WHERE gone IS NOT NULL');
  }

  /** `all`: the server has no others, and every other kept one is marked gone since `at` (µs). Throws BAD_INPUT when an id is not a UUID. */
  replace(kind: DocumentKind, documents: readonly Document[], at: number, all: boolean): DocumentChanges {
    const changes: DocumentChanges = { added: [], renamed: [], gone: [] };
    const kept = new Map(listDocuments(this.#list, kind).map((one) => [one.id, one]));
    for (const { id: spelled, name, json } of documents) {
      const bytes = uuidBytes(spelled);
      if (!bytes) throw new AppError('BAD_INPUT', `not an id of a ${kind}`, { id: spelled });
      const id = uuidText(bytes);
      const old = kept.get(id);
      kept.delete(id);
      if (old?.json === json && old.name === name && old.gone === null) continue;
      try {
        this.#put.run(kind, bytes, name, null, json);
      } catch (thrown) {
        const reason = refusal(thrown);
        if (reason === null) throw thrown;
        (changes.refused ??= []).push({ id, reason });
        continue;
      }
      if (!old || old.gone !== null) changes.added.push(id);
      else if (old.name !== name) changes.renamed.push(id);
    }
    for (const { id, gone } of kept.values()) {
      if (gone !== null || !all) continue;
      changes.gone.push(id);
      this.#gone.run(at, kind, uuidBytes(id));
    }
    return changes;
  }

  /** A document as it lies in an archive, for salvaging. */
  keep(kind: string, { id, name, gone, json }: { id: Uint8Array } & Omit<KeptDocument, 'id'>): void {
    this.#put.run(kind, id, name, gone, json);
  }

  /** Deletes the texts of all that are gone. */
  letGo(): void {
    this.#letGo.run();
  }
}

export function listStatement(db: Database): Statement {
  return db.prepare('SELECT id, name, gone, json FROM document WHERE kind = ? ORDER BY id').raw();
}

export function listDocuments(statement: Statement, kind: DocumentKind): KeptDocument[] {
  return (statement.all(kind) as Cells[]).map(([id, name, gone, json]) => ({ id: uuidText(id), name, gone, json }));
}
