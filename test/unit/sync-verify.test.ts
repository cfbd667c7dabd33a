/** What no clock tells: renames, forced changes, late rows, deletions. One comparison makes the archive equal to the server. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatTime } from '../../src-main/contract/time.ts';
import type { SyncProgress } from '../../src-main/sync/run.ts';
import { HOUR, atOf, cutWindows, parseVerify, rowsIn, verifiedSince } from '../../src-main/sync/windows.ts';
import { memorySink, type MemorySink } from '../fixtures/memory-sink.ts';
import { documentTables, schedule, sync, tables, World, MINUTE, START } from '../fixtures/sync-world.ts';
import '../fixtures/ci-seed.ts';

const RUNS = Number(process.env['TASKSCOPE_SCHEDULES'] ?? 150);

/** Everything there is is kept as it is; everything else that is kept is marked as gone. */
function assertEqual(world: World, sink: MemorySink): void {
  for (const [table, entity] of tables) {
    const there = world.prefect.tables[table];
    for (const row of there.values())
      assert.equal(sink.rows[entity].get(row.id)?.json, JSON.stringify(row), `${table} ${row.id}`);
    for (const id of sink.rows[entity].keys())
      assert.equal(sink.gone[entity].has(id), !there.has(id), `${table} ${id} gone`);
  }
  for (const [table, kind] of documentTables) {
    const there = world.prefect.documents[table];
    for (const row of there.values())
      assert.equal(sink.documents[kind].get(row.id)?.json, JSON.stringify(row), `${table} ${row.id}`);
    for (const { id, gone } of sink.documents[kind].values())
      assert.equal(gone === null, there.has(id), `${table} ${id} gone`);
  }
}

test('after any changes, seen or not, comparing everything makes the archive equal to the server', async () => {
  await fc.assert(
    fc.asyncProperty(schedule, fc.array(fc.boolean(), { maxLength: 30 }), async (given, changes) => {
      const world = new World(given.seed, given.limit, given.moments);
      world.fill(given.runs);
      const sink = memorySink();
      await sync(world, sink, { chance: given.chance });
      for (const seen of changes)
        if (seen) world.change();
        else world.changeUnseen();
      if (given.seed % 3 === 0) await sync(world, sink, { chance: given.chance });
      await sync(world, sink, { verify: true });
      assertEqual(world, sink);
    }),
    { numRuns: RUNS * 4 },
  );
});

test('by turns alone, a day of passes makes the archive equal to the server', async () => {
  await fc.assert(
    fc.asyncProperty(schedule, fc.integer({ min: 1, max: 20 }), async (given, changes) => {
      const world = new World(given.seed, given.limit, given.moments);
      world.fill(given.runs);
      const sink = memorySink();
      await sync(world, sink);
      for (let i = 0; i < changes; i++) world.changeUnseen();
      for (let pass = 0; pass < 26; pass++) {
        world.now += HOUR;
        await sync(world, sink);
      }
      assertEqual(world, sink);
    }),
    { numRuns: RUNS / 3 },
  );
});

test('cut short anywhere, the comparison goes on', async () => {
  await fc.assert(
    fc.asyncProperty(schedule, fc.integer({ min: 1, max: 30 }), async (given, cut) => {
      const world = new World(given.seed, given.limit, given.moments);
      world.fill(given.runs);
      const sink = memorySink();
      await sync(world, sink);
      for (let i = 0; i < 8; i++) world.changeUnseen();
      const from = sink.writes;
      sink.beforeWrite = () =>
        sink.writes >= from + cut ? Promise.reject(new Error('the disk is full')) : Promise.resolve();
      await sync(world, sink, { verify: true }).catch(() => undefined);
      sink.beforeWrite = () => Promise.resolve();
      await sync(world, sink, { verify: true });
      assertEqual(world, sink);
    }),
    { numRuns: RUNS / 3 },
  );
});

