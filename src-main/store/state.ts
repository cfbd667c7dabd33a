import type { Statement } from 'better-sqlite3';

/** A value of the `state` table, kept as JSON; undefined when never set. */
export function readState(statement: Statement, key: string): unknown {
  const text = statement.get(key) as string | undefined;
  return text === undefined ? undefined : JSON.parse(text);
}
