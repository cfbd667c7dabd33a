/** Reads what is kept of a run besides its row. States and artifacts come back in the order in which they were saved, lines by time and id. */
import type { Database, Statement } from 'better-sqlite3';
import { runActivitySchema, TEXT_AT_ONCE, type LinePlace, type LogLine, type RunActivity } from '../../contract/run.ts';
import { keptColumns, keptParts, type KeptKind, type KeptTable } from '../kept-columns.ts';
import { idCell, uuidText } from '../uuid.ts';

type Text = string | null;
type Head = [rid: number, fetched: number | null, gap: Text, count: number | null, problem: Text, missed: Text];
type Stored = Uint8Array | string | number | null;
type Rows = Record<string, unknown>[];

/** SQLite takes a negative limit for none. */
const limitOf = (most: number): number => (most === Infinity ? -1 : most);

export class KeptActivity {
  readonly #head: Statement;
  readonly #parts: { key: 'history' | 'artifacts'; table: KeptTable; rows: Statement }[];
  readonly #lines: Statement;
  readonly #after: Statement;
  readonly #count: Statement;
  readonly #last: Statement;
  readonly #place: Statement;

  constructor(db: Database) {
    this.#head = db.prepare('SELECT rid, fetched, gap, count, problem, missed FROM activity WHERE run = ?').raw();
    this.#parts = (['kept_state', 'kept_artifact'] as const).map((table) => ({
      key: keptParts[table],
      table,
      rows: db.prepare(`SELECT ${cells(table)} FROM ${table} WHERE activity = ? ORDER BY rid`).raw(),
    }));
    const lines = `SELECT ${cells('kept_log')} FROM kept_log WHERE activity = ?`;
    const inOrder = 'ORDER BY timestamp, id';
    this.#lines = db.prepare(`${lines} AND timestamp >= ? ${inOrder} LIMIT ?`).raw();
    this.#after = db.prepare(`${lines} AND timestamp >= ? AND (timestamp > ? OR id > ?) ${inOrder} LIMIT ?`).raw();
    this.#count = db.prepare('SELECT count(*) FROM kept_log WHERE activity = ?').pluck();
    this.#last = db.prepare(
      'SELECT timestamp, id FROM kept_log WHERE activity = ? ORDER BY timestamp DESC, id DESC LIMIT 1',
    );
    this.#place = db.prepare('SELECT timestamp, id FROM kept_log WHERE activity = ? AND id = ?');
  }

  /**
   * `run`: the id of a task run or a flow run, 16 bytes. Of the lines those from `from` (µs) on: all, or with `most` the first ones, as `after` has them. null
   * when nothing was ever kept.
   */
  get(run: Uint8Array, from: number | null = null, most = Infinity): RunActivity | null {
    const head = this.#head.get(run) as Head | undefined;
    if (!head) return null;
    const [rid, fetched, gap, count, problem, missed] = head;
    const parts = this.#parts.map(({ key, table, rows }) => [key, objects(table, rows.all(rid))]);
    const text = most === Infinity ? Infinity : TEXT_AT_ONCE;
    const bounds = [rid, from ?? -Infinity, limitOf(most)];
    return runActivitySchema.parse({
      ...Object.fromEntries(parts),
      logs: from === Infinity ? [] : firstLines(this.#lines.iterate(...bounds), text),
      gap,
      kept: this.#count.get(rid),
      count,
      fetched,
      problem: problem === null ? null : (JSON.parse(problem) as unknown),
      missed: missed === null ? {} : (JSON.parse(missed) as unknown),
    });
  }

  /** The first `most` lines after a place; fewer when they have `text` characters, but one if there is one. */
  after(run: Uint8Array, { timestamp, id }: LinePlace, most: number, text = TEXT_AT_ONCE): LogLine[] {
    const rid = (this.#head.get(run) as Head | undefined)?.[0];
    if (rid === undefined) return [];
    return firstLines(this.#after.iterate(rid, timestamp, timestamp, idCell(id), limitOf(most)), text);
  }

  /** How many lines are kept; null when the run was never fetched. */
  lineCount(run: Uint8Array): number | null {
    const [rid, fetched] = (this.#head.get(run) as Head | undefined) ?? [null, null];
    return fetched === null ? null : (this.#count.get(rid) as number);
  }

  /** The line up to which none is missing; null when no line is kept. */
  end(run: Uint8Array): LinePlace | null {
    const head = this.#head.get(run) as Head | undefined;
    if (!head) return null;
    const [rid, , gap] = head;
    const found = (gap === null ? this.#last.get(rid) : this.#place.get(rid, idCell(gap))) as
      { timestamp: number; id: Stored } | undefined;
    return found ? { timestamp: found.timestamp, id: read('id', found.id) as string } : null;
  }
}

/** The lines up to the one with which they have `text` characters. */
function firstLines(rows: Iterable<unknown>, text: number): LogLine[] {
  const lines: LogLine[] = [];
  let length = 0;
  for (const row of rows) {
    const [line] = objects('kept_log', [row]) as LogLine[];
    lines.push(line);
    length += line.message.length + line.name.length;
    if (length >= text) break;
  }
  return lines;
}

function objects(table: KeptTable, rows: unknown[]): Rows {
  const columns: [string, KeptKind][] = Object.entries(keptColumns[table]);
  return (rows as Stored[][]).map((row) =>
    Object.fromEntries(columns.map(([name, kind], i) => [name, read(kind, row[i])])),
  );
}

/** A term's text instead of its number. */
function cells(table: KeptTable): string {
  return Object.entries(keptColumns[table] as Record<string, KeptKind>)
    .map(([name, kind]) => (kind === 'term' ? `(SELECT text FROM term WHERE id = ${table}.${name})` : name))
    .join(', ');
}

function read(kind: KeptKind, cell: Stored): unknown {
  if (cell instanceof Uint8Array) return uuidText(cell);
  return kind === 'bool' ? cell === 1 : cell;
}
