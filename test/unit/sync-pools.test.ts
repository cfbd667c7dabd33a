/** Work pools and queues are as fresh as other parents, for few requests, and a server that has none to show is synced all the same. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DocumentKind } from '../../src-main/contract/fields.ts';
import type { FaultRule } from '../fixtures/demo/faults.ts';
import { startDemo, type Demo } from '../fixtures/demo/server.ts';
import { memorySink, type MemorySink } from '../fixtures/memory-sink.ts';
import { syncDemo } from '../fixtures/sync-once.ts';

/** µs; near this machine's clock, by which a pass knows before its first reply whether it is the day's first */
const EPOCH = Math.floor(Date.now() / 1000) * 1e6;
const MINUTE = 60_000_000;

class World {
  readonly clock = { now: EPOCH };
  readonly sink: MemorySink = memorySink();
  readonly demo: Demo;
  /** what the last sync said that it could not read */
  skipped = 0;

  constructor(demo: Demo, clock: { now: number }) {
    this.demo = demo;
    this.clock = clock;
  }

  static async open(limit: number, work: (world: World) => Promise<void>): Promise<void> {
    const clock = { now: EPOCH };
    const demo = await startDemo({ runs: 60, seed: 3, epoch: EPOCH, now: () => clock.now, limit });
    try {
      await work(new World(demo, clock));
      assert.deepEqual(demo.control.faults.problems, []);
    } finally {
      await demo.close();
    }
  }

  get pools() {
    return this.demo.control.database.pools;
  }

  /** After `minutes`; the requests for pools and queues that it took. */
  async sync(minutes: number, verify = false): Promise<string[]> {
    this.clock.now += minutes * MINUTE;
    const { requests } = this.demo.control;
    requests.length = 0;
    this.skipped = (await syncDemo(this.demo, this.sink, { sync: { verify } })).skipped.count;
    return requests.filter((one) => one.includes('/work_')).map((one) => one.replace('POST /api', ''));
  }

  /** What is kept, of what is not gone, is what the server has, letter for letter. */
  assertEqual(): void {
    const there: [DocumentKind, { id: string }[]][] = [
      ['work_pool', this.pools.pools()],
      ['work_queue', this.pools.queues()],
    ];
    for (const [kind, rows] of there) {
      const kept = [...this.sink.documents[kind].values()].filter(({ gone }) => gone === null);
      assert.deepEqual(
        new Map(kept.map(({ id, json }) => [id, json])),
        new Map(rows.map((row) => [row.id, JSON.stringify(row)])),
      );
    }
  }

  deployment(queue: string): Record<string, unknown> {
    const found = [...this.sink.rows.deployment.values()].find(({ value }) => value['name'] === queue);
    assert.ok(found);
    return JSON.parse(found.json) as Record<string, unknown>;
  }
}

test('a quiet pass costs one request; pools are read again when a queue came or went, and every ten minutes', () =>
  World.open(200, async (world) => {
    assert.deepEqual(await world.sync(0), ['/work_queues/filter', '/work_pools/filter']);
    world.assertEqual();
    assert.deepEqual(await world.sync(1), ['/work_queues/filter']);
    const pool = world.pools.addPool('new', 'docker', world.clock.now);
    assert.deepEqual(await world.sync(1), ['/work_queues/filter', '/work_pools/filter']);
    world.assertEqual();
    const queue = world.pools.addQueue(pool, 'urgent', world.clock.now);
    await world.sync(1);
    world.pools.update(queue, { name: 'patient', is_paused: true });
    assert.deepEqual(await world.sync(1), ['/work_queues/filter']);
    world.assertEqual();
    world.pools.update(pool, { is_paused: true });
    assert.deepEqual(await world.sync(10), ['/work_queues/filter', '/work_pools/filter']);
    world.assertEqual();
  }));

