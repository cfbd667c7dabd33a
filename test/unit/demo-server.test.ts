import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startDemo, type Demo } from '../fixtures/demo/server.ts';
import type { JsonRow } from '../../src-main/demo/json.ts';

const NOW = Date.UTC(2026, 10, 23, 9, 30) * 1000;
const RUNS = 1500;
let demo: Demo;
before(async () => {
  demo = await startDemo({ runs: RUNS, seed: 11, epoch: NOW, now: NOW });
});
after(() => demo.close());

type Answer = { status: number; headers: Headers; body: unknown };
async function ask(path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
  const init =
    body === undefined ? {} : { method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body) };
  const reply = await fetch(demo.apiUrl + path, {
    ...init,
    headers: { 'content-type': 'application/json', ...headers },
  });
  return { status: reply.status, headers: reply.headers, body: JSON.parse(await reply.text()) as unknown };
}
const rows = async (path: string, body: unknown) => (await ask(path, body)).body as JsonRow[];
const count = async (filters: unknown, entity = 'task_runs') => (await ask(`/${entity}/count`, filters)).body as number;

describe('what every server answers', () => {
  test('health, version, settings', async () => {
    assert.equal((await ask('/health')).body, true);
    assert.deepEqual((await ask('/ready')).body, { message: 'OK' });
    assert.equal((await ask('/version')).body, '0.8.4');
    assert.equal((await ask('/admin/version')).body, '3.8.8');
  });

  test('errors have the shape the real one gives them', async () => {
    assert.deepEqual((await ask('/task_runs/filter', { limit: 201 })).body, {
      detail: 'Invalid limit: must be less than or equal to 200.',
    });
    assert.deepEqual((await ask('/task_runs/filter', { limit: -1 })).body, {
      detail: 'Invalid limit: must be greater than or equal to 0.',
    });
    for (const body of [{ task_runs: { nmae: {} } }, { sort: 'id_desc' }, '[]', '{', { page: 0 }]) {
      const path = typeof body === 'object' && 'page' in body ? '/task_runs/paginate' : '/task_runs/filter';
      const answer = await ask(path, body);
      assert.equal(answer.status, 422);
      assert.equal((answer.body as JsonRow).exception_message, 'Invalid request received.');
    }
    assert.deepEqual(
      await ask('/task_runs/1b4e28ba-2fa1-41d2-883f-0016d3cca427').then(({ status, body }) => [status, body]),
      [404, { detail: 'Task not found' }],
    );
    assert.deepEqual((await ask('/task_runs/not-an-id')).body, { detail: 'Not Found' });
    assert.equal((await ask('/csrf-token?client=a')).status, 422);
    assert.equal((await ask('/task_runs/filter')).status, 405);
  });

  test('a body of another content type is ignored', async () => {
    const answer = await ask('/task_runs/paginate', { limit: 1 }, { 'content-type': 'text/plain' });
    assert.equal((answer.body as JsonRow).limit, 200);
  });

  test('paginate leaves half of the row out, filter and GET give it whole', async () => {
    const page = (await ask('/task_runs/paginate', { limit: 7, page: 2 })).body as { results: JsonRow[] } & JsonRow;
    assert.deepEqual([page.limit, page.page, page.pages, page.count], [7, 2, Math.ceil(RUNS / 7), RUNS]);
    assert.ok(!('expected_start_time' in (page.results[0] ?? {})));
    const [whole] = await rows('/task_runs/filter', { limit: 1, offset: 7 });
    assert.equal(whole?.id, page.results[0]?.id);
    assert.deepEqual((await ask(`/task_runs/${String(whole?.id)}`)).body, whole);
  });
});

