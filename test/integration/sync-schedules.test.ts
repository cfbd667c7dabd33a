/**
 * Random schedules against the demo server over real HTTP: rows come, change and go, seen by the clock or not, requests fail in every
 * way, the server restarts, syncs are cut short. When it is quiet, one sync that compares makes the archive equal to the server.
 * `TASKSCOPE_SCHEDULES` sets how many (2,000 in CI), `TASKSCOPE_SCHEDULE_SEED` repeats a run; a failure is shrunk and prints its path.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { toAppError } from '../../src-main/contract/errors.ts';
import { documentKinds, entities, type DocumentKind, type Entity } from '../../src-main/contract/fields.ts';
import { formatTime } from '../../src-main/contract/time.ts';
import type { FaultRule } from '../fixtures/demo/faults.ts';
import { startDemo, type Demo } from '../fixtures/demo/server.ts';
import { createClient } from '../../src-main/prefect/client.ts';
import { runSync } from '../../src-main/sync/run.ts';
import { NoPause } from '../fixtures/client-harness.ts';
import { memorySink, type MemorySink } from '../fixtures/memory-sink.ts';
import '../fixtures/ci-seed.ts';

const SCHEDULES = Number(process.env['TASKSCOPE_SCHEDULES'] ?? (process.env['CI'] ? 2000 : 200));
const SEED = Number(process.env['TASKSCOPE_SCHEDULE_SEED'] ?? (process.env['CI'] ? 20_261_124 : Date.now() % 2 ** 31));
const EPOCH = Date.UTC(2026, 5, 1) * 1000;
const HOUR = 3_600_000_000;

const faults: FaultRule[] = [
  { kind: 'status', status: 429, retryAfter: '0' },
  { kind: 'status', status: 500, times: 2 },
  { kind: 'status', status: 503, times: 9 },
  { kind: 'reset', times: 2 },
  { kind: 'reset', times: 12 },
  { kind: 'reset_mid_body' },
  { kind: 'truncate' },
  { kind: 'slow', delay: 3, pieces: 3, pause: 1 },
  { kind: 'duplicate_row', path: '/filter', times: 3 },
  { kind: 'clock_skew', seconds: 7200, path: '/filter' },
  { kind: 'clock_skew', seconds: -7200, path: '/filter', times: 4 },
];

/** What has struck, over all schedules: a fault that never occurs proves nothing. */
const struck = new Map<string, number>();
const strike = (what: string, times = 1) => struck.set(what, (struck.get(what) ?? 0) + times);
const wanted = [
  ...faults.map((rule) => (rule.kind === 'status' ? `status ${rule.status}` : rule.kind)),
  ...['restart', 'cut', 'late', 'reopen', 'force', 'rename', 'remove', 'parent', 'unparent'],
];

