/**
 * Eight hours of work in a minute: a core with an open window on a clock that runs ahead, and a server where runs arrive, are retried and
 * deleted, come late, which restarts and fails. TASKSCOPE_DAY_STEP: seconds of one step, default 60; 15 is the full length.
 */
import assert from 'node:assert/strict';
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { contract } from '../../src-main/contract/calls.ts';
import type { Client } from '../../src-main/contract/define.ts';
import type { Query } from '../../src-main/contract/query.ts';
import type { SyncStatus } from '../../src-main/contract/sync.ts';
import { formatTime } from '../../src-main/contract/time.ts';
import { connect } from '../../src-main/rpc/rpc.ts';
import { SEED } from '../fixtures/ci-seed.ts';
import { startDemo, type Demo } from '../fixtures/demo/server.ts';
import { random } from '../fixtures/prefect-rows.ts';
import { tempDir } from '../fixtures/temp-dir.ts';
import { until } from '../fixtures/until.ts';

const STEP = Number(process.env['TASKSCOPE_DAY_STEP'] ?? 60) * 1000; // ms
const EPOCH = Date.UTC(2026, 5, 1, 6);
const HOUR = 3_600_000;
const HOURS = 8;
const RUNS = 4000;
/** ms of the machine's clock without a request after which nothing more is coming of a step */
const QUIET = 25;
const NAME = 'prod';
/** Bytes by which a thread may grow between the second and the last quarter of the day, when there are a fifth more runs. */
const GROWTH = 4_000_000;
/** An outage of minutes and a fault every few are told in no more. */
const MOST_LINES = 300;

/** live bytes of each thread */
type Measured = Record<string, number>;
type Window = {
  client: Client<typeof contract>;
  /** ms */
  move(millis: number): void;
  measure(): Promise<Measured>;
  end(): Promise<void>;
};

async function openWindow(child: ChildProcess): Promise<Window> {
  let onFrame: (frame: unknown) => void = () => undefined;
  let onClose: () => void = () => undefined;
  child.on('message', (message: { frame?: unknown }) => void ('frame' in message && onFrame(message.frame)));
  child.on('exit', () => onClose());
  const send = (message: object) => void (child.connected && child.send(message));
  const said = <T>(key: string): Promise<T> =>
    new Promise((resolve, reject) => {
      const ended = () => reject(new Error(`the core ended before it said ${key}`));
      const listen = (message: Record<string, T>) => {
        if (!(key in message)) return;
        child.off('message', listen).off('exit', ended);
        resolve(message[key]);
      };
      child.on('message', listen).on('exit', ended);
    });
  await said('ready');
  return {
    client: connect(contract, {
      send: (frame) => send({ frame }),
      onMessage: (listener) => (onFrame = listener),
      onClose: (listener) => (onClose = listener),
      close: () => undefined,
    }),
    move: (millis) => send({ move: millis }),
    measure: () => {
      send({ measure: true });
      return said<Measured>('measured');
    },
    end: async () => {
      const exit = once(child, 'exit');
      send({ end: true });
      assert.deepEqual(await said('ended'), [], 'nothing was left uncaught');
      await exit;
    },
  };
}

const where = (...and: Query['where'][]): Query => ({ where: { and }, sort: [] });
const questions = [
  where(),
  where({ field: 'state_type', in: ['FAILED', 'CRASHED'] }),
  where({ field: 'total_run_time', from: 60 }),
  where({ not: { field: 'tags', any: ['nightly'] } }, { field: 'gone', isNull: true }),
  where({ field: 'flow_run.flow.name', like: 'a' }, { field: 'expected_start_time', from: { ago: 7_200e6 } }),
];

