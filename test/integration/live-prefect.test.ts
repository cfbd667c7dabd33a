/** A real Prefect server while its flows run: what ends is in the archive by events alone, and a pass then finds nothing else. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { createApp, type App } from '../../src-main/core/app.ts';
import { plainShell } from '../../src-main/core/shell.ts';
import { entities, type Entity } from '../../src-main/contract/fields.ts';
import { parseTime } from '../../src-main/contract/time.ts';
import { noPrefect, startPrefect, type PrefectServer } from '../fixtures/prefect/server.ts';
import { until } from '../fixtures/until.ts';

const workspace = 'real';
/** Seconds; the setting's largest: no pass comes by the clock while this runs. */
const NEVER = 3600;
type Row = Record<string, unknown> & { id: string };
/** As the server computes them when asked: never the same twice. */
const computed = ['estimated_run_time', 'estimated_start_time_delta'];

describe('events of a real server', { skip: noPrefect() }, () => {
  let server: PrefectServer;
  let app: App;
  let dir = '';

  before(async () => {
    dir = mkdtempSync(join(tmpdir(), 'taskscope-live-'));
    server = await startPrefect();
    await server.run('live_flows.py');
    await recorded(18);
    app = await createApp({ dataDir: dir, shell: plainShell, log: () => undefined });
    await app.settings.change((settings) => ({ ...settings, sync_every: NEVER }));
    await app.workspaces.add({
      ...{ name: workspace, api_url: server.apiUrl, auth: { kind: 'none' }, headers: {} },
      ...{ insecure_tls: false, ca_file: null, dialect: null },
    });
  });
  after(async () => {
    await app?.close();
    await server?.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  /** when the last pass went through: every pass changes it */
  const lastPass = async () => (await app.archive(workspace)).sync.get().last_success;

  async function pass(): Promise<void> {
    const archive = await app.archive(workspace);
    archive.startSync();
    await archive.settled();
    assert.equal(archive.sync.get().phase, 'idle', JSON.stringify(archive.sync.get().problem));
  }

  const ask = async (path: string, body: unknown) => {
    const request = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
    return (await (await fetch(server.apiUrl + path, request)).json()) as Row[];
  };
  /** The recorder writes some time after the client has left. */
  const recorded = (count: number) =>
    until(async () => {
      const rows = await ask('/task_runs/filter', {});
      return rows.length === count && rows.every((row) => typeof row['end_time'] === 'string');
    });
  async function all(entity: Entity, page: (path: string, body: unknown) => Promise<Row[]>): Promise<Map<string, Row>> {
    const rows = new Map<string, Row>();
    for (let offset = 0; ; offset += 200) {
      const sort = entity.endsWith('run') ? 'ID_DESC' : 'NAME_ASC';
      const some = await page(`/${entity}s/filter`, { sort, offset, limit: 200 });
      for (const row of some)
        rows.set(row.id, Object.fromEntries(Object.entries(row).filter(([key]) => !computed.includes(key))) as Row);
      if (some.length < 200) return rows;
    }
  }
  const here = (entity: Entity) =>
    all(entity, async (path, body) => {
      const request = {
        method: 'POST',
        path: `/api${path}`,
        contentType: 'application/json',
        body: JSON.stringify(body),
      };
      const reply = await app.api(workspace, request);
      const text = Buffer.from(reply.body).toString('utf8');
      assert.equal(reply.status, 200, text);
      return JSON.parse(text) as Row[];
    });

  test("runs that end are there without a pass, and then every row is the server's", async (t) => {
    const archive = await app.archive(workspace);
    await archive.settled();
    await until(() => archive.sync.get().live === 'on');
    const first = await lastPass();
    const known = await here('task_run');
    assert.deepEqual(known, await all('task_run', ask));

    const delays: number[] = [];
    const seen = new Set(known.keys());
    const look = async () => {
      for (const row of (await here('task_run')).values()) {
        if (seen.has(row.id) || typeof row['end_time'] !== 'string') continue;
        seen.add(row.id);
        delays.push(Date.now() - (parseTime(row['end_time']) as number) / 1000);
      }
    };
    let running = true;
    const flows = server.run('live_flows.py', '2').finally(() => (running = false));
    flows.catch(() => undefined); // awaited below
    const changes = new AbortController();
    const reading = (async () => {
      for await (const _ of archive.query.watch({}, { signal: changes.signal })) await look();
    })().catch(() => undefined); // ended by the signal
    await until(() => !running, 120);
    await flows;
    // twice 4 + 10 + 1 in the child + its placeholder + 1 that fails, and one outside of flows
    await until(async () => {
      const ours = [...(await here('task_run')).values()].filter(({ id }) => !known.has(id));
      return ours.length === 35 && ours.every((row) => typeof row['end_time'] === 'string');
    });
    await until(async () => {
      const runs = [...(await here('flow_run')).values()];
      return runs.length === 6 && runs.every((row) => typeof row['end_time'] === 'string');
    });
    changes.abort();
    await reading;
    assert.equal(await lastPass(), first, 'all of it by events');
    delays.sort((a, b) => a - b);
    const at = (share: number) => Math.round(delays[Math.floor(share * (delays.length - 1))]);
    t.diagnostic(
      `end of a task run → readable in the archive: median ${at(0.5)} ms, 95 % ${at(0.95)} ms, longest ${at(1)} ms, of ${delays.length}`,
    );

    await pass();
    for (const entity of entities) assert.deepEqual(await here(entity), await all(entity, ask), entity);
    assert.equal(archive.sync.get().live, 'on');
  });

  test('a run that ends while a pass runs, over and over', async () => {
    let running = true;
    const flows = server.run('live_flows.py', '2').finally(() => (running = false));
    flows.catch(() => undefined); // awaited below
    while (running) await pass();
    await flows;
    await recorded(18 + 35 + 35);
    await pass();
    for (const entity of entities) assert.deepEqual(await here(entity), await all(entity, ask), entity);
  });

  test('paused: nothing comes by itself; then it does again', async () => {
    const archive = await app.archive(workspace);
    await archive.setPaused(true);
    assert.deepEqual((({ live, paused, next }) => ({ live, paused, next }))(archive.sync.get()), {
      live: 'off',
      paused: true,
      next: null,
    });
    const before = await here('task_run');
    await server.run('live_flows.py');
    await recorded(18 + 35 + 35 + 18);
    assert.deepEqual(await here('task_run'), before);
    await archive.setPaused(false);
    await until(() => archive.sync.get().live === 'on' && !archive.syncing);
    assert.ok((archive.sync.get().next ?? 0) > Date.now() * 1000);
    for (const entity of entities) assert.deepEqual(await here(entity), await all(entity, ask), entity);
  });
});
