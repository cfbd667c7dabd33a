/** The only connection that writes an archive. Every call is one transaction: when it has returned, all is on disk; when it throws, nothing has changed. */
import type { Database, Statement } from 'better-sqlite3';
import {
  MOST_REFUSED,
  refusedActivity,
  type DocumentChanges,
  type DueActivities,
  type DueRun,
  type WriteCounts,
} from '../../contract/archive.ts';
import { AppError } from '../../contract/errors.ts';
import { entities, perEntity, type DocumentKind, type Entity } from '../../contract/fields.ts';
import type { LinePlace, RunActivity } from '../../contract/run.ts';
import type { Retention, Removal } from '../../contract/sync.ts';
import { Activities } from './activities.ts';
import { closeWritten, openForWriting, suspectFile } from '../file/archive-file.ts';
import { ChangeLog, Touches } from './change-log.ts';
import type { Change } from '../columns.ts';
import { Documents, type Document, type KeptDocument } from './documents.ts';
import { single, type Batch, type Keys } from './encode.ts';
import { storeError } from '../file/errors.ts';
import { Rids, Terms } from './interner.ts';
import { JsonTable } from '../json/json-table.ts';
import { Lookup } from './lookup.ts';
import { planRemoval, shrink } from './retention.ts';
import { KeptActivity } from '../read/kept-activity.ts';
import { FailureRefresh } from './failure-refresh.ts';
import { refusal } from './refused.ts';
import { RowTable } from './row-table.ts';
import { SearchIndex } from '../search/search-index.ts';
import type { SalvageProgress, Target } from '../file/salvage.ts';
import { readState } from '../state.ts';
import { uuidBytes, uuidText } from '../uuid.ts';

export type Writer = {
  /** what a person should know about the opening: ARCHIVE_DAMAGED with `set_aside`, `salvaged`, `lost` when a damaged file was replaced */
  readonly notice: AppError | null;
  /**
   * Unchanged rows are skipped, a row that SQLite refuses is passed over and named in `refused`; `state` is stored in the same transaction.
   * Throws DISK_FULL, FOLDER_READ_ONLY, ARCHIVE_DAMAGED.
   */
  write(input: { batches: readonly Batch[]; state?: Record<string, unknown> }): WriteCounts;
  /** undefined when never set */
  getState(key: string): unknown;
  setState(key: string, value: unknown): void;
  /** The address of the server that the rows are from: kept in the file, so that the file tells it without its workspace. */
  setServer(address: string): void;
  /** `at` µs: when the server was seen to have lost the rows. A row that is written again is no longer gone. */
  markGone(entity: Entity, ids: readonly string[], at: number): void;
  /** Deletes rows for good; returns how many there were. A row that others still refer to is marked gone at `at` (µs), so that it is not asked for again. */
  remove(entity: Entity, ids: readonly string[], at: number): number;
  /** What `retention` would delete; `now` µs. */
  preview(retention: Retention, now: number): Removal;
  /** Deletes the runs that `retention` does not keep, for good, in several transactions; returns what was deleted. */
  enforce(retention: Retention, now: number): Removal;
  /** number of the last commit that touched rows */
  lastBatch(): number;
  /** Ids of rows that are not kept or are marked gone, and of rows that are kept and differ. Writes nothing. */
  differing(keys: Keys): { missing: string[]; changed: string[] };
  /** By row: 1 when `write` would change something; the others need not be encoded. */
  needed(keys: Keys): Uint8Array;
  /** Asks about kept rows. */
  lookup<T>(ask: (lookup: Lookup) => T): T;
  /** What is kept of the run, a task run or a flow run, besides its row, of its lines the first `most` from `from` (µs) on; null when nothing was ever kept. */
  activity(id: string, from?: number | null, most?: number): RunActivity | null;
  /** The kept line up to which none is missing; null when no line is kept. */
  activityEnd(id: string): LinePlace | null;
  /**
   * Replaces history and artifacts, and adds the lines that are not kept yet. `stamp`: the run's as `dueActivities` gave it; null when it was
   * fetched for another reason. Throws `isRefused` when SQLite does not take it.
   */
  saveActivity(id: string, activity: RunActivity, stamp: number | null): void;
  /** Runs whose activity is missing or was read before they changed. Scans the table, about 0.2 s at a million rows: once per sync. */
  dueActivities(wanted: DueActivities): DueRun[];
  /** A document that SQLite refuses is passed over and named in `refused`. With `all` the documents are all that the server has of the kind, at `at` (µs by its clock). With `drop` the texts of those that are gone are deleted. */
  replaceDocuments(
    kind: DocumentKind,
    documents: readonly Document[],
    at: number,
    how: { all: boolean; drop: boolean },
  ): DocumentChanges;
  /**
   * Brings some thousand rows' `failure` up to the present rule (../failure.ts), when an older rule made them; true while there are more.
   * One transaction, some 20 ms. Goes on where it stopped, also after a restart.
   */
  refreshFailures(): boolean;
  /**
   * Indexes some hundred rows for the full-text search, when the archive has no index of today's rule; true while there are more. One
   * transaction, some 20 ms. Goes on where it stopped, also after a restart.
   */
  indexTexts(): boolean;
  /** Moves what the log holds into the file itself. */
  checkpoint(): void;
  close(): void;
};

