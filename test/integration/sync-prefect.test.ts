/** A real Prefect server that lives while it is synced: flows run, rows are renamed, forced, deleted. Every row ends up equal. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { entities, type Entity } from '../../src-main/contract/fields.ts';
import { createClient, type PrefectClient, type Row } from '../../src-main/prefect/client.ts';
import { scanAnchored } from '../../src-main/sync/anchored.ts';
import { runSync } from '../../src-main/sync/run.ts';
import { Source } from '../../src-main/sync/source.ts';
import { memorySink } from '../fixtures/memory-sink.ts';
import { noPrefect, startPrefect, type PrefectServer } from '../fixtures/prefect/server.ts';

/** As the server computes them when asked: never the same twice. */
const computed = ['estimated_run_time', 'estimated_start_time_delta'];
const plain = (row: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(row).filter(([key]) => !computed.includes(key)));

describe('a real server that changes', { skip: noPrefect() }, () => {
  let server: PrefectServer;
  let client: PrefectClient;
  const sink = memorySink();

  before(async () => {
    server = await startPrefect();
    client = createClient({ apiUrl: server.apiUrl, auth: null });
  });
  after(async () => {
    await client?.close();
    await server?.stop();
  });

  const sync = (verify = false) =>
    runSync({
      client,
      sink,
      since: null,
      verify,
      state: (key) => Promise.resolve(sink.state.get(key)),
      signal: new AbortController().signal,
      onStatus: () => undefined,
    });

  async function there(entity: Entity): Promise<Map<string, Row['value']>> {
    const rows = new Map<string, Row['value']>();
    const source = new Source(client, await client.pageLimit(), {});
    const sort = entity === 'task_run' || entity === 'flow_run' ? 'ID_DESC' : 'NAME_ASC';
    await scanAnchored(source, { entity, sort, criteria: {} }, (page) => {
      for (const { value } of page) rows.set(value.id, value);
      return Promise.resolve();
    });
    return rows;
  }

  async function assertEqual(): Promise<void> {
    for (const entity of entities) {
      const rows = await there(entity);
      for (const [id, row] of rows) {
        const kept = sink.rows[entity].get(id);
        assert.ok(kept, `${entity} ${id} is missing`);
        assert.deepEqual(plain(kept.value), plain(row), `${entity} ${id}`);
      }
      for (const id of sink.rows[entity].keys())
        assert.equal(sink.gone[entity].has(id), !rows.has(id), `${entity} ${id} gone`);
    }
  }

  async function send(method: string, path: string, body?: unknown): Promise<void> {
    const reply = await fetch(`${server.apiUrl}${path}`, {
      method,
      ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    });
    assert.ok(reply.ok, `${method} ${path}: ${reply.status} ${await reply.text()}`);
  }

  test('flows run while it is synced', async (t) => {
    const flows = server.run('flows.py').then(() => server.run('edge_rows.py'));
    let over = false;
    const ended = flows.finally(() => (over = true));
    ended.catch(() => undefined); // awaited below
    let passes = 0;
    do {
      await sync();
      passes += 1;
    } while (!over);
    await ended;
    t.diagnostic(`${passes} passes meanwhile`);
    assert.ok(passes > 1);
    await sync(true);
    assert.ok(sink.rows.task_run.size > 30, `${sink.rows.task_run.size} task runs`);
    await assertEqual();
  });

  test('renamed, forced and deleted: found by comparing', async () => {
    const tasks = [...(await there('task_run')).values()];
    const ended = tasks.filter((row) => row.state_type === 'COMPLETED');
    const [renamed, forced, deleted] = ended;
    assert.ok(renamed && forced && deleted);
    await send('PATCH', `/task_runs/${renamed.id}`, { name: 'renamed by hand' });
    await send('POST', `/task_runs/${forced.id}/set_state`, {
      state: { type: 'FAILED', name: 'Failed', message: 'forced' },
      force: true,
    });
    await send('DELETE', `/task_runs/${deleted.id}`);
    const runs = [...(await there('flow_run')).values()];
    const withTasks = runs.find(
      (run) => tasks.some((task) => task['flow_run_id'] === run.id) && run.id !== renamed['flow_run_id'],
    );
    assert.ok(withTasks);
    await send('DELETE', `/flow_runs/${withTasks.id}`);
    const [deployment] = [...(await there('deployment')).keys()];
    assert.ok(deployment);
    await send('DELETE', `/deployments/${deployment}`);
    const flow = [...(await there('flow')).keys()].find((id) =>
      runs.some((run) => run['flow_id'] === id && run.id !== withTasks.id),
    );
    assert.ok(flow);
    await send('DELETE', `/flows/${flow}`);
    await sync(true);
    assert.ok(sink.gone.task_run.has(deleted.id));
    assert.ok(sink.gone.flow_run.has(withTasks.id));
    assert.ok(sink.gone.deployment.has(deployment));
    assert.ok(sink.gone.flow.has(flow));
    await assertEqual();
  });
});
