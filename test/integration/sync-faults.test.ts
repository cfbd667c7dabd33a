/** The demo server failing in every way it can, at random moments: once it is quiet, what is kept is what it has. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Entity } from '../../src-main/contract/fields.ts';
import { entities } from '../../src-main/contract/fields.ts';
import { startDemo, type Demo } from '../fixtures/demo/server.ts';
import type { FaultRule } from '../fixtures/demo/faults.ts';
import { createClient, type PrefectClient } from '../../src-main/prefect/client.ts';
import { memorySink, type MemorySink } from '../fixtures/memory-sink.ts';
import { syncDemo } from '../fixtures/sync-once.ts';

/** As the server computes them when asked: never the same twice. */
const computed = ['estimated_run_time', 'estimated_start_time_delta'];

function plain(value: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).filter(([key]) => !computed.includes(key)));
}

async function everything(client: PrefectClient, entity: Entity): Promise<Map<string, Record<string, unknown>>> {
  const rows = new Map<string, Record<string, unknown>>();
  const sort = entity === 'task_run' || entity === 'flow_run' ? 'ID_DESC' : 'NAME_ASC';
  for (let offset = 0; ; offset += 50) {
    const page = await client.page(entity, { sort, limit: 50, offset });
    for (const { value } of page.rows) rows.set(value.id, plain(value));
    if (page.rows.length < 50) return rows;
  }
}

const sync = (demo: Demo, sink: MemorySink) =>
  syncDemo(demo, sink, {
    client: { auth: { scheme: 'basic', secret: 'admin:pass' }, timeouts: { headers: 2, body: 2 } },
  });

const faults = (at: number): FaultRule[] => [
  { kind: 'status', status: 429, retryAfter: '0', after: at },
  { kind: 'status', status: 500, after: at + 2 },
  { kind: 'reset', after: at + 3, times: 2 },
  { kind: 'reset_mid_body', after: at + 7 },
  { kind: 'truncate', after: at + 9 },
  { kind: 'slow', delay: 20, pieces: 5, pause: 2, after: at + 11 },
  { kind: 'duplicate_row', path: '/filter', after: at, times: 3 },
  { kind: 'clock_skew', seconds: 7200, path: '/filter', after: at > 4 ? at : 1, times: 1 },
];

for (const at of [0, 1, 2, 3, 5, 8, 13])
  test(`faults from request ${at} on: equal to the server in the end`, async () => {
    const demo = await startDemo({
      runs: 900,
      seed: at + 1,
      limit: 50,
      auth: { kind: 'basic', auth: 'admin:pass' },
      csrf: at % 2 === 1,
    });
    try {
      const sink = memorySink();
      for (const rule of faults(at)) demo.control.faults.add(rule);
      await sync(demo, sink);
      demo.control.faults.clear();
      await sync(demo, sink);
      assert.deepEqual(demo.control.faults.problems, []);
      const client = createClient({ api_url: demo.apiUrl, auth: { scheme: 'basic', secret: 'admin:pass' } });
      for (const entity of entities) {
        const there = await everything(client, entity);
        const kept = new Map([...sink.rows[entity]].map(([id, { value }]) => [id, plain(value)]));
        assert.equal(kept.size, there.size, entity);
        for (const [id, row] of there) assert.deepEqual(kept.get(id), row);
      }
      await client.close();
    } finally {
      await demo.close();
    }
  });

test('a server that goes away in the middle: the next sync goes on where this one stopped', async () => {
  const demo = await startDemo({ runs: 2000, seed: 3, limit: 50 });
  try {
    const sink = memorySink();
    demo.control.faults.add({ kind: 'reset', path: '/task_runs/filter', after: 12, times: Infinity });
    await assert.rejects(sync(demo, sink), { code: 'SERVER_UNREACHABLE' });
    const kept = sink.rows.task_run.size;
    assert.ok(kept > 300, `${kept} rows kept`);
    await demo.control.restart();
    demo.control.faults.clear();
    demo.control.requests.length = 0;
    await sync(demo, sink);
    const pages = demo.control.requests.filter((one) => one === 'POST /api/task_runs/filter').length;
    assert.ok(pages < 2000 / 49, `${pages} pages: it began again`);
  } finally {
    await demo.close();
  }
});
