/**
 * Copies what can be read of a damaged archive into a new one. A row is rebuilt from its JSON alone, so that a damaged table loses
 * nothing, and a damaged page of JSON only its rows, some twelve. Sync state is left behind on purpose: with rows missing, the next sync
 * must look at everything again.
 */
import Sqlite, { type Database } from 'better-sqlite3';
import { isRefused, type WriteCounts } from '../../contract/archive.ts';
import { entities, type Entity } from '../../contract/fields.ts';
import type { RunActivity } from '../../contract/run.ts';
import { KeptActivity } from '../read/kept-activity.ts';
import type { KeptDocument } from '../write/documents.ts';
import { encodeRows, type Batch } from '../write/encode.ts';
import { activityRuns, attempt, foundRows, isArchive, knownRows, likelyRows, type FoundRow } from './salvage-rows.ts';

/** The part of a Writer that salvaging needs. */
export type Target = {
  write(input: { batches: readonly Batch[] }): WriteCounts;
  markGone(entity: Entity, ids: readonly string[], at: number): void;
  keepActivity(run: Uint8Array, activity: RunActivity, stamp: number | null): void;
  keepDocument(kind: string, document: { id: Uint8Array } & Omit<KeptDocument, 'id'>): void;
  checkpoint(): void;
  close(): void;
};
export type OpenTarget = (path: string) => Target;
type Salvaged = { salvaged: number; lost: number };
/** `rows`: saved so far; `of`: rows that may be there, null when the file does not tell. */
export type SalvageProgress = { rows: number; of: number | null };

const ROWS_PER_WRITE = 1000;
/** Reads `from` and never writes it. `onProgress` is called at every read, also while nothing readable is met. */
export function salvage(
  from: string,
  to: string,
  openTarget: OpenTarget,
  onProgress: (progress: SalvageProgress) => void,
): Salvaged {
  const target = openTarget(to);
  let source: Database | null = null;
  try {
    let counts: Salvaged = { salvaged: 0, lost: 0 };
    source = openDamaged(from);
    if (source) counts = copyReadable(source, target, onProgress);
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

function copyReadable(source: Database, target: Target, onProgress: (progress: SalvageProgress) => void): Salvaged {
  let salvaged = 0;
  const of = likelyRows(source);
  const onRead = () => onProgress({ rows: salvaged, of });
  let lost = 0;
  const write = (entity: Entity, rows: readonly FoundRow[]) => {
    const parsed = rows.map(({ json }) => ({ json, value: JSON.parse(json) as { id: string } }));
    const { refused = [] } = target.write({ batches: [encodeRows(entity, parsed)] });
    salvaged -= refused.length;
    lost += refused.length;
    rows.forEach(({ gone }, i) => {
      if (gone !== null) target.markGone(entity, [parsed[i].value.id], gone);
    });
  };
  for (const entity of entities) {
    const saved = new Set<number>();
    let waiting: FoundRow[] = [];
    for (const found of foundRows(source, entity, onRead)) {
      saved.add(found.rid);
      salvaged++;
      if (waiting.push(found) < ROWS_PER_WRITE) continue;
      write(entity, waiting);
      waiting = [];
    }
    write(entity, waiting);
    for (const rid of knownRows(source, entity, onRead)) if (!saved.has(rid)) lost++;
  }
  copyActivity(source, target, onRead);
  copyDocuments(source, target);
  return { salvaged, lost };
}

function copyActivity(source: Database, target: Target, onRead: () => void): void {
  const kept = attempt(() => new KeptActivity(source));
  if (!kept) return;
  for (const { run, stamp } of activityRuns(source, onRead)) {
    // one that cannot be read is fetched again when its run is opened
    const activity = attempt(() => kept.get(run));
    try {
      if (activity) target.keepActivity(run, activity, stamp);
    } catch (thrown) {
      if (!isRefused(thrown)) throw thrown;
    }
  }
}

function copyDocuments(source: Database, target: Target): void {
  type Found = [kind: string, id: Uint8Array, name: string, gone: number | null, json: string | null];
  const found: Found[] = [];
  // a part that cannot be read is read from the server again by the next sync
  attempt(() => {
    for (const row of source.prepare('SELECT kind, id, name, gone, json FROM document').raw().iterate())
      found.push(row as Found);
  });
  for (const [kind, id, name, gone, json] of found) target.keepDocument(kind, { id, name, gone, json });
}
