/**
 * `npm run bench`: measures, prints a table, writes out/bench.json. `-- --only app,query,search,store,core,export,peers,server,sync,growth` runs parts and
 * keeps the others' figures of the run before, `--rows N` sets the size of the archives (200,000 at most for the Prefect server),
 * `--runs N` that of the app bench, `--check` compares the ratios with budget.json and fails on a drift, `--readme` writes the
 * goals and whether they were met into RESULTS.md, and the short table into README.md.
 */
import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { isFresh } from '../../src-main/shell/freshness.mjs';
import { run as build } from '../../src-main/shell/tasks/build.ts';
import { findOrFetchChromium } from '../run/chromium.ts';
import { findOrMakePrefect } from '../run/prefect.ts';
import { overBudget } from './budget.ts';
import { table, type Figure } from './figures.ts';
import { growthBench, growthTable } from './growth.ts';
import { putBetweenMarks, targetTable } from './targets.ts';

const parts = ['query', 'search', 'store', 'core', 'export', 'peers', 'server', 'sync', 'app', 'growth'];
/** Kept log lines of a run in the search bench. */
const LINES_A_RUN = 20;
/** The real server is asked at this size: at a million rows it takes seconds for each answer. */
const SERVER_ROWS = 200_000;
/** A real server needs a minute for this many. */
const SYNC_ROWS = 40_000;

/** Task runs of one flow run: a large one, and one that is only to stay usable. */
const FLOW_RUNS = [10_000, 50_000];

/** Resolves to the exit code. */
export async function run(root: string, args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      only: { type: 'string', default: parts.join(',') },
      runs: { type: 'string', default: '100000' },
      rows: { type: 'string', default: '1000000' },
      rounds: { type: 'string', default: '7' },
      check: { type: 'boolean', default: false },
      readme: { type: 'boolean', default: false },
    },
  });
  const wanted = new Set(values.only.split(','));
  const [rows, rounds] = [Number(values.rows), Number(values.rounds)];
  const figures: Figure[] = [];
  const take = (more: Figure[]) => {
    figures.push(...more);
    console.log(table(more));
  };
  // one after the other: on two cores each would measure its neighbours
  if (wanted.has('query')) take(await program('query.bench.ts', rows, rounds));
  if (wanted.has('search')) take(await program('search.bench.ts', rows, LINES_A_RUN * rows));
  if (wanted.has('store')) take(await program('store.bench.ts', Math.min(rows, 200_000)));
  if (wanted.has('core')) {
    // here and not there: what making a million rows leaves in memory would count as the core's (592 MiB instead of 374)
    const { archiveOf } = await import('./archives.ts');
    await archiveOf(rows);
    take(await program('core.bench.ts', rows));
  }
  if (wanted.has('export') || wanted.has('sync') || wanted.has('app')) {
    const chromium = await findOrFetchChromium(root);
    if (!chromium.path) throw new Error(`no Chromium to measure the window in`);
    process.env.TASKSCOPE_CHROMIUM = chromium.path;
    // a page of another build than the program's is told to reload, and shows no rows
    if (!isFresh(root) && (await build(root, ['--logLevel', 'warn'])) !== 0) throw new Error('the build failed');
  }
  if (wanted.has('export')) {
    const { archiveOf } = await import('./archives.ts');
    await archiveOf(rows);
    take(await program('export.bench.ts', rows));
  }
  if (wanted.has('peers')) {
    const { peersBench } = await import('./peers.bench.ts');
    take(await peersBench(rows, rounds));
  }
  if (wanted.has('server')) {
    const prefect = await findOrMakePrefect();
    if (!prefect.path) throw new Error(`no Prefect to compare with: ${prefect.why}`);
    process.env.TASKSCOPE_PREFECT_PYTHON = prefect.path;
    const { serverBench } = await import('./peers.bench.ts');
    take(await serverBench(Math.min(rows, SERVER_ROWS), Math.ceil(rounds / 2)));
  }
  if (wanted.has('sync')) {
    const { firstRowsBench } = await import('./first-rows.bench.ts');
    take(await firstRowsBench(rows));
    const prefect = await findOrMakePrefect();
    if (!prefect.path) console.error(`no Prefect to sync from: ${prefect.why}`);
    else {
      process.env.TASKSCOPE_PREFECT_PYTHON = prefect.path;
      const { startFilled } = await import('./peers/prefect.ts');
      const { syncBench } = await import('./sync.bench.ts');
      const server = await startFilled(SYNC_ROWS);
      try {
        const name = `Prefect 3.8.8, ${SYNC_ROWS.toLocaleString('en-US')} task runs`;
        take(await syncBench(name, server, Math.ceil(rounds / 2)));
      } finally {
        await server.stop();
      }
    }
  }
  if (wanted.has('app')) {
    const { appBench } = await import('./app.bench.ts');
    take(await appBench(Number(values.runs)));
    const { flowRunBench } = await import('./flow-run.bench.ts');
    for (const size of FLOW_RUNS) take(await flowRunBench(size));
  }
  if (wanted.has('growth')) take(await growthBench((size, times) => program('query.bench.ts', size, times)));
  const isWhole = parts.every((part) => wanted.has(part));
  const kept = isWhole ? [] : await figuresBefore(join(root, 'out', 'bench.json'), figures);
  await mkdir(join(root, 'out'), { recursive: true });
  const machine = { cpu: cpus()[0]?.model ?? 'unknown', cores: cpus().length, node: process.version };
  const all = [...kept, ...figures];
  await writeFile(join(root, 'out', 'bench.json'), JSON.stringify({ machine, figures: all }, null, 2));
  const told = values.readme ? all : figures;
  const tables = [targetTable(told), growthTable(told)].filter(Boolean).join('\n\n');
  console.log(`\n${tables}`);
  if (values.readme) {
    const where = `${new Date().toISOString().slice(0, 10)}, ${machine.cpu}, ${machine.cores} cores, Node ${machine.node}`;
    await putBetweenMarks(join(import.meta.dirname, 'RESULTS.md'), tables, where);
    await putBetweenMarks(join(root, 'README.md'), targetTable(told, 'short'), where);
  }
  if (!values.check) return 0;
  const drifts = await overBudget(figures, isWhole);
  for (const drift of drifts) console.error(drift);
  return drifts.length === 0 ? 0 : 1;
}

/** What an earlier run measured of the benches that this one did not run. */
async function figuresBefore(path: string, measured: readonly Figure[]): Promise<Figure[]> {
  const again = new Set(measured.map(({ bench }) => bench));
  const text = await readFile(path, 'utf8').catch(() => '{"figures":[]}');
  const { figures } = JSON.parse(text) as { figures: Figure[] };
  return figures.filter(({ bench }) => !again.has(bench));
}

/** A bench in a process of its own, with a heap nobody else has used. */
async function program(file: string, ...args: number[]): Promise<Figure[]> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [join(import.meta.dirname, file), ...args.map(String), '--json'],
    { maxBuffer: 2 ** 26 },
  );
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '[]') as Figure[];
}
