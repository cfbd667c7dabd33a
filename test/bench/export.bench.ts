/**
 * Exports to files, side by side with the `sqlite3` shell and DuckDB writing the same columns of the same rows:
 * `node test/bench/export.bench.ts [task runs]`. Each of ours is a process of its own with the index in memory, as the query thread has it.
 */
import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { DuckDBInstance } from '@duckdb/node-api';
import { exportOptionsSchema, type ExportAsked } from '../../src-main/contract/export.ts';
import { TRUE } from '../../src-main/contract/query.ts';
import { exportRows, fieldsOf } from '../../src-main/core/workers/export/export.ts';
import { workerLimits } from '../../src-main/core/workers/start-worker.ts';
import { takeSnapshot } from '../../src-main/core/workers/export/snapshot.ts';
import { Engine } from '../../src-main/query/engine.ts';
import { openReader } from '../../src-main/store/read/reader.ts';
import { archiveOf } from './archives.ts';
import { childWithLimits, end, says } from './children.ts';
import { exportWindow } from './export-window.ts';
import { printed, type Figure } from './figures.ts';
import { duckFile } from './peers/duckdb.ts';

/** Ours, and the archive's view's name of it. */
const columns: [path: string, view: string][] = [
  ['id', 'id'],
  ['name', 'name'],
  ['task_key', 'task_key'],
  ['state_type', 'state_type'],
  ['state_name', 'state_name'],
  ['tags', 'tags'],
  ['expected_start_time', 'expected_start_time'],
  ['start_time', 'start_time'],
  ['end_time', 'end_time'],
  ['total_run_time', 'total_run_time'],
  ['run_count', 'run_count'],
  ['flow_run_id', 'flow_run_id'],
  ['flow_run.name', 'flow_run_name'],
  ['flow_run.flow.name', 'flow_name'],
  ['flow_run.deployment.name', 'deployment_name'],
];
const duckColumns = `t.id, t.name, t.task_key, t.state_type, t.state_name, t.tags, make_timestamp(t.expected_start_time) AS expected_start_time,
  make_timestamp(t.start_time) AS start_time, make_timestamp(t.end_time) AS end_time, t.total_run_time, t.run_count, r.id AS flow_run_id,
  r.name AS flow_run_name, f.name AS flow_name, d.name AS deployment_name
  FROM task_run t LEFT JOIN flow_run r ON r.rid = t.flow_run LEFT JOIN flow f ON f.rid = t.flow LEFT JOIN deployment d ON d.rid = t.deployment`;

const named = columns.map(([path]) => path);
/** Rows for the difference in memory. */
const FEW = 10_000;
/** The best of so many counts, in turns: a neighbour's burst must not decide. */
const ROUNDS = 3;

/** `cancel`: it is given up as soon as it has written something. */
type Ask = { asked: ExportAsked; path: string; rows: number; cancel: boolean };
/** `ending`: seconds from giving it up to its end. */
type Told = { seconds: number; bytes: number; rows: number; peak: number; ending: number };

/** Bytes that are the process's own. The archive's pages that it has mapped belong to the system, which takes them back when it likes. */
function ownMemory(): number {
  if (process.platform !== 'linux') return process.memoryUsage.rss();
  const found = /^RssAnon:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'));
  return Number(found?.[1] ?? 0) * 1024;
}

/** In the child: an export at each message, its time, and the most memory seen while it ran. */
async function serve(archive: string): Promise<void> {
  const reader = openReader(archive);
  const engine = new Engine(reader, { dialect: 'sqlite' });
  engine.load(reader.batch());
  const sort = [{ field: 'expected_start_time', dir: 'desc' as const }];
  const { order } = engine.ask({ where: TRUE, sort, now: 0 });
  process.on('disconnect', () => process.exit(0));
  process.on('message', ({ asked, path, rows, cancel }: Ask) => {
    void (async () => {
      const abort = new AbortController();
      const { signal } = abort;
      const options = exportOptionsSchema.parse(asked);
      const began = performance.now();
      const snapshot = await takeSnapshot({
        engine,
        open: () => openReader(archive),
        update: () => undefined,
        order: () => order.subarray(0, rows),
        fields: fieldsOf(options),
        signal,
      });
      let peak = 0;
      let last = { rows: 0, bytes: 0 };
      let given = NaN;
      try {
        for await (const item of exportRows(snapshot, options, { path, overwrite: true }, signal)) {
          last = item;
          peak = Math.max(peak, ownMemory());
          // between two of its own steps, as a click comes
          if (cancel && Number.isNaN(given)) setImmediate(() => (abort.abort(), (given = performance.now())));
        }
      } catch (thrown) {
        if (!signal.aborted) throw thrown;
      }
      const ended = performance.now();
      snapshot.release();
      const seconds = (ended - began) / 1000;
      process.send?.({
        seconds,
        bytes: last.bytes,
        rows: last.rows,
        peak,
        ending: (ended - given) / 1000,
      } satisfies Told);
    })();
  });
  process.send?.('ready');
}

class Ours {
  readonly #dir: string;
  readonly #archive: string;
  readonly #rows: number;

  constructor(dir: string, archive: string, rows: number) {
    this.#dir = dir;
    this.#archive = archive;
    this.#rows = rows;
  }