type WriterOptions = {
  /** called after each commit that touched rows, before the call returns */
  onChange: (change: Change) => void;
  /** called often while a damaged archive is salvaged */
  onSalvage?: (progress: SalvageProgress) => void;
};

/** Rows deleted in one transaction; the index takes in that many between two questions. */
const ROWS_PER_REMOVAL = 1000;

/** Creates the file when there is none. Throws ARCHIVE_NEWER, DISK_FULL, FOLDER_READ_ONLY, FOLDER_IN_USE. A damaged file is set aside, see `notice`. */
export function openWriter(path: string, { onChange, onSalvage = () => undefined }: WriterOptions): Writer {
  const target = (at: string) => openWriter(at, { onChange: () => undefined }) as ArchiveWriter;
  const { db, notice } = openForWriting(path, target, onSalvage);
  try {
    return new ArchiveWriter(db, path, notice, onChange);
  } catch (thrown) {
    db.close();
    throw storeError(thrown, path);
  }
}

class ArchiveWriter implements Writer, Target {
  readonly notice: AppError | null;
  readonly #db: Database;
  readonly #path: string;
  readonly #onChange: (change: Change) => void;
  readonly #terms: Terms;
  readonly #rids: Record<Entity, Rids>;
  readonly #json: JsonTable;
  readonly #tables: Record<Entity, RowTable>;
  readonly #log: ChangeLog;
  readonly #begin: Statement;
  readonly #commit: Statement;
  readonly #getState: Statement;
  readonly #setState: Statement;
  readonly #activities: Activities;
  readonly #keptActivity: KeptActivity;
  readonly #failures: FailureRefresh;
  readonly #documents: Documents;
  readonly #search: SearchIndex;
  readonly #lookup: Lookup;

  constructor(db: Database, path: string, notice: AppError | null, onChange: (change: Change) => void) {
    this.notice = notice;
    this.#db = db;
    this.#path = path;
    this.#onChange = onChange;
    this.#terms = new Terms(db);
    this.#rids = perEntity((entity) => new Rids(db, entity));
    this.#json = new JsonTable(db);
    this.#search = new SearchIndex(db);
    const shared = { terms: this.#terms, rids: this.#rids, json: this.#json, search: this.#search };
    this.#tables = perEntity((entity) => new RowTable(db, entity, shared));
    this.#log = new ChangeLog(db);
    this.#begin = db.prepare('BEGIN IMMEDIATE');
    this.#commit = db.prepare('COMMIT');
    this.#getState = db.prepare('SELECT value FROM state WHERE key = ?').pluck();
    this.#setState = db.prepare(
      'INSERT INTO state (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value',
    );
    this.#lookup = new Lookup(db);
    this.#activities = new Activities(db, this.#terms, this.#search);
    this.#keptActivity = new KeptActivity(db);
    this.#failures = new FailureRefresh(db, this.#terms);
    this.#documents = new Documents(db);
  }

