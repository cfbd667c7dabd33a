/** The local API answers what a real Prefect 3.8.8 server on SQLite answers, and Prefect's own client reads it. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { comparePicked, compareRandom, prepare, type Prepared } from '../fixtures/prefect/differential.ts';
import { serveLocalApi } from '../fixtures/prefect/local-api-server.ts';
import { noPrefect, startPrefect, type PrefectServer } from '../fixtures/prefect/server.ts';

describe('Prefect 3.8.8 on SQLite', { skip: noPrefect() }, () => {
  let server: PrefectServer;
  let prepared: Prepared;

  before(async () => {
    server = await startPrefect();
    prepared = await prepare(server);
  });
  after(async () => {
    await prepared?.archive.close();
    await server?.stop();
  });

  test('the sync brings every row and finds the dialect', () => {
    const { archive, comparison } = prepared;
    assert.equal(archive.dialect, 'sqlite');
    for (const entity of ['task_run', 'flow_run', 'flow', 'deployment'] as const)
      assert.equal(archive.engine.total(entity), comparison.rows[entity].size, entity);
  });

  test('numbers beyond a Float64 come back as they were sent', async () => {
    const { body } = await prepared.comparison.check({ entity: 'deployment', action: 'filter', body: {} });
    assert.match(body, /12345678901234567890/);
    assert.match(prepared.comparison.answer('POST', '/api/deployments/filter', '{}').body, /12345678901234567890/);
  });

  test('picked requests', (t) => comparePicked(t, prepared, 'sqlite'));

  test('random requests', (t) => compareRandom(t, prepared, 3000));

  test("Prefect's own client reads the archive", async () => {
    const api = await serveLocalApi(prepared.archive, 'secret-token');
    try {
      const output = await server.run('read_with_client.py', api.url, 'secret-token');
      const read = JSON.parse(output) as Record<string, unknown>;
      const { rows } = prepared.comparison;
      assert.deepEqual(read, {
        task_runs: rows.task_run.size,
        flow_runs: rows.flow_run.size,
        flows: rows.flow.size,
        deployments: rows.deployment.size,
        work_pools: rows.work_pool.size,
        work_queues: rows.work_queue.size,
        pool_types: [...new Set([...rows.work_pool.values()].map((row) => String(row.type)))].sort(),
        pool_by_name: true,
        failed: [...rows.task_run.values()].filter((row) => row.state_type === 'FAILED').length,
        one_by_one: true,
        by_name: true,
        refused_without_key: true,
        missing: 'ObjectNotFound',
      });
    } finally {
      await api.close();
    }
  });
});
