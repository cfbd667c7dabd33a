/** An export: all rows of one order to a file, written in the thread that reads them. Only progress crosses threads. */
import { AppError } from '../../contract/errors.ts';
import {
  defaultExportColumns,
  exportColumn,
  formatsOf,
  headsOf,
  type ExportItem,
  type ExportOptions,
} from '../../contract/export.ts';
import { valueJson } from '../../export/cells.ts';
import { csvCell, csvHeader, csvLine } from '../../export/csv.ts';
import { writeFile, type Chunk } from '../../export/file.ts';
import { timeFormat } from '../../export/local-time.ts';
import type { Engine } from '../../query/engine.ts';
import type { Reader } from '../../store/read/reader.ts';
import { exportValues, type ValueReader } from './export-values.ts';

/** Rows a chunk: about 3 ms of work and 300 kB of text. */
const ROWS = 1000;
/** ms between two reports of progress. */
const REPORT_EVERY = 50;

export type ExportPlace = { path: string; overwrite: boolean };
type Rows = { engine: Engine; reader: Reader; order: Uint32Array };

/** Throws BAD_INPUT for a column that does not exist, DISK_FULL, FILE_NOT_WRITABLE, FILE_EXISTS. Ending it early leaves no file. */
export async function* exportRows(
  rows: Rows,
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

function chunks(rows: Rows, options: ExportOptions): Generator<Chunk> {
  const { format, columns } = options;
  if (options.what === 'runs' && format === 'csv') return csvChunks(rows, options);
  if (options.what === 'runs' && (format === 'jsonl' || format === 'json'))
    return jsonChunks(rows, format, columns === null ? serverRows(rows.reader) : chosenValues(rows, columns));
  throw new AppError('BAD_INPUT', `${options.what} cannot be exported as ${format} yet`);
}

/** The header line, then the rows; each chunk is whole lines. */
function* csvChunks({ engine, reader, order }: Rows, options: ExportOptions): Generator<Chunk> {
  const csv = { ...options, time: timeFormat(options.time_zone) };
  const columns = (options.columns ?? defaultExportColumns).map(exportColumn);
  const values = exportValues(engine, reader, columns, order);
  const total = order.length;
  yield { chunk: Buffer.from(csvHeader(headsOf(columns, options.header), csv)), rows: 0, total };
  for (const { rids, rows } of pieces(order)) {
    let text = '';
    for (const row of values(rids))
      text += csvLine(
        row.map((value, i) => csvCell(value, columns[i].kind, csv)),
        csv,
      );
    yield { chunk: Buffer.from(text), rows, total };
  }
}

/** One row a line; of `json`, an array of them. `texts`: the JSON of each row. */
function* jsonChunks(
  { order }: Rows,
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
    const text = (first ? begin : between) + texts(rids).join(between) + (rows === total ? end : '');
    yield { chunk: Buffer.from(text), rows, total };
  }
}

/** As the server sent them; outside of strings, where a line break may only be space, it becomes one. */
function serverRows(reader: Reader): (rids: readonly number[]) => string[] {
  return (rids) =>
    reader.json('task_run', rids).map((json) => (/[\r\n]/.test(json) ? json.replace(/[\r\n]/g, ' ') : json));
}

function chosenValues(
  { engine, reader, order }: Rows,
  paths: readonly string[],
): (rids: readonly number[]) => string[] {
  const columns = paths.map(exportColumn);
  const keys = columns.map(({ path }) => `${JSON.stringify(path)}:`);
  const values: ValueReader = exportValues(engine, reader, columns, order);
  return (rids) =>
    values(rids).map((row) => `{${row.map((value, i) => keys[i] + valueJson(value, columns[i].kind)).join(',')}}`);
}

/** `rows`: how many there are up to the end of the piece. */
function* pieces(order: Uint32Array): Generator<{ rids: number[]; rows: number }> {
  for (let at = 0; at < order.length; at += ROWS) {
    const rids = Array.from(order.subarray(at, at + ROWS));
    yield { rids, rows: at + rids.length };
  }
}
