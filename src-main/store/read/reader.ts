/** Reads an archive, on a connection of its own: columns for the index, whole rows for the window, the local API and exports. */
import type { Database, Statement } from 'better-sqlite3';
import { AppError } from '../../contract/errors.ts';
import { perEntity, type DocumentKind, type Entity } from '../../contract/fields.ts';
import type { LinePlace, LogLine, RunActivity } from '../../contract/run.ts';
import { openForReading, suspectFile, type OpenedForReading } from '../file/archive-file.ts';
import { changesSince, lastBatch } from '../write/change-log.ts';
import { columns, type Cell, type Change, type ColumnSource } from '../columns.ts';
import { storeError } from '../file/errors.ts';
import { Dictionaries } from '../json/dictionary.ts';
import { listDocuments, listStatement, type KeptDocument } from '../write/documents.ts';
import { jsonTable } from '../json/json-table.ts';
import { columnNames } from '../layout.ts';
import { openRow } from '../json/row-json.ts';
import { Search } from '../search/search.ts';
import type { SearchTable } from '../search/search-tables.ts';
import { readState } from '../state.ts';
import { uuidBytes, uuidText } from '../uuid.ts';
import { KeptActivity } from './kept-activity.ts';
import { KeptLists } from './kept-lists.ts';

export type Reader = Required<ColumnSource> & {
  /**
   * The rows' JSON, byte for byte as the server sent it, in the order asked; `null` (the text) for a row that is not there or only referred to.
   * Throws ARCHIVE_DAMAGED when a row is there without its text.
   */
  json(entity: Entity, rids: readonly number[]): string[];
  /** The same as UTF-8. The bytes are the caller's. */
  jsonBytes(entity: Entity, rids: readonly number[]): Buffer[];
  /** How far the full-text index is; null: it is whole. */
  searchPlace(): { done: number; of: number } | null;
  /** null when there is no such row, not even one that is only referred to */
  ridOf(entity: Entity, id: string): number | null;
  /** Of the lines those from `from` (µs) on, by time and id; with `most` the first ones, as `lines` has them. null when nothing was ever kept. */
  activity(taskRunId: string, from?: number | null, most?: number): RunActivity | null;
  /** How many lines of the run are kept; null when it was never fetched. */
  lineCount(taskRunId: string): number | null;
  /** The kept line up to which none is missing; null when no line is kept. */
  activityEnd(taskRunId: string): LinePlace | null;
  /** The first `most` lines that stand after this place; fewer when they have `text` (TEXT_AT_ONCE) characters, none only at the end. */
  lines(taskRunId: string, after: LinePlace, most: number, text?: number): LogLine[];
  /** Several reads of what is kept of runs, on one state of the file. */
  kept<T>(read: (lists: KeptLists) => T): T;
  /** how many task runs' activity is kept */
  activities(): number;
  /** Work pools or work queues, those gone from the server among them, by id. */
  documents(kind: DocumentKind): KeptDocument[];
  /** undefined when never set */
  state(key: string): unknown;
  /** number of the last commit that touched rows */
  batch(): number;
  /** All rows touched after that commit; null when that is no longer known and everything must be read. */
  changesSince(batch: number): Change | null;
  /** another number once another connection has written; for processes that get no changes from the writer */
  dataVersion(): number;
  /** From now on until `letGo`, every read sees the archive as it is now, whatever is committed meanwhile. Returns `batch`. */
  hold(): number;
  letGo(): void;
  /** The row that each row refers to by a column such as `flow_run`; 0: none, or only its id is known. */
  parents(entity: Entity, column: string, rids: readonly number[]): number[];
  /** The ids of rows; null for one that is not there */
  idsOf(entity: Entity, rids: readonly number[]): (string | null)[];
  /** the name that the file got when it was made; an index file that names another archive is not used */
  archiveId(): string;
  stats(): ReaderStats;
  close(): void;
};

