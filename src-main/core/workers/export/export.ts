/** An export: all rows of one order to a file, written in the thread that reads them. Only progress crosses threads. */
import { csvHeader, csvLine } from '../../../contract/csv-text.ts';
import { AppError } from '../../../contract/errors.ts';
import {
  defaultExportColumns,
  exportColumn,
  formatsOf,
  headsOf,
  makesFolder,
  tooManyRows,
  type ExportColumn,
  type ExportItem,
  type ExportOptions,
} from '../../../contract/export.ts';
import { resolveField } from '../../../contract/fields.ts';
import { valueJson, type Value } from '../../../export/cells.ts';
import { csvCell } from '../../../export/csv.ts';
import { writeFile, type Chunk } from '../../../export/file.ts';
import { offsetsOf, timeFormat } from '../../../contract/local-time.ts';
import { GROUP_ROWS, ParquetFile } from '../../../export/parquet.ts';
import { twoBuffers } from '../../../export/two-buffers.ts';
import { Sheet, workbook } from '../../../export/xlsx.ts';
import { activityFields, artifactChunks, logChunks } from './activity.ts';
import { csvBlock } from './block.ts';

import { DAY_FOLDER, daysOf } from './days.ts';
import { pieces } from './pieces.ts';
import type { Snapshot } from './snapshot.ts';
import { exportValues, type ValueReader } from './values.ts';
import { nextTurn } from '../turn.ts';

/** Rows a chunk: about a millisecond of work and 300 kB of text. */
const ROWS = 1000;
/** The same of whole rows and of a sheet's, which take 10 to 20 µs each. */
const TEXT_ROWS = 200;
/** Characters of texts from which on a group of Parquet ends before it has all its rows. */
const GROUP_TEXT = 8_000_000;
/** ms between two reports of progress. */
const REPORT_EVERY = 50;

export type ExportPlace = { path: string; overwrite: boolean };
type Chunks = Iterable<Chunk> | AsyncIterable<Chunk>;
/** No folder of artifacts is replaced: what else is in it cannot be told. */
const NOTHING = /^(?!)/;

/** Throws BAD_INPUT for a column that does not exist, TOO_MANY_ROWS, DISK_FULL, FILE_NOT_WRITABLE, FILE_EXISTS. Ending it early leaves no file. */
export async function* exportRows(
  rows: Snapshot,
  options: ExportOptions,
  { path, overwrite }: ExportPlace,
  signal: AbortSignal,
): AsyncGenerator<ExportItem, void, undefined> {
  if (!formatsOf[options.what].includes(options.format))
    throw new AppError('BAD_INPUT', `${options.what} cannot be exported as ${options.format}`);
  const refused = tooManyRows(options, rows.order.length);
  if (refused) throw refused;
  const folder = makesFolder(options) ? { ours: options.what === 'runs' ? DAY_FOLDER : NOTHING } : null;
  let last = { rows: 0, bytes: 0, cut: 0 };
  let next = 0;
  for await (const { total, ...written } of writeFile(path, chunks(rows, options, signal), {
    signal,
    overwrite,
    folder,
  })) {
    last = written;
    if (performance.now() < next) continue;
    next = performance.now() + REPORT_EVERY;
    const { rows: done, bytes } = written;
    yield { kind: 'progress', rows: done, bytes, total };
  }
  yield { kind: 'done', ...last };
}

/** The columns of an export; null: the rows are written as the server sent them. */
export function columnsOf({ what, format, columns }: ExportOptions): ExportColumn[] | null {
  if (what !== 'runs' || (columns === null && (format === 'json' || format === 'jsonl'))) return null;
  return (columns ?? defaultExportColumns).map(exportColumn);
}

/** The fields of the index that an export reads. */
export function fieldsOf(options: ExportOptions): string[] {
  if (options.what !== 'runs') return activityFields;
  const paths = (columnsOf(options) ?? []).map(({ path }) => path).filter(isField);
  return makesFolder(options) ? [...paths, 'expected_start_time'] : paths;
}

