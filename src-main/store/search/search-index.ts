/**
 * Fills the full-text index. Rows and lines come in with the transaction that writes them. An archive without an index of today's rule gets one
 * in the background: a slice and the place it came to are one transaction.
 */
import type { Database, Statement } from 'better-sqlite3';
import type { Entity } from '../../contract/fields.ts';
import type { LogLine, RunActivity } from '../../contract/run.ts';
import { Dictionaries } from '../json/dictionary.ts';
import { jsonTable } from '../json/json-table.ts';
import { rowText } from '../json/row-json.ts';
import { isObject } from '../layout.ts';
import { KeptActivity } from '../read/kept-activity.ts';
import { readState } from '../state.ts';
import { BETWEEN, CHUNKS, indexed, SEARCH_RULE, searchSql, tableOf } from './search-tables.ts';
import { rowWords } from './texts.ts';

/** Rows whose JSON one slice opens, 20 ms, and runs whose activity it reads. */
const ROWS = 500;
const ACTIVITIES = 20;

/** Key in `state`; `rid`: the last number of the table that is indexed. No value: the index is whole. */
export const SEARCH_PLACE = 'search_place';
export type SearchPlace = { table: 'task_run' | 'flow_run' | 'activity'; rid: number };

const order = ['task_run', 'flow_run', 'activity'] as const;

export class SearchIndex {
  readonly #db: Database;
  readonly #dictionaries: Dictionaries;
  readonly #activity: KeptActivity;
  readonly #put: Record<'task_run' | 'flow_run' | 'activity' | 'log', Statement>;
  readonly #drop: Record<'task_run' | 'flow_run' | 'activity', Statement>;
  readonly #dropLines: Statement;
  readonly #lastChunk: Statement;
  readonly #place: Statement;
  readonly #setPlace: Statement;
  readonly #run: Statement;

  /** Makes the tables when there are none of today's rule. */
  constructor(db: Database) {
    this.#db = db;
    const rule = db.prepare("SELECT value FROM meta WHERE key = 'search_rule'").pluck().get();
    if (rule !== String(SEARCH_RULE)) db.transaction(() => this.#begin())();
    this.#dictionaries = new Dictionaries(db);
    this.#activity = new KeptActivity(db);
    const put = (table: 'task_run' | 'flow_run' | 'activity' | 'log') =>
      db.prepare(`REPLACE INTO ${tableOf(table)} (rowid, words) VALUES (?, ?)`);
    const drop = (table: 'task_run' | 'flow_run' | 'activity') =>
      db.prepare(`DELETE FROM ${tableOf(table)} WHERE rowid = ?`);
    this.#put = { task_run: put('task_run'), flow_run: put('flow_run'), activity: put('activity'), log: put('log') };
    this.#drop = { task_run: drop('task_run'), flow_run: drop('flow_run'), activity: drop('activity') };
    this.#dropLines = db.prepare(`DELETE FROM ${tableOf('log')} WHERE ${BETWEEN}`);
    // FTS5's own table of its documents
    this.#lastChunk = db.prepare(`SELECT max(id) FROM ${tableOf('log')}_docsize WHERE id BETWEEN ? AND ?`).pluck();
    this.#place = db.prepare('SELECT value FROM state WHERE key = ?').pluck();
    this.#setPlace = db.prepare('INSERT OR REPLACE INTO state (key, value) VALUES (?, ?)');
    this.#run = db.prepare('SELECT rid FROM task_run WHERE id = ?').pluck();
  }

  #begin(): void {
    this.#db.exec(searchSql);
    this.#db.prepare("INSERT OR REPLACE INTO meta (key, value) VALUES ('search_rule', ?)").run(String(SEARCH_RULE));
    const isEmpty = this.#db.prepare('SELECT 1 FROM task_run LIMIT 1').get() === undefined;
    if (isEmpty) return;
    const place: SearchPlace = { table: 'task_run', rid: 0 };
    this.#db
      .prepare('INSERT OR REPLACE INTO state (key, value) VALUES (?, ?)')
      .run(SEARCH_PLACE, JSON.stringify(place));
  }

