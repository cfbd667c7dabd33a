/** Random servers, changed at random while they are read: what exists throughout must arrive. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { terminalStateTypes } from '../../src-main/contract/fields.ts';
import { formatTime } from '../../src-main/contract/time.ts';
import { memorySink } from '../fixtures/memory-sink.ts';
import type { Table } from '../fixtures/naive-prefect.ts';
import { MINUTE, schedule, START, sync, tables, World } from '../fixtures/sync-world.ts';
import '../fixtures/ci-seed.ts';

/** Runs `work` and tells which rows were there before, during and after. */
async function throughout(world: World, work: () => Promise<void>): Promise<Map<Table, Set<string>>> {
  const there = new Map(tables.map(([table]) => [table, new Set(world.prefect.tables[table].keys())]));
  await work();
  for (const [table, ids] of there) for (const id of ids) if (!world.prefect.tables[table].has(id)) ids.delete(id);
  return there;
}

const RUNS = Number(process.env['TASKSCOPE_SCHEDULES'] ?? 150);

test('a full harvest brings every row that existed throughout, whatever happens meanwhile', async () => {
  await fc.assert(
    fc.asyncProperty(schedule, async ({ seed, limit, moments, runs, chance }) => {
      const world = new World(seed, limit, moments);
      world.fill(runs);
      const sink = memorySink();
      const there = await throughout(world, () => sync(world, sink, { chance }));
      for (const [table, entity] of tables)
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
          await sync(world, sink, { signal: abort.signal });
          break;
        } catch {
          continue; // cancelled, or the write failed: either way the next run goes on
        }
      }
      for (const [table, entity] of tables)
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
      await sync(world, sink, { chance });
      for (let i = 0; i < 10; i++) world.change();
      await sync(world, sink);
      for (const [table, entity] of tables) {
        const kept = sink.rows[entity];
        for (const row of world.prefect.tables[table].values()) {
          // reopened without an expected start: no pass asks for it, comparing finds it
          if (row['expected_start_time'] === null) continue;
          assert.equal(kept.get(row.id)?.json, JSON.stringify(row), `${table} ${row.id}`);
        }
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
  const since = Math.floor(START / (60 * MINUTE) - 5) * 60 * MINUTE; // harvests begin at whole hours
  await sync(world, sink, { since });
  const older = (row: Record<string, unknown>) =>
    typeof row['expected_start_time'] === 'string' && row['expected_start_time'] < formatTime(since);
  const all = [...world.prefect.tables.task_runs.values()];
  assert.ok(all.some(older));
  for (const row of all) assert.equal(sink.rows.task_run.has(row.id), !older(row), row.id);
  await sync(world, sink, { since: 0 });
  for (const row of all) assert.ok(sink.rows.task_run.has(row.id));
});

test('the number of runs read never runs ahead of the number said to come, and reaches it: at first, taken up again, compared', async () => {
  await fc.assert(
    fc.asyncProperty(schedule, fc.integer({ min: 1, max: 9 }), async ({ seed, limit, moments, runs }, cut) => {
      const world = new World(seed, limit, moments);
      world.fill(runs);
      const sink = memorySink();
      const starts = [...world.prefect.tables.task_runs.values()].map((row) => row['expected_start_time']);
      const ties = Math.max(0, ...starts.map((one) => starts.filter((other) => other === one).length));
      const follow = async (how: Parameters<typeof sync>[2]) => {
        const seen: { step: string; task_runs: number; expected: number | null }[] = [];
        await sync(world, sink, { ...how, onStatus: (status) => seen.push(status) }).catch(() => undefined);
        // a harvest counts ties that fill a page again from their first: it keeps no list of what it has read
        const counted = seen.filter(({ step }) => step === 'verify' || (step === 'task_runs' && ties < limit));
        for (const { task_runs, expected } of counted)
          if (expected !== null) assert.ok(task_runs <= expected, `${task_runs} of ${expected}`);
        return seen.at(-1);
      };
      const abort = new AbortController();
      sink.beforeWrite = () => {
        if (sink.writes >= cut) abort.abort();
        return Promise.resolve();
      };
      await follow({ signal: abort.signal });
      sink.beforeWrite = () => Promise.resolve();
      await follow({});
      await follow({});
      const compared = await follow({ verify: true });
      assert.equal(compared?.step, 'done');
      assert.equal(compared.task_runs, compared.expected);
    }),
    { numRuns: RUNS / 3 },
  );
});
