/**
 * What can be read of a damaged archive → a new one. The blocks hold whole rows and the tables their columns: a row is rebuilt
 * from its block alone, so a damaged table loses nothing, and a damaged block loses its rows, some thirty. Sync state is left behind on
 * purpose: with rows missing, the next sync must look at everything again.
 */
import Sqlite, { type Database, type Statement } from 'better-sqlite3';
import { entities, type Entity } from '../contract/fields.ts';
import type { Dictionary } from './blocks.ts';
import { NO_DICTIONARY } from './dictionaries.ts';
import type { KeptDocument } from './documents.ts';
import { encodeRows, type Batch } from './encode.ts';
import { Block, type Opener } from './frames.ts';
import { unpackRids } from './rid-list.ts';

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
const ROWS_PER_READ = 256;
/** No row number and no block number comes near. */
const LAST = 2 ** 40;
/** Unreadable numbers after which a table is given up: its upper pages are gone and nothing more will come. */
const MAX_UNREADABLE = 200_000;

type BlockRow = [blk: number, entity: number, rids: Buffer, z: Buffer, dictionary: number | null];
type Place = [blk: number | null, bix: number | null, gone: number | null];

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
    if (db.prepare("SELECT count(*) FROM sqlite_schema WHERE name = 'block'").pluck().get() === 1) return db;
  } catch {
    // no page of it makes sense to SQLite
  }
  db?.close();
  return null;
}

function copyReadable(source: Database, target: Target): Salvaged {
  const read = readers(source);
  const waiting = new Map<Entity, Map<string, { json: string; gone: number | null }>>();
  const saved = Object.fromEntries(entities.map((entity) => [entity, new Set<number>()])) as Record<
    Entity,
    Set<number>
  >;
  let salvaged = 0;
  const flush = (entity: Entity) => {
    const rows = [...(waiting.get(entity)?.values() ?? [])];
    waiting.delete(entity);
    const parsed = rows.map(({ json }) => ({ json, value: JSON.parse(json) as { id: string } }));
    target.write({ batches: [encodeRows(entity, parsed, target.dictionary(entity))] });
    rows.forEach(({ gone }, i) => {
      if (gone !== null) target.markGone(entity, [parsed[i].value.id], gone);
    });
  };

  for (const [blk, position, packed, z, dictionary] of readable<BlockRow>(read.blocks)) {
    const entity = entities[position];
    if (!entity) continue;
    const texts = opened(z, read.dictionaries(dictionary));
    if (!texts) continue; // counted below: its rows are in the table and not among the saved
    unpackRids(packed).forEach((rid, bix) => {
      const place = read.place(entity, rid);
      const text = texts[bix];
      // what the table says is no longer here: an older version, or a row that was removed on purpose
      if (!text || (place !== 'unreadable' && (place?.[0] !== blk || place[1] !== bix))) return;
      const rows = waiting.get(entity) ?? new Map<string, { json: string; gone: number | null }>();
      waiting.set(entity, rows);
      rows.set(String(rid), { json: text.toString('utf8'), gone: place === 'unreadable' ? null : place[2] });
      if (!saved[entity].has(rid)) salvaged++;
      saved[entity].add(rid);
      if (rows.size >= ROWS_PER_WRITE) flush(entity);
    });
  }
  for (const entity of [...waiting.keys()]) flush(entity);

  let lost = 0;
  for (const entity of entities) {
    for (const [rid] of readable<[number]>(read.known[entity])) if (!saved[entity].has(rid)) lost++;
  }
  copyActivity(source, target);
  copyDocuments(source, target);
  return { salvaged, lost };
}

/** The rows of a block; null when it cannot be read with any of what it may have been made with. */
function opened(z: Buffer, openers: readonly Opener[]): Buffer[] | null {
  for (const opener of openers) {
    try {
      return new Block(z, opener).rows();
    } catch {
      // the frame's checksum tells a damaged dictionary from a sound one
    }
  }
  return null;
}

/** What a block may have been made with: the dictionary and its copy, whichever can be read. A file of version 1 has none. */
function dictionaryReader(source: Database, isOld: boolean): (id: number | null) => Opener[] {
  if (isOld) return () => ['version 1'];
  const found = new Map<number, Opener[]>();
  const sources = ['dictionary', 'dictionary_copy'].map((table) =>
    source.prepare(`SELECT bytes FROM ${table} WHERE id = ?`).pluck(),
  );
  return (id) => {
    if (id === null) return ['version 1'];
    if (id === NO_DICTIONARY) return [{ dictionary: null }];
    let list = found.get(id);
    if (!list) {
      list = sources.flatMap((statement) => {
        try {
          const dictionary = statement.get(id) as Uint8Array | undefined;
          return dictionary ? { dictionary } : [];
        } catch {
          return [];
        }
      });
      found.set(id, list);
    }
    return list;
  };
}

function readers(source: Database) {
  const each = (sql: (entity: Entity) => string) =>
    Object.fromEntries(entities.map((entity) => [entity, source.prepare(sql(entity)).raw()])) as Record<
      Entity,
      Statement
    >;
  const isOld =
    source.prepare(`SELECT count(*) FROM pragma_table_info('block') WHERE name = 'dict'`).pluck().get() === 0;
  const places = each((entity) => `SELECT blk, bix, gone FROM ${entity} WHERE rid = ?`);
  return {
    blocks: source
      .prepare(
        `SELECT blk, entity, rids, z, ${isOld ? 'NULL' : 'dict'} FROM block
         WHERE blk BETWEEN ? AND ? ORDER BY blk LIMIT ${ROWS_PER_READ}`,
      )
      .raw(),
    dictionaries: dictionaryReader(source, isOld),
    known: each(
      (entity) =>
        `SELECT rid FROM ${entity} WHERE rid BETWEEN ? AND ? AND known = 1 ORDER BY rid LIMIT ${ROWS_PER_READ}`,
    ),
    place(entity: Entity, rid: number): Place | undefined | 'unreadable' {
      try {
        return places[entity].get(rid) as Place | undefined;
      } catch {
        return 'unreadable';
      }
    },
  };
}

/** Every row that a `BETWEEN ? AND ?` over an integer key can still reach, first cell = key: around a bad page by halving. */
function* readable<T extends [number, ...unknown[]]>(range: Statement): Generator<T> {
  let unreadable = 0;
  function* between(low: number, high: number): Generator<T> {
    while (low <= high && unreadable < MAX_UNREADABLE) {
      let rows: T[];
      try {
        rows = range.all(low, high) as T[];
      } catch {
        if (low === high) {
          unreadable++;
          return;
        }
        const middle = Math.floor((low + high) / 2);
        yield* between(low, middle);
        low = middle + 1;
        continue;
      }
      yield* rows;
      if (rows.length < ROWS_PER_READ) return;
      low = (rows.at(-1) as T)[0] + 1;
    }
  }
  yield* between(1, LAST);
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