  /** `words`: of `rowWords`, null when the row has none. `isNew`: no row had this number before. Must run inside a transaction, as all below. */
  row(entity: Entity, rid: number, words: string | null, isNew: boolean): void {
    if (entity !== 'task_run' && entity !== 'flow_run') return;
    if (words !== null) this.#put[entity].run(rid, words);
    else if (!isNew) this.#drop[entity].run(rid);
  }

  dropRow(entity: Entity, rid: number): void {
    this.row(entity, rid, null, false);
    if (entity === 'task_run') this.#dropActivity(rid);
  }

  #dropActivity(rid: number): void {
    this.#drop.activity.run(rid);
    this.#dropLines.run(rid * CHUNKS, rid * CHUNKS + CHUNKS - 1);
  }

  /** `run`: the task run's id, 16 bytes; a flow run, and a task run that is not in the archive, cannot be found. `added`: the lines that were not kept before. Returns the run's number; null: it cannot be found. */
  activity(
    run: Uint8Array,
    activity: Pick<RunActivity, 'history' | 'artifacts'>,
    added: readonly LogLine[],
  ): number | null {
    const rid = this.#run.get(run) as number | undefined;
    if (rid === undefined) return null;
    const words = indexed([
      ...activity.history.flatMap(({ message }) => message ?? []),
      ...activity.artifacts.flatMap(({ key, description, data }) => [key ?? '', description ?? '', data]),
    ]);
    if (words === '') this.#drop.activity.run(rid);
    else this.#put.activity.run(rid, words);
    const first = rid * CHUNKS;
    const last = this.#lastChunk.get(first, first + CHUNKS - 1) as number | null;
    // a run without lines has a chunk too: its logs are known
    if (added.length === 0 && last !== null) return rid;
    if (last === first + CHUNKS - 1) this.#allLines(rid, run);
    else this.#put.log.run(last === null ? first : last + 1, lineWords(added));
    return rid;
  }

  #allLines(rid: number, run: Uint8Array): void {
    this.#dropLines.run(rid * CHUNKS, rid * CHUNKS + CHUNKS - 1);
    this.#put.log.run(rid * CHUNKS, lineWords(this.#activity.get(run)?.logs ?? []));
  }

  isWhole(): boolean {
    return readState(this.#place, SEARCH_PLACE) === undefined;
  }

  /** One slice; false when it was the last. Throws ARCHIVE_DAMAGED when a row cannot be read. */
  step(): boolean {
    const place = readState(this.#place, SEARCH_PLACE) as SearchPlace | undefined;
    if (!place) return false;
    const rid = place.table === 'activity' ? this.#activities(place.rid) : this.#rows(place.table, place.rid);
    const next = rid === null ? order[order.indexOf(place.table) + 1] : place.table;
    if (next === undefined) this.#db.prepare('DELETE FROM state WHERE key = ?').run(SEARCH_PLACE);
    else this.#setPlace.run(SEARCH_PLACE, JSON.stringify({ table: next, rid: rid ?? 0 } satisfies SearchPlace));
    return next !== undefined;
  }

  /** The number of the last row that was indexed; null: there was none. */
  #rows(entity: 'task_run' | 'flow_run', after: number): number | null {
    const rows = this.#db
      .prepare(`SELECT rid, z FROM ${jsonTable(entity)} WHERE rid > ? ORDER BY rid LIMIT ${ROWS}`)
      .raw()
      .all(after) as [number, Buffer][];
    for (const [rid, z] of rows) {
      const row: unknown = JSON.parse(rowText(z, this.#dictionaries.find));
      this.row(entity, rid, isObject(row) ? rowWords(entity, row) : null, false);
    }
    return rows.at(-1)?.[0] ?? null;
  }

  #activities(after: number): number | null {
    const rows = this.#db
      .prepare(`SELECT rid, run FROM activity WHERE rid > ? ORDER BY rid LIMIT ${ACTIVITIES}`)
      .raw()
      .all(after) as [number, Uint8Array][];
    for (const [, run] of rows) {
      const kept = this.#activity.get(run);
      const rid = this.#run.get(run) as number | undefined;
      if (!kept || rid === undefined) continue;
      this.#dropActivity(rid);
      this.activity(run, kept, kept.logs);
    }
    return rows.at(-1)?.[0] ?? null;
  }
}

const lineWords = (lines: readonly LogLine[]): string => indexed(lines.map(({ message }) => message));
