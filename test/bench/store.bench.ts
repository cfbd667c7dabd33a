/**
 * The archive alone: `node test/bench/store.bench.ts [task runs]`. Believable rows of about 2.2 kB go the way a sync's do: one
 * thread reads the bytes of pages of 200, packs them and hands them over, five to a transaction; the other writes them. Making the
 * rows is not measured. Numbers of one machine in one run: nothing here passes or fails.
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { workerLimits } from '../../src-main/core/workers/start-worker.ts';
import type { Row } from '../../src-main/prefect/client.ts';
import { elementsOf, parseReply } from '../../src-main/prefect/rows.ts';
import { RowSender, type RemoteWriter } from '../../src-main/store/write/row-sender.ts';
import { openReader } from '../../src-main/store/read/reader.ts';
import { openWriter } from '../../src-main/store/write/writer.ts';
import { Outbox } from '../../src-main/sync/outbox.ts';
import { random, taskRuns } from '../fixtures/prefect-rows.ts';
import { printed, quantile, type Figure } from './figures.ts';
import { yardsticks } from './yardsticks.ts';

/**
 * ms the calling thread itself has computed: neighbours on a shared machine make it longer, but waiting for them does not count.
 * The system brings it up to date at its own ticks of some milliseconds, so only over whole chunks does it say something.
 */
const busy = () => {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
};

const PAGE = 200;
/** Rows made beforehand, unmeasured, and sent without a pause: at the end of each chunk both threads wait for one another once, 4 % of 20,000 rows. */
const CHUNK = 50_000;

type Ask = { [K in keyof RemoteWriter]: { name: K; input: Parameters<RemoteWriter[K]>[0] } }[keyof RemoteWriter];
type Order =
  | { kind: 'start'; rows: number; flowRuns: number }
  | { kind: 'chunk' }
  | { kind: 'encode' }
  | { kind: 'answer'; id: number; value: unknown };
type Report =
  | { kind: 'ready'; rows: number; bytes: number }
  | { kind: 'ask'; id: number; ask: Ask }
  | { kind: 'done'; busy: number; readShare: number };

function encoder(port: NonNullable<typeof parentPort>): void {
  let source: Iterator<{ json: string }> = [][Symbol.iterator]();
  let pages: Buffer[] = [];
  const say = (report: Report) => port.postMessage(report);
  const waiting = new Map<number, (value: unknown) => void>();
  let asked = 0;
  const call = <T>(ask: Ask) =>
    new Promise<T>((resolve) => {
      waiting.set(++asked, resolve as (value: unknown) => void);
      say({ kind: 'ask', id: asked, ask });
    });
  const sender = new RowSender({
    needed: (input) => call({ name: 'needed', input }),
    write: (input) => call({ name: 'write', input }),
  });
  const encode = async () => {
    const began = busy();
    let reading = 0;
    const outbox = new Outbox(
      { write: (batches, state) => sender.write(batches, state), markGone: () => Promise.resolve() },
      () => undefined,
    );
    for (const page of pages) {
      const t = busy();
      const rows = elementsOf(parseReply(page.toString('utf8'))) as Row[];
      reading += busy() - t;
      await outbox.push('task_run', rows, {});
    }
    await outbox.flush();
    const all = busy() - began;
    say({ kind: 'done', busy: all, readShare: reading / Math.max(reading, all) });
  };
  port.on('message', (order: Order) => {
    if (order.kind === 'start') source = taskRuns(1, order);
    if (order.kind === 'chunk') {
      const texts: string[] = [];
      for (let row = source.next(); !row.done; row = source.next()) {
        texts.push(row.value.json);
        if (texts.length === CHUNK) break;
      }
      pages = Array.from({ length: Math.ceil(texts.length / PAGE) }, (_, i) =>
        Buffer.from(`[${texts.slice(i * PAGE, (i + 1) * PAGE).join(',')}]`),
      );
      say({ kind: 'ready', rows: texts.length, bytes: texts.reduce((sum, text) => sum + text.length, 0) });
    }
    if (order.kind === 'encode') void encode();
    if (order.kind === 'answer') {
      waiting.get(order.id)?.(order.value);
      waiting.delete(order.id);
    }
  });
}

async function main(rows: number): Promise<Figure[]> {
  const figures: Figure[] = [];
  const figure = (name: string, value: number, unit: string) =>
    figures.push({ bench: `archive, ${rows.toLocaleString('en-US')} task runs`, name, value, unit });
  const dir = mkdtempSync(join(tmpdir(), 'taskscope-bench-'));
  const worker = new Worker(fileURLToPath(import.meta.url), { resourceLimits: workerLimits.sync });
  const order = (message: Order) => worker.postMessage(message);
  const path = join(dir, 'archive.sqlite');
  const writer = openWriter(path, { onChange: () => undefined });
  const answer = ({ name, input }: Ask) => (name === 'needed' ? writer.needed(input) : writer.write(input));
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
            } else if (report.kind === 'ask') {
              const t = performance.now();
              order({ kind: 'answer', id: report.id, value: answer(report.ask) });
              if (report.ask.name === 'write') transactions.push(performance.now() - t);
            } else {
              parse += report.busy * report.readShare;
              encode += report.busy * (1 - report.readShare);
              write += busy() - before;
              resolve(started);
            }
          });
        });
        wall += performance.now() - began;
      }
      figure(`${label}: two threads, reading included, by the clock`, (rows / wall) * 1000, 'rows/s');
      figure(`${label}: two threads by CPU time`, (rows / Math.max(parse + encode, write)) * 1000, 'rows/s');
      figure(`${label}: one thread by CPU time, without reading`, (rows / (encode + write)) * 1000, 'rows/s');
      figure(`${label}: read`, (parse / rows) * 1000, 'µs/row');
      figure(`${label}: hashes, columns`, (encode / rows) * 1000, 'µs/row');
      figure(`${label}: packing, write`, (write / rows) * 1000, 'µs/row');
      figure(`${label}: transaction of ${PAGE * 5} p95`, quantile(transactions, 0.95), 'ms');
      return bytes;
    };
    figures.push(...yardsticks(`archive, ${rows.toLocaleString('en-US')} task runs`));
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
      Array.from({ length: 200 }, () => {
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
