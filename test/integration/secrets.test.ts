/**
 * A workspace's secrets go to its server and nowhere else: not into a frame to the window, a log line, an address, nor a file of
 * the data folder, whatever the server answers.
 */
import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { inspect } from 'node:util';
import { MessageChannel } from 'node:worker_threads';
import { contract } from '../../src-main/contract/calls.ts';
import { errorWords } from '../../src-main/contract/error-words.ts';
import { toWireError } from '../../src-main/contract/errors.ts';
import type { ConnectionEdit, WorkspaceInput } from '../../src-main/contract/workspace.ts';
import { createApp, type App } from '../../src-main/core/app.ts';
import { plainShell, type Secrets } from '../../src-main/core/shell.ts';
import { createClient } from '../../src-main/prefect/client.ts';
import { portChannel, type Channel } from '../../src-main/rpc/channels.ts';
import type { Client } from '../../src-main/contract/define.ts';
import { connect } from '../../src-main/rpc/rpc.ts';
import { NoPause } from '../fixtures/client-harness.ts';
import { NaivePrefect } from '../fixtures/naive-prefect.ts';
import { serveHttp, type Fault, type TestServer } from '../fixtures/prefect-http.ts';

const PASSWORD = 'hunter2-password';
const KEY = 'pnu_0123456789abcdef';
const HEADER = 'header-secret-value';
const TYPED = 'typed-in-the-edit-dialog';
const RUN = '00000001-0000-4000-8000-000000000000';
const base64 = (text: string) => Buffer.from(text).toString('base64');
// the middle of a secret's base64 at each of its three alignments: found even when something stands before it
const hidden = (text: string) => ['', 'x', 'xx'].map((pad) => base64(pad + text).slice(4, 16));
const traces = [PASSWORD, KEY, HEADER, TYPED].flatMap((secret) => [
  secret,
  encodeURIComponent(secret),
  ...hidden(secret),
]);

let dir = '';
let app: App;
let client: Client<typeof contract>;
let server: TestServer;
let secure: TestServer;
/** everything that left the core: frames, log lines, words on a terminal */
const told: string[] = [];
const closers: (() => unknown)[] = [];

before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'taskscope-secrets-'));
  const prefect = new NaivePrefect();
  prefect.put('task_runs', { id: RUN, name: 'a', state_type: 'FAILED', expected_start_time: '2026-01-01T00:00:00Z' });
  server = await serveHttp((...asked) => prefect.answer(...asked));
  const file = (name: string) => readFile(join(import.meta.dirname, '../fixtures/tls', name), 'utf8');
  const tls = { key: await file('signed.key'), cert: await file('signed.crt') };
  secure = await serveHttp((...asked) => prefect.answer(...asked), tls);

  const kept = new Map<string, string>();
  const secrets: Secrets = {
    kind: 'keychain',
    setAside: null,
    get: (name) => Promise.resolve(kept.get(name) ?? null),
    set: (name, secret) => Promise.resolve(void kept.set(name, secret)),
    remove: (name) => Promise.resolve(void kept.delete(name)),
  };
  app = await createApp({
    dataDir: join(dir, 'data'),
    shell: { ...plainShell, secrets },
    log: (...line) => void told.push(inspect(line, { depth: 20, showHidden: true })),
  });
  const { port1, port2 } = new MessageChannel();
  const channel = portChannel(port1);
  const heard: Channel = {
    ...channel,
    send: (frame, transfer) => {
      told.push(JSON.stringify(frame) ?? '');
      channel.send(frame, transfer);
    },
  };
  app.serve(heard);
  client = connect(contract, portChannel(port2));
  closers.push(() => port2.close());
});
after(async () => {
  for (const close of closers) close();
  await app.close();
  await Promise.all([server.close(), secure.close()]);
  await rm(dir, { recursive: true, force: true });
});

/** Gives back everything it was sent, in clear, the way a debugging proxy might. */
const echo =
  (status: number, type = 'application/json'): Fault =>
  ({ headers, path }, _response, send) => {
    const clear = Buffer.from(String(headers.authorization).split(' ')[1] ?? '', 'base64').toString();
    const said = `${path} ${headers.authorization} ${clear} ${String(headers['x-token'])}`;
    send(status, type === 'application/json' ? JSON.stringify({ detail: said }) : `<html>${said}`, {
      'content-type': type,
    });
    return true;
  };
const cutOff: Fault = ({ headers }, response) => {
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': '9999' });
  response.write(`[{"id": "${String(headers.authorization)}`);
  setImmediate(() => response.destroy());
  return true;
};

