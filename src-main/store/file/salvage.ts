/**
 * What can be read of a damaged archive → a new one. A row is rebuilt from its JSON alone, so a damaged table loses nothing, and a
 * damaged page of JSON its rows, some twenty. Sync state is left behind on purpose: with rows missing, the next sync must look at
 * everything again.
 */
import Sqlite, { type Database } from 'better-sqlite3';
import { entities, type Entity } from '../../contract/fields.ts';
import type { Dictionary } from '../coder/dictionary.ts';
import type { KeptDocument } from '../write/documents.ts';
import { encodeRows, type Batch } from '../write/encode.ts';
import { foundRows, isArchive, knownRows, type FoundRow } from './salvage-rows.ts';

/** The part of a Writer that salvaging needs. */
export type Target = {
  write(input: { batches: readonly Batch[] }): unknown;
  dictionary(entity: Entity): Dictionary | null;
  markGone(entity: Entity, ids: readonly string[], at: number): void;
  keepActivity(id: Uint8Array, fetched: number | null, z: Uint8Array): void;
  keepDocument(kind: string, document: { id: Uint8Array } & Omit<KeptDocument, 'id'>): void;
  checkpoint(): void;
  close(): void;
};
export type OpenTarget = (path: string) => Target;
export type Salvaged = { salvaged: number; lost: number };

const ROWS_PER_WRITE = 1000;
/** Reads `from` and never writes it. */
export function salvage(from: string, to: string, openTarget: OpenTarget): Salvaged {
  const target = openTarget(to);
  let source: Database | null = null;
  try {
    let counts: Salvaged = { salvaged: 0, lost: 0 };
    source = openDamaged(from);
    if (source) counts = copyReadable(source, target);
    target.checkpoint();
    return counts;
  } finally {
    source?.close();
    target.close();
  }
}

/** null when it is not an archive at all: there are no rows to find. */
function openDamaged(path: string): Database | null {
  let db: Database | null = null;
  try {
    db = new Sqlite(path, { readonly: true, fileMustExist: true }).unsafeMode(true);
    // with this, which only unsafe mode lets through, SQLite also reads a file that is shorter than its first page says
    db.pragma('writable_schema = ON');
    if (isArchive(db)) return db;
  } catch {
    // no page of it makes sense to SQLite
  }
  db?.close();
  return null;
}

function copyReadable(source: Database, target: Target): Salvaged {
  const waiting = new Map<Entity, FoundRow[]>();
  const saved = Object.fromEntries(entities.map((entity) => [entity, new Set<number>()])) as Record<
    Entity,
    Set<number>
  >;
  const flush = (entity: Entity) => {
    const rows = waiting.get(entity) ?? [];
    waiting.delete(entity);
    const parsed = rows.map(({ json }) => ({ json, value: JSON.parse(json) as { id: string } }));
    target.write({ batches: [encodeRows(entity, parsed, target.dictionary(entity))] });
    rows.forEach(({ gone }, i) => {
      if (gone !== null) target.markGone(entity, [parsed[i].value.id], gone);
    });
  };
  for (const found of foundRows(source)) {
    const rows = waiting.get(found.entity) ?? [];
    waiting.set(found.entity, rows);
    rows.push(found);
    saved[found.entity].add(found.rid);
    if (rows.length >= ROWS_PER_WRITE) flush(found.entity);
  }
  for (const entity of [...waiting.keys()]) flush(entity);

  let salvaged = 0;
  let lost = 0;
  for (const entity of entities) {
    salvaged += saved[entity].size;
    for (const rid of knownRows(source, entity)) if (!saved[entity].has(rid)) lost++;
  }
  copyActivity(source, target);
  copyDocuments(source, target);
  return { salvaged, lost };
}

function copyActivity(source: Database, target: Target): void {
  try {
    const rows = source.prepare('SELECT id, fetched, z FROM activity').raw().iterate();
    for (const row of rows) target.keepActivity(...(row as [Uint8Array, number | null, Uint8Array]));
  } catch {
    // the rest of the histories and logs is not readable; each is fetched again when its run is opened
  }
}

function copyDocuments(source: Database, target: Target): void {
  try {
    const rows = source.prepare('SELECT kind, id, name, gone, json FROM document').raw().iterate();
    for (const row of rows) {
      const [kind, id, name, gone, json] = row as [string, Uint8Array, string, number | null, string | null];
      target.keepDocument(kind, { id, name, gone, json });
    }
  } catch {
    // an archive from before they were kept, or a part that is not readable; the next sync reads them again
  }
}