/** What happens next. `n` picks the row, the moment or the fault. */
const kinds = [
  'insert',
  'late',
  'end',
  'rename',
  'force',
  'reopen',
  'stateless',
  'remove',
  'parent',
  'unparent',
  'pool',
  'requeue',
  'unpool',
] as const;
const step = fc.record({
  kind: fc.constantFrom(
    ...kinds,
    'fault' as const,
    'fault' as const,
    'fault' as const,
    'fault' as const,
    'sync' as const,
    'sync' as const,
    'sync' as const,
    'restart' as const,
    'cut' as const,
    'time' as const,
  ),
  n: fc.nat({ max: 10_000 }),
  entity: fc.constantFrom('task_run' as const, 'task_run' as const, 'flow_run' as const),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

class World {
  readonly #demo: Demo;
  readonly #clock: { now: number };
  #ids = 0;
  readonly sink = memorySink();

  constructor(demo: Demo, clock: { now: number }) {
    this.#demo = demo;
    this.#clock = clock;
  }

  static async open(work: (world: World) => Promise<void>): Promise<void> {
    const clock = { now: EPOCH };
    const demo = await startDemo({ runs: 0, seed: 5, epoch: EPOCH, now: () => clock.now, limit: 15 });
    try {
      const world = new World(demo, clock);
      world.fill();
      await work(world);
      assert.deepEqual(demo.control.faults.problems, []);
    } finally {
      for (const [what, times] of demo.control.faults.counts) strike(what, times);
      await demo.close();
    }
  }

  /** The same in every run of a seed, and sorting anywhere. */
  #id(): string {
    const n = Math.imul(++this.#ids, 0x9e3779b1) >>> 0;
    return `${n.toString(16).padStart(8, '0')}-0000-4000-8000-${String(this.#ids).padStart(12, '0')}`;
  }

  /** A server of our own: the story's has 190 flow runs for 40 task runs and grows with every hour, which costs each sync most of its time. */
  fill(): void {
    const { control } = this.#demo;
    const at = (hours: number) => formatTime(EPOCH - hours * HOUR);
    const flows = Array.from({ length: 4 }, (_, i) => control.insert('flow', { id: this.#id(), name: `flow ${i}` }));
    const deployments = Array.from({ length: 6 }, (_, i) =>
      control.insert('deployment', { id: this.#id(), name: `deployment ${i}`, flow_id: flows[i % 4] }),
    );
    for (let i = 0; i < 20; i++) {
      const expected_start_time = at(i * 7);
      // every third of a deployment, which is of a flow with the same remainder
      const deployment_id = i % 3 === 0 && i % 12 < 6 ? deployments[i % 12] : null;
      const run = { id: this.#id(), name: `flow run ${i}`, flow_id: flows[i % 4], deployment_id, expected_start_time };
      control.insert('flow_run', run);
      // ties of three, and a few without a flow run
      for (let k = 0; k < 2; k++)
        control.insert('task_run', {
          id: this.#id(),
          name: `task run ${i} ${k}`,
          expected_start_time: at(Math.floor(i / 3) * 21),
          flow_run_id: i % 7 === 0 ? null : run.id,
        });
    }
  }

  /** Every row the server has, straight from its tables. */
  there(entity: Entity): Record<string, unknown>[] {
    const { database } = this.#demo.control;
    const table = database[entity];
    const keys = [...table.byTime().keys].filter((key) => table.exists(key, this.#clock.now));
    return keys.map((key) => table.json(key, this.#clock.now));
  }

  /** Every work pool and queue the server has. */
  documents(kind: DocumentKind): Record<string, unknown>[] {
    const { pools } = this.#demo.control.database;
    return kind === 'work_pool' ? pools.pools() : pools.queues();
  }

  async take({ kind, n, entity }: Step): Promise<void> {
    const { control } = this.#demo;
    this.#clock.now += 1_000_000;
    if (kind !== 'cut') strike(kind);
    if (kind === 'fault') control.faults.add({ ...faults[n % faults.length], after: n % 5 });
    else if (kind === 'restart') await control.restart();
    else if (kind === 'time') this.#clock.now += (n % 30) * HOUR;
    else if (kind === 'sync') await this.sync().catch(() => undefined);
    else if (kind === 'cut')
      await this.sync({ cutAt: n % 12 }).catch((thrown: unknown) => {
        if (toAppError(thrown).code === 'CANCELLED') strike('cut');
      });
    else this.#change(kind, n, entity);
  }

  #changePools(kind: 'pool' | 'requeue' | 'unpool', n: number): void {
    const { pools } = this.#demo.control.database;
    const pick = <T>(list: readonly T[]): T | undefined => list[n % Math.max(1, list.length)];
    const [pool, queue] = [pick(pools.pools()), pick(pools.queues())];
    if (kind === 'pool' && (n % 3 === 0 || !pool)) pools.addPool(`pool-${n}`, 'docker', this.#clock.now);
    else if (kind === 'pool' && pool) pools.addQueue(pool.id, `queue-${n}`, this.#clock.now);
    else if (kind === 'requeue' && queue) pools.update(queue.id, { name: `renamed-${n}` });
    else if (kind === 'unpool' && n % 3 > 0 && queue) pools.remove(queue.id);
    else if (kind === 'unpool' && pool) pools.remove(pool.id);
  }

  #change(kind: (typeof kinds)[number], n: number, entity: 'task_run' | 'flow_run'): void {
    if (kind === 'pool' || kind === 'requeue' || kind === 'unpool') return this.#changePools(kind, n);
    const { control } = this.#demo;
    const now = formatTime(this.#clock.now);
    const past = formatTime(this.#clock.now - (n % 1000) * HOUR);
    const ended = { state_type: n % 2 ? 'COMPLETED' : 'FAILED', state_name: n % 2 ? 'Completed' : 'Failed' };
    if (kind === 'insert')
      return void control.insert(entity, { id: this.#id(), ...(n % 2 ? {} : { ...ended, end_time: now }) });
    if (kind === 'late')
      return void control.insert(entity, {
        id: this.#id(),
        ...{ ...ended, start_time: past, end_time: past },
        expected_start_time: n % 9 === 0 ? null : past,
      });
    const parent = n % 2 ? 'deployment' : 'flow';
    const rows = this.there(kind === 'parent' || kind === 'unparent' ? parent : entity);
    const id = rows[n % Math.max(1, rows.length)]?.['id'] as string | undefined;
    if (!id) return;
    const updated = { updated: now };
    if (kind === 'end') control.update(entity, id, { ...ended, end_time: now, ...updated });
    if (kind === 'rename') control.update(entity, id, { name: `renamed-${n}`, ...updated });
    if (kind === 'force') control.update(entity, id, { ...ended, ...updated });
    if (kind === 'reopen')
      control.update(entity, id, { state_type: 'RUNNING', state_name: 'Running', end_time: null, ...updated });
    if (kind === 'stateless')
      control.update(entity, id, { state_type: null, state_name: null, state: null, ...updated });
    if (kind === 'remove') control.remove(entity, [id]);
    if (kind === 'parent') control.update(parent, id, { tags: [`t${n}`], ...updated });
    if (kind === 'unparent' && rows.length > 3) control.remove(parent, [id]);
  }

  quiet(): void {
    this.#demo.control.faults.clear();
  }

  /** `cutAt`: the sync is cancelled after that many writes. */
  sync({ verify = false, cutAt = Infinity } = {}): Promise<void> {
    const abort = new AbortController();
    const from = this.sink.writes;
    this.sink.beforeWrite = () => {
      if (this.sink.writes - from >= cutAt) abort.abort();
      return Promise.resolve();
    };
    const client = createClient({
      api_url: this.#demo.apiUrl,
      auth: null,
      sleep: () => Promise.resolve(),
      random: () => 0,
      budget: new NoPause(Infinity),
      timeouts: { headers: 5, body: 5 },
    });
    return runSync({
      client,
      sink: this.sink,
      since: null,
      verify,
      state: (key) => Promise.resolve(this.sink.state.get(key)),
      signal: abort.signal,
      onStatus: () => undefined,
    }).finally(() => client.close());
  }
}

/** As the server computes them when asked: never the same twice. */
const computed = ['estimated_run_time', 'estimated_start_time_delta'];
const plain = (row: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(row).filter(([key]) => !computed.includes(key)));

function assertEqual(world: World, sink: MemorySink): void {
  for (const entity of entities) {
    const there = new Map(world.there(entity).map((row) => [row['id'] as string, row]));
    for (const [id, row] of there) {
      const kept = sink.rows[entity].get(id);
      assert.ok(kept, `${entity} ${id} is missing`);
      const told = JSON.parse(JSON.stringify(row)) as Record<string, unknown>;
      assert.deepEqual(plain(JSON.parse(kept.json) as Record<string, unknown>), plain(told));
    }
    for (const id of sink.rows[entity].keys())
      assert.equal(sink.gone[entity].has(id), !there.has(id), `${entity} ${id}`);
  }
  for (const kind of documentKinds) {
    const kept = [...sink.documents[kind].values()].filter(({ gone }) => gone === null);
    const there = world.documents(kind).map((row) => [row['id'] as string, row] as const);
    assert.deepEqual(new Map(kept.map(({ id, json }) => [id, JSON.parse(json) as unknown])), new Map(there));
  }
}

test(`${SCHEDULES} schedules of changes and faults: equal to the server once it is quiet`, async (t) => {
  t.diagnostic(`TASKSCOPE_SCHEDULE_SEED=${SEED}`);
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 6, maxLength: 40 }), (steps) =>
      World.open(async (world) => {
        for (const one of steps) await world.take(one);
        world.quiet();
        await world.sync({ verify: true });
        assertEqual(world, world.sink);
      }),
    ),
    { numRuns: SCHEDULES, seed: SEED },
  );
  t.diagnostic([...struck].map(([what, times]) => `${what} ${times}`).join(', '));
  if (SCHEDULES >= 100) for (const what of wanted) assert.ok(struck.get(what), `${what} never occurred`);
});
