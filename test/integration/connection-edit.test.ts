/** A workspace gets another connection: what it keeps, what begins anew, and that two servers do not end up in one archive unseen. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { MessageChannel } from 'node:worker_threads';
import { contract } from '../../src-main/contract/calls.ts';
import { toWireError, type ErrorCode } from '../../src-main/contract/errors.ts';
import type { Condition } from '../../src-main/contract/query.ts';
import type { ConnectionEdit } from '../../src-main/contract/workspace.ts';
import type { SyncStatus } from '../../src-main/contract/sync.ts';
import { createApp, type App } from '../../src-main/core/app.ts';
import { plainShell } from '../../src-main/core/shell.ts';
import { startDemo, type Demo } from '../fixtures/demo/server.ts';
import { portChannel } from '../../src-main/rpc/channels.ts';
import type { Client } from '../../src-main/contract/define.ts';
import { connect } from '../../src-main/rpc/rpc.ts';
import { NaivePrefect } from '../fixtures/naive-prefect.ts';
import { serveHttp } from '../fixtures/prefect-http.ts';
import { until } from '../fixtures/until.ts';

const EPOCH = Date.UTC(2026, 5, 1) * 1000;
const still = { epoch: EPOCH, now: EPOCH };
const KEPT = 'admin:first-password';
const NEXT = 'admin:second-password';

let dir = '';
let app: App;
let client: Client<typeof contract>;
let one: Demo;
let other: Demo;
const closers: (() => unknown)[] = [];

before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'taskscope-edit-'));
  one = await startDemo({ ...still, runs: 120, seed: 1 });
  other = await startDemo({ ...still, runs: 80, seed: 2 });
  app = await createApp({ dataDir: dir, shell: plainShell, log: () => undefined });
  const { port1, port2 } = new MessageChannel();
  app.serve(portChannel(port1));
  client = connect(contract, portChannel(port2));
  closers.push(() => port2.close());
});
after(async () => {
  for (const close of closers) await close();
  await app.close();
  await Promise.all([one.close(), other.close()]);
  await rm(dir, { recursive: true, force: true });
});

const basic = (secret: string) => ({ kind: 'secret' as const, scheme: 'basic' as const, secret });

async function add(name: string, demo: Demo, auth: ConnectionEdit['auth'] = { kind: 'none' }): Promise<void> {
  assert.ok(auth.kind !== 'keep');
  await client['workspace.add']({ name, api_url: demo.apiUrl, auth });
  await client['workspace.open']({ workspace: name });
  await synced(name);
}
const status = async (name: string): Promise<SyncStatus> => (await app.archive(name)).sync.get();
/** Settles when a sync that began after `since` (µs) has gone through. */
const synced = (name: string, since = 0) =>
  until(async () => {
    const { phase, last_success, started } = await status(name);
    return phase === 'idle' && last_success !== null && (started ?? 0) > since;
  });
const total = async (workspace: string, where: Condition = { and: [] }) =>
  (await client['query.counts']({ workspace, queries: [{ where, sort: [] }] }))[0];

async function edit(name: string, change: Partial<ConnectionEdit>, anyway = false): Promise<void> {
  const all = await client['workspace.list']({});
  const now = all.find((entry) => entry.name === name);
  assert.ok(now);
  const headers = Object.fromEntries(now.custom_headers.map((header) => [header, null]));
  const { api_url, insecure_tls, ca_file } = now;
  const whole = { name, api_url, auth: { kind: 'keep' as const }, headers, insecure_tls, ca_file, ...change };
  await client['workspace.edit']({ workspace: name, edit: whole, anyway });
}
const failing = (code: ErrorCode, work: Promise<unknown>) =>
  assert.rejects(work, (thrown: unknown) => toWireError(thrown).code === code);
const moved = (demo: Demo) => ({ api_url: demo.apiUrl.replace('127.0.0.1', 'localhost') });

test('the same server at another address goes on where it was; its own words are kept', async () => {
  await add('moving', one);
  const { last_success } = await status('moving');
  const before = one.control.requests.length;
  await edit('moving', moved(one));
  await synced('moving', last_success ?? 0);
  assert.equal(await total('moving'), await total('moving', { and: [{ field: 'gone', isNull: true }] }));
  const asked = one.control.requests.slice(before).filter((request) => request.includes('/task_runs/filter'));
  assert.ok(asked.length > 0, 'the new address was asked');
  assert.ok((await status('moving')).complete_since !== null, 'nothing is read from the beginning');
  const [entry] = (await client['workspace.list']({})).filter(({ name }) => name === 'moving');
  assert.equal(entry?.api_url, moved(one).api_url);
});

