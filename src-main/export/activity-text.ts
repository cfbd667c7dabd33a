/** What is kept of runs beside their rows, as files: log lines as text, JSON or CSV, and each artifact as a file of its own. */
import { ansiFree } from '../contract/ansi.ts';
import { csvHeader, csvLine, csvText, type CsvText } from '../contract/csv-text.ts';
import type { ExportOptions } from '../contract/export.ts';
import { levelNames, type Artifact, type LogLine } from '../contract/run.ts';
import { memberSpans, splitArray } from '../contract/json-text.ts';
import { jsonCell } from '../contract/json-text.ts';

/** The run that a line or an artifact belongs to. */
export type OwnRun = { id: string; name: string; flow_run: string | null };

const levelName = (level: number): string => levelNames[level] ?? String(level);

/** What a line is as JSON and CSV, in order: the key and the title of each value. */
const logColumns = {
  timestamp: 'Time',
  level: 'Level number',
  level_name: 'Level',
  logger: 'Logger',
  message: 'Message',
  task_run_id: 'Task run id',
  task_run_name: 'Task run',
  flow_run_name: 'Flow run',
};

export const logHeader = (options: ExportOptions): string =>
  csvHeader(options.header === 'key' ? Object.keys(logColumns) : Object.values(logColumns), options);

type Time = (micros: number) => string;

function logCells({ timestamp, level, name, message }: LogLine, run: OwnRun, time: Time) {
  return [time(timestamp), level, levelName(level), name, message, run.id, run.name, run.flow_run] as const;
}

/** As a person reads it, without the terminal's colours: the lines of a message after the first are indented. */
export function logText(line: LogLine, run: OwnRun, time: Time): string {
  const message = ansiFree(line.message).replaceAll(/\r?\n/g, '\n    ');
  return `${time(line.timestamp)} ${levelName(line.level).padEnd(8)} ${run.name} | ${line.name} | ${message}\n`;
}

export function logJson(line: LogLine, run: OwnRun, time: Time): string {
  const cells = logCells(line, run, time);
  return `${JSON.stringify(Object.fromEntries(Object.keys(logColumns).map((name, i) => [name, cells[i]])))}\n`;
}

/** Without the terminal's colours, as it is copied. JSON has the message as it is. */
export function logCsv(line: LogLine, run: OwnRun, time: Time, options: CsvText): string {
  const cells = logCells({ ...line, message: ansiFree(line.message) }, run, time);
  return csvLine(
    cells.map((cell) => (typeof cell === 'number' ? String(cell) : csvText(cell, options))),
    options,
  );
}

/** How a table is written. */
type TableOptions = Pick<ExportOptions, 'delimiter' | 'safe' | 'bom'>;

/** Name and content of an artifact's file. Names are safe on every file system, and told apart by the artifact's id. */
export function artifactFile(
  { id, key, type, data, truncated }: Artifact,
  run: OwnRun,
  options: TableOptions,
): { name: string; text: string } {
  const { ending, text } = truncated ? { ending: '.txt', text: data } : content(type, data, options);
  const plain = (part: string) =>
    part
      .normalize('NFKD')
      .replace(/[^A-Za-z0-9._-]+/g, '-')
      .replace(/^[-.]+|[-.]+$/g, '')
      .slice(0, 60);
  const parts = [run.name, key ?? type ?? 'artifact', id].map(plain).filter((part) => part !== '');
  return { name: parts.join('_') + ending, text };
}

function content(type: string | null, data: string, options: TableOptions): { ending: string; text: string } {
  const inner = data.startsWith('"') ? (JSON.parse(data) as string) : data;
  if (type === 'markdown' || type === 'link') return { ending: '.md', text: inner };
  const table = type === 'table' ? tableCsv(inner, options) : null;
  if (table === 'too large') return { ending: '.json', text: inner };
  if (table !== null) return { ending: '.csv', text: table.text };
  return data.startsWith('"') ? { ending: '.txt', text: inner } : { ending: '.json', text: data };
}

/** Cells up to which a table is written as CSV: rows that each have names of their own make a table far larger than their JSON. */
const MOST_CELLS = 2_000_000;

/** Prefect keeps a table as JSON within a string: rows by name, rows in order, or columns by name. null: it is none of these. */
function tableCsv(text: string, options: TableOptions): { text: string } | 'too large' | null {
  try {
    const lines = text.trimStart().startsWith('{') ? columnsByName(text) : rowsOf(splitArray(text));
    if (lines === null || lines === 'too large') return lines;
    const cell = (json: string | null) => csvText(json === null ? null : jsonCell(json), options);
    return { text: (options.bom ? '\ufeff' : '') + lines.map((line) => csvLine(line.map(cell), options)).join('') };
  } catch {
    return null; // not JSON after all
  }
}

function columnsByName(text: string): (string | null)[][] | 'too large' {
  const columns = [...memberSpans(text)].map(([name, [from, to]]) => ({
    name,
    items: splitArray(text.slice(from, to)),
  }));
  const length = Math.max(0, ...columns.map(({ items }) => items.length));
  if (length * columns.length > MOST_CELLS) return 'too large';
  const rows = Array.from({ length }, (_, i) => columns.map(({ items }) => items[i] ?? null));
  return [columns.map(({ name }) => JSON.stringify(name)), ...rows];
}

function rowsOf(rows: readonly string[]): (string | null)[][] | 'too large' | null {
  if (rows.every((row) => row.startsWith('['))) return rows.map(splitArray);
  if (!rows.every((row) => row.startsWith('{'))) return null;
  const read = rows.map((row) => ({ row, spans: memberSpans(row) }));
  const names = [...new Set(read.flatMap(({ spans }) => [...spans.keys()]))];
  if (rows.length * names.length > MOST_CELLS) return 'too large';
  const cells = read.map(({ row, spans }) =>
    names.map((name) => {
      const span = spans.get(name);
      return span ? row.slice(...span) : null;
    }),
  );
  return [names.map((name) => JSON.stringify(name)), ...cells];
}
