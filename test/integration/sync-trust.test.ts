/** An archive kept true through the whole core: comparing with the server, checking one question, letting go of what is not wanted. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { MessageChannel } from 'node:worker_threads';
import { contract } from '../../src-main/contract/calls.ts';
import type { Condition } from '../../src-main/contract/query.ts';
import { createApp, type App } from '../../src-main/core/app.ts';
import { plainShell } from '../../src-main/core/shell.ts';
import { startDemo, type Demo } from '../fixtures/demo/server.ts';
import { portChannel } from '../../src-main/rpc/channels.ts';
import type { Client } from '../../src-main/contract/define.ts';
import { connect } from '../../src-main/rpc/rpc.ts';

const workspace = 'server';
const DAY = 86_400_000_000;
const EPOCH = Date.UTC(2026, 5, 1) * 1000;
const everything: Condition = { and: [] };
const failed: Condition = { field: 'state_type', in: ['FAILED'] };
const here: Condition = { field: 'gone', isNull: true };

let dir = '';
let demo: Demo;
let app: App;
let client: Client<typeof contract>;
let closeChannel = () => undefined as void;

before(async () => {
  dir = mkdtempSync(join(tmpdir(), 'taskscope-trust-'));
  demo = await startDemo({ runs: 3000, seed: 11, epoch: EPOCH, now: EPOCH });
  app = await createApp({ dataDir: dir, shell: plainShell, log: () => undefined, syncOnOpen: false });
  const { port1, port2 } = new MessageChannel();
  app.serve(portChannel(port1));
  closeChannel = () => port2.close();
  client = connect(contract, portChannel(port2));
  await client['workspace.add']({ name: workspace, api_url: demo.apiUrl, auth: { kind: 'none' } });
  await sync();
});
after(async () => {
  closeChannel();
  await app.close();
  await demo.close();
  rmSync(dir, { recursive: true, force: true });
});

async function sync(verify = false): Promise<void> {
  await client['sync.start']({ workspace, verify });
  const archive = await app.archive(workspace);
  await archive.settled();
  const { phase, problem } = archive.sync.get();
  assert.equal(phase, 'idle', JSON.stringify(problem));
}

async function ask(where: Condition, rows = 5): Promise<{ count: number; ids: string[] }> {
  const sort = [{ field: 'expected_start_time', dir: 'asc' as const }];
  const asked = { workspace, query: { where, sort }, rows: { from: 0, to: rows }, facets: [], histogram: null };
  const answer = await client['query.ask'](asked);
  return { count: answer.count, ids: answer.rows.map(({ id }) => id) };
}

const check = (where: Condition) => client['sync.check']({ workspace, query: { where, sort: [] } });

test('after the first sync everything is complete and as good as compared', async () => {
  const { spans, runs, gone, without_start } = await client['sync.coverage']({ workspace });
  assert.equal(runs, (await ask(everything)).count);
  assert.equal(gone, 0);
  assert.equal(
    spans.reduce((sum, span) => sum + span.runs, 0),
    runs - without_start,
  );
  for (const span of spans) {
    assert.equal(span.to - span.from, DAY);
    assert.ok(span.complete && span.verified !== null, JSON.stringify(span));
  }
  for (const [i, span] of spans.slice(1).entries()) assert.equal(span.to, spans[i]?.from); // newest first
});

test('a question is compared: what was missing, different and gone is named and mended', async () => {
  const { count, ids } = await ask({ and: [failed, here] }, 20);
  assert.deepEqual(await check(failed).then(({ at: _, ...rest }) => rest), {
    ...{ exact: true, server: count, before: count, after: count, more: false },
    ...{ added: [], changed: [], gone: [] },
  });
  const [lost, renamed, cured] = ids as [string, string, string];
  demo.control.remove('task_run', [lost]);
  demo.control.update('task_run', renamed, { name: 'renamed upstream' });
  demo.control.update('task_run', cured, { state_type: 'COMPLETED', state_name: 'Completed' });
  const late = demo.control.insert('task_run', { state_type: 'FAILED', state_name: 'Failed' });
  const found = await check(failed);
  assert.equal(found.server, count - 1);
  assert.equal(found.after, count - 1);
  assert.deepEqual(found.added, [late]);
  assert.deepEqual(found.gone, [lost]);
  assert.deepEqual([...found.changed].sort(), [renamed, cured].sort());
  assert.deepEqual((await ask({ field: 'name', in: ['renamed upstream'] })).ids, [renamed]);
});

test('a question Prefect cannot ask is checked run by run', async () => {
  const unaskable: Condition = { or: [failed, { field: 'name', contains: 'renamed' }] };
  const { count } = await ask({ and: [unaskable, here] });
  const found = await check(unaskable);
  assert.equal(found.exact, false);
  assert.equal(found.server, null);
  assert.equal(found.after, count);
});

test('comparing everything finds what no clock tells', async () => {
  const old = (await ask({ and: [{ field: 'state_type', in: ['COMPLETED'] }, here] }, 300)).ids;
  demo.control.remove('task_run', old.slice(0, 150));
  demo.control.update('task_run', old[200], { name: 'quietly renamed' });
  await sync();
  assert.equal((await ask({ field: 'name', in: ['quietly renamed'] })).count, 0);
  const before = app.archives.opened(workspace);
  assert.ok(before);
  await sync(true);
  assert.equal((await ask({ field: 'name', in: ['quietly renamed'] })).count, 1);
  const { gone, runs } = await client['sync.coverage']({ workspace });
  assert.equal(gone, 151);
  assert.equal((await ask(everything)).count, runs);
  assert.equal((await check(everything)).added.length, 0);
});

/** From the local API: names of the work pools, and how many flow runs are in one of type kubernetes. */
async function pooled(): Promise<{ pools: string[]; runs: number }> {
  const post = async (path: string, body: unknown) => {
    const request = { method: 'POST', path, contentType: 'application/json', body: JSON.stringify(body) };
    const reply = await app.api(workspace, request);
    const text = Buffer.from(reply.body).toString('utf8');
    assert.equal(reply.status, 200, text);
    return JSON.parse(text) as unknown;
  };
  const pools = (await post('/api/work_pools/filter', {})) as { name: string }[];
  const runs = await post('/api/flow_runs/count', { work_pools: { type: { any_: ['kubernetes'] } } });
  return { pools: pools.map(({ name }) => name), runs: runs as number };
}

