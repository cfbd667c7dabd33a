/** The local API answers what a real Prefect server of the pinned version on SQLite answers, and Prefect's own client reads it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultSort, type Condition } from '../../src-main/contract/query.ts';
import { parseTime } from '../../src-main/contract/time.ts';
import { curlOfQuery, pythonOfQuery, unknownToPython } from '../../src-main/core/write-as/requests.ts';
import { toPrefectRequest } from '../../src-main/query/language/to-prefect.ts';
import { runProgram } from '../fixtures/run-program.ts';
import type { WireRow } from '../fixtures/prefect/compare.ts';
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

    test('a view copied as curl and as Python gives the runs on screen, whatever the filters', async () => {
      const { server, prepared } = running();
      const { rows } = prepared.comparison;
      const runs = [...rows.task_run.values()];
      const parent = (id: unknown) => rows.flow_run.get(String(id));
      const whole = (one: WireRow) => one.start_time && one.end_time && parent(one.flow_run_id)?.deployment_id;
      const run = runs.find(whole) ?? runs.find((one) => one.start_time && parent(one.flow_run_id));
      const flowRun = parent(run?.flow_run_id);
      const [flow, deployment] = [
        rows.flow.get(String(flowRun?.flow_id)),
        rows.deployment.get(String(flowRun?.deployment_id)),
      ];
      assert.ok(run && flowRun && flow);
      const is = (field: string, value: unknown): Condition[] =>
        typeof value === 'string' ? [{ field, in: [value] }] : [];
      const around = (field: string, time: unknown): Condition[] => {
        const at = parseTime(String(time));
        return at === null ? [] : [{ field, from: at - 1, to: at + 1 }];
      };
      // true of that run: each kind of criterion there is, and texts that are code elsewhere
      const and: Condition[] = [
        ...[...is('state_type', run.state_type), ...is('state_name', run.state_name), ...is('flow_run_id', flowRun.id)],
        ...[...around('start_time', run.start_time), ...around('end_time', run.end_time)],
        { field: 'name', in: [String(run.name), `it's "1" \\ $(x) \`é😀`] },
        { field: 'tags', ...((run.tags as string[]).length > 0 ? { all: run.tags as string[] } : { isNull: true }) },
        ...[...is('flow_run.id', flowRun.id), ...is('flow_run.name', flowRun.name), ...is('flow_run.flow_id', flow.id)],
        ...[...is('flow_run.state_type', flowRun.state_type), ...is('flow_run.state_name', flowRun.state_name)],
        ...[...is('flow_run.flow.name', flow.name), ...is('flow_run.deployment_id', deployment?.id)],
        ...[...is('flow_run.deployment.name', deployment?.name), ...around('flow_run.end_time', flowRun.end_time)],
      ];
      const target = { api_url: server.apiUrl, auth: 'none' as const, headers: [], insecure_tls: false, ca_file: null };
      const { engine } = prepared.archive;
      for (const where of [{ and }, { and: [{ field: 'name', contains: 'a' }] }]) {
        const { order } = engine.ask({ where, sort: [], now: 0 });
        const ids = Array.from(order, (rid) => engine.idOf('task_run', rid)).sort();
        const request = toPrefectRequest({ where, sort: defaultSort }, 0, unknownToPython);
        assert.deepEqual(request.lost, []);
        const printed = await runProgram(server.python, ['-c', pythonOfQuery(request, target)]);
        assert.deepEqual(printed.trimEnd().split('\n').map((line) => line.slice(0, ids[0]?.length)).sort(), ids); // prettier-ignore
        const page = JSON.parse(await runProgram('sh', ['-c', curlOfQuery(request, target)])) as { id: string }[];
        assert.equal(page.length, Math.min(ids.length, 200));
        assert.deepEqual(page.filter(({ id }) => !ids.includes(id)), []); // prettier-ignore
      }
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