test('a pool that was deleted is kept and marked; one of the same name is another', () =>
  World.open(200, async (world) => {
    const first = world.pools.addPool('short-lived', 'docker', world.clock.now);
    await world.sync(0);
    const [queue] = world.pools.queues(first);
    world.pools.remove(first);
    const second = world.pools.addPool('short-lived', 'docker', world.clock.now);
    await world.sync(1);
    world.assertEqual();
    const { work_pool: pools, work_queue: queues } = world.sink.documents;
    assert.equal(pools.get(first)?.gone, world.clock.now);
    assert.equal(queues.get(queue?.id ?? '')?.gone, world.clock.now);
    assert.equal(pools.get(second)?.gone, null);
  }));

test('a queue’s new name, and a pool’s end, reach the deployments in the same pass, though their own `updated` stays', () =>
  World.open(200, async (world) => {
    await world.sync(0);
    const named = world.deployment('nightly');
    world.pools.update(String(named['work_queue_id']), { name: 'renamed' });
    await world.sync(1);
    assert.equal(world.deployment('nightly')['work_queue_name'], 'renamed');
    const [gpu] = world.pools.pools();
    assert.ok(gpu && gpu.name === named['work_pool_name']);
    world.pools.remove(gpu.id);
    await world.sync(1);
    assert.equal(world.deployment('nightly')['work_pool_name'], null);
    assert.equal(world.deployment('nightly')['work_queue_id'], null);
  }));

test('more queues than a page holds: each pool is asked for its own, every hour and when everything is compared', () =>
  World.open(4, async (world) => {
    for (let i = 0; i < 9; i++) world.pools.addQueue(world.pools.pools()[0]?.id ?? '', 'same', world.clock.now);
    await world.sync(0);
    world.assertEqual();
    world.pools.remove(world.pools.queues()[5]?.id ?? '');
    world.pools.addPool('new', 'docker', world.clock.now);
    assert.deepEqual(await world.sync(1), ['/work_queues/filter']);
    await world.sync(1, true);
    world.assertEqual();
    world.pools.remove(world.pools.queues()[7]?.id ?? '');
    await world.sync(61);
    world.assertEqual();
  }));

const refusals: [string, FaultRule][] = [
  ['has no such endpoint', { kind: 'status', status: 404 }],
  ['does not take the method', { kind: 'status', status: 405 }],
  ['does not let us see them', { kind: 'status', status: 403 }],
  ['answers with a web page', { kind: 'html' }],
  ['has a pool it cannot write', { kind: 'status', status: 500 }],
];
for (const [what, rule] of refusals)
  for (const path of ['/work_pools', '/work_queues'])
    test(`a server that ${what} at ${path} is synced without, and asked again an hour later`, () =>
      World.open(200, async (world) => {
        const cure = world.demo.control.faults.add({ ...rule, path, times: Infinity });
        await world.sync(0);
        assert.ok(world.sink.rows.task_run.size > 0);
        assert.ok(world.sink.rows.deployment.size > 0);
        assert.equal(world.sink.documents.work_pool.size, 0);
        assert.deepEqual(await world.sync(30), []);
        cure();
        await world.sync(31);
        world.assertEqual();
        world.demo.control.faults.add({ ...rule, path, times: Infinity });
        await world.sync(90);
        world.assertEqual(); // nothing is taken for gone
      }));

test('queues that cannot be read do not stop the rest, are said, and are no proof that the server has none', () =>
  World.open(200, async (world) => {
    const cure = world.demo.control.faults.add({ kind: 'status', status: 503, path: '/work_queues', times: Infinity });
    await world.sync(0);
    assert.ok(world.skipped > 0);
    assert.ok(world.sink.rows.task_run.size > 0);
    cure();
    await world.sync(0);
    world.assertEqual();
    assert.equal(world.skipped, 0);
    world.demo.control.faults.add({ kind: 'status', status: 503, path: '/work_queues', times: Infinity });
    await world.sync(90);
    world.assertEqual(); // nothing is taken for gone
  }));