test(`a day of ${HOURS} hours in steps of ${STEP / 1000} s`, { timeout: 900_000 }, async (t) => {
  t.diagnostic(`TASKSCOPE_SEED=${SEED}`);
  const next = random(SEED);
  const dir = tempDir(t);
  const out = join(dir, 'runs.csv');
  const data = join(dir, 'data');
  let moved = EPOCH - Date.now();
  const now = () => Date.now() + moved;
  /** the server's clock when the day is over: nothing changes there from then on */
  let over: number | null = null;
  const demo = await startDemo({
    runs: RUNS,
    seed: SEED % 1000,
    epoch: EPOCH * 1000,
    now: () => (over ?? now()) * 1000,
  });
  const child = fork(join(import.meta.dirname, '../fixtures/simulated-day-child.ts'), [data, out, String(now())], {
    execArgv: ['--expose-gc', `--import=${join(import.meta.dirname, '../fixtures/simulated-clock.mjs')}`],
    serialization: 'advanced',
  });
  t.after(async () => {
    child.kill('SIGKILL');
    await demo.close();
  });
  const window = await openWindow(child);
  const { client } = window;
  const person = new Person(client, out, next);
  const world = new World(demo, next, now);

  await client['settings.update']({ sync_every: 60 });
  await client['workspace.add']({ name: NAME, api_url: demo.apiUrl, auth: { kind: 'none' } });
  await client['workspace.open']({ workspace: NAME });
  person.watch();
  await until(() => (person.status?.last_success ?? null) !== null);
  await quiet(demo);
  const first = await person.count(where());
  assert.ok(first >= RUNS);

  const pass = async (millis: number) => {
    moved += millis;
    window.move(millis);
    await quiet(demo);
  };
  /** Time goes on until the window shows it. After a day with 429s there may be one request in 5 s. */
  const shown = async (condition: (status: SyncStatus) => boolean) => {
    for (let i = 0; !person.status || !condition(person.status); i++) {
      assert.ok(i < 2000, `after ${i * 5} s: ${JSON.stringify(person.status)}`);
      await pass(5000);
    }
  };
  const memory: Measured[] = [];
  const steps = (HOURS * HOUR) / STEP;
  for (let step = 1; step <= steps; step++) {
    await world.step(step, steps);
    await person.step(step);
    await pass(STEP);
    if (step % (steps / (HOURS * 2)) === 0) memory.push(await window.measure());
  }
  // the last rows are taken in, and everything is compared
  over = now();
  await world.end();
  for (let i = 0; i < 10; i++) await pass(60_000);
  await shown(({ phase }) => phase === 'idle' || phase === 'failed');
  const before = now() * 1000;
  await client['sync.start']({ workspace: NAME, verify: true });
  await shown(({ phase, last_success }) => phase === 'idle' && (last_success ?? 0) > before);

  await assertEqual(demo, person);
  await client['workspace.add']({ name: 'fresh', api_url: demo.apiUrl, auth: { kind: 'none' } });
  await client['workspace.open']({ workspace: 'fresh' });
  person.workspace = 'fresh';
  person.watch();
  await shown(({ workspace, last_success }) => workspace === 'fresh' && last_success !== null);
  assert.deepEqual(person.failed, []);
  await window.end();

  const [size, fresh] = [NAME, 'fresh'].map((name) => statSync(join(data, 'archives', `${name}.sqlite`)).size);
  const log = logOf(data);
  const counts: Record<string, number> = {};
  for (const { level, event } of log) counts[`${level} ${event}`] = (counts[`${level} ${event}`] ?? 0) + 1;
  t.diagnostic(JSON.stringify({ first, size, fresh, world: world.done, person: person.done, log: counts }));
  t.diagnostic(JSON.stringify(memory.map((one) => Object.values(one).map((bytes) => Math.round(bytes / 1e5) / 10))));
  assert.deepEqual(demo.control.faults.problems, []);
  assert.ok(size < fresh * 1.25, `${size} bytes after a day of small changes, ${fresh} when it is all read at once`);
  for (const thread of Object.keys(memory[0])) {
    // the least of a quarter of the day: a thread at work collects late
    const least = (quarter: number) =>
      Math.min(...memory.slice(quarter * (HOURS / 2), (quarter + 1) * (HOURS / 2)).map((one) => one[thread]));
    assert.ok(least(3) - least(1) < GROWTH, `the ${thread} thread has grown from ${least(1)} to ${least(3)} bytes`);
  }
  assert.deepEqual(log.filter(({ level }) => level === 'error'), []); // prettier-ignore
  assert.ok(log.length > 0 && log.length < MOST_LINES, `${log.length} lines of log`);
});

type Entry = { level: string; event: string; code?: string };
const logOf = (data: string): Entry[] =>
  readdirSync(data)
    .filter((name) => name.startsWith('taskscope.log'))
    .flatMap((name) => readFileSync(join(data, name), 'utf8').trimEnd().split('\n'))
    .map((line) => JSON.parse(line) as Entry);

/** What happens on the server, by chance but for its restarts. */
class World {
  readonly done = { inserted: 0, retried: 0, deleted: 0, late: 0, faults: 0, restarts: 0 };
  readonly #demo: Demo;
  readonly #next: () => number;
  readonly #now: () => number;

  constructor(demo: Demo, next: () => number, now: () => number) {
    this.#demo = demo;
    this.#next = next;
    this.#now = now;
  }