const isField = (path: string): boolean => resolveField('task_run', path) !== null;

function chunks(rows: Snapshot, options: ExportOptions, signal: AbortSignal): Chunks {
  if (options.what === 'logs') return logChunks(rows, options);
  if (options.what === 'artifacts') return artifactChunks(rows, options);
  const { format } = options;
  const columns = columnsOf(options);
  if (format === 'json' || format === 'jsonl')
    return jsonChunks(rows, format, columns === null ? serverRows(rows) : chosenValues(rows, columns));
  if (columns && format === 'csv') return csvChunks(rows, columns, options);
  if (columns && format === 'parquet')
    return options.by_day ? parquetDays(rows, columns, options, signal) : parquetChunks(rows, columns, options, signal);
  if (columns && format === 'xlsx') return xlsxChunks(rows, columns, options);
  throw new AppError('BAD_INPUT', `${options.what} cannot be exported as ${format}`);
}

/** The header line, then the rows; each chunk is whole lines. */
function* csvChunks(rows: Snapshot, columns: readonly ExportColumn[], options: ExportOptions): Generator<Chunk> {
  const csv = { ...options, time: timeFormat(options.time_zone) };
  const values = exportValues(rows, columns);
  const block = csvBlock(rows.engine, columns, csv, isField);
  const slowLines = (read: readonly Value[][]) =>
    read[0].map((_, row) => {
      const cells = read.map((column, i) => csvCell(column[row], columns[i].kind, csv));
      return csvLine(cells, csv);
    });
  const { order } = rows;
  const total = order.length;
  const last = { size: 0 };
  yield { chunk: Buffer.from(csvHeader(headsOf(columns, options.header), csv)), rows: 0, total };
  for (const { rids, rows: written } of pieces(order, ROWS, last)) {
    // what a commit has changed meanwhile is read as it was, value by value
    const fast = block !== null && rows.frozen.unchanged(rids);
    const chunk = fast ? block.lines(rids) : Buffer.from(slowLines(values([...rids])).join(''));
    last.size = chunk.length;
    yield { chunk, rows: written, total };
  }
}

type Texts = (rids: readonly number[]) => readonly (string | Uint8Array)[];

/** One row a line; of `json`, an array of them. `texts`: the JSON of each row. */
function* jsonChunks({ order }: Snapshot, format: 'json' | 'jsonl', texts: Texts): Generator<Chunk> {
  const total = order.length;
  const [begin, between, end] = format === 'json' ? ['[\n', ',\n', '\n]\n'] : ['', '\n', '\n'];
  if (total === 0) yield { chunk: Buffer.from(format === 'json' ? '[]\n' : ''), rows: 0, total };
  const memory = twoBuffers();
  const last = { size: 0 };
  for (const { rids, rows } of pieces(order, TEXT_ROWS, last)) {
    const first = rows === rids.length;
    const parts = texts([...rids]).flatMap((text, i) => [i > 0 ? between : first ? begin : between, text]);
    if (rows === total) parts.push(end);
    const chunk = joined(parts, memory);
    last.size = chunk.length;
    yield { chunk, rows, total };
  }
}

function joined(parts: readonly (string | Uint8Array)[], memory: (bytes: number) => Buffer): Buffer {
  const length = parts.reduce(
    (sum, part) => sum + (typeof part === 'string' ? Buffer.byteLength(part) : part.length),
    0,
  );
  const out = memory(length);
  let at = 0;
  for (const part of parts) {
    if (typeof part === 'string') at += out.write(part, at);
    else {
      out.set(part, at);
      at += part.length;
    }
  }
  return out;
}

const [LF, CR, SPACE] = [10, 13, 32];

/** As the server sent them; outside of strings, where a line break may only be space, it becomes one. */
function serverRows({ reader }: Snapshot): Texts {
  return (rids) => {
    const rows = reader.jsonBytes('task_run', rids);
    for (const row of rows)
      for (const mark of [LF, CR])
        for (let at = row.indexOf(mark); at >= 0; at = row.indexOf(mark, at)) row[at] = SPACE;
    return rows;
  };
}

