/** Rows, routes and questions that a server cannot answer: each stops nothing but itself, and is named. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SyncMemory } from '../../src-main/sync/memory.ts';
import { parseVerify } from '../../src-main/sync/windows.ts';
import type { FaultRule } from '../fixtures/demo/faults.ts';
import { startDemo, type Demo } from '../fixtures/demo/server.ts';
import { memorySink, type MemorySink } from '../fixtures/memory-sink.ts';
import { syncDemo, type DemoSync } from '../fixtures/sync-once.ts';
import type { Entity } from '../../src-main/contract/fields.ts';

/** A server that does not answer is given up after 5 s. */
const sync = (demo: Demo, sink: MemorySink, { client, ...asked }: DemoSync = {}) =>
  syncDemo(demo, sink, { client: { timeouts: { headers: 5, body: 5 }, ...client }, ...asked });

async function withDemo(runs: number, work: (demo: Demo, sink: MemorySink) => Promise<void>): Promise<void> {
  const demo = await startDemo({ runs, seed: 11, limit: 50 });
  try {
    await work(demo, memorySink());
    assert.deepEqual(demo.control.faults.problems, []);
  } finally {
    await demo.close();
  }
}

/** Ids of the server's rows. */
function idsThere(demo: Demo, entity: Entity): string[] {
  const { database } = demo.control;
  const now = demo.control.now();
  const table = database[entity];
  return [...table.byTime().keys]
    .filter((key) => table.exists(key, now))
    .map((key) => String(table.json(key, now)['id']));
}

const always = (rule: FaultRule): FaultRule => ({ ...rule, times: Infinity });

/** All rows that the server has are kept, but for these. */
function assertKept(demo: Demo, sink: MemorySink, without: readonly string[] = []): void {
  for (const entity of ['flow', 'deployment', 'flow_run', 'task_run'] as const) {
    const missing = idsThere(demo, entity).filter((id) => !sink.rows[entity].has(id));
    assert.deepEqual(missing.filter((id) => !without.includes(id)).slice(0, 5), [], entity);
  }
  for (const id of without)
    for (const entity of ['flow_run', 'task_run'] as const) assert.ok(!sink.gone[entity].has(id), 'skipped, not gone');
}

/** The windows that a further pass would read because their counts differ. */
async function doubted(demo: Demo, sink: MemorySink): Promise<unknown[]> {
  const state = parseVerify(sink.state.get('verify'));
  sink.state.set('verify', { ...state, counted: null });
  demo.control.requests.length = 0;
  await sync(demo, sink);
  const after = parseVerify(sink.state.get('verify'));
  return [...after.task_run, ...after.flow_run].filter(
    ({ at }, i) => at !== [...state.task_run, ...state.flow_run][i]?.at,
  );
}

for (const entity of ['flow_run', 'task_run'] as const)
  test(`a ${entity} that makes its page fail: the others come, it is read by id or named`, () =>
    withDemo(900, async (demo, sink) => {
      const all = idsThere(demo, entity);
      const ids = [all[3], all[Math.floor(all.length / 2)], all.at(-1)] as string[];
      demo.control.faults.add(always({ kind: 'poison', ids }));
      const { skipped, problem, phase } = await sync(demo, sink);
      assert.deepEqual([problem, phase], [null, 'idle']);
      // a flow run's id is told by another route; a task run's by none
      assertKept(demo, sink, entity === 'flow_run' ? [] : ids);
      // a row without an id is named by each question that met it
      assert.ok(entity === 'flow_run' ? skipped.count === 0 : skipped.count >= 3, `${skipped.count}`);
      for (const one of skipped.rows) assert.match(one.reason, /HTTP 500/);
      // later passes and a whole comparison hold, and counts that differ for good are not read again and again
      await sync(demo, sink);
      await sync(demo, sink, { sync: { verify: true } });
      assertKept(demo, sink, entity === 'flow_run' ? [] : ids);
      assert.deepEqual(await doubted(demo, sink), []);
    }));

test('a flow run that cannot be read by id either is named by its id', () =>
  withDemo(300, async (demo, sink) => {
    const id = idsThere(demo, 'flow_run')[5];
    demo.control.faults.add(always({ kind: 'poison', ids: [id], alone: true }));
    const { skipped } = await sync(demo, sink);
    assert.equal(skipped.count, 1);
    assert.equal(skipped.rows[0]?.id, id);
    assertKept(demo, sink, [id]);
  }));

test('a row with an id or a time that is none is named with its field, and the rest is kept', () =>
  withDemo(400, async (demo, sink) => {
    const [broken, timeless] = idsThere(demo, 'task_run').slice(7, 9) as [string, string];
    const flowRun = idsThere(demo, 'flow_run')[4];
    demo.control.faults.add(always({ kind: 'rewrite', id: broken, change: { id: 'run-7' }, path: '/filter' }));
    demo.control.faults.add(
      always({ kind: 'rewrite', id: timeless, change: { expected_start_time: 'yesterday' }, path: '/task_runs' }),
    );
    demo.control.faults.add(
      always({ kind: 'rewrite', id: flowRun, change: { end_time: '2026-13-01' }, path: '/flow_runs' }),
    );
    const { skipped } = await sync(demo, sink);
    const said = skipped.rows.map(({ entity, id, reason }) => `${entity} ${id} ${reason}`).sort();
    assert.equal(skipped.count, 3);
    assert.match(said[0] ?? '', new RegExp(`^flow_run ${flowRun} end_time`));
    assert.match(said[1] ?? '', new RegExp(`^task_run ${timeless} expected_start_time`));
    assert.match(said[2] ?? '', /^task_run run-7 id/);
    assertKept(demo, sink, [broken, timeless, flowRun]);
  }));

