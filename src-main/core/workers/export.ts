/** An export: all rows of one order to a file, written in the thread that reads them. Only progress crosses threads. */
import { AppError } from '../../contract/errors.ts';
import { resolveField, type FieldKind } from '../../contract/fields.ts';
import { defaultColumns } from '../../export/columns.ts';
import { csvCell, csvLine } from '../../export/csv.ts';
import { writeFile, type Chunk } from '../../export/file.ts';
import type { Engine } from '../../query/engine.ts';

/** Rows a chunk: about 3 ms of work and 300 kB of text. */
const ROWS = 1000;
/** ms between two reports of progress. */
const REPORT_EVERY = 50;

/** `columns`: field paths in order, null for the default columns. */
export type ExportOptions = { columns: string[] | null; spreadsheet: boolean; path: string };
export type ExportItem =
  { kind: 'progress'; rows: number; total: number; bytes: number } | { kind: 'done'; rows: number; bytes: number };

/** Throws BAD_INPUT for a column that does not exist, DISK_FULL, FILE_NOT_WRITABLE. Ending it early leaves no file. */
export async function* exportRows(
  engine: Engine,
  order: Uint32Array,
  { columns, spreadsheet, path }: ExportOptions,
  signal: AbortSignal,
): AsyncGenerator<ExportItem, void, undefined> {
  const source = csvChunks(engine, order, columns ?? defaultColumns, spreadsheet);
  let last = { rows: 0, total: 0, bytes: 0 };
  let next = 0;
  for await (const written of writeFile(path, source, signal)) {
    last = written;
    if (performance.now() < next) continue;
    next = performance.now() + REPORT_EVERY;
    yield { kind: 'progress', ...written };
  }
  yield { kind: 'done', rows: last.rows, bytes: last.bytes };
}

/** The header line, then the rows; each chunk is whole lines. */
function* csvChunks(
  engine: Engine,
  order: Uint32Array,
  columns: readonly string[],
  spreadsheet: boolean,
): Generator<Chunk> {
  const readers = columns.map((path) => ({ kind: kindOf(path), read: engine.accessor(path, 'task_run') }));
  const total = order.length;
  yield { chunk: Buffer.from(csvLine(columns)), rows: 0, total };
  for (let at = 0; at < total; at += ROWS) {
    const end = Math.min(at + ROWS, total);
    let text = '';
    for (let i = at; i < end; i++) {
      const rid = order[i];
      text += csvLine(readers.map(({ kind, read }) => csvCell(read(rid), kind, spreadsheet)));
    }
    yield { chunk: Buffer.from(text), rows: end, total };
  }
}

function kindOf(path: string): FieldKind {
  const field = resolveField('task_run', path);
  if (!field) throw new AppError('BAD_INPUT', `no such column: ${path}`, { column: path });
  return field.kind;
}
