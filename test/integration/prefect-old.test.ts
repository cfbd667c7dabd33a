/**
 * Real servers of older versions, where their Pythons are named: TASKSCOPE_OLD_PREFECT_PYTHONS, separated as in PATH. Installing
 * them takes minutes and pins a dozen packages, so they are no part of the ordinary run: recorded replies are (sync-old.test.ts).
 * Python 3.11, `pip install -c test/fixtures/prefect/old-constraints.txt prefect==2.20.25`, the same with 3.0.11.
 */
import assert from 'node:assert/strict';
import { delimiter } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Entity } from '../../src-main/contract/fields.ts';
import { fetchActivity } from '../../src-main/prefect/activity.ts';
import { createClient, type PrefectClient } from '../../src-main/prefect/client.ts';
import { plural } from '../../src-main/contract/fields.ts';
import { memorySink } from '../fixtures/memory-sink.ts';
import { syncOnce } from '../fixtures/sync-once.ts';
import { syncArchive } from '../fixtures/prefect/archive.ts';
import { startPrefect, type PrefectServer } from '../fixtures/prefect/server.ts';

const pythons = (process.env.TASKSCOPE_OLD_PREFECT_PYTHONS ?? '').split(delimiter).filter((path) => path !== '');
const entities = Object.keys(plural) as Entity[];
type Raw = { id: string } & Record<string, unknown>;

/** All rows as the server gives them, by offset: nothing changes meanwhile. Estimates move with every reply's own clock. */
async function everything(server: PrefectServer, entity: Entity): Promise<Map<string, Raw>> {
  const rows: Raw[] = [];
  for (let offset = 0; ; offset += 200) {
    const reply = await fetch(`${server.apiUrl}/${plural[entity]}/filter`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ limit: 200, offset }),
    });
    const page = (await reply.json()) as Raw[];
    rows.push(...page);
    if (page.length < 200) return new Map(rows.map((row) => [row.id, steady(row)]));
  }
}
const steady = (row: Raw): Raw => ({ ...row, estimated_run_time: null, estimated_start_time_delta: null });

if (pythons.length === 0) test('older Prefects', { skip: 'TASKSCOPE_OLD_PREFECT_PYTHONS is not set' });
for (const python of pythons)
  describe(python, () => {
    let server: PrefectServer;
    let client: PrefectClient;
    const sink = memorySink();
    before(async () => {
      server = await startPrefect({ python });
      client = createClient({ api_url: server.apiUrl, auth: null });
      await server.run('old_flows.py');
    });
    after(async () => {
      await client?.close();
      await server?.stop();
    });

    const sync = (verify: boolean) => syncOnce(client, sink, { verify });
    async function same(): Promise<void> {
      for (const entity of entities) {
        const there = await everything(server, entity);
        const here = [...sink.rows[entity].values()].filter(({ value }) => !sink.gone[entity].has(value.id));
        assert.deepEqual(new Map(here.map(({ json, value }) => [value.id, steady(JSON.parse(json) as Raw)])), there);
      }
    }

    test('the first sync, a later one and a comparison bring every row', async (t) => {
      t.diagnostic(`Prefect ${await client.version()}, ${JSON.stringify(await client.features())}`);
      await sync(false);
      assert.ok(sink.rows.task_run.size >= 24, `${sink.rows.task_run.size} task runs`);
      await same();
      await server.run('old_flows.py');
      await sync(false);
      assert.ok(sink.rows.task_run.size >= 48);
      await same();
      const [flowRun] = sink.rows.flow_run.keys();
      await fetch(`${server.apiUrl}/flow_runs/${flowRun}`, { method: 'DELETE' });
      await sync(true);
      assert.ok(sink.gone.flow_run.has(flowRun));
      await same();
    });

    test('a run opens with its history and logs', async () => {
      const failed = [...sink.rows.task_run.values()].find(
        ({ value }) => value.state_type === 'FAILED' && !sink.gone.task_run.has(value.id),
      );
      assert.ok(failed);
      const { history, logs } = await fetchActivity(client, failed.value.id);
      assert.equal(history.at(-1)?.type, 'FAILED');
      assert.ok(logs.some(({ message }) => message.includes('ünïcode')));
    });

    test('the archive and its index take the rows', async () => {
      const archive = await syncArchive(server.apiUrl);
      try {
        for (const entity of entities)
          assert.equal(archive.engine.total(entity), (await everything(server, entity)).size, entity);
        assert.equal(archive.dialect, 'sqlite');
      } finally {
        await archive.close();
      }
    });
  });