test('another server is told from the same one, and mixed only when the person says so', async () => {
  await add('mixed', one);
  const mine = await total('mixed');
  const asked = { workspace: 'mixed', edit: { name: 'mixed', auth: { kind: 'keep' as const }, headers: {}, insecure_tls: false, ca_file: null, api_url: '' } }; // prettier-ignore
  const server = async (api_url: string) =>
    (await client['workspace.testEdit']({ ...asked, edit: { ...asked.edit, api_url } })).server;
  assert.equal(await server(moved(one).api_url), 'same');
  assert.equal(await server(other.apiUrl), 'another');

  await failing('ANOTHER_SERVER', edit('mixed', { api_url: other.apiUrl }));
  await failing('SERVER_UNREACHABLE', edit('mixed', { api_url: 'http://127.0.0.1:1/api' }));
  const [entry] = (await client['workspace.list']({})).filter(({ name }) => name === 'mixed');
  assert.equal(entry?.api_url, one.apiUrl, 'nothing was changed');
  assert.equal(await total('mixed'), mine);

  const { started } = await status('mixed');
  await edit('mixed', { api_url: other.apiUrl }, true);
  await synced('mixed', started ?? 0);
  const both = await total('mixed');
  const here = await total('mixed', { and: [{ field: 'gone', isNull: true }] });
  assert.ok(mine !== undefined && here !== undefined && both !== undefined);
  assert.ok(here > 0, 'the new server is read from its beginning, not from where the old one was');
  assert.equal(both, mine + here, 'nothing that was kept is lost; what the new server does not have is marked');
});

test('nothing kept, nothing to mix', async () => {
  const empty = await serveHttp((...asked) => new NaivePrefect().answer(...asked));
  closers.push(() => empty.close());
  await client['workspace.add']({ name: 'blank', api_url: empty.apiUrl, auth: { kind: 'none' } });
  await client['workspace.open']({ workspace: 'blank' });
  await synced('blank');
  const { started } = await status('blank');
  await edit('blank', { api_url: other.apiUrl });
  await synced('blank', started ?? 0);
  await until(async () => (await total('blank')) !== 0);
});

test('a new secret reaches the listener at once, also when no pass goes through; a kept one stays', async () => {
  const demo = await startDemo({ ...still, runs: 60, seed: 3, auth: { kind: 'basic', auth: KEPT } });
  closers.push(() => demo.close());
  await add('heard', demo, basic(KEPT));
  const live = () => until(async () => (await status('heard')).live === 'on' && demo.control.events.listening === 1);
  await live();
  await edit('heard', { insecure_tls: true });
  await live();

  demo.control.requireAuth({ kind: 'basic', auth: NEXT });
  demo.control.faults.add({ kind: 'silence', path: '/task_runs/filter', times: Infinity });
  await edit('heard', { auth: basic(NEXT) });
  await live();
  assert.equal((await status('heard')).phase, 'running', 'the pass has not gone through');

  await edit('heard', { auth: { kind: 'none' } });
  await until(async () => demo.control.events.listening === 0 && (await status('heard')).phase === 'failed');
  assert.equal((await status('heard')).problem?.code, 'SERVER_UNAUTHORIZED');
});

test('a renamed workspace keeps its archive and its secret, and its old name is free for another', async () => {
  const demo = await startDemo({ ...still, runs: 60, seed: 4, auth: { kind: 'basic', auth: KEPT } });
  closers.push(() => demo.close());
  await add('old name', demo, basic(KEPT));
  const runs = await total('old name');
  await client['settings.update']({ workspace: 'old name' });
  await failing('BAD_INPUT', edit('old name', { name: 'Moving' }));
  await edit('old name', { name: 'new name' });
  assert.equal((await client.hello({})).settings.workspace, 'new name');
  await failing('NOT_FOUND', client['workspace.open']({ workspace: 'old name' }));
  await client['workspace.open']({ workspace: 'new name' });
  assert.equal(await total('new name'), runs);
  await synced('new name');

  await add('old name', other);
  await add('old_name', one);
  assert.equal(await total('old name'), await runsOfApi(other));
  assert.equal(await total('old_name'), await runsOfApi(one));
  assert.equal(await total('new name'), runs);
});