/** Whatever a person would do with a workspace: test, add, open, sync, open a run, look at the list, edit its connection. */
async function use(name: string, input: Omit<WorkspaceInput, 'name'>): Promise<string> {
  const attempt = async (work: Promise<unknown>) => {
    try {
      await work;
      return 'ok';
    } catch (thrown) {
      told.push(inspect(thrown, { depth: 20, showHidden: true }), JSON.stringify(errorWords(toWireError(thrown))));
      return toWireError(thrown).code;
    }
  };
  const met = await attempt(client['workspace.test']({ input: { ...input, name }, candidate: null }));
  await client['workspace.add']({ ...input, name });
  await client['workspace.open']({ workspace: name });
  for await (const status of client['sync.watch']({ workspace: name }))
    if (status.phase === 'failed' || status.last_success !== null) break;
    else if (status.waiting) await client['sync.cancel']({ workspace: name });
    else if (status.phase === 'idle' && status.finished !== null) break;
  await attempt(client['run.activity']({ workspace: name, id: RUN }));
  await attempt(client['workspace.cloud']({ auth: input.auth, api_url: input.api_url }));
  await client['workspace.list']({});
  await client.hello({});
  const { api_url } = input;
  const unseen = { name, api_url, headers: { 'X-Token': null }, insecure_tls: false, ca_file: null };
  const kept = { ...unseen, auth: { kind: 'keep' } } satisfies ConnectionEdit;
  const typed = {
    ...unseen,
    auth: { kind: 'secret', scheme: 'basic', secret: `admin:${TYPED}` },
  } satisfies ConnectionEdit;
  const elsewhere = { ...kept, api_url: api_url.replace('127.0.0.1', 'localhost') };
  await attempt(client['workspace.edit']({ workspace: name, edit: elsewhere }));
  await attempt(client['workspace.testEdit']({ workspace: name, edit: typed }));
  await attempt(client['workspace.edit']({ workspace: name, edit: typed }));
  return met;
}

async function allFiles(): Promise<[string, string][]> {
  const entries = await readdir(join(dir, 'data'), { recursive: true, withFileTypes: true });
  return Promise.all(
    entries
      .filter((entry) => entry.isFile())
      .map(async (entry): Promise<[string, string]> => {
        const path = join(entry.parentPath, entry.name);
        return [entry.name, await readFile(path, 'latin1')];
      }),
  );
}

test('no secret in frames, logs, words, addresses and files', async () => {
  const auths: WorkspaceInput['auth'][] = [
    { kind: 'secret', scheme: 'basic', secret: `admin:${PASSWORD}` },
    { kind: 'secret', scheme: 'api_key', secret: KEY },
  ];
  const cases: [string, TestServer, Fault, string][] = [
    ['success', server, () => false, 'ok'],
    ['unauthorized', server, echo(401), 'SERVER_UNAUTHORIZED'],
    ['rejected', server, echo(422), 'SERVER_REJECTED'],
    ['page', server, echo(200, 'text/html'), 'SERVER_NOT_PREFECT'],
    ['shape', server, echo(200), 'SERVER_BAD_REPLY'],
    [
      'moved',
      server,
      (_asked, _response, send) => (send(302, '', { location: 'http://127.0.0.1:1/x' }), true),
      'SERVER_NOT_PREFECT',
    ],
    ['tls', secure, () => false, 'SERVER_TLS'],
  ];
  for (const auth of auths)
    for (const [name, where, fault, code] of cases) {
      where.fault = fault;
      const workspace = `${name}-${auth.kind === 'secret' ? auth.scheme : ''}`;
      assert.equal(
        await use(workspace, { api_url: where.apiUrl, auth, headers: { 'X-Token': HEADER } }),
        code,
        workspace,
      );
    }

  // the secrets were in play
  assert.ok(server.asked.some(({ headers }) => headers.authorization === `Bearer ${KEY}`));
  assert.ok(server.asked.some(({ headers }) => headers.authorization === `Basic ${base64(`admin:${PASSWORD}`)}`));
  assert.ok(server.asked.some(({ headers }) => headers.authorization === `Basic ${base64(`admin:${TYPED}`)}`));
  assert.equal(secure.asked.length, 0, 'nothing is sent before the certificate is trusted');
  assert.ok(told.length > 100, `${told.length} pieces`);

  const { text } = await client.diagnostics({});
  told.push(text);
  for (const said of [/taskscope: \d/, /name: success-basic/, /sign in: basic, kept/, /X-Token/, /archive:\n.*success-basic\.sqlite, \d+ bytes/, /problem: SERVER_\w+: /, /log: .*taskscope\.log/, /log end:\n.*"event"/]) assert.match(text, said); // prettier-ignore

  const found = (text: string) => traces.filter((trace) => text.includes(trace));
  for (const text of told) assert.deepEqual(found(text), [], text.slice(0, 2000));
  for (const { path, body } of server.asked) assert.deepEqual(found(path + body), [], path);
  for (const [name, text] of await allFiles()) {
    assert.deepEqual(found(text), [], name);
  }
});

test('the calls that break midway, without an app around them', async () => {
  const silent: Fault = () => true;
  for (const fault of [cutOff, silent, echo(408), echo(429), echo(500), echo(503)]) {
    server.fault = fault;
    for (const auth of [
      { scheme: 'basic', secret: `admin:${PASSWORD}` },
      { scheme: 'api_key', secret: KEY },
    ] as const) {
      const one = createClient({
        api_url: server.apiUrl,
        auth,
        headers: { 'X-Token': HEADER },
        timeouts: { headers: 0.05, body: 0.05 },
        sleep: () => Promise.resolve(),
        budget: new NoPause(Infinity),
      });
      const thrown = await one.count('task_run').catch((error: unknown) => error);
      await one.close();
      assert.ok(thrown instanceof Error);
      const text =
        inspect(thrown, { depth: 20, showHidden: true }) + JSON.stringify(toWireError(thrown)) + thrown.stack;
      assert.deepEqual(
        traces.filter((trace) => text.includes(trace)),
        [],
        text,
      );
    }
  }
});