test('a deleted work pool stays, marked, and the runs the server still has are no longer in it', async () => {
  const { pools } = demo.control.database;
  const before = await pooled();
  assert.deepEqual(before.pools, ['gpu-pool', 'k8s-prod', 'vm-workers']);
  assert.ok(before.runs > 0);
  const [gpu] = pools.pools();
  pools.remove(gpu?.id ?? '');
  await sync();
  const after = await pooled();
  assert.deepEqual(after.pools, before.pools);
  assert.ok(after.runs > 0 && after.runs < before.runs, `${after.runs} of ${before.runs}`);
  await sync(true); // the runs are read anew, and say so themselves
  assert.equal((await pooled()).runs, after.runs);
});

test('mirroring: what the server has deleted goes here too, after it was shown', async () => {
  const retention = { gone: 'drop' as const, max_days: null, max_bytes: null };
  const preview = await client['workspace.previewRetention']({ workspace, retention });
  assert.equal(preview.task_runs, 151);
  assert.equal((await ask({ not: here })).count, 151, 'a preview deletes nothing');
  const { deleted } = await client['workspace.setRetention']({ workspace, retention });
  assert.deepEqual(deleted, preview);
  assert.equal((await ask({ not: here })).count, 0);
  assert.deepEqual((await pooled()).pools, ['k8s-prod', 'vm-workers']);
  const next = (await ask({ field: 'state_type', in: ['COMPLETED'] })).ids;
  const { count } = await ask(everything);
  demo.control.remove('task_run', next);
  await sync(true);
  assert.equal((await ask(everything)).count, count - next.length);
});

test('by age: what was shown goes, and no later sync brings it back', async () => {
  const days = Math.floor((Date.now() * 1000 - (EPOCH - 10 * DAY)) / DAY);
  const retention = { gone: 'keep' as const, max_days: days, max_bytes: null };
  const preview = await client['workspace.previewRetention']({ workspace, retention });
  assert.ok(preview.before !== null && preview.task_runs > 100, JSON.stringify(preview));
  const before = await ask(everything);
  await client['workspace.setRetention']({ workspace, retention });
  assert.equal((await ask(everything)).count, before.count - preview.task_runs);
  await sync();
  await sync(true);
  const old: Condition = { field: 'expected_start_time', to: preview.before - 1 };
  const { count } = await ask({
    and: [old, { field: 'state_type', in: ['COMPLETED', 'FAILED', 'CRASHED', 'CANCELLED'] }],
  });
  assert.equal(count, 0);
  const { spans } = await client['sync.coverage']({ workspace });
  const unfinished = spans.filter(({ to }) => to <= (preview.before ?? 0));
  for (const span of unfinished) assert.equal(span.runs, span.unfinished);
});

test('by size: the oldest go until it fits', async () => {
  const { count } = await ask(everything);
  const described = (await client['workspace.list']({}))[0];
  assert.ok(described?.bytes);
  const retention = { gone: 'keep' as const, max_days: null, max_bytes: 1 };
  const all = await client['workspace.previewRetention']({ workspace, retention });
  // all but those that have not ended; how many of either are left by now depends on the day's hour, by which age was cut above
  const ended = await ask({ field: 'state_type', in: ['COMPLETED', 'FAILED', 'CRASHED', 'CANCELLED'] });
  assert.equal(all.task_runs, ended.count, `${all.task_runs} of ${count}`);
  const most = { ...retention, max_bytes: Math.round(all.bytes * 0.7) };
  const some = await client['workspace.previewRetention']({ workspace, retention: most });
  assert.ok(some.task_runs > 0 && some.task_runs < all.task_runs, `${some.task_runs} of ${all.task_runs}`);
  await client['workspace.setRetention']({ workspace, retention: most });
  assert.equal((await ask(everything)).count, count - some.task_runs);
});