test('headers the window has never seen keep their values; what cannot be is not saved', async () => {
  const prefect = new NaivePrefect();
  const server = await serveHttp((...asked) => prefect.answer(...asked));
  closers.push(() => server.close());
  const headers = { 'X-Team': 'data', 'X-Token': 'hidden' };
  await client['workspace.add']({ name: 'headers', api_url: server.apiUrl, auth: { kind: 'none' }, headers });
  await client['workspace.open']({ workspace: 'headers' });
  await synced('headers');
  const { started } = await status('headers');
  await edit('headers', { headers: { 'x-token': null, 'X-New': '1' } });
  server.asked.length = 0; // nothing of the old connection comes after this
  await client['sync.start']({ workspace: 'headers' });
  await synced('headers', started ?? 0);
  assert.ok(server.asked.length > 0);
  for (const { headers: sent } of server.asked)
    assert.deepEqual([sent['x-token'], sent['x-new'], sent['x-team']], ['hidden', '1', undefined]);

  await failing('BAD_INPUT', edit('headers', { headers: { 'X-Unknown': null } }));
  await failing('BAD_INPUT', edit('headers', { headers: { Host: 'elsewhere' } }));
  await failing('BAD_INPUT', edit('headers', { api_url: 'ftp://example.test' }));
  const hello = await client.hello({});
  const demo = await app.ensureDemo();
  assert.ok(hello.workspaces.some(({ name }) => name === 'headers'));
  await failing('BAD_INPUT', edit(demo.name, { insecure_tls: true }));
});

test('what is kept secret goes to the origin it was given for, and nowhere else', async () => {
  const thief = new NaivePrefect();
  const server = await serveHttp((...asked) => thief.answer(...asked));
  closers.push(() => server.close());
  const demo = await startDemo({ ...still, runs: 20, seed: 9, auth: { kind: 'basic', auth: KEPT } });
  closers.push(() => demo.close());
  await add('safe', demo, basic(KEPT));
  const { host } = new URL(server.apiUrl);
  const api_url = server.apiUrl;
  const edits: Partial<ConnectionEdit>[] = [
    { api_url },
    { api_url: `${host}/dashboard` },
    { api_url, insecure_tls: true },
    { api_url: `http://${new URL(demo.apiUrl).host}@${host}/api` },
  ];
  const whole = { name: 'safe', auth: { kind: 'keep' as const }, headers: {}, insecure_tls: false, ca_file: null };
  for (const change of edits) {
    await failing('BAD_INPUT', edit('safe', change, true));
    const asked = client['workspace.testEdit']({
      workspace: 'safe',
      edit: { ...whole, api_url: demo.apiUrl, ...change },
    });
    await failing('BAD_INPUT', asked);
  }
  assert.deepEqual(server.asked, []);
  // the same origin by another path, and without its scheme
  for (const change of [{ api_url: `${new URL(demo.apiUrl).host}/dashboard` }, { api_url: demo.apiUrl }])
    await edit('safe', change);
  const { started } = await status('safe');
  await client['sync.start']({ workspace: 'safe' });
  await synced('safe', started ?? 0);

  const headers = { 'X-Token': 'hidden', 'X-Team': 'data' };
  await client['workspace.add']({ name: 'with headers', api_url: demo.apiUrl, auth: basic(KEPT), headers });
  const none = { auth: { kind: 'none' as const }, api_url };
  await failing('BAD_INPUT', edit('with headers', none, true));
  await failing('BAD_INPUT', edit('with headers', { ...none, headers: { 'X-Token': null, 'X-Team': 'data' } }, true));
  assert.deepEqual(server.asked, []);
  await edit('with headers', { auth: basic(NEXT), api_url, headers: { 'X-Team': 'other' } }, true);
  await client['workspace.open']({ workspace: 'with headers' });
  await synced('with headers');
  assert.ok(server.asked.length > 0);
  const sent = JSON.stringify(server.asked);
  for (const secret of [KEPT, Buffer.from(KEPT).toString('base64'), 'hidden', 'X-Token'])
    assert.ok(!sent.toLowerCase().includes(secret.toLowerCase()), secret);
});

async function runsOfApi(demo: Demo): Promise<number> {
  const reply = await fetch(`${demo.apiUrl}/task_runs/count`, { method: 'POST', body: '{}' });
  return (await reply.json()) as number;
}
