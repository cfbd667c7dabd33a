/**
 * The threads an open workspace has, over a kept archive, in a process of their own: `node test/bench/core.bench.ts [task runs] [--json]`.
 * Opening with and without the index file, cold when the system's caches may be dropped (root on Linux), memory, jumps, and
 * questions while the writer takes in batches as fast as it can. Times are those of the caller: protocol and threads included.
 */
import { execFileSync } from 'node:child_process';
import { copyFileSync, constants, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MessageChannel } from 'node:worker_threads';
import { startWorker } from '../../src-main/core/workers/start-worker.ts';
import { queryContract, writerContract } from '../../src-main/core/workers/contracts.ts';
import { encodeRows } from '../../src-main/store/write/encode.ts';
import { noise } from '../fixtures/synthetic-source.ts';
import { archiveOf, sourceOf } from './archives.ts';
import { printed, quantile, type Figure } from './figures.ts';
import { questions } from './peers/questions.ts';
import { wireRow } from './wire-rows.ts';

const rows = Number(process.argv[2] ?? 1_000_000);
const figures: Figure[] = [];
const figure = (name: string, value: number, unit = 'ms') =>
  figures.push({ bench: `core, ${rows.toLocaleString('en-US')} task runs`, name, value, unit });
const log = () => undefined;
const sort = [{ field: 'expected_start_time', dir: 'desc' as const }];
const page = { rows: { from: 0, to: 200 }, facets: [], histogram: null };
const failures = { field: 'failure', limit: 5, nulls: false, new_since: { ago: 86_400_000_000 } };
const facets = [failures, ...['state_type', 'state_name', 'flow_run.flow_id', 'flow_run.deployment_id', 'tags', 'task_key'].map((field) => ({ field, limit: 50 }))]; // prettier-ignore
const everything = { ...page, facets, histogram: { field: 'expected_start_time', buckets: 90 } };

const dir = mkdtempSync(join(tmpdir(), 'taskscope-bench-'));
const path = join(dir, 'archive.sqlite');

async function timed<T>(work: () => Promise<T>): Promise<[number, T]> {
  const began = performance.now();
  const value = await work();
  return [performance.now() - began, value];
}

function open() {
  const changes = new MessageChannel();
  const query = startWorker('query', queryContract, {
    data: { changes: changes.port2 },
    transfer: [changes.port2],
    log,
  });
  return { query, changes: changes.port1 };
}
const first = { where: { field: 'state_type', in: ['FAILED'] }, sort };

/** The thread is up before the clock runs: from source it spends some 0.4 s on stripping types, which the built program does not have. */
async function openAndAsk(): Promise<{ millis: number; stop: () => Promise<void> }> {
  const { query } = open();
  await query.client.reached({ batch: 0 });
  const [millis] = await timed(async () => {
    await query.client.open({ path, dialect: 'sqlite', watchFile: false });
    await query.client.ask({ query: first, ...page });
  });
  return { millis, stop: () => query.stop() };
}

/** What was just copied or saved is on the disk: half a gigabyte on its way there took a third of the next figure. */
function settle(): void {
  try {
    execFileSync('sync');
  } catch {
    // not on Windows
  }
}

function dropCaches(): boolean {
  try {
    execFileSync('sync');
    writeFileSync('/proc/sys/vm/drop_caches', '3');
    return true;
  } catch {
    return false; // not root, or not Linux
  }
}

async function ingest(): Promise<void> {
  const batches = new MessageChannel();
  const { query, changes } = open();
  const writer = startWorker('writer', writerContract, {
    data: { sync: batches.port1, changes },
    transfer: [batches.port1, changes],
    log,
  });
  await writer.client.open({ path, server: '' });
  await query.client.open({ path, dialect: 'sqlite', watchFile: false });
  const source = sourceOf(rows);
  const asked = [...questions(source, 6)];
  for (const { where } of asked.slice(0, 36)) await query.client.ask({ query: { where, sort }, ...everything });
  figure('resident memory after the first questions', process.memoryUsage().rss / 2 ** 20, 'MiB');

  const { result, count } = await query.client.ask({ query: { where: { and: [] }, sort }, ...page });
  const jumps: number[] = [];
  for (let i = -200; i < 300; i++) {
    const from = Math.floor(noise(i, 5) * (count - 200));
    const [millis] = await timed(() => query.client.rows({ result, rows: { from, to: from + 200 } }));
    if (i >= 0) jumps.push(millis); // the first ones compile what they call
  }
  figure('jump to any row of a known order, 200 rows, p95', quantile(jumps, 0.95));

  // a third new, the rest changed: made before the clock runs
  const ready = Array.from({ length: 250 }, (_, batch) => {
    const texts = Array.from({ length: 200 }, (_, i) => {
      const rid = i % 3 === 0 ? rows + 1 + batch * 200 + i : 1 + Math.floor(noise(batch * 200 + i, 6) * rows);
      const { value } = wireRow(source, 'task_run', rid);
      const changed = { ...value, run_count: batch, updated: value['updated'] };
      return { json: JSON.stringify(changed), value: changed };
    });
    return encodeRows('task_run', texts);
  });
  const state = { done: false };
  const times: number[] = [];
  const asking = (async () => {
    for (let i = 0; !state.done; i++) {
      const question = asked[i % asked.length];
      if (question)
        times.push((await timed(() => query.client.ask({ query: { where: question.where, sort }, ...everything })))[0]);
    }
  })();
  const [millis] = await timed(async () => {
    for (const batch of ready) await writer.client.write({ batches: [batch] });
  });
  state.done = true;
  await asking;
  figure('everything a click shows while ingesting flat out, p50', quantile(times, 0.5));
  figure('everything a click shows while ingesting flat out, p95', quantile(times, 0.95));
  figure('ingest meanwhile, packed before', (ready.length * 200 * 1000) / millis, 'rows/s');
  await query.stop();
  await writer.stop();
}

try {
  copyFileSync(await archiveOf(rows), path, constants.COPYFILE_FICLONE);
  settle();
  const rebuilt: number[] = [];
  for (let i = 0; i < 3; i++) {
    rmSync(`${path}.index`, { force: true });
    const { millis, stop } = await openAndAsk();
    rebuilt.push(millis);
    await stop(); // saves the index
  }
  figure('open without an index file: built from the rows, first page and count', quantile(rebuilt, 0.5));
  settle();
  const warm: number[] = [];
  for (let i = 0; i < 5; i++) {
    const { millis, stop } = await openAndAsk();
    warm.push(millis);
    await stop();
  }
  figure('open with the index file, first page and count, warm, median of 5', quantile(warm, 0.5));
  if (dropCaches()) {
    const cold = await openAndAsk();
    figure('the same with cold caches', cold.millis);
    await cold.stop();
  }
  await ingest();
} finally {
  rmSync(dir, { recursive: true, force: true });
}
printed(figures);