function chosenValues(rows: Snapshot, columns: readonly ExportColumn[]): Texts {
  const keys = columns.map(({ path }) => `${JSON.stringify(path)}:`);
  const values = exportValues(rows, columns);
  return (rids) => {
    const read = values(rids);
    return rids.map((_, row) => {
      const members = read.map((column, i) => keys[i] + valueJson(column[row], columns[i].kind));
      return `{${members.join(',')}}`;
    });
  };
}

async function* parquetChunks(
  rows: Snapshot,
  columns: readonly ExportColumn[],
  { header, compression }: ExportOptions,
  signal: AbortSignal,
): AsyncGenerator<Chunk> {
  const { order } = rows;
  const total = order.length;
  const values = exportValues(rows, columns);
  const file = await ParquetFile.begin(columns, headsOf(columns, header), compression);
  for await (const group of groups(order, values, 0, signal))
    yield { chunk: file.group(group.values), rows: group.rows, total };
  yield { chunk: file.end(), rows: total, total };
}

/** A folder with a file for each day, named as Hive, DuckDB, Spark, Trino and Polars expect it. */
async function* parquetDays(
  rows: Snapshot,
  columns: readonly ExportColumn[],
  { header, compression }: ExportOptions,
  signal: AbortSignal,
): AsyncGenerator<Chunk> {
  const values = exportValues(rows, columns);
  const total = rows.order.length;
  let done = 0;
  for (const { name, order } of daysOf(rows.order, rows.frozen.reader('expected_start_time'))) {
    const file = await ParquetFile.begin(columns, headsOf(columns, header), compression);
    for await (const group of groups(order, values, done, signal))
      yield { file: name, chunk: file.group(group.values), rows: group.rows, total };
    done += order.length;
    yield { file: name, chunk: file.end(), rows: done, total };
  }
}

/**
 * The values of as many rows as a group holds, gathered piece by piece, so that questions get a turn between two, and an export that is
 * given up ends there.
 */
async function* groups(
  order: Uint32Array,
  values: ValueReader,
  before: number,
  signal: AbortSignal,
): AsyncGenerator<{ values: Value[][]; rows: number }> {
  const last = { size: 0 };
  let gathered: Value[][] = [];
  let size = 0;
  for (const { rids, rows } of pieces(order, ROWS, last)) {
    const read = values([...rids]);
    read.forEach((column, i) => (gathered[i] ??= []).push(...column));
    size += last.size = textSize(read);
    await nextTurn(signal);
    if (gathered[0].length < GROUP_ROWS && size < GROUP_TEXT && rows < order.length) continue;
    yield { values: gathered, rows: before + rows };
    [gathered, size] = [[], 0];
  }
}

/** Characters of the texts. */
function textSize(values: readonly (readonly Value[])[]): number {
  let size = 0;
  for (const column of values) for (const value of column) if (typeof value === 'string') size += value.length;
  return size;
}

async function* xlsxChunks(
  rows: Snapshot,
  columns: readonly ExportColumn[],
  options: ExportOptions,
): AsyncGenerator<Chunk> {
  const { order } = rows;
  const total = order.length;
  const { tags, time_zone } = options;
  const offset = time_zone === null ? () => 0 : offsetsOf(time_zone);
  const values = exportValues(rows, columns);
  const sheet = new Sheet(columns, { tags, time: timeFormat(time_zone), offset });
  let done = 0;
  const last = { size: 0 };
  function* text() {
    yield sheet.begin(headsOf(columns, options.header));
    for (const { rids, rows: read } of pieces(order, TEXT_ROWS, last)) {
      const xml = sheet.rows(values([...rids]));
      last.size = xml.length;
      yield xml;
      done = read;
    }
    yield sheet.end();
  }
  for await (const chunk of workbook(text())) yield { chunk, rows: done, total, cut: sheet.cut };
}
