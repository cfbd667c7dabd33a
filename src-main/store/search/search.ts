/** Asks the full-text index of an archive. */
import type { Database, Statement } from 'better-sqlite3';
import { readState } from '../state.ts';
import { SEARCH_PLACE, type SearchPlace } from './search-index.ts';
import { BETWEEN, CHUNKS, tableOf, type SearchTable } from './search-tables.ts';

/**
 * Words up to which those with a beginning are looked for one by one: FTS5 merges the rows of all words with a beginning first, 300 ns a row,
 * and reads those of one word in 60.
 */
const MOST_WORDS = 64;
const oneBeginning = /^"([^" ]+)" \*$/;
/** No word has it, and every word that goes on stands behind it. */
const BEFORE_ALL = '\u0001';

export class Search {
  readonly #db: Database;
  readonly #place: Statement;
  readonly #tables = new Map<SearchTable, { find: Statement; findIn: Statement; word: Statement }>();

  constructor(db: Database) {
    this.#db = db;
    this.#place = db.prepare('SELECT value FROM state WHERE key = ?').pluck();
  }

  /**
   * Numbers of the rows; a number may come several times. `match`: of `matchOf`. `among`, at least one: only these rows are asked about, and all that
   * stand between the first and the last of them: one by one each takes 3 ms when a word is the beginning of many.
   */
  find(table: SearchTable, match: string, among?: readonly number[]): Uint32Array {
    const statements = this.#statements(table);
    if (!statements) return new Uint32Array(0);
    const { find, findIn, word } = statements;
    const [, beginning] = oneBeginning.exec(match) ?? [];
    const words = beginning === undefined ? [] : wordsWith(beginning, word);
    // FTS5 merges the rows of more words than these, whichever rows are asked about
    if (words.length > MOST_WORDS) return numbersIn(find.get(match));
    const matches = beginning === undefined ? [match] : words.map((one) => `"${one}"`);
    const range = among && rangeOf(among, table === 'log' ? CHUNKS : 1);
    return together(matches.map((one) => numbersIn(range ? findIn.get(one, ...range) : find.get(one))));
  }

  /** Numbers of the task runs whose logs are kept with no line missing, also those that have none; a number may come several times. `among`: as above. */
  withLogs(among?: readonly number[]): Uint32Array {
    if (!this.#statements('log')) return new Uint32Array(0);
    const inPart = new Set(
      this.#db
        .prepare('SELECT t.rid FROM activity a JOIN task_run t ON t.id = a.run WHERE a.gap IS NOT NULL')
        .pluck()
        .all() as number[],
    );
    const rows = `${listed(`id / ${CHUNKS}`)} FROM ${tableOf('log')}_docsize`;
    const range = among && rangeOf(among, CHUNKS);
    const known = this.#db.prepare(range ? `${rows} WHERE id BETWEEN ? AND ?` : rows).pluck();
    const runs = numbersIn(known.get(...(range ?? [])));
    return inPart.size === 0 ? runs : runs.filter((rid) => !inPart.has(rid));
  }

  /** How many rows of all are indexed; null: all of them. */
  place(): { done: number; of: number } | null {
    const place = readState(this.#place, SEARCH_PLACE) as SearchPlace | undefined;
    const last = (table: string) =>
      this.#db.prepare(`SELECT ifnull(max(rid), 0) FROM ${table}`).pluck().get() as number;
    if (!place && this.#statements('task_run')) return null;
    const tables = ['task_run', 'flow_run', 'activity'] as const;
    const sizes = tables.map(last);
    const at = place ? tables.indexOf(place.table) : 0;
    const done = sizes.slice(0, at).reduce((sum, size) => sum + size, place?.rid ?? 0);
    return { done, of: sizes.reduce((sum, size) => sum + size, 0) };
  }

  /** undefined while the archive has no such table: an older one that nobody has opened for writing yet. */
  #statements(table: SearchTable): { find: Statement; findIn: Statement; word: Statement } | undefined {
    const known = this.#tables.get(table);
    if (known) return known;
    const name = tableOf(table);
    if (!this.#db.prepare('SELECT 1 FROM sqlite_master WHERE name = ?').get(name)) return undefined;
    const rid = table === 'log' ? `rowid / ${CHUNKS}` : 'rowid';
    // a table of this connection: the file stays as it is; `row` would have a word once, and read all its rows to count them
    this.#db.exec(
      `CREATE VIRTUAL TABLE IF NOT EXISTS temp.${name}_words USING fts5vocab('main', '${name}', 'instance')`,
    );
    const made = {
      find: this.#db.prepare(`${listed(rid)} FROM ${name} WHERE ${name} MATCH ?`).pluck(),
      findIn: this.#db.prepare(`${listed(rid)} FROM ${name} WHERE ${name} MATCH ? AND ${BETWEEN}`).pluck(),
      word: this.#db.prepare(`SELECT term FROM temp.${name}_words WHERE term >= ? LIMIT 1`).pluck(),
    };
    this.#tables.set(table, made);
    return made;
  }
}

/** From the first to the last of some rows, in a table that has `per` numbers for each row. */
function rangeOf(rids: readonly number[], per: number): [first: number, last: number] {
  return [Math.min(...rids) * per, Math.max(...rids) * per + per - 1];
}

/** Numbers as one text: a row of its own for each takes three times as long, 240 instead of 80 ns. */
const listed = (number: string): string => `SELECT CAST(group_concat(${number}) AS BLOB)`;

/** The words with a beginning, at most MOST_WORDS and one more. `word`: finds the first word from a text on, in 30 µs. */
function wordsWith(beginning: string, word: Statement): string[] {
  const found: string[] = [];
  for (let from = beginning; found.length <= MOST_WORDS;) {
    const next = word.get(from) as string | undefined;
    if (!next?.startsWith(beginning)) break;
    found.push(next);
    from = next + BEFORE_ALL;
  }
  return found;
}

const COMMA = 44;
const ZERO = 48;

/** The numbers of a list of digits and commas; null is an empty one. */
function numbersIn(list: unknown): Uint32Array {
  if (!(list instanceof Uint8Array)) return new Uint32Array(0);
  // a number and its comma take two bytes and more
  const numbers = new Uint32Array((list.length >> 1) + 1);
  let count = 0;
  let number = 0;
  for (const byte of list) {
    if (byte === COMMA) {
      numbers[count++] = number;
      number = 0;
    } else number = number * 10 + byte - ZERO;
  }
  numbers[count++] = number;
  return numbers.subarray(0, count);
}

function together(lists: readonly Uint32Array[]): Uint32Array {
  const [only, ...others] = lists;
  if (only && others.length === 0) return only;
  const all = new Uint32Array(lists.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const list of lists) {
    all.set(list, at);
    at += list.length;
  }
  return all;
}