  write({ batches, state }: { batches: readonly Batch[]; state?: Record<string, unknown> }): WriteCounts {
    const storing = (store: (batch: Batch, touches: Touches, counts: WriteCounts) => unknown) =>
      this.#transact((touches) => {
        const counts: WriteCounts = { inserted: 0, changed: 0, unchanged: 0 };
        let refused: unknown = null;
        for (const batch of batches) refused = store(batch, touches, counts) ?? refused;
        const isArchives = (counts.refused?.length ?? 0) >= MOST_REFUSED;
        if (isArchives && counts.inserted + counts.changed + counts.unchanged === 0) throw refused;
        for (const [key, value] of Object.entries(state ?? {})) this.#setState.run(key, JSON.stringify(value ?? null));
        return counts;
      });
    try {
      return storing((batch, touches, counts) => this.#tables[batch.entity].write(batch, touches, counts));
    } catch (thrown) {
      if (refusal(thrown) === null) throw thrown;
      return storing((batch, touches, counts) => this.#writeApart(batch, touches, counts));
    }
  }

  /** Each row by itself: one that is refused leaves no trace. Returns what refused the last of them, null when none was. */
  #writeApart(batch: Batch, touches: Touches, counts: WriteCounts): unknown {
    counts.unchanged += batch.skipped;
    counts.refused ??= [];
    let last: unknown = null;
    for (let i = 0; i < batch.rows; i++) {
      const own = new Touches();
      const before = { ...counts };
      this.#db.exec('SAVEPOINT row');
      try {
        this.#tables[batch.entity].write(single(batch, i), own, counts);
      } catch (thrown) {
        const reason = refusal(thrown);
        if (reason === null) throw thrown;
        this.#db.exec('ROLLBACK TO row');
        this.#forget();
        Object.assign(counts, before);
        counts.refused.push({ entity: batch.entity, id: uuidText(batch.ids, i * 16), reason });
        last = thrown;
      }
      this.#db.exec('RELEASE row');
      touches.add(own.change(0) ?? { changed: {}, removed: {} });
    }
    return last;
  }

  getState(key: string): unknown {
    return this.#guard(() => readState(this.#getState, key));
  }

  setState(key: string, value: unknown): void {
    this.#transact(() => this.#setState.run(key, JSON.stringify(value ?? null)));
  }

  setServer(address: string): void {
    const kept = this.#guard(() => this.#db.prepare("SELECT value FROM meta WHERE key = 'server'").pluck().get());
    if (kept === address) return;
    const set =
      "INSERT INTO meta (key, value) VALUES ('server', ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value";
    this.#transact(() => this.#db.prepare(set).run(address));
  }

  markGone(entity: Entity, ids: readonly string[], at: number): void {
    this.#transact((touches) => this.#tables[entity].markGone(ids, at, touches));
  }

  remove(entity: Entity, ids: readonly string[], at: number): number {
    return this.#transact((touches) => {
      const removed = this.#tables[entity].remove(ids, touches);
      this.#tables[entity].markGone(ids, at, touches);
      if (entity === 'task_run' || entity === 'flow_run') for (const id of ids) this.#activities.drop(runId(id));
      return removed;
    });
  }

  preview(retention: Retention, now: number): Removal {
    return this.#guard(() => planRemoval(this.#db, retention, now).plan);
  }

  enforce(retention: Retention, now: number): Removal {
    const { plan, ids } = this.#guard(() => planRemoval(this.#db, retention, now));
    for (const [entity, list] of ids)
      for (let from = 0; from < list.length; from += ROWS_PER_REMOVAL)
        this.remove(entity, list.slice(from, from + ROWS_PER_REMOVAL), now);
    if (retention.gone === 'drop') this.#transact(() => this.#documents.letGo());
    this.#guard(() => shrink(this.#db));
    return plan;
  }

  lastBatch(): number {
    return this.#log.next - 1;
  }

  differing(keys: Keys): { missing: string[]; changed: string[] } {
    return this.#guard(() => this.#tables[keys.entity].differing(keys));
  }

  needed(keys: Keys): Uint8Array {
    return this.#guard(() => this.#tables[keys.entity].needed(keys));
  }

  lookup<T>(ask: (lookup: Lookup) => T): T {
    return this.#guard(() => ask(this.#lookup));
  }

  activity(taskRunId: string, from: number | null = null, most = Infinity): RunActivity | null {
    const id = runId(taskRunId);
    return this.#guard(() => this.#keptActivity.get(id, from, most));
  }

  activityEnd(taskRunId: string): LinePlace | null {
    const id = runId(taskRunId);
    return this.#guard(() => this.#keptActivity.end(id));
  }

  saveActivity(taskRunId: string, activity: RunActivity, stamp: number | null): void {
    const id = runId(taskRunId);
    const run = this.#saveActivity(id, activity, stamp);
    if (run !== null) this.#tellTexts([run]);
  }

  dueActivities(wanted: DueActivities): DueRun[] {
    return this.#guard(() => this.#activities.due(wanted));
  }

  keepActivity(id: Uint8Array, activity: RunActivity, stamp: number | null): void {
    this.#saveActivity(id, activity, stamp);
  }

  #saveActivity(id: Uint8Array, activity: RunActivity, stamp: number | null): number | null {
    try {
      return this.#transact(() => this.#activities.save(id, activity, stamp));
    } catch (thrown) {
      const reason = refusal(thrown);
      throw reason === null ? thrown : refusedActivity(reason, thrown);
    }
  }

  refreshFailures(): boolean {
    if (this.#guard(() => this.#failures.isDone())) return false;
    return this.#transact((touches) => this.#failures.step(touches));
  }

  indexTexts(): boolean {
    if (this.#guard(() => this.#search.isWhole())) return false;
    const more = this.#transact(() => this.#search.step());
    this.#tellTexts('all');
    return more;
  }

  /** No row has changed, but what a search finds has. */
  #tellTexts(texts: Change['texts']): void {
    this.#onChange({ batch: this.lastBatch(), changed: {}, removed: {}, texts });
  }

  replaceDocuments(
    kind: DocumentKind,
    documents: readonly Document[],
    at: number,
    { all, drop }: { all: boolean; drop: boolean },
  ): DocumentChanges {
    return this.#transact(() => {
      const changes = this.#documents.replace(kind, documents, at, all);
      if (drop) this.#documents.letGo();
      return changes;
    });
  }

  /** A document as it lies in an archive, for salvaging. */
  keepDocument(kind: string, document: { id: Uint8Array } & Omit<KeptDocument, 'id'>): void {
    this.#transact(() => this.#documents.keep(kind, document));
  }

  checkpoint(): void {
    this.#guard(() => this.#db.pragma('wal_checkpoint(PASSIVE)'));
  }

  close(): void {
    if (this.#db.open) this.#guard(() => closeWritten(this.#db));
  }

  #transact<T>(work: (touches: Touches) => T): T {
    return this.#guard(() => {
      const touches = new Touches();
      this.#begin.run();
      let result: T;
      let change: Change | null;
      try {
        result = work(touches);
        change = touches.change(this.#log.next);
        if (change) this.#log.add(change);
        this.#commit.run();
      } catch (thrown) {
        if (this.#db.inTransaction) this.#db.exec('ROLLBACK'); // SQLite has rolled back by itself when the disk is full
        this.#forget();
        throw thrown;
      }
      if (change) {
        this.#log.committed(change);
        this.#onChange(change);
      }
      return result;
    });
  }

  /** After a rollback. */
  #forget(): void {
    this.#terms.forget();
    this.#json.forget();
    for (const entity of entities) this.#rids[entity].forget();
  }

  #guard<T>(work: () => T): T {
    try {
      return work();
    } catch (thrown) {
      const error = storeError(thrown, this.#path);
      if (error.code === 'ARCHIVE_DAMAGED') suspectFile(this.#path);
      throw error;
    }
  }
}

function runId(text: string): Uint8Array {
  const id = uuidBytes(text);
  if (!id) throw new AppError('BAD_INPUT', 'not a task run id', { id: text });
  return id;
}
