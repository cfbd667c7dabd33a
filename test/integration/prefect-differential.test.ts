/** The local API answers what a real Prefect server of the pinned version on SQLite answers, and Prefect's own client reads it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareWithServer } from '../fixtures/prefect/differential.ts';
import { serveLocalApi } from '../fixtures/prefect/local-api-server.ts';
import { noPrefect } from '../fixtures/prefect/server.ts';
import { PINNED } from '../run/proven.ts';

compareWithServer(
  { title: `Prefect ${PINNED} on SQLite`, skip: noPrefect(), dialect: 'sqlite', requests: 1200 },
  (running) => {
    test('numbers beyond a Float64 come back as they were sent', async () => {
      const { comparison } = running().prepared;
      const { body } = await comparison.check({ entity: 'deployment', action: 'filter', body: {} });
      assert.match(body, /12345678901234567890/);
      assert.match(comparison.answer('POST', '/api/deployments/filter', '{}').body, /12345678901234567890/);
    });

    test("Prefect's own client reads the archive", async () => {
      const { server, prepared } = running();
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
          lines: prepared.kept.sizes.logs,
          in_order: true,
          errors_of_one: true,
          artifacts: prepared.kept.sizes.artifacts,
          states_of_one: true,
          one_by_one: true,
          by_name: true,
          refused_without_key: true,
          missing: 'ObjectNotFound',
        });
      } finally {
        await api.close();
      }
    });
  },
);