describe('lists', () => {
  test('a keyset harvest by expected start meets every run once', async () => {
    const seen = new Set<unknown>();
    let before_ = '9999-12-31T23:59:59.999999Z';
    for (;;) {
      const page = await rows('/task_runs/filter', {
        sort: 'EXPECTED_START_TIME_DESC',
        limit: 200,
        task_runs: { expected_start_time: { before_ } },
      });
      for (const row of page) seen.add(row.id);
      if (page.length < 200) break;
      before_ = String(page.at(-1)?.expected_start_time);
    }
    assert.equal(seen.size, RUNS);
  });

  test('counts by state add up, and agree with /ui/task_runs/count', async () => {
    const byState = (await ask('/ui/task_runs/count', {})).body as Record<string, number>;
    assert.equal(
      Object.values(byState).reduce((sum, one) => sum + one, 0),
      RUNS,
    );
    for (const [type, number] of Object.entries(byState))
      assert.equal(await count({ task_runs: { state: { type: { any_: [type] } } } }), number);
  });

  test('the tricky queries of the facts', async () => {
    const withFlowRun = await count({ task_runs: { flow_run_id: {} } });
    assert.ok(withFlowRun < RUNS);
    assert.equal(await count({ flows: {} }), withFlowRun);
    assert.equal(await count({ task_runs: { flow_run_id: { is_null_: null } } }), RUNS);
    assert.equal(
      await count({ task_runs: { flow_run_id: { is_null_: true, any_: ['1b4e28ba-2fa1-41d2-883f-0016d3cca427'] } } }),
      RUNS - withFlowRun,
    );
    assert.equal(await count({ task_runs: { id: { any_: [] } } }), 0);
    assert.equal(await count({ flow_runs: { id: { not_any_: [] } } }), withFlowRun);
    assert.equal(await count({ task_runs: { operator: 'or_', name: {}, id: { any_: [] } } }), RUNS);
    assert.equal(await count({ flow_runs: { tags: { any_: [] } } }), 0);
    assert.equal(
      await count({ task_runs: { tags: { operator: 'or_', all_: [], is_null_: true } } }),
      await count({ task_runs: { tags: { is_null_: true } } }),
    );
    const both = { flow_runs: { state: { type: { any_: ['COMPLETED', 'RUNNING'], not_any_: ['COMPLETED'] } } } };
    assert.equal(await count(both), withFlowRun);
    assert.equal(await count({ flow_runs: { state: { type: { any_: [], not_any_: [] } } } }), 0);
    assert.equal(await count({ task_runs: { name: { like_: '%' } } }), RUNS);
    assert.equal(await count({ task_runs: { state: { name: { any_: ['completed'] } } } }), 0);
    assert.ok((await count({ deployments: {} })) < withFlowRun);
    assert.equal(await count({ deployments: { concurrency_limit: { ge_: 99 } } }), await count({ deployments: {} }));
  });

  test('null order follows the database it plays', async () => {
    const heads = async () => (await rows('/task_runs/filter', { sort: 'END_TIME_DESC', limit: 1 }))[0]?.end_time;
    assert.notEqual(await heads(), null);
    const postgres = await startDemo({ runs: 600, seed: 11, epoch: NOW, now: NOW, dialect: 'postgres' });
    const sqlite = demo;
    demo = postgres;
    try {
      assert.equal(await heads(), null);
    } finally {
      demo = sqlite;
      await postgres.close();
    }
  });

  test('parents: flows, deployments and flow runs, each by its own id', async () => {
    for (const entity of ['flows', 'deployments', 'flow_runs']) {
      const [first] = await rows(`/${entity}/filter`, { limit: 1 });
      assert.deepEqual((await ask(`/${entity}/${String(first?.id)}`)).body, first);
      const page = (await ask(`/${entity}/paginate`, { limit: 1 })).body as JsonRow;
      assert.equal(await count({}, entity), page.count);
    }
  });

  test('history and logs of a failed run', async () => {
    const [run] = await rows('/task_runs/filter', { task_runs: { state: { name: { any_: ['Failed'] } } }, limit: 1 });
    const history = (await ask(`/task_run_states/?task_run_id=${String(run?.id)}`)).body as JsonRow[];
    assert.deepEqual(history.at(-1), run?.state);
    const logs = await rows('/logs/filter', { logs: { task_run_id: { any_: [run?.id] }, level: { ge_: 40 } } });
    assert.ok(logs.every((line) => (line.level as number) >= 40 && line.task_run_id === run?.id));
  });
});

