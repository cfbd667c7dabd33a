/** Asks the full-text index of an archive. */
import type { Database, Statement } from 'better-sqlite3';
import { readState } from '../state.ts';
import { SEARCH_PLACE, type SearchPlace } from './search-index.ts';
import { CHUNKS, tableOf, type SearchTable } from './search-tables.ts';

export class Search {
  readonly #db: Database;
  readonly #place: Statement;
  readonly #find = new Map<SearchTable, Statement>();
  #in: Statement | null = null;

  constructor(db: Database) {
    this.#db = db;
    this.#place = db.prepare('SELECT value FROM state WHERE key = ?').pluck();
  }

  /** Numbers of the rows, ascending; a number may come several times. */
  find(table: SearchTable, match: string): number[] {
    const found = this.#statement(table)?.all(match) as number[] | undefined;
    if (!found) return [];
    return table === 'log' ? found.map((chunk) => Math.floor(chunk / CHUNKS)) : found;
  }

  /** Whether a log line of the task run is found. */
  inLogs(match: string, rid: number): boolean {
    if (!this.#statement('log')) return false;
    const log = tableOf('log');
    this.#in ??= this.#db.prepare(`SELECT 1 FROM ${log} WHERE ${log} MATCH ? AND rowid BETWEEN ? AND ? LIMIT 1`);
    return this.#in.get(match, rid * CHUNKS, rid * CHUNKS + CHUNKS - 1) !== undefined;
  }

  /** Numbers of the task runs whose logs are kept with no line missing, also those that have none; a number may come several times. */
  withLogs(): number[] {
    if (!this.#statement('log')) return [];
    const list = (sql: string) => this.#db.prepare(sql).pluck().all() as number[];
    const inPart = new Set(
      list('SELECT t.rid FROM activity a JOIN task_run t ON t.id = a.run WHERE a.gap IS NOT NULL'),
    );
    const chunks = list(`SELECT id FROM ${tableOf('log')}_docsize`);
    return chunks.map((chunk) => Math.floor(chunk / CHUNKS)).filter((rid) => !inPart.has(rid));
  }

  /** How many rows of all are indexed; null: all of them. */
  place(): { done: number; of: number } | null {
    const place = readState(this.#place, SEARCH_PLACE) as SearchPlace | undefined;
    const last = (table: string) =>
      this.#db.prepare(`SELECT ifnull(max(rid), 0) FROM ${table}`).pluck().get() as number;
    if (!place && this.#statement('task_run')) return null;
    const tables = ['task_run', 'flow_run', 'activity'] as const;
    const sizes = tables.map(last);
    const at = place ? tables.indexOf(place.table) : 0;
    const done = sizes.slice(0, at).reduce((sum, size) => sum + size, place?.rid ?? 0);
    return { done, of: sizes.reduce((sum, size) => sum + size, 0) };
  }

  /** undefined while the archive has no such table: an older one that nobody has opened for writing yet. */
  #statement(table: SearchTable): Statement | undefined {
    let statement = this.#find.get(table);
    if (statement) return statement;
    const name = tableOf(table);
    if (!this.#db.prepare('SELECT 1 FROM sqlite_master WHERE name = ?').get(name)) return undefined;
    statement = this.#db.prepare(`SELECT rowid FROM ${name} WHERE ${name} MATCH ?`).pluck();
    this.#find.set(table, statement);
    return statement;
  }
}