test('a row whose time contradicts the order that it comes in neither stops the harvest nor ends it early', () =>
  withDemo(900, async (demo, sink) => {
    const all = idsThere(demo, 'task_run');
    const times = [null, '0001-01-01T00:00:00Z', '9999-12-31T00:00:00Z'];
    for (const [i, expected_start_time] of times.entries())
      demo.control.faults.add(
        always({ kind: 'rewrite', id: all[300 + 7 * i] ?? '', change: { expected_start_time }, path: '/task_runs' }),
      );
    const { problem, phase } = await sync(demo, sink);
    assert.deepEqual([problem, phase], [null, 'idle']);
    assertKept(demo, sink);
  }));

test('what was skipped stays named until it can be read', () =>
  withDemo(300, async (demo, sink) => {
    const id = idsThere(demo, 'flow_run')[5];
    demo.control.faults.add(always({ kind: 'poison', ids: [id], alone: true }));
    await sync(demo, sink);
    assert.equal((await sync(demo, sink)).skipped.count, 1, 'a later pass that does not meet it');
    demo.control.faults.clear();
    assert.equal((await sync(demo, sink, { sync: { verify: true } })).skipped.count, 0);
    assertKept(demo, sink);
  }));

for (const [what, path] of [
  ['deployments', '/deployments/filter'],
  ['flows', '/flows/filter'],
  ['work pools', '/work_pools/filter'],
  ['work queues', '/work_queues/filter'],
  ['counts', '/count'],
  ['the version', '/admin/version'],
  ['the page limit', '/flow_runs/paginate'],
  ['runs without expected start', '"EXPECTED_START_TIME_ASC","task_runs":{}'],
] as const)
  for (const rule of [
    { kind: 'status', status: 500 },
    { kind: 'status', status: 403 },
    { kind: 'status', status: 404 },
    { kind: 'truncate' },
    { kind: 'reset_mid_body' },
    { kind: 'html' },
  ] as const)
    test(`${what} that always answer with ${'status' in rule ? rule.status : rule.kind}: the runs come all the same`, () =>
      withDemo(300, async (demo, sink) => {
        demo.control.faults.add(always({ ...rule, ...(path.startsWith('/') ? { path } : { body: path }) }));
        const { problem } = await sync(demo, sink);
        assert.equal(problem, null);
        assert.deepEqual(
          idsThere(demo, 'task_run').filter((id) => !sink.rows.task_run.has(id)),
          [],
        );
        await sync(demo, sink);
        await sync(demo, sink, { sync: { verify: true } });
        for (const entity of ['flow', 'deployment'] as const)
          for (const id of idsThere(demo, entity)) assert.ok(!sink.gone[entity].has(id), 'unread is not gone');
        const asked = demo.control.requests.filter((one) => one.endsWith(path)).length;
        assert.ok(asked < 60, `${asked} requests to a route that fails`);
      }));

for (const [failing, kept] of [
  ['flow_run', 'task_run'],
  ['task_run', 'flow_run'],
] as const)
  for (const [rule, code] of [
    [{ kind: 'status', status: 500 }, 'SERVER_FAILED'],
    [{ kind: 'status', status: 403 }, 'SERVER_FORBIDDEN'],
    [{ kind: 'html' }, 'SERVER_NOT_PREFECT'],
  ] as const)
    test(`${failing}s that always answer ${code}: the ${kept}s are kept, and the sync says that it has failed`, () =>
      withDemo(300, async (demo, sink) => {
        const cure = demo.control.faults.add(always({ ...rule, path: `/${failing}s/filter` }));
        const missing = () => idsThere(demo, kept).filter((id) => !sink.rows[kept].has(id));
        await assert.rejects(sync(demo, sink), { code });
        assert.deepEqual(missing(), []);
        // later, too
        const id = demo.control.insert(kept);
        await assert.rejects(sync(demo, sink), { code });
        assert.ok(sink.rows[kept].has(id));
        cure();
        await sync(demo, sink);
        assertKept(demo, sink);
      }));