type ReaderStats = {
  /** rows that are known */
  rows: Record<Entity, number>;
  terms: number;
  /** of the file without its log */
  bytes: number;
};

/** Throws NOT_FOUND when there is no file, ARCHIVE_NEWER, ARCHIVE_DAMAGED. */
export function openReader(path: string): Reader {
  const opened = openForReading(path);
  try {
    return new ArchiveReader(opened, path);
  } catch (thrown) {
    opened.close();
    throw storeError(thrown, path);
  }
}

/** The text of a row that is not there, or only referred to. */
const NO_ROW = 'null';
/** Rows read at once: few enough to stay in V8's young generation. */
const ROWS_PER_READ = 500;
/** New rows have neighbouring numbers: from this many on, one statement for all and one for their ids take less time than one for each. */
const WORTH_A_RANGE = 8;

class ArchiveReader implements Reader {
  readonly #db: Database;
  readonly #close: () => void;
  readonly #path: string;
  readonly #rows: Record<Entity, Statement>;
  readonly #ids: Record<Entity, Statement>;
  readonly #terms: Statement;
  readonly #row: Record<Entity, Statement>;
  readonly #rid: Record<Entity, Statement>;
  readonly #json: Record<Entity, Statement>;
  readonly #known: Record<Entity, Statement>;
  readonly #dictionaries: Dictionaries;
  readonly #state: Statement;
  readonly #activity: KeptActivity;
  readonly #lists: KeptLists;
  readonly #documents: Statement;
  readonly #search: Search;

