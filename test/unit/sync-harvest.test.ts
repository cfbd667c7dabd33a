/** Random servers, changed at random while they are read: what exists throughout must arrive. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Entity } from '../../src-main/contract/fields.ts';
import { terminalStateTypes } from '../../src-main/contract/fields.ts';
import { formatTime } from '../../src-main/contract/time.ts';
import { runSync } from '../../src-main/sync/run.ts';
import { directClient } from '../fixtures/direct-client.ts';
import { memorySink, type MemorySink } from '../fixtures/memory-sink.ts';
import { NaivePrefect, type Table } from '../fixtures/naive-prefect.ts';

const MINUTE = 60_000_000;
const START = 1_760_000_000_000_000;

/** A small seeded generator: a failing schedule is repeated by its seed. */
function randomOf(seed: number): () => number {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = a;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

class World {
  readonly prefect = new NaivePrefect();
  readonly random: () => number;
  now = START;
  #ids = 0;
  /** distinct expected starts: few make ties that fill pages */
  readonly #moments: number;

  constructor(seed: number, limit: number, moments: number) {
    this.random = randomOf(seed);
    this.prefect.random = this.random;
    this.prefect.limit = limit;
    this.prefect.dialect = seed % 2 === 0 ? 'sqlite' : 'postgres';
    this.#moments = moments;
  }

  /** An id that sorts anywhere: Prefect's are a mix of two kinds. */
  #id(): string {
    const n = Math.floor(this.random() * 2 ** 32)
      .toString(16)
      .padStart(8, '0');
    return `${n}-0000-4000-8000-${String(this.#ids++).padStart(12, '0')}`;
  }

  pick(table: Table): Record<string, unknown> | undefined {
    const rows = [...this.prefect.tables[table].values()];
    return rows[Math.floor(this.random() * rows.length)];
  }

  insert(table: 'task_runs' | 'flow_runs', nulls: boolean): void {
    const types = ['SCHEDULED', 'RUNNING', 'COMPLETED', 'FAILED'];
    const type = types[Math.floor(this.random() * types.length)];
    const start = START - Math.floor(this.random() * this.#moments) * 30 * MINUTE;
    const id = this.#id();
    this.prefect.put(table, {
      id,
      name: `run ${id}`,
      state_type: nulls && this.random() < 0.1 ? null : type,
      expected_start_time: nulls && this.random() < 0.1 ? null : formatTime(start),
      end_time: terminalStateTypes.includes(type) ? formatTime(this.now) : null,
      updated: formatTime(this.now),
      ...(table === 'task_runs'
        ? { flow_run_id: this.random() < 0.2 ? null : (this.pick('flow_runs')?.['id'] ?? null) }
        : {
            flow_id: this.pick('flows')?.['id'],
            deployment_id: this.pick('deployments')?.['id'] ?? null,
            parent_task_run_id: null,
          }),
    });
  }

  fill(runs: number): void {
    for (let i = 0; i < 7; i++) {
      this.prefect.put('flows', { id: this.#id(), name: `flow ${i}`, updated: formatTime(START) });
      const flow_id = this.pick('flows')?.['id'];
      const had = [...this.prefect.tables.deployments.values()].filter((row) => row['flow_id'] === flow_id).length;
      // names are unique within a flow only
      for (let k = 0; k < 3; k++)
        this.prefect.put('deployments', {
          id: this.#id(),
          name: `deployment ${had + k}`,
          flow_id,
          updated: formatTime(START),
        });
    }
    for (let i = 0; i < runs / 4; i++) this.insert('flow_runs', true);
    for (let i = 0; i < runs; i++) this.insert('task_runs', true);
  }

  /** One change, as a live server makes them. */
  change(): void {
    this.now += 1000;
    const table = this.random() < 0.3 ? 'flow_runs' : 'task_runs';
    const dice = this.random();
    if (dice < 0.4) return this.insert(table, false);
    const row = this.pick(table);
    if (!row) return;
    if (dice < 0.6) {
      this.prefect.tables[table].delete(String(row['id']));
      return;
    }
    // a new object: what was already answered stays as it was
    const terminal = this.random() < 0.6;
    this.prefect.put(table, {
      ...row,
      id: String(row['id']),
      state_type: terminal ? 'COMPLETED' : 'RUNNING',
      end_time: terminal ? formatTime(this.now) : null,
      updated: formatTime(this.now),
    });
  }
}

const entities: [Table, Entity][] = [
  ['task_runs', 'task_run'],
  ['flow_runs', 'flow_run'],
  ['flows', 'flow'],
  ['deployments', 'deployment'],
];

function sync(
  world: World,
  sink: MemorySink,
  chance: number,
  signal = new AbortController().signal,
  since: number | null = null,
) {
  const client = directClient(
    world.prefect,
    () => world.now,
    () => {
      for (let i = 0; i < 3; i++) if (world.random() < chance) world.change();
    },
  );
  return runSync({
    client,
    sink,
    state: (key) => Promise.resolve(sink.state.get(key)),
    signal,
    since,
    onStatus: () => undefined,
  });
}

/** Runs `work` and tells which rows were there before, during and after. */
async function throughout(world: World, work: () => Promise<void>): Promise<Map<Table, Set<string>>> {
  const there = new Map(entities.map(([table]) => [table, new Set(world.prefect.tables[table].keys())]));
  await work();
  for (const [table, ids] of there) for (const id of ids) if (!world.prefect.tables[table].has(id)) ids.delete(id);
  return there;
}

const schedule = fc.record({
  seed: fc.integer({ min: 0, max: 2 ** 31 }),
  limit: fc.integer({ min: 2, max: 9 }),
  moments: fc.integer({ min: 1, max: 60 }),
  runs: fc.integer({ min: 0, max: 80 }),
  chance: fc.constantFrom(0, 0.1, 0.5),
});
const RUNS = Number(process.env['TASKSCOPE_SCHEDULES'] ?? 150);

test('a full harvest brings every row that existed throughout, whatever happens meanwhile', async () => {
  await fc.assert(
    fc.asyncProperty(schedule, async ({ seed, limit, moments, runs, chance }) => {
      const world = new World(seed, limit, moments);
      world.fill(runs);
      const sink = memorySink();
      const there = await throughout(world, () => sync(world, sink, chance));
      for (const [table, entity] of entities)
        for (const id of there.get(table) ?? []) assert.ok(sink.rows[entity].has(id), `${table} ${id} is missing`);
    }),
    { numRuns: RUNS },
  );
});

test('cut short at any page and taken up again, nothing is lost', async () => {
  await fc.assert(
    fc.asyncProperty(schedule, fc.integer({ min: 1, max: 12 }), async ({ seed, limit, moments, runs }, cut) => {
      const world = new World(seed, limit, moments);
      world.fill(runs);
      const sink = memorySink();
      for (let rounds = 0; ; rounds++) {
        assert.ok(rounds < 200, 'it does not get on');
        const abort = new AbortController();
        const from = sink.writes;
        sink.beforeWrite = () => {
          const state = sink.state.get('sync') as { open: { parents: boolean } | null } | undefined;
          if (sink.writes >= from + cut * 1.2 ** rounds && state?.open?.parents) abort.abort();
          return abort.signal.aborted ? Promise.reject(new Error('the disk is full')) : Promise.resolve();
        };
        try {
          await sync(world, sink, 0, abort.signal);
          break;
        } catch {
          continue; // cancelled, or the write failed: either way the next run goes on
        }
      }
      for (const [table, entity] of entities)
        assert.deepEqual([...sink.rows[entity].keys()].sort(), [...world.prefect.tables[table].keys()].sort(), table);
    }),
    { numRuns: RUNS / 3 },
  );
});

test('a further sync brings what is new and what has changed, and marks what was deleted while it ran', async () => {
  await fc.assert(
    fc.asyncProperty(schedule, async ({ seed, limit, moments, runs, chance }) => {
      const world = new World(seed, limit, moments);
      world.fill(runs);
      const sink = memorySink();
      await sync(world, sink, chance);
      for (let i = 0; i < 10; i++) world.change();
      await sync(world, sink, 0);
      for (const [table, entity] of entities) {
        const kept = sink.rows[entity];
        for (const row of world.prefect.tables[table].values())
          assert.equal(kept.get(row.id)?.json, JSON.stringify(row), `${table} ${row.id}`);
        for (const [id, { value }] of kept) {
          const running = !terminalStateTypes.includes(value.state_type ?? '');
          if (running && (entity === 'task_run' || entity === 'flow_run'))
            assert.equal(sink.gone[entity].has(id), !world.prefect.tables[table].has(id), `${table} ${id}`);
        }
      }
    }),
    { numRuns: RUNS },
  );
});

test('since: first the recent rows, later the older ones too', async () => {
  const world = new World(7, 5, 40);
  world.fill(60);
  const sink = memorySink();
  const since = START - 300 * MINUTE;
  await sync(world, sink, 0, undefined, since);
  const older = (row: Record<string, unknown>) =>
    typeof row['expected_start_time'] === 'string' && row['expected_start_time'] < formatTime(since);
  const all = [...world.prefect.tables.task_runs.values()];
  assert.ok(all.some(older));
  for (const row of all) assert.equal(sink.rows.task_run.has(row.id), !older(row), row.id);
  await sync(world, sink, 0, undefined, 0);
  for (const row of all) assert.ok(sink.rows.task_run.has(row.id));
});
