/**
 * The archive alone: `node test/bench/store.bench.ts [task runs]`. Believable rows of about 2.2 kB go the way a sync's do: one
 * thread parses, maps and compresses pages of 200, the other writes them. Making the rows is not measured. Numbers of one machine in
 * one run: nothing here passes or fails.
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { encodeRows, type Batch } from '../../src-main/store/encode.ts';
import { openReader } from '../../src-main/store/read.ts';
import { openWriter } from '../../src-main/store/writer.ts';
import { random, taskRuns } from '../fixtures/prefect-rows.ts';
import { printed, quantile, type Figure } from './figures.ts';

/**
 * ms the calling thread itself has computed: neighbours on a shared machine make it longer, but waiting for them does not count.
 * The system brings it up to date at its own ticks of some milliseconds, so only over whole chunks does it say something.
 */
const busy = () => {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
};

const PAGE = 200;
const CHUNK = 20_000;
/** Batches on their way to the writer before the encoder waits. */
const AHEAD = 4;

type Order =
  { kind: 'start'; rows: number; flowRuns: number } | { kind: 'chunk' } | { kind: 'encode' } | { kind: 'written' };
type Report =
  | { kind: 'ready'; rows: number; bytes: number }
  | { kind: 'batch'; batch: Batch }
  | { kind: 'done'; busy: number; parseShare: number };

function encoder(port: NonNullable<typeof parentPort>): void {
  let source: Iterator<{ json: string }> = [][Symbol.iterator]();
  let texts: string[] = [];
  let waiting = 0;
  let wake = () => {};
  const say = (report: Report) => port.postMessage(report);
  const encode = async () => {
    const began = busy();
    let parse = 0;
    let columns = 0;
    for (let from = 0; from < texts.length; from += PAGE) {
      const t0 = performance.now();
      const rows = texts.slice(from, from + PAGE).map((json) => ({ json, value: JSON.parse(json) as unknown }));
      const t1 = performance.now();
      const batch = encodeRows('task_run', rows);
      columns += performance.now() - t1;
      parse += t1 - t0;
      say({ kind: 'batch', batch });
      if (++waiting >= AHEAD) await new Promise<void>((resolve) => (wake = resolve));
    }
    say({ kind: 'done', busy: busy() - began, parseShare: parse / (parse + columns) });
  };
  port.on('message', (order: Order) => {
    if (order.kind === 'start') source = taskRuns(1, order);
    if (order.kind === 'chunk') {
      texts = [];
      for (let row = source.next(); !row.done; row = source.next()) {
        texts.push(row.value.json);
        if (texts.length === CHUNK) break;
      }
      say({ kind: 'ready', rows: texts.length, bytes: texts.reduce((sum, text) => sum + text.length, 0) });
    }
    if (order.kind === 'encode') void encode();
    if (order.kind === 'written') {
      waiting--;
      wake();
    }
  });
}

async function main(rows: number): Promise<Figure[]> {
  const figures: Figure[] = [];
  const figure = (name: string, value: number, unit: string) =>
    figures.push({ bench: `archive, ${rows.toLocaleString('en-US')} task runs`, name, value, unit });
  const dir = mkdtempSync(join(tmpdir(), 'taskscope-bench-'));
  const worker = new Worker(fileURLToPath(import.meta.url));
  const order = (message: Order) => worker.postMessage(message);
  const path = join(dir, 'archive.sqlite');
  const writer = openWriter(path, { onChange: () => undefined });
  try {
    const pass = async (label: string) => {
      let [wall, parse, encode, write, bytes, done] = [0, 0, 0, 0, 0, 0];
      const transactions: number[] = [];
      order({ kind: 'start', rows, flowRuns: Math.ceil(rows / 50) });
      while (done < rows) {
        order({ kind: 'chunk' });
        const began = await new Promise<number>((resolve, reject) => {
          let started = 0;
          let before = 0;
          worker.removeAllListeners('message');
          worker.removeAllListeners('error').once('error', reject);
          worker.on('message', (report: Report) => {
            if (report.kind === 'ready') {
              done += report.rows;
              bytes += report.bytes;
              started = performance.now();
              before = busy();
              order({ kind: 'encode' });
            } else if (report.kind === 'batch') {
              const t = performance.now();
              writer.write({ batches: [report.batch] });
              transactions.push(performance.now() - t);
              order({ kind: 'written' });
            } else {
              parse += report.busy * report.parseShare;
              encode += report.busy * (1 - report.parseShare);
              write += busy() - before;
              resolve(started);
            }
          });
        });
        wall += performance.now() - began;
      }
      figure(`${label}: two threads, parsing included, by the clock`, (rows / wall) * 1000, 'rows/s');
      figure(`${label}: two threads by CPU time`, (rows / Math.max(parse + encode, write)) * 1000, 'rows/s');
      figure(`${label}: one thread by CPU time, without parsing`, (rows / (encode + write)) * 1000, 'rows/s');
      figure(`${label}: parse`, (parse / rows) * 1000, 'µs/row');
      figure(`${label}: columns and blocks`, (encode / rows) * 1000, 'µs/row');
      figure(`${label}: write`, (write / rows) * 1000, 'µs/row');
      figure(`${label}: transaction of ${PAGE} p95`, quantile(transactions, 0.95), 'ms');
      return bytes;
    };
    const bytes = await pass('new rows');
    writer.checkpoint();
    figure('JSON', bytes / rows, 'B/row');
    figure('file', statSync(path).size / rows, 'B/row');
    await pass('unchanged rows');
    figure('file after it', statSync(path).size / rows, 'B/row');
    writer.checkpoint();

    const reader = openReader(path);
    const last = reader.maxRid('task_run');
    const began = performance.now();
    let seen = 0;
    for (const row of reader.rows('task_run', 1, last)) seen += row.length > 0 ? 1 : 0;
    figure('all columns of all rows', performance.now() - began, 'ms');
    if (seen !== rows) throw new Error(`${seen} rows read`);
    const next = random(5);
    const somewhere = () => 1 + Math.floor(next() * (last - PAGE));
    const timed = (rids: () => number[]) =>
      Array.from({ length: 40 }, () => {
        const list = rids();
        const t = performance.now();
        reader.json('task_run', list);
        return performance.now() - t;
      });
    const inTime = timed(() => {
      const from = somewhere();
      return Array.from({ length: PAGE }, (_, i) => from + i);
    });
    const anyhow = timed(() => Array.from({ length: PAGE }, somewhere));
    figure(`${PAGE} rows' JSON in time order p50`, quantile(inTime, 0.5), 'ms');
    figure(`${PAGE} rows' JSON in time order p95`, quantile(inTime, 0.95), 'ms');
    figure(`${PAGE} rows' JSON in any order p50`, quantile(anyhow, 0.5), 'ms');
    figure(`${PAGE} rows' JSON in any order p95`, quantile(anyhow, 0.95), 'ms');
    reader.close();
    const memory = process.memoryUsage().rss / 2 ** 20;
    figure('resident memory, rows being made included', memory, 'MiB');
    writer.close();
    const opening = performance.now();
    openWriter(path, { onChange: () => undefined }).close();
    figure('open and close for writing', performance.now() - opening, 'ms');
    return figures;
  } finally {
    writer.close();
    await worker.terminate();
    rmSync(dir, { recursive: true, force: true });
  }
}

if (isMainThread) {
  const figures = await main(Number(process.argv[2] ?? 100_000));
  printed(figures);
} else if (parentPort) encoder(parentPort);
