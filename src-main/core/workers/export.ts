/** An export: all rows of one order to a file, written in the thread that reads them. Only progress crosses threads. */
import { AppError } from '../../contract/errors.ts';
import {
  defaultExportColumns,
  exportColumn,
  formatsOf,
  headsOf,
  type ExportColumn,
  type ExportItem,
  type ExportOptions,
} from '../../contract/export.ts';
import { resolveField } from '../../contract/fields.ts';
import { valueJson, type Value } from '../../export/cells.ts';
import { csvCell, csvHeader, csvLine } from '../../export/csv.ts';
import { writeFile, type Chunk } from '../../export/file.ts';
import { timeFormat } from '../../export/local-time.ts';
import type { Reader } from '../../store/read/reader.ts';
import { csvBlock } from './export-block.ts';
import type { Snapshot } from './export-snapshot.ts';
import { exportValues } from './export-values.ts';

/** Rows a chunk: about 3 ms of work and 300 kB of text. */
const ROWS = 1000;
/** ms between two reports of progress. */
const REPORT_EVERY = 50;

export type ExportPlace = { path: string; overwrite: boolean };

/** Throws BAD_INPUT for a column that does not exist, DISK_FULL, FILE_NOT_WRITABLE, FILE_EXISTS. Ending it early leaves no file. */
export async function* exportRows(
  rows: Snapshot,
  options: ExportOptions,
  { path, overwrite }: ExportPlace,
  signal: AbortSignal,
): AsyncGenerator<ExportItem, void, undefined> {
  if (!formatsOf[options.what].includes(options.format))
    throw new AppError('BAD_INPUT', `${options.what} cannot be exported as ${options.format}`);
  let last = { rows: 0, bytes: 0 };
  let next = 0;
  for await (const { total, ...written } of writeFile(path, chunks(rows, options), { signal, overwrite })) {
    last = written;
    if (performance.now() < next) continue;
    next = performance.now() + REPORT_EVERY;
    yield { kind: 'progress', ...written, total };
  }
  yield { kind: 'done', ...last };
}

/** The columns of an export; null: the rows are written as the server sent them. */
export function columnsOf({ what, format, columns }: ExportOptions): ExportColumn[] | null {
  if (what !== 'runs' || (columns === null && (format === 'json' || format === 'jsonl'))) return null;
  return (columns ?? defaultExportColumns).map(exportColumn);
}

/** Those of the columns that are fields of the index. */
export const fieldsOf = (columns: readonly ExportColumn[]): string[] => columns.map(({ path }) => path).filter(isField);

const isField = (path: string): boolean => resolveField('task_run', path) !== null;

function chunks(rows: Snapshot, options: ExportOptions): Generator<Chunk> {
  const { format } = options;
  const columns = columnsOf(options);
  if (format === 'csv' && columns) return csvChunks(rows, columns, options);
  if (options.what === 'runs' && (format === 'jsonl' || format === 'json'))
    return jsonChunks(rows, format, columns === null ? serverRows(rows.reader) : chosenValues(rows, columns));
  throw new AppError('BAD_INPUT', `${options.what} cannot be exported as ${format} yet`);
}

/** The header line, then the rows; each chunk is whole lines. */
function* csvChunks(rows: Snapshot, columns: readonly ExportColumn[], options: ExportOptions): Generator<Chunk> {
  const csv = { ...options, time: timeFormat(options.time_zone) };
  const values = exportValues(rows, columns);
  const block = csvBlock(rows.engine, columns, csv, isField);
  const slowLines = (read: readonly Value[][]) =>
    read
      .map((row) =>
        csvLine(
          row.map((value, i) => csvCell(value, columns[i].kind, csv)),
          csv,
        ),
      )
      .join('');
  const { order } = rows;
  const total = order.length;
  yield { chunk: Buffer.from(csvHeader(headsOf(columns, options.header), csv)), rows: 0, total };
  for (const { rids, rows: written } of pieces(order)) {
    // what a commit has changed meanwhile is read as it was, value by value
    const chunk = block && rows.frozen.unchanged(rids) ? block.lines(rids) : Buffer.from(slowLines(values([...rids])));
    yield { chunk, rows: written, total };
  }
}

/** One row a line; of `json`, an array of them. `texts`: the JSON of each row. */
function* jsonChunks(
  { order }: Snapshot,
  format: 'json' | 'jsonl',
  texts: (rids: readonly number[]) => string[],
): Generator<Chunk> {
  const total = order.length;
  const [begin, between, end] = format === 'json' ? ['[\n', ',\n', '\n]\n'] : ['', '\n', '\n'];
  if (total === 0) {
    yield { chunk: Buffer.from(format === 'json' ? '[]\n' : ''), rows: 0, total };
    return;
  }
  for (const { rids, rows } of pieces(order)) {
    const first = rows === rids.length;
    const text = (first ? begin : between) + texts([...rids]).join(between) + (rows === total ? end : '');
    yield { chunk: Buffer.from(text), rows, total };
  }
}

/** As the server sent them; outside of strings, where a line break may only be space, it becomes one. */
function serverRows(reader: Reader): (rids: readonly number[]) => string[] {
  return (rids) =>
    reader.json('task_run', rids).map((json) => (/[\r\n]/.test(json) ? json.replace(/[\r\n]/g, ' ') : json));
}

function chosenValues(rows: Snapshot, columns: readonly ExportColumn[]): (rids: readonly number[]) => string[] {
  const keys = columns.map(({ path }) => `${JSON.stringify(path)}:`);
  const values = exportValues(rows, columns);
  return (rids) =>
    values(rids).map((row) => `{${row.map((value, i) => keys[i] + valueJson(value, columns[i].kind)).join(',')}}`);
}

/** `rows`: how many there are up to the end of the piece. */
function* pieces(order: Uint32Array): Generator<{ rids: Uint32Array; rows: number }> {
  for (let at = 0; at < order.length; at += ROWS) {
    const rids = order.subarray(at, at + ROWS);
    yield { rids, rows: at + rids.length };
  }
}
