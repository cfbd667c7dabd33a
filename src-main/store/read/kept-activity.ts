/** Reads what is kept of a task run besides its row. Every part comes back in the order in which it was saved. */
import type { Database, Statement } from 'better-sqlite3';
import { runActivitySchema, type RunActivity } from '../../contract/run.ts';
import { keptColumns, keptParts, keptTables, type KeptKind, type KeptTable } from '../kept-columns.ts';
import { uuidText } from '../uuid.ts';

type Head = [rid: number, fetched: number | null, truncated: number, gap: string | null, problem: string | null];
type Stored = Uint8Array | string | number | null;

export class KeptActivity {
  readonly #head: Statement;
  readonly #parts: { key: 'history' | 'logs' | 'artifacts'; columns: [string, KeptKind][]; rows: Statement }[];

  constructor(db: Database) {
    this.#head = db.prepare('SELECT rid, fetched, truncated, gap, problem FROM activity WHERE run = ?').raw();
    this.#parts = keptTables.map((table) => ({
      key: keptParts[table],
      columns: Object.entries(keptColumns[table]),
      rows: db.prepare(`SELECT ${cells(table)} FROM ${table} WHERE activity = ? ORDER BY rid`).raw(),
    }));
  }

  /** `run`: the task run's id, 16 bytes. null when nothing was ever kept. */
  get(run: Uint8Array): RunActivity | null {
    const head = this.#head.get(run) as Head | undefined;
    if (!head) return null;
    const [rid, fetched, truncated, gap, problem] = head;
    const parts = this.#parts.map(({ key, columns, rows }) => [
      key,
      (rows.all(rid) as Stored[][]).map((row) =>
        Object.fromEntries(columns.map(([name, kind], i) => [name, read(kind, row[i])])),
      ),
    ]);
    return runActivitySchema.parse({
      ...Object.fromEntries(parts),
      truncated: truncated === 1,
      gap,
      fetched,
      problem: problem === null ? null : (JSON.parse(problem) as unknown),
    });
  }
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