  /** The fastest of some exports of all rows, how much more memory they took than a few rows, MiB, and how long one took to be cancelled, s. */
  async best(asked: ExportAsked, rounds = ROUNDS): Promise<Told & { more: number; path: string }> {
    const path = join(this.#dir, 'ours');
    const process = childWithLimits(workerLimits.query ?? {}, 'export.bench.ts', 'serve', this.#archive);
    await says(process);
    const one = async (rows: number, cancel = false): Promise<Told> => {
      process.send({ asked, path, rows, cancel } satisfies Ask);
      return says<Told>(process);
    };
    let few = 0;
    for (let i = 0; i < 3; i++) few = Math.max(few, (await one(FEW)).peak);
    await setTimeout(200);
    const all: Told[] = [];
    for (let i = 0; i < rounds; i++) all.push(await one(this.#rows));
    const { ending } = await one(this.#rows, true);
    await end(process);
    const best = all.reduce((a, b) => (a.seconds <= b.seconds ? a : b));
    return { ...best, path, ending, more: (Math.max(...all.map(({ peak }) => peak)) - few) / 2 ** 20 };
  }
}

function shellSeconds(archive: string, out: string, rows: number): number {
  const list = columns.map(([, view]) => view).join(', ');
  const began = performance.now();
  const file = openSync(out, 'w');
  execFileSync(
    process.env.TASKSCOPE_SQLITE3 ?? 'sqlite3',
    ['-readonly', '-header', '-csv', archive, `SELECT ${list} FROM task_runs LIMIT ${rows}`],
    { stdio: ['ignore', file, 'inherit'] },
  );
  closeSync(file);
  return (performance.now() - began) / 1000;
}

async function bench(rows: number): Promise<Figure[]> {
  const name = `exports, ${rows.toLocaleString('en-US')} task runs, ${columns.length} columns`;
  const archive = await archiveOf(rows);
  const dir = mkdtempSync(join(tmpdir(), 'taskscope-bench-export-'));
  const duck = await DuckDBInstance.create(await duckFile(rows), { threads: '2', access_mode: 'READ_ONLY' });
  const connection = await duck.connect();
  const duckSeconds = async (file: string, how: string): Promise<number> => {
    let best = Infinity;
    for (let i = 0; i < ROUNDS; i++) {
      const began = performance.now();
      await connection.run(`COPY (SELECT ${duckColumns}) TO '${join(dir, file)}' (${how})`);
      best = Math.min(best, (performance.now() - began) / 1000);
    }
    return best;
  };
  const figure = (what: string, value: number, unit: string, ratio = false): Figure => ({
    ...{ bench: name, name: what, value, unit },
    ...(ratio ? { ratio } : {}),
  });
  try {
    const ours = new Ours(dir, archive, rows);
    const csv = await ours.best({ columns: named });
    const jsonl = await ours.best({ format: 'jsonl' }, 2);
    const parquet = await ours.best({ format: 'parquet', columns: named }, 2);
    const xlsx = await ours.best({ format: 'xlsx', columns: named }, 1);
    const mixed = await ours.best({ columns: [...named, 'state.message', 'flow_run.parameters'] }, 1);
    const shell = shellSeconds(archive, join(dir, 'shell.csv'), rows);
    const duckCsv = await duckSeconds('duck.csv', 'FORMAT csv, HEADER');
    const duckParquet = await duckSeconds('duck.parquet', "FORMAT parquet, COMPRESSION 'zstd'");
    const speed = ({ rows: written, seconds }: Told) => written / seconds;
    return [
      figure('CSV', speed(csv), 'rows/s'),
      figure('CSV, sqlite3 shell', rows / shell, 'rows/s'),
      figure('CSV, DuckDB COPY', rows / duckCsv, 'rows/s'),
      figure('CSV, sqlite3 shell ÷ Taskscope', shell / csv.seconds, '×', true),
      figure('CSV, DuckDB ÷ Taskscope', duckCsv / csv.seconds, '×', true),
      figure('CSV with the state message and the flow run’s parameters', speed(mixed), 'rows/s'),
      figure('JSON Lines', jsonl.bytes / jsonl.seconds / 1e6, 'MB/s'),
      figure('Parquet', speed(parquet), 'rows/s'),
      figure('Parquet, DuckDB COPY', rows / duckParquet, 'rows/s'),
      figure('Parquet, size ÷ DuckDB’s', parquet.bytes / statSync(join(dir, 'duck.parquet')).size, '×'),
      figure('XLSX', speed(xlsx), 'rows/s'),
      ...Object.entries({ CSV: csv, 'JSON Lines': jsonl, Parquet: parquet, XLSX: xlsx }).map(([what, { more }]) =>
        figure(`memory, ${what}, more than for ${FEW.toLocaleString('en-US')} runs`, more, 'MiB'),
      ),
      figure(
        'cancel, the slowest format',
        Math.max(csv.ending, jsonl.ending, parquet.ending, xlsx.ending) * 1000,
        'ms',
      ),
      ...(await exportWindow(name, rows)),
    ];
  } finally {
    connection.closeSync();
    duck.closeSync();
    rmSync(dir, { recursive: true, force: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (process.argv[2] === 'serve') await serve(process.argv[3]);
  else printed(await bench(Number(process.argv[2] ?? 1_000_000)));
}
