/** On a metered connection the server is asked for what has changed, rarely, and for nothing else. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Workspace } from '../../src-main/contract/workspace.ts';
import { createApp, type App } from '../../src-main/core/app.ts';
import { plainShell } from '../../src-main/core/shell.ts';
import { startDemo, type Demo } from '../fixtures/demo/server.ts';
import { until } from '../fixtures/until.ts';

const EPOCH = Date.UTC(2026, 5, 1, 12) * 1000;
const DAY = 86_400_000_000;
const MINUTE = 60_000_000;
let dir = '';
let app: App;
let demo: Demo;
let now = EPOCH;
before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'taskscope-metered-'));
  demo = await startDemo({ runs: 400, seed: 6, epoch: EPOCH, now: () => now });
  app = await createApp({ dataDir: dir, shell: plainShell, log: () => undefined });
});
after(async () => {
  await app.close();
  await demo.close();
  await rm(dir, { recursive: true, force: true });
});

const options = { signal: new AbortController().signal };
const status = async () => (await app.archive('here')).sync.get();
const pace = (metered: Workspace['metered'], sync_every = 30) =>
  app.handlers['workspace.setPace']({ workspace: 'here', sync_every, metered }, options);
async function pass(verify = false): Promise<string[]> {
  const from = demo.control.requests.length;
  const archive = await app.archive('here');
  await archive.settled();
  archive.startSync(null, verify);
  await archive.settled();
  assert.equal((await status()).problem, null);
  return demo.control.requests.slice(from);
}
const extras = (requests: string[]) => requests.filter((one) => /logs|artifacts|task_run_states|\/count/.test(one));

test('a pass reads what has changed and nothing that is merely due; all of it is due again afterwards', async () => {
  const input = {
    name: 'here',
    api_url: demo.apiUrl,
    auth: { kind: 'none' as const },
    headers: {},
    insecure_tls: false,
  };
  await app.handlers['workspace.add']({ ...input, ca_file: null, dialect: null, archive: null }, options);
  await app.handlers['workspace.setRule']({ workspace: 'here', rule: { states: ['FAILED'], days: 0 } }, options);
  await pass();
  await until(async () => (await status()).live === 'on' && demo.control.events.listening === 1);
  await app.handlers['workspace.setRule']({ workspace: 'here', rule: { states: ['FAILED'], days: 3000 } }, options);

  const saved = await pace(true);
  assert.equal(saved.metered, true);
  await until(async () => (await status()).live === 'off' && demo.control.events.listening === 0);
  const planned = (await status()).next;
  assert.ok(planned !== null && planned > Date.now() * 1000 + 880_000_000, 'the next pass is 15 minutes away');
  assert.equal((await status()).metered, true);

  const before = (await status()).verified_since;
  now += 2 * DAY;
  const sparing = await pass();
  assert.ok(
    sparing.some((one) => one.includes('/task_runs/filter')),
    'it was a pass',
  );
  assert.deepEqual(extras(sparing), []);
  assert.equal((await status()).live, 'off', 'a pass that went through starts no listening');

  const compared = (await status()).verified_since;
  assert.ok(compared !== null && Math.abs(compared - (before ?? 0)) < MINUTE, 'nothing was compared anew');
  await pass(true);
  assert.ok(((await status()).verified_since ?? 0) > compared - MINUTE, 'what is asked for is done');

  await pace(false);
  assert.equal((await status()).metered, false);
  now += 2 * DAY;
  assert.ok(extras(await pass()).length > 0, 'what was put off comes now');
});

test('a pace and a metered connection are kept, and a window closed and opened again starts no sync before its time', async () => {
  await pace(true, 60);
  const [entry] = await app.handlers['workspace.list']({}, options);
  assert.deepEqual([entry?.sync_every, entry?.metered], [60, true]);
  await app.handlers['settings.update']({ sync_every: 10 }, options);
  assert.equal((await app.handlers['workspace.list']({}, options))[0]?.sync_every, 60, 'its own pace');
  await app.close();

  app = await createApp({ dataDir: dir, shell: plainShell, log: () => undefined });
  demo.control.requests.length = 0;
  await (await app.archive('here')).query.stats({});
  const planned = await until(async () => (await status()).next !== null).then(status);
  assert.ok((planned.next ?? 0) > Date.now() * 1000 + 880_000_000);
  assert.equal((await app.archive('here')).syncing, false);
  assert.deepEqual(demo.control.requests, [], 'the last sync is not 15 minutes ago');
  await pace(false, 60);
  await app.close();

  app = await createApp({ dataDir: dir, shell: plainShell, log: () => undefined });
  await app.archive('here');
  await until(() => demo.control.requests.length > 0);
});
