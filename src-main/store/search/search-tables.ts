/**
 * The full-text index of an archive: FTS5 tables that hold where words stand and not the texts themselves, which are in the rows' JSON and in
 * the kept lines. What a word is, contract/search-text.ts says: FTS5 gets words with spaces between them and splits at these only. The tables
 * are derived: they are no part of the archive's version, and are dropped and filled anew when SEARCH_RULE changes.
 */
import { partsOf, wanted, wordsOf, type SearchTerm } from '../../contract/search-text.ts';

/** Version of what is indexed and how; every change raises it. `meta` keeps the version that made an archive's tables. */
export const SEARCH_RULE = 1;

/**
 * Whose words they are. task_run, flow_run: the state's message and the parameters, by the row's number. activity: messages of earlier states
 * and artifacts, by the task run's number. log: kept lines, by the task run's number × CHUNKS + number of the chunk.
 */
export const searchTables = ['task_run', 'flow_run', 'activity', 'log'] as const;
export type SearchTable = (typeof searchTables)[number];

/** Chunks of lines that one run may have: each reading of a running run adds one. */
export const CHUNKS = 4096;

export const tableOf = (table: SearchTable): string => `search_${table}`;

/**
 * SQL: rows of a full-text table whose numbers lie between two bound ones. better-sqlite3 binds a number as a REAL, and FTS5 takes a bound that is
 * no INTEGER for none: at a million runs it then reads all of them, 88 ms instead of 0.006.
 */
export const BETWEEN = 'rowid BETWEEN CAST(? AS INTEGER) AND CAST(? AS INTEGER)';

/** `ascii` takes every character beyond ASCII for a letter and folds nothing that is folded already. */
export const searchSql = searchTables
  .map(
    (table) =>
      `DROP TABLE IF EXISTS ${tableOf(table)};
CREATE VIRTUAL TABLE ${tableOf(table)} USING fts5(words, content = '', contentless_delete = 1, tokenize = 'ascii');`,
  )
  .join('\n');

/** A word that no text has, since it is no letter: phrases do not go across it. In Latin-1, so that V8 keeps ASCII texts in one byte a character. */
const BORDER = ' ¶ ';

/** Texts as they are indexed: the words of each, and the parts of their CamelCase words. '' when there are none. */
export function indexed(texts: readonly string[]): string {
  // each part once, none beside another
  const parts = [...new Set(texts.flatMap(partsOf))];
  return [...texts.map((text) => wordsOf(text).join(' ')), ...parts].filter((words) => words !== '').join(BORDER);
}

/** FTS5's query for a term; null when the term has no word. */
export function matchOf(term: SearchTerm): string | null {
  const found = wanted(term);
  return found && `"${found.words.join(' ')}"${found.prefix ? ' *' : ''}`;
}
