/** The goals at a million task runs and whether a run met them: printed after a run; `--readme` writes them into RESULTS.md and README.md. */
import { readFile, writeFile } from 'node:fs/promises';
import { format, type Figure } from './figures.ts';

type Target = {
  says: string;
  /** the figure's bench and name */
  bench: string;
  name: string;
  /** in the figure's unit; one of the two */
  most?: number;
  least?: number;
  /** also in README.md's short table */
  short?: true;
};

const query = 'query engine, 1,000,000 task runs';
const flowRun = 'a flow run of 10,000 task runs in the window';
const largest = 'a flow run of 50,000 task runs in the window';
const search = 'search, 1,000,000 task runs, 20,000,000 log lines';
const core = 'core, 1,000,000 task runs';
const archive = 'archive, 200,000 task runs';
const beside = 'side by side, 1,000,000 task runs';
const exports = 'exports, 1,000,000 task runs, 15 columns';
const http = 'over HTTP, 200,000 task runs';
const first = 'first rows, 1,000,000 task runs';
const prefect = 'sync, Prefect 3.8.8, 40,000 task runs';

const targets: Target[] = [
  { says: 'count, order and 200 rows of any filter, p95', bench: query, name: 'count + order + 200 rows p95', most: 10, short: true },
  { says: 'the same, no mask kept from earlier questions, p95', bench: query, name: 'count + order + 200 rows, cold p95', most: 10 },
  { says: 'the same, first time in a fresh process, worst', bench: query, name: 'count + order + 200 rows, first run of each filter, max', most: 30 },
  { says: 'everything a click shows, median', bench: query, name: 'everything a click shows p50', most: 14 },
  { says: 'everything a click shows, p95', bench: query, name: 'everything a click shows p95', most: 25, short: true },
  { says: '200 changed rows applied, p95', bench: query, name: '200 changed rows applied p95', most: 5 },
  { says: 'groups of all runs, by any of nine fields, median', bench: query, name: 'groups p50', most: 25, short: true },
  { says: 'the same, p95', bench: query, name: 'groups p95', most: 50 },
  { says: 'a task over time, longest piece', bench: query, name: 'a task over time, longest piece', most: 50 },
  { says: 'runs left behind, at another moment', bench: query, name: 'left behind at another moment p50', most: 25 },
  { says: 'a flow run of 10,000 task runs, open to drawn', bench: flowRun, name: 'open to all drawn', most: 400, short: true },
  { says: 'the same, zoomed and panned, a frame, p95', bench: flowRun, name: 'zoomed and panned, a frame, p95', most: 34 },
  { says: 'a flow run of 50,000 task runs, open to first rows', bench: largest, name: 'open to first rows', most: 1000 },
  { says: 'the same, zoomed and panned, a frame, p95', bench: largest, name: 'zoomed and panned, a frame, p95', most: 50 },
  { says: 'search for a common word, 20,000,000 log lines, p95', bench: search, name: 'a common word p95', most: 50 },
  { says: 'the same, rows have changed since it was last searched for, p95', bench: search, name: 'a common word again, rows have changed p95', most: 50 },
  { says: 'search for a rare word, likewise', bench: search, name: 'a rare word p95', most: 50 },
  { says: 'jump to any row of a known order, p95', bench: core, name: 'jump to any row of a known order, 200 rows, p95', most: 2, short: true },
  { says: 'everything a click shows while ingesting flat out, p95', bench: core, name: 'everything a click shows while ingesting flat out, p95', most: 25 },
  { says: 'open to first page and count, warm', bench: core, name: 'open with the index file, first page and count, warm, median of 5', most: 150, short: true },
  { says: 'open to first page and count, cold caches', bench: core, name: 'the same with cold caches', most: 250 },
  { says: 'open with the index to be rebuilt', bench: core, name: 'open without an index file: built from the rows, first page and count', most: 3000 },
  { says: 'resident memory of the core', bench: core, name: 'resident memory after the first questions', most: 450 },
  { says: 'ingest: parse, map, write', bench: archive, name: 'new rows: two threads, reading included, by the clock', least: 20_000, short: true },
  { says: 'ingest of unchanged rows', bench: archive, name: 'unchanged rows: two threads, reading included, by the clock', least: 60_000 },
  { says: 'file with the whole JSON', bench: archive, name: 'file', most: 620, short: true },
  { says: '200 whole rows in time order, p95', bench: archive, name: "200 rows' JSON in time order p95", most: 8 },
  { says: '200 whole rows in any order, p95', bench: archive, name: "200 rows' JSON in any order p95", most: 12 },
  { says: 'CSV of 15 columns, the sqlite3 shell ÷ ours', bench: exports, name: 'CSV, sqlite3 shell ÷ Taskscope', least: 6, short: true },
  { says: 'the same, DuckDB ÷ ours', bench: exports, name: 'CSV, DuckDB ÷ Taskscope', least: 1 },
  { says: 'JSON Lines', bench: exports, name: 'JSON Lines', least: 150 },
  { says: 'Parquet of 15 columns', bench: exports, name: 'Parquet', least: 150_000, short: true },
  { says: 'its size ÷ DuckDB’s', bench: exports, name: 'Parquet, size ÷ DuckDB’s', most: 1.3 },
  { says: 'memory of a CSV, more than for 10,000 runs', bench: exports, name: 'memory, CSV, more than for 10,000 runs', most: 40 },
  { says: 'memory of JSON Lines, likewise', bench: exports, name: 'memory, JSON Lines, more than for 10,000 runs', most: 40 },
  { says: 'memory of Parquet, likewise', bench: exports, name: 'memory, Parquet, more than for 10,000 runs', most: 40 },
  { says: 'cancelling an export', bench: exports, name: 'cancel, the slowest format', most: 200 },
  { says: 'memory of XLSX, likewise', bench: exports, name: 'memory, XLSX, more than for 10,000 runs', most: 40 },
  { says: 'page, longest task while exporting, CPU time', bench: exports, name: 'page, longest task while exporting, CPU time', most: 50 },
  { says: 'main thread of the core, busy while exporting', bench: exports, name: 'core main thread, busy while exporting', most: 10 },
  { says: 'page and count, hand-written SQL ÷ ours', bench: beside, name: 'page + count, hand-written SQL ÷ Taskscope', least: 2.5 },
  { says: 'page and count, DuckDB ÷ ours', bench: beside, name: 'page + count, DuckDB ÷ Taskscope', least: 10 },
  { says: 'a whole click, hand-written SQL ÷ ours', bench: beside, name: 'everything a click shows, hand-written SQL ÷ Taskscope', least: 10 },
  { says: 'page and count over HTTP, Prefect 3.8.8 ÷ ours, at 200,000', bench: http, name: 'page + count, Prefect 3.8.8 over HTTP ÷ Taskscope', least: 15, short: true },
  { says: 'connect to first rows on screen, a server with 1,000,000 runs', bench: first, name: 'connect to first rows on screen, median of 5', most: 2, short: true },
  { says: 'full sync ÷ raw download, Prefect 3.8.8, 40,000 runs', bench: prefect, name: 'full sync ÷ raw download', most: 1.15, short: true },
  { says: 'the same with the window open', bench: prefect, name: 'full sync with the window open ÷ raw download', most: 1.15 },
  { says: 'page, longest task while syncing, CPU time', bench: prefect, name: 'page, longest task while syncing, CPU time', most: 50 },
  { says: 'main thread of the core, busy while syncing', bench: prefect, name: 'core main thread, busy while syncing', most: 10 },
]; // prettier-ignore

