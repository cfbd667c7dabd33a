/** A real Prefect server that lives while it is synced: flows run, rows are renamed, forced, deleted. Every row ends up equal. */
import assert from 'node:assert/strict';
import { setTimeout } from 'node:timers/promises';
import { after, before, describe, test } from 'node:test';
import { documentKinds, entities, type DocumentKind, type Entity } from '../../src-main/contract/fields.ts';
import { createClient, type PrefectClient, type Row } from '../../src-main/prefect/client.ts';
import { scanAnchored } from '../../src-main/sync/anchored.ts';
import { Source } from '../../src-main/sync/source.ts';
import { memorySink } from '../fixtures/memory-sink.ts';
import { syncOnce } from '../fixtures/sync-once.ts';
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
    client = createClient({ api_url: server.apiUrl, auth: null });
  });
  after(async () => {
    await client?.close();
    await server?.stop();
  });

  const sync = (verify = false) => syncOnce(client, sink, { verify });

  /** whole rows, parsed from their text: `value` only has what columns need */
  const whole = ({ json }: Row) => JSON.parse(json) as Row['value'];

  async function there(entity: Entity): Promise<Map<string, Row['value']>> {
    const rows = new Map<string, Row['value']>();
    const source = new Source(client, await client.pageLimit(), {});
    const sort = entity === 'task_run' || entity === 'flow_run' ? 'ID_DESC' : 'NAME_ASC';
    await scanAnchored(source, { entity, sort, criteria: {} }, (page) => {
      for (const row of page) rows.set(row.value.id, whole(row));
      return Promise.resolve();
    });
    return rows;
  }

  /** as texts: they are kept letter for letter */
  async function documents(kind: DocumentKind): Promise<Map<string, string>> {
    const page = await client.documents(kind, { limit: 200, offset: 0 }, null);
    assert.ok(page);
    return new Map(page.rows.map(({ json, value }) => [value.id, json]));
  }

  async function assertEqual(): Promise<void> {
    for (const kind of documentKinds) {
      const kept = [...sink.documents[kind].values()].filter(({ gone }) => gone === null);
      assert.deepEqual(new Map(kept.map(({ id, json }) => [id, json])), await documents(kind), kind);
    }
    for (const entity of entities) {
      const rows = await there(entity);
      for (const [id, row] of rows) {
        const kept = sink.rows[entity].get(id);
        assert.ok(kept, `${entity} ${id} is missing`);
        assert.deepEqual(plain(whole(kept)), plain(row), `${entity} ${id}`);
      }
      for (const id of sink.rows[entity].keys())
        assert.equal(sink.gone[entity].has(id), !rows.has(id), `${entity} ${id} gone`);
    }
  }

  /** A 503 is Prefect's word for a SQLite file that one of its own services holds: asked again. */
  async function send(method: string, path: string, body?: unknown, tries = 5): Promise<void> {
    const reply = await fetch(`${server.apiUrl}${path}`, {
      method,
      ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    });
    if (reply.status === 503 && tries > 1) {
      await setTimeout(500);
      return send(method, path, body, tries - 1);
    }
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

  test('work pools and queues: made, renamed, deleted and made again', async () => {
    const before = new Set((await documents('work_pool')).keys());
    const make = async (name: string) => {
      await send('POST', '/work_pools/', { name, type: 'docker' });
      await send('POST', `/work_pools/${name}/queues`, { name: 'urgent' });
    };
    const idOf = async (name: string): Promise<string> => {
      const reply = await fetch(`${server.apiUrl}/work_pools/${name}`);
      return ((await reply.json()) as { id: string }).id;
    };
    await make('kept');
    await make('deleted');
    await make('replaced');
    const [deleted, replaced] = [await idOf('deleted'), await idOf('replaced')];
    const flow = [...(await there('flow')).keys()][0];
    await send('POST', '/deployments/', {
      name: 'in kept',
      flow_id: flow,
      work_pool_name: 'kept',
      work_queue_name: 'urgent',
    });
    await send('POST', '/deployments/', { name: 'in deleted', flow_id: flow, work_pool_name: 'deleted' });
    await sync();
    await assertEqual();
    const inKept = [...sink.rows.deployment.values()].find(({ value }) => value['name'] === 'in kept')?.value.id;
    assert.ok(inKept);
    for (const state of ['SCHEDULED', 'COMPLETED'])
      await send('POST', `/deployments/${inKept}/create_flow_run`, { state: { type: state } });
    await sync();
    const queuesOfRuns = () =>
      [...sink.rows.flow_run.values()]
        .filter(({ json }) => (JSON.parse(json) as Record<string, unknown>)['deployment_id'] === inKept)
        .map(({ json }) => (JSON.parse(json) as Record<string, unknown>)['work_queue_name']);
    assert.deepEqual(queuesOfRuns(), ['urgent', 'urgent']);
    const deployment = (name: string) => {
      const found = [...sink.rows.deployment.values()].find(({ value }) => value['name'] === name);
      return JSON.parse(found?.json ?? '{}') as Record<string, unknown>;
    };
    assert.deepEqual(
      [deployment('in kept')['work_queue_name'], deployment('in deleted')['work_pool_name']],
      ['urgent', 'deleted'],
    );

    await send('PATCH', '/work_pools/kept/queues/urgent', { name: 'less urgent' });
    await send('DELETE', '/work_pools/deleted');
    await send('DELETE', '/work_pools/replaced');
    await make('replaced');
    await sync();
    await assertEqual();
    assert.deepEqual(
      [deployment('in kept')['work_queue_name'], deployment('in deleted')['work_pool_name']],
      ['less urgent', null],
    );
    assert.deepEqual(queuesOfRuns(), ['less urgent', 'less urgent'], 'one that has ended too');
    const { work_pool: pools } = sink.documents;
    for (const id of [deleted, replaced]) assert.notEqual(pools.get(id)?.gone, null);
    assert.equal(pools.get(await idOf('replaced'))?.gone, null);
    assert.deepEqual(new Set([...pools.keys()].filter((id) => before.has(id))), before);
  });
});