  constructor(opened: OpenedForReading, path: string) {
    const { db } = opened;
    this.#db = db;
    this.#close = () => opened.close();
    this.#path = path;
    const list = (entity: Entity, id: string) => ['rid', id, ...columnNames(entity).slice(1)].join(', ');
    const piece = `WHERE rid BETWEEN ? AND ? ORDER BY rid LIMIT ${ROWS_PER_READ}`;
    this.#rows = perEntity((entity) => db.prepare(`SELECT ${list(entity, 'NULL')} FROM ${entity} ${piece}`).raw());
    this.#ids = perEntity((entity) =>
      db.prepare(`SELECT group_concat(hex(id), '') FROM (SELECT id FROM ${entity} ${piece})`).pluck(),
    );
    this.#terms = db.prepare(`SELECT id, text FROM term WHERE id > ? ORDER BY id LIMIT ${ROWS_PER_READ}`).raw();
    this.#row = perEntity((entity) => db.prepare(`SELECT ${list(entity, 'id')} FROM ${entity} WHERE rid = ?`).raw());
    this.#rid = perEntity((entity) => db.prepare(`SELECT rid FROM ${entity} WHERE id = ?`).pluck());
    this.#json = perEntity((entity) => db.prepare(`SELECT z FROM ${jsonTable(entity)} WHERE rid = ?`).pluck());
    this.#known = perEntity((entity) => db.prepare(`SELECT known FROM ${entity} WHERE rid = ?`).pluck());
    this.#dictionaries = new Dictionaries(db);
    this.#state = db.prepare('SELECT value FROM state WHERE key = ?').pluck();
    this.#activity = new KeptActivity(db);
    this.#lists = new KeptLists(db);
    this.#documents = listStatement(db);
    this.#search = new Search(db);
  }

  maxRid(entity: Entity): number {
    return this.#guard(() => this.#db.prepare(`SELECT ifnull(max(rid), 0) FROM ${entity}`).pluck().get() as number);
  }

  /** In pieces, so that other reads can come in between. A row that is written meanwhile is seen here or told by the next Change. */
  *rows(entity: Entity, from: number, to: number): IterableIterator<[number, ...Cell[]]> {
    for (let at = from; at <= to;) {
      const piece = this.#piece(entity, at, to);
      yield* piece;
      const last = piece.at(-1);
      if (!last || piece.length < ROWS_PER_READ) return;
      at = last[0] + 1;
    }
  }

  #piece(entity: Entity, from: number, to: number): [number, ...Cell[]][] {
    return this.#snapshot(() => this.#between(entity, from, to));
  }

  /** All ids are read as one text: a Buffer for each would take as long as all other columns together (2.0 instead of 1.1 µs a row). */
  #between(entity: Entity, from: number, to: number): [number, ...Cell[]][] {
    const rows = this.#rows[entity].all(from, to) as [number, ...Cell[]][];
    const ids = Buffer.from((this.#ids[entity].get(from, to) as string | null) ?? '', 'hex');
    rows.forEach((row, i) => (row[1] = new Uint8Array(ids.buffer, ids.byteOffset + i * 16, 16)));
    return rows;
  }

  /** In one transaction: a quarter of the time of a row read by itself goes into file locks. */
  rowsByRid(entity: Entity, rids: readonly number[]): [number, ...Cell[]][] {
    return this.#snapshot(() =>
      neighbours(rids).flatMap(({ from, to }) => {
        if (to - from >= WORTH_A_RANGE) return this.#between(entity, from, to);
        const found: [number, ...Cell[]][] = [];
        for (let rid = from; rid <= to; rid++) {
          const row = this.#row[entity].get(rid) as [number, ...Cell[]] | undefined;
          if (row) found.push(row);
        }
        return found;
      }),
    );
  }

  *terms(after: number): IterableIterator<[number, string]> {
    for (let at = after; ;) {
      const piece = this.#guard(() => this.#terms.all(at) as [number, string][]);
      yield* piece;
      const last = piece.at(-1);
      if (!last || piece.length < ROWS_PER_READ) return;
      at = last[0];
    }
  }

  json(entity: Entity, rids: readonly number[]): string[] {
    return this.jsonBytes(entity, rids).map((bytes) => bytes.toString('utf8'));
  }

  jsonBytes(entity: Entity, rids: readonly number[]): Buffer[] {
    return this.#snapshot(() =>
      rids.map((rid) => {
        const z = this.#json[entity].get(rid) as Buffer | undefined;
        return z ? openRow(z, this.#dictionaries.find) : this.#noRow(entity, rid);
      }),
    );
  }

  /** Throws ARCHIVE_DAMAGED when there is such a row: it was written together with its text. */
  #noRow(entity: Entity, rid: number): Buffer {
    if (this.#known[entity].get(rid) !== 1) return Buffer.from(NO_ROW);
    throw new AppError('ARCHIVE_DAMAGED', `row ${rid} of ${entity} has lost its text: ${this.#path}`, {
      path: this.#path,
    });
  }

  ridOf(entity: Entity, id: string): number | null {
    const bytes = uuidBytes(id);
    return bytes ? this.#guard(() => (this.#rid[entity].get(bytes) as number | undefined) ?? null) : null;
  }

  activity(taskRunId: string, from: number | null = null, most = Infinity): RunActivity | null {
    const id = uuidBytes(taskRunId);
    if (!id) return null;
    return this.#snapshot(() => this.#activity.get(id, from, most));
  }

  lineCount(taskRunId: string): number | null {
    const id = uuidBytes(taskRunId);
    return id ? this.#guard(() => this.#activity.lineCount(id)) : null;
  }

  activityEnd(taskRunId: string): LinePlace | null {
    const id = uuidBytes(taskRunId);
    return id ? this.#snapshot(() => this.#activity.end(id)) : null;
  }

  lines(taskRunId: string, after: LinePlace, most: number, text?: number): LogLine[] {
    const id = uuidBytes(taskRunId);
    return id ? this.#snapshot(() => this.#activity.after(id, after, most, text)) : [];
  }

  kept<T>(read: (lists: KeptLists) => T): T {
    return this.#snapshot(() => read(this.#lists));
  }

  activities(): number {
    return this.#guard(
      () =>
        this.#db
          .prepare('SELECT count(*) FROM activity WHERE run NOT IN (SELECT id FROM flow_run)')
          .pluck()
          .get() as number,
    );
  }

  search(table: SearchTable, match: string, among?: readonly number[]): Uint32Array {
    return this.#guard(() => this.#search.find(table, match, among));
  }

  withLogs(among?: readonly number[]): Uint32Array {
    return this.#guard(() => this.#search.withLogs(among));
  }

  searchPlace(): { done: number; of: number } | null {
    return this.#snapshot(() => this.#search.place());
  }

  documents(kind: DocumentKind): KeptDocument[] {
    return this.#guard(() => listDocuments(this.#documents, kind));
  }

  state(key: string): unknown {
    return this.#guard(() => readState(this.#state, key));
  }

  batch(): number {
    return this.#guard(() => lastBatch(this.#db));
  }

  changesSince(batch: number): Change | null {
    return this.#snapshot(() => changesSince(this.#db, batch));
  }

  hold(): number {
    return this.#guard(() => {
      this.#db.exec('BEGIN');
      return lastBatch(this.#db); // the first read is what the transaction sees from then on
    });
  }

  letGo(): void {
    if (this.#db.open && this.#db.inTransaction) this.#guard(() => this.#db.exec('COMMIT'));
  }

  parents(entity: Entity, column: string, rids: readonly number[]): number[] {
    const target = columns[entity][column] as Entity;
    const sql = `SELECT p.rid FROM ${entity} AS t JOIN ${target} AS p ON p.rid = t.${column} AND p.known = 1 WHERE t.rid = ?`;
    return this.#snapshot(() => {
      const statement = this.#db.prepare(sql).pluck();
      return rids.map((rid) => (statement.get(rid) as number | undefined) ?? 0);
    });
  }

  idsOf(entity: Entity, rids: readonly number[]): (string | null)[] {
    return this.#snapshot(() => {
      const statement = this.#db.prepare(`SELECT id FROM ${entity} WHERE rid = ?`).pluck();
      return rids.map((rid) => {
        const id = statement.get(rid) as Uint8Array | undefined;
        return id ? uuidText(id) : null;
      });
    });
  }

  dataVersion(): number {
    return this.#guard(() => this.#db.pragma('data_version', { simple: true }) as number);
  }

  archiveId(): string {
    return this.#guard(() => this.#db.prepare("SELECT value FROM meta WHERE key = 'archive'").pluck().get() as string);
  }

  stats(): ReaderStats {
    return this.#snapshot(() => {
      const number = (sql: string) => this.#db.prepare(sql).pluck().get() as number;
      return {
        rows: perEntity((entity) => number(`SELECT count(*) FROM ${entity} WHERE known = 1`)),
        terms: number('SELECT count(*) FROM term'),
        bytes: number('SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()'),
      };
    });
  }

  close(): void {
    if (this.#db.open) this.#guard(this.#close);
  }

  /** Several statements on one state of the file, though the writer may change rows in between. */
  #snapshot<T>(work: () => T): T {
    return this.#guard(this.#db.transaction(work));
  }

  #guard<T>(work: () => T): T {
    try {
      return work();
    } catch (thrown) {
      throw this.#error(thrown);
    }
  }

  #error(thrown: unknown): AppError {
    const error = storeError(thrown, this.#path);
    if (error.code === 'ARCHIVE_DAMAGED') suspectFile(this.#path);
    return error;
  }
}

/** Runs of consecutive numbers, none longer than what is read at once. */
function neighbours(rids: readonly number[]): { from: number; to: number }[] {
  const runs: { from: number; to: number }[] = [];
  let last: { from: number; to: number } | null = null;
  for (const rid of rids) {
    if (last && rid === last.to + 1 && rid - last.from < ROWS_PER_READ) last.to = rid;
    else runs.push((last = { from: rid, to: rid }));
  }
  return runs;
}