test('a deletion among many is found by counts, without reading the rest', async () => {
  const world = new World(4, 100, 1);
  const ended = START - 24 * HOUR;
  for (let i = 0; i < 9000; i++) {
    const id = `${String(i).padStart(8, '0')}-0000-4000-8000-000000000000`;
    const start = formatTime(ended - i * MINUTE);
    world.prefect.put('task_runs', {
      ...{ id, name: `run ${i}`, state_type: 'COMPLETED', flow_run_id: null },
      ...{ expected_start_time: start, end_time: start, updated: start },
    });
  }
  const sink = memorySink();
  await sync(world, sink);
  const windows = parseVerify(sink.state.get('verify')).task_run;
  assert.ok(windows.length > 3, `${windows.length} windows`);
  const [old] = [...world.prefect.tables.task_runs.values()].slice(-3000);
  assert.ok(old);
  world.remove('task_runs', old.id);
  world.now += 11 * MINUTE;
  world.prefect.asked = [];
  await sync(world, sink);
  assert.ok(sink.gone.task_run.has(old.id));
  const pages = world.prefect.asked.filter((one) => one === 'POST /task_runs/filter').length;
  assert.ok(pages < 40, `${pages} pages to read one window of about 20`);
});

test('a person reads times by this machine’s clock, however far off the server’s is, and all by one', async () => {
  const world = new World(7, 9, 20);
  world.fill(60);
  const sink = memorySink();
  const told: SyncProgress[] = [];
  const pass = async () => {
    told.length = 0;
    const began = Date.now() * 1000;
    await sync(world, sink, { onStatus: (status) => told.push(status) });
    const last = told.at(-1);
    assert.ok(last?.checked && last.verified_since);
    assert.ok(last.checked >= began - 10e6 && last.checked <= Date.now() * 1000 + 10e6, 'checked as the pass went');
    return last;
  };
  const first = await pass();
  assert.equal(first.verified_since, first.checked, 'what a harvest has read is as good as compared');
  world.now += 2 * MINUTE;
  const next = await pass();
  const { checked, verified_since, complete_since } = told[0] ?? first;
  assert.deepEqual([checked, verified_since, complete_since], [first.checked, first.verified_since, first.complete_since], 'known until more is'); // prettier-ignore
  assert.ok((next.checked ?? 0) > (first.checked ?? 0) - 10e6);
});

test('windows cover everything from since on, touch each other and keep what is known', () => {
  const hours = fc.uniqueArray(fc.integer({ min: 0, max: 2000 }), { maxLength: 200 });
  fc.assert(
    fc.property(
      hours,
      fc.integer({ min: 1, max: 3000 }),
      fc.option(fc.integer({ min: 0, max: 2000 })),
      (list, rows, low) => {
        const histogram = list.sort((a, b) => a - b).map((hour) => [hour * HOUR, rows] as const);
        const since = low === null ? null : low * HOUR;
        const windows = cutWindows(histogram, since, [{ from: null, to: null, at: 7 }]);
        assert.equal(windows[0]?.from, since);
        assert.equal(windows.at(-1)?.to, null);
        for (const [i, one] of windows.slice(1).entries()) assert.equal(one.from, windows[i]?.to);
        for (const one of windows) assert.equal(one.at, 7);
        const wanted = histogram.filter(([start]) => since === null || start >= since).length * rows;
        assert.equal(
          windows.reduce((sum, one) => sum + rowsIn(histogram, one), 0),
          wanted,
        );
        assert.equal(verifiedSince({ ...parseVerify(null), task_run: windows, flow_run: windows }), 7);
      },
    ),
  );
});

test('a stretch is as old as its oldest part, and unknown when a part is', () => {
  const windows = [
    { from: null, to: 10, at: 5 },
    { from: 10, to: 20, at: null },
    { from: 20, to: null, at: 3 },
  ];
  assert.equal(atOf(windows, null, 10), 5);
  assert.equal(atOf(windows, 5, 15), null);
  assert.equal(atOf(windows, 25, null), 3);
  assert.equal(atOf(windows.slice(1), 5, 10), null);
  assert.equal(atOf([], null, null), null);
});
