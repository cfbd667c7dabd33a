/**
 * Exports to files, side by side with the `sqlite3` shell and DuckDB writing the same columns of the same rows:
 * `node test/bench/export.bench.ts [task runs]`. Each of ours is a process of its own with the index in memory, as the query thread has it.
 */
import { execFileSync, type ChildProcess } from 'node:child_process';
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
import { printed, quantile, type Figure } from './figures.ts';
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
/** Ours and each peer in turns, once more to warm up; the medians count: a neighbour's burst must not decide. */
const ROUNDS = 5;
/** The same of the formats that take 10 s and more. */
const FEW_ROUNDS = 3;

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

/** An export of ours in a process of its own. */
class Ours {
  readonly #process: ChildProcess;
  readonly #ask: Omit<Ask, 'cancel'>;
  readonly #all: Told[] = [];
  #few = 0;

  private constructor(process: ChildProcess, ask: Omit<Ask, 'cancel'>) {
    this.#process = process;
    this.#ask = ask;
  }

  /** Warm: a few rows have been exported three times. */
  static async begin(archive: string, ask: Omit<Ask, 'cancel'>): Promise<Ours> {
    const process = childWithLimits(workerLimits.query ?? {}, 'export.bench.ts', 'serve', archive);
    await says(process);
    const ours = new Ours(process, ask);
    for (let i = 0; i < 3; i++) ours.#few = Math.max(ours.#few, (await ours.#tell({ rows: FEW })).peak);
    await setTimeout(200);
    return ours;
  }

  #tell(changed: Partial<Ask>): Promise<Told> {
    this.#process.send({ ...this.#ask, cancel: false, ...changed } satisfies Ask);
    return says<Told>(this.#process);
  }

  async seconds(): Promise<number> {
    const told = await this.#tell({});
    this.#all.push(told);
    return told.seconds;
  }

  /** How long giving one up takes, s, and how much more memory all rows took than a few, MiB. */
  async end(): Promise<{ bytes: number; ending: number; more: number }> {
    const { ending } = await this.#tell({ cancel: true });
    await end(this.#process);
    const more = Math.max(...this.#all.map(({ peak }) => peak)) - this.#few;
    return { bytes: this.#all[0].bytes, ending, more: more / 2 ** 20 };
  }
}

type Exported = Awaited<ReturnType<Ours['end']>> & { seconds: number; peers: number[] };

/** Ours and its peers in turns: the median of each, s. */
async function inTurns(
  ours: Ours,
  rounds: number,
  peers: readonly (() => Promise<number> | number)[] = [],
): Promise<Exported> {
  const each = [() => ours.seconds(), ...peers];
  const took: number[][] = each.map(() => []);
  for (let round = 0; round <= rounds; round++)
    for (const [i, one] of each.entries()) {
      const seconds = await one();
      if (round > 0) took[i].push(seconds);
    }
  const [seconds, ...others] = took.map((all) => quantile(all, 0.5));
  return { ...(await ours.end()), seconds, peers: others };
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
    const began = performance.now();
    await connection.run(`COPY (SELECT ${duckColumns}) TO '${join(dir, file)}' (${how})`);
    return (performance.now() - began) / 1000;
  };
  const ours = (asked: ExportAsked) => Ours.begin(archive, { asked, path: join(dir, 'ours'), rows });
  const figure = (what: string, value: number, unit: string, ratio = false): Figure => ({
    ...{ bench: name, name: what, value, unit },
    ...(ratio ? { ratio } : {}),
  });
  try {
    const csv = await inTurns(await ours({ columns: named }), ROUNDS, [
      () => shellSeconds(archive, join(dir, 'shell.csv'), rows),
      () => duckSeconds('duck.csv', 'FORMAT csv, HEADER'),
    ]);
    const parquet = await inTurns(await ours({ format: 'parquet', columns: named }), FEW_ROUNDS, [
      () => duckSeconds('duck.parquet', "FORMAT parquet, COMPRESSION 'zstd'"),
    ]);
    const jsonl = await inTurns(await ours({ format: 'jsonl' }), FEW_ROUNDS);
    const xlsx = await inTurns(await ours({ format: 'xlsx', columns: named }), 1);
    const mixed = await inTurns(await ours({ columns: [...named, 'state.message', 'flow_run.parameters'] }), 1);
    const [shell, duckCsv] = csv.peers;
    const [duckParquet] = parquet.peers;
    const speed = ({ seconds }: Exported) => rows / seconds;
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
