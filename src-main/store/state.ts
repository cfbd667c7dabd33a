import type { Statement } from 'better-sqlite3';

/** Reads a value of the `state` table, which keeps JSON; undefined when it was never set. `statement`: the value by its key, plucked. */
export function readState(statement: Statement, key: string): unknown {
  const text = statement.get(key) as string | undefined;
  return text === undefined ? undefined : JSON.parse(text);
}