for (const kind of ['work_pool', 'work_queue'] as const)
  test(`a ${kind} that makes its page fail: the others are kept, it is named, and it is not gone`, () =>
    withDemo(100, async (demo, sink) => {
      const { pools } = demo.control.database;
      const rows = () => (kind === 'work_pool' ? pools.pools() : pools.queues());
      const first = rows().map(({ id }) => id);
      await sync(demo, sink);
      for (let i = 0; i < 30; i++) pools.addPool(`pool ${String(i).padStart(2, '0')}`, 'docker', Date.now() * 1000);
      const [known, unknown] = [first[0], rows().find(({ id }) => !first.includes(id))?.id] as [string, string];
      demo.control.faults.add(always({ kind: 'poison', ids: [known, unknown] }));
      const { skipped } = await sync(demo, sink, { sync: { verify: true } });
      // without an id it is named by each question that met it
      assert.ok(skipped.rows.filter(({ entity }) => entity === kind).length >= 2);
      const kept = sink.documents[kind];
      assert.deepEqual(
        rows().flatMap(({ id }) => (kept.has(id) ? [] : [id])),
        [unknown],
      );
      assert.equal(kept.get(known)?.gone, null);
      demo.control.faults.clear();
      assert.equal((await sync(demo, sink, { sync: { verify: true } })).skipped.count, 0);
      assert.ok(kept.has(unknown));
    }));

for (const entity of ['flow', 'deployment'] as const)
  test(`a ${entity} that makes its page fail is named, and stays so`, () =>
    withDemo(200, async (demo, sink) => {
      const id = demo.control.insert(entity, { name: 'poison' });
      demo.control.faults.add(always({ kind: 'poison', ids: [id], alone: true }));
      for (const verify of [false, false, true]) {
        const { skipped } = await sync(demo, sink, { sync: { verify } });
        assert.ok(skipped.rows.some((one) => one.entity === entity));
        assertKept(demo, sink, [id]);
      }
      demo.control.faults.clear();
      assert.equal((await sync(demo, sink, { sync: { verify: true } })).skipped.count, 0);
    }));

test('counts that cannot be answered are said, and what they would have proved is not claimed', () =>
  withDemo(200, async (demo, sink) => {
    await sync(demo, sink);
    const state = parseVerify(sink.state.get('verify'));
    const before = Number(state.recent) - 3_600_000_000;
    sink.state.set('verify', { ...state, recent: before, counted: null });
    demo.control.faults.add(always({ kind: 'status', status: 500, path: '/count' }));
    const { skipped, checked } = await sync(demo, sink);
    assert.ok(skipped.rows.some(({ entity, id }) => entity === 'task_run' && id === null));
    assert.ok(Number(checked) < Date.now() * 1000 - 3_000_000_000, 'late rows would not have been seen');
  }));

test('replies that are cut off beyond a length are asked for in smaller pages, and no longer in larger ones after a while', () =>
  withDemo(900, async (demo, sink) => {
    demo.control.faults.add(always({ kind: 'reset_mid_body', over: 30_000 }));
    const memory = new SyncMemory();
    await sync(demo, sink, { sync: { memory } });
    assertKept(demo, sink);
    const cut = () => demo.control.faults.counts.get('cut off') ?? 0;
    assert.ok(cut() < 60, `${cut()} replies were cut off`);
  }));

test('what was learned of page sizes holds for the following syncs of a running app', () =>
  withDemo(900, async (demo, sink) => {
    const { faults } = demo.control;
    faults.add(always({ kind: 'reset_mid_body', over: 30_000, path: '/filter' }));
    const memory = new SyncMemory();
    const cutOff = async (memory: SyncMemory) => {
      faults.counts.delete('cut off');
      await sync(demo, sink, { sync: { memory, verify: true } });
      return faults.counts.get('cut off') ?? 0;
    };
    for (let i = 0; i < 3; i++) await cutOff(memory);
    assert.equal(await cutOff(memory), 0);
    assert.ok((await cutOff(new SyncMemory())) > 3);
  }));

test('a question by state that always fails is replaced by asking for the unfinished runs known', () =>
  withDemo(300, async (demo, sink) => {
    const { control } = demo;
    const old = new Date(Date.now() - 90 * 60_000).toISOString();
    const id = control.insert('task_run', { state_type: 'RUNNING', end_time: null, expected_start_time: old });
    const memory = new SyncMemory();
    await sync(demo, sink);
    control.faults.add(always({ kind: 'status', status: 500, body: '"SCHEDULED"' }));
    // ended long ago by its own times, so that only asking for it finds the change
    control.update('task_run', id, { state_type: 'FAILED', end_time: old });
    const { problem } = await sync(demo, sink, { sync: { memory } });
    assert.equal(problem, null);
    assert.equal(sink.rows.task_run.get(id)?.value.state_type, 'FAILED');
    control.requests.length = 0;
    const before = control.faults.counts.get('status 500') ?? 0;
    await sync(demo, sink, { sync: { memory } });
    assert.equal(control.faults.counts.get('status 500'), before, 'it is not asked again in each pass');
  }));

test('replies over the size limit are asked for in smaller pages, once', () =>
  withDemo(900, async (demo, sink) => {
    const largestReply = 12_000; // about six rows
    await sync(demo, sink, { client: { largestReply } });
    assertKept(demo, sink);
    const pages = demo.control.requests.filter((one) => one.endsWith('/task_runs/filter')).length;
    assert.ok(pages < 600, `${pages} pages`);
    demo.control.requests.length = 0;
    await sync(demo, sink, { client: { largestReply } });
    assertKept(demo, sink);
  }));