describe('what a test does to it', () => {
  test('rows put in, changed and taken away, with what goes along', async () => {
    const id = demo.control.insert('task_run', { name: 'put-in', expected_start_time: null });
    assert.equal(await count({}), RUNS + 1);
    const ascending = await rows('/task_runs/filter', { sort: 'EXPECTED_START_TIME_ASC', limit: 1 });
    assert.equal(ascending[0]?.id, id);
    demo.control.update('task_run', id, { tags: ['x'] });
    assert.equal(await count({ task_runs: { tags: { all_: ['x'] } } }), 1);
    demo.control.remove('task_run', [id]);
    assert.equal(await count({}), RUNS);

    const flow_run = demo.control.insert('flow_run');
    demo.control.insert('task_run', { flow_run_id: flow_run });
    demo.control.insert('task_run', { flow_run_id: flow_run });
    assert.equal(await count({ flow_runs: { id: { any_: [flow_run] } } }), 2);
    demo.control.remove('flow_run', [flow_run]);
    assert.equal(await count({}), RUNS);
  });

  test('faults strike the requests they name, in turn', async () => {
    const { faults } = demo.control;
    faults.add({ kind: 'status', status: 429, retryAfter: '7', path: '/task_runs/', after: 1 });
    assert.equal((await ask('/task_runs/count', {})).status, 200);
    const busy = await ask('/task_runs/count', {});
    assert.deepEqual([busy.status, busy.headers.get('retry-after')], [429, '7']);
    assert.equal((await ask('/task_runs/count', {})).status, 200);
    for (const kind of ['reset', 'reset_mid_body', 'truncate', 'html'] as const) {
      faults.add({ kind });
      await assert.rejects(ask('/task_runs/filter', { limit: 5 }), kind);
    }
    faults.add({ kind: 'duplicate_row' });
    assert.equal((await rows('/task_runs/filter', { limit: 5 })).length, 6);
    faults.add({ kind: 'clock_skew', seconds: -3600 });
    const skewed = await ask('/health');
    assert.equal(Date.parse(skewed.headers.get('date') ?? ''), NOW / 1000 - 3600_000);
    faults.add({ kind: 'slow', pieces: 3, pause: 5 });
    assert.equal((await rows('/task_runs/filter', { limit: 5 })).length, 5);
    faults.add({
      kind: 'meanwhile',
      run: () => void demo.control.insert('task_run', { id: '1b4e28ba-2fa1-41d2-883f-0016d3cca427' }),
    });
    assert.equal(await count({}), RUNS + 1);
    demo.control.remove('task_run', ['1b4e28ba-2fa1-41d2-883f-0016d3cca427']);
    assert.deepEqual(faults.problems, []);
  });

  test('sign-in and CSRF', async () => {
    demo.control.requireAuth({ kind: 'basic', auth: 'admin:pässword' });
    try {
      assert.deepEqual(await ask('/task_runs/count', {}).then(({ status, body }) => [status, body]), [
        401,
        { exception_message: 'Unauthorized' },
      ]);
      assert.equal((await ask('/health')).status, 200);
      const authorization = `Basic ${Buffer.from('admin:pässword').toString('base64')}`;
      assert.equal((await ask('/task_runs/count', {}, { authorization })).status, 200);
      demo.control.requireCsrf(true);
      assert.deepEqual((await ask('/task_runs/count', {}, { authorization })).body, { detail: 'Missing CSRF token.' });
      const { token } = (await ask('/csrf-token?client=me', undefined, { authorization })).body as { token: string };
      const signed = { authorization, 'prefect-csrf-token': token, 'prefect-csrf-client': 'me' };
      assert.equal((await ask('/task_runs/count', {}, signed)).status, 200);
      assert.equal((await ask('/task_runs/count', {}, { ...signed, 'prefect-csrf-client': 'you' })).status, 403);
    } finally {
      demo.control.requireAuth(null);
      demo.control.requireCsrf(false);
    }
  });

  test('work pools and queues: listed, filtered, and gone from the rows that named them', async () => {
    const { pools } = demo.control.database;
    const names = async (path: string, body: unknown) => (await rows(path, body)).map(({ name }) => name);
    assert.deepEqual(await names('/work_pools/filter', {}), ['gpu-pool', 'k8s-prod', 'vm-workers']);
    assert.deepEqual(await names('/work_pools/filter', { work_pools: { type: { any_: ['process'] } } }), [
      'vm-workers',
    ]);
    assert.equal(await count({ work_pools: { name: { any_: [] } } }, 'work_pools'), 0);
    assert.deepEqual(await names('/work_pools/gpu-pool/queues/filter', {}), ['default', 'gpu']);
    assert.deepEqual(await names('/work_queues/filter', { work_queues: { name: { startswith_: ['GP'] } } }), ['gpu']);
    assert.equal((await ask('/work_pools/nothing')).status, 404);
    const pooled = (await rows('/deployments/filter', {})).filter((row) => row.work_pool_name === 'gpu-pool');
    const [pool] = pools.pools();
    pools.remove(pool?.id ?? '');
    for (const { id } of pooled) {
      const { work_queue_id, work_pool_name } = (await ask(`/deployments/${String(id)}`)).body as JsonRow;
      assert.deepEqual([work_queue_id, work_pool_name], [null, null]);
    }
    assert.ok(pooled.length > 0);
    assert.equal((await ask('/work_pools/gpu-pool/queues/filter', {})).status, 404);
  });

  test('stopped it refuses, restarted it is the same server on the same port', async () => {
    await demo.control.stop();
    await assert.rejects(ask('/health'));
    await demo.control.restart();
    assert.equal(await count({}), RUNS);
  });

  test('compresses as Prefect does when told to', async () => {
    const packed = await startDemo({ runs: 300, seed: 1, epoch: NOW, now: NOW, gzip: true });
    try {
      const reply = await fetch(`${packed.apiUrl}/task_runs/filter`, {
        method: 'POST',
        headers: { 'accept-encoding': 'gzip' },
      });
      assert.equal(reply.headers.get('content-encoding'), 'gzip');
      assert.equal(((await reply.json()) as JsonRow[]).length, 200);
    } finally {
      await packed.close();
    }
  });
});