/** A Markdown table of the goals that were measured, of all or of README's; empty when none was. */
export function targetTable(figures: readonly Figure[], which: 'all' | 'short' = 'all'): string {
  const rows = targets.flatMap(({ says, bench, name, most, least, short }) => {
    if (which === 'short' && !short) return [];
    const found = figures.find((one) => one.bench === bench && one.name === name);
    if (!found) return [];
    const { value, unit } = found;
    const isMet = most === undefined ? value >= (least ?? 0) : value <= most;
    const goal = most === undefined ? `≥ ${shown(least ?? 0)}` : `≤ ${shown(most)}`;
    return [[says, `${goal} ${unit}`, `${format(value)} ${unit}`, isMet ? 'met' : '**missed**']];
  });
  if (rows.length === 0) return '';
  return markdown([['what', 'target', 'measured', ''], ...rows]);
}

/** A Markdown table; the first row is its head. */
export function markdown(rows: readonly (readonly string[])[]): string {
  const [head = [], ...body] = rows;
  const widths = head.map((_, i) => Math.max(3, ...rows.map((row) => (row[i] ?? '').length)));
  const line = (cells: readonly string[]) => `| ${cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(' | ')} |`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...body.map(line)].join('\n');
}

const shown = (value: number) => value.toLocaleString('en-US');
const MARKS = /(<!-- bench -->\n)[^]*?(\n<!-- \/bench -->)/;

/** Puts the text between the marks `<!-- bench -->` and `<!-- /bench -->` of a Markdown file. Throws when it has none. */
export async function putBetweenMarks(path: string, table: string, machine: string): Promise<void> {
  const text = await readFile(path, 'utf8');
  if (!MARKS.test(text)) throw new Error(`${path} has no place for the table`);
  await writeFile(
    path,
    text.replace(MARKS, (_, open: string, close: string) => `${open}\n${machine}\n\n${table}\n${close}`),
  );
}