  async step(step: number, steps: number): Promise<void> {
    const { control } = this.#demo;
    control.requests.length = 0; // they would be the test's own leak
    const at = (hour: number) => step === Math.floor((steps * hour) / HOURS);
    if (at(2.5) || at(6)) {
      await control.stop(); // until the next hour's half
      this.done.restarts++;
    } else if (at(2.7) || at(6.2)) await control.restart();
    if (at(4)) await control.restart();
    const minutes = STEP / 60_000;
    const often = (perMinute: number) => this.#next() < perMinute * minutes;
    const task = () => this.#any();
    if (often(0.5)) {
      control.insert('task_run', { name: `arrived-${step}` });
      this.done.inserted++;
    }
    if (often(0.5)) this.#retry(task());
    if (often(0.1)) {
      const id = task();
      if (id) control.remove('task_run', [id]);
      this.done.deleted++;
    }
    if (often(0.1)) {
      const then = formatTime((this.#now() - 2000_000) * 1000);
      control.insert('task_run', { expected_start_time: then, start_time: then, end_time: then, updated: then });
      this.done.late++;
    }
    if (often(0.1)) {
      const kinds = [{ kind: 'status', status: 500 }, { kind: 'status', status: 429, retryAfter: '5' }, { kind: 'reset' }, { kind: 'truncate' }] as const; // prettier-ignore
      control.faults.clear();
      control.faults.add({ ...kinds[Math.floor(this.#next() * kinds.length)], times: 2 });
      this.done.faults++;
    }
  }

  async end(): Promise<void> {
    this.#demo.control.faults.clear();
  }

  /** A run that has ended runs again and ends anew. */
  #retry(id: string | null): void {
    if (!id) return;
    const at = formatTime(this.#now() * 1000);
    const state = { id: crypto.randomUUID(), type: 'COMPLETED', name: 'Completed', timestamp: at, message: null, data: null, state_details: { task_run_id: id } }; // prettier-ignore
    this.#demo.control.update('task_run', id, {
      ...{ state, state_id: state.id, state_type: 'COMPLETED', state_name: 'Completed' },
      ...{ run_count: 2, start_time: at, end_time: at, updated: at },
    });
    this.done.retried++;
  }

  #any(): string | null {
    const { database } = this.#demo.control;
    const table = database.task_run;
    const { keys } = table.byTime();
    const key = keys[Math.floor(this.#next() * keys.length)];
    const there = key !== undefined && table.exists(key, this.#now() * 1000);
    return there ? table.facts(key, this.#now() * 1000).id : null;
  }
}

/** A window that is open all day: it watches, asks another question every few minutes, and exports. */
class Person {
  status: SyncStatus | null = null;
  workspace = NAME;
  readonly done = { asked: 0, exported: 0, changes: 0 };
  readonly #client: Client<typeof contract>;
  readonly #out: string;
  readonly #next: () => number;
  readonly failed: unknown[] = [];

  constructor(client: Client<typeof contract>, out: string, next: () => number) {
    this.#client = client;
    this.#out = out;
    this.#next = next;
  }

  watch(): void {
    const follow = async () => {
      for await (const status of this.#client['sync.watch']({ workspace: this.workspace }))
        if (status.workspace === this.workspace) this.status = status;
    };
    const changes = async () => {
      for await (const _ of this.#client['query.watch']({ workspace: this.workspace })) this.done.changes++;
    };
    void Promise.all([follow(), changes()]).catch((thrown: unknown) => this.failed.push(thrown));
  }

  async step(step: number): Promise<void> {
    if (step % Math.ceil(300_000 / STEP) === 0) {
      const query = questions[Math.floor(this.#next() * questions.length)];
      const { result, count } = await this.#client['query.ask']({
        workspace: NAME,
        query,
        rows: { from: 0, to: 200 },
        facets: [
          { field: 'state_name', limit: 20 },
          { field: 'tags', limit: 20 },
        ],
        histogram: null,
      });
      if (count > 300)
        await this.#client['query.rows']({ workspace: NAME, result, rows: { from: count - 100, to: count } });
      this.done.asked++;
    }
    if (step % Math.ceil(1_800_000 / STEP) === 0) await this.export(questions[this.done.exported % questions.length]);
  }

  async count(query: Query): Promise<number> {
    return (await this.#client['query.counts']({ workspace: NAME, queries: [query] }))[0];
  }

  /** The lines of the exported file, without its header. */
  async export(query: Query, columns: string[] | null = null): Promise<string[]> {
    const place = await this.#client['export.choose']({ suggested: 'runs.csv' });
    assert.ok(place);
    let rows = -1;
    for await (const item of this.#client['export.run']({ workspace: NAME, query, columns, save: place.save }))
      if (item.kind === 'done') rows = item.rows;
    const lines = readFileSync(this.#out, 'utf8').trimEnd().split('\r\n').slice(1);
    if (columns) assert.equal(lines.length, rows); // other columns may hold line breaks
    this.done.exported++;
    return lines;
  }
}

/** Every run of the server is here as it is there, and no other but those that are marked as gone. */
async function assertEqual(demo: Demo, person: Person): Promise<void> {
  const columns = ['id', 'state_name', 'run_count'];
  const here = await person.export(where({ field: 'gone', isNull: true }), columns);
  const { database, now } = demo.control;
  const at = now();
  const table = database.task_run;
  const there = [...table.byTime().keys]
    .filter((key) => table.exists(key, at))
    .map((key) => table.json(key, at))
    .map((row) => columns.map((column) => String(row[column])).join(','));
  assert.ok(there.length > RUNS);
  const [known, wanted] = [new Set(here), new Set(there)];
  assert.deepEqual([there.filter((line) => !known.has(line)), here.filter((line) => !wanted.has(line))], [[], []]);
}

async function quiet(demo: Demo): Promise<void> {
  for (let seen = -1; seen !== demo.control.requests.length;) {
    seen = demo.control.requests.length;
    await delay(QUIET);
  }
}
