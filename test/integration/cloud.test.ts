/** Prefect Cloud's accounts and workspaces, from a stand-in that wants the key: listed, and one added by its handle. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { AppError } from '../../src-main/contract/errors.ts';
import { listCloudWorkspaces } from '../../src-main/prefect/cloud.ts';
import { taskscope } from '../fixtures/command-line.ts';
import { NaivePrefect } from '../fixtures/naive-prefect.ts';
import { serveHttp, type TestServer } from '../fixtures/prefect-http.ts';

const KEY = 'pnu_0123456789abcdef';
const id = (n: number) => `${String(n).repeat(8)}-0000-4000-8000-000000000000`;
const listed = [
  [2, 'zoo', 3, 'main'],
  [1, 'acme', 2, 'staging'],
  [1, 'acme', 1, 'production'],
].map(([account, handle, workspace, name]) => ({
  account_id: id(Number(account)),
  account_name: 'A name',
  account_handle: handle,
  workspace_id: id(Number(workspace)),
  workspace_name: 'Another name',
  workspace_description: '',
  workspace_handle: name,
  something_new: { later: true },
}));

let cloud: TestServer;
let dir = '';
before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'taskscope-cloud-'));
  const prefect = new NaivePrefect();
  cloud = await serveHttp((method, path, body) => {
    if (path === '/me/workspaces') return { status: 200, body: listed };
    const inside = /^\/accounts\/[^/]+\/workspaces\/[^/]+(\/.*)$/.exec(path)?.[1];
    if (!inside || inside === '/admin/version') return { status: 404, body: { detail: 'Not Found' } };
    return prefect.answer(method, inside, body);
  });
});
after(async () => {
  await cloud.close();
  await rm(dir, { recursive: true, force: true });
});
beforeEach(() => {
  cloud.asked.length = 0;
  cloud.fault = ({ headers }, _response, send) => {
    if (headers.authorization === `Bearer ${KEY}`) return false;
    send(401, '{"detail":"Invalid authentication credentials"}');
    return true;
  };
});

const ask = (secret: string, apiUrl: string | null = cloud.apiUrl) =>
  listCloudWorkspaces({ auth: { scheme: 'api_key', secret }, api_url: apiUrl }, AbortSignal.timeout(10_000), {
    PREFECT_CLOUD_API_URL: cloud.apiUrl,
  });
const failsWith = (code: string) => (thrown: unknown) => thrown instanceof AppError && thrown.code === code;

test('the workspaces a key may see, by handle, each with its own address', async () => {
  const expected = [
    { account: 'acme', workspace: 'production', api_url: `${cloud.apiUrl}/accounts/${id(1)}/workspaces/${id(1)}` },
    { account: 'acme', workspace: 'staging', api_url: `${cloud.apiUrl}/accounts/${id(1)}/workspaces/${id(2)}` },
    { account: 'zoo', workspace: 'main', api_url: `${cloud.apiUrl}/accounts/${id(2)}/workspaces/${id(3)}` },
  ];
  assert.deepEqual(await ask(KEY), expected);
  assert.deepEqual(await ask(KEY, null), expected, 'PREFECT_CLOUD_API_URL');
});

test('a wrong key, a sign-in of another kind and a reply of another shape', async () => {
  await assert.rejects(ask('pnu_wrong'), failsWith('SERVER_UNAUTHORIZED'));
  const basic = { scheme: 'basic', secret: 'a:b' } as const;
  for (const auth of [basic, null])
    await assert.rejects(
      listCloudWorkspaces({ auth, api_url: cloud.apiUrl }, AbortSignal.timeout(10_000)),
      failsWith('BAD_INPUT'),
    );
  cloud.fault = (_asked, _response, send) => (send(200, '[{"account_id":"../.."}]'), true);
  await assert.rejects(ask(KEY), failsWith('SERVER_BAD_REPLY'));
});

test('the command line lists them and adds one by its handle', async () => {
  const env = { PREFECT_CLOUD_API_URL: cloud.apiUrl, CLOUD_KEY: KEY };
  const run = (...args: string[]) => taskscope([...args, '--data-dir', dir], { env });
  const shown = await run('workspace', 'cloud', '--api-key-env', 'CLOUD_KEY');
  assert.equal(shown.code, 0, shown.err);
  assert.equal((JSON.parse(shown.out) as unknown[]).length, 3);

  const key = ['--api-key-env', 'CLOUD_KEY'];
  const added = await run('workspace', 'add', 'prod', '--cloud', 'acme/production', ...key);
  assert.equal(added.code, 0, added.err);
  const workspace = JSON.parse(added.out) as { api_url: string; secret_env: string };
  assert.equal(workspace.api_url, `${cloud.apiUrl}/accounts/${id(1)}/workspaces/${id(1)}`);
  assert.equal(workspace.secret_env, 'CLOUD_KEY');
  assert.match(added.err, /Found Prefect \(version unknown\) with 0 task runs/);

  const unknown = await run('workspace', 'add', 'x', '--cloud', 'acme/none', ...key);
  assert.equal(unknown.code, 1);
  assert.match(unknown.err, /acme\/none; this key may see acme\/production, acme\/staging, zoo\/main/);
  for (const { out, err } of [shown, added, unknown]) assert.ok(!`${out}${err}`.includes(KEY));
});

test('the command line: a CA file by a relative path, headers as curl takes them, wrong usage', async () => {
  const run = (...args: string[]) => taskscope(['workspace', ...args, '--data-dir', dir]);
  const fixture = 'test/fixtures/tls/authority.crt';
  const url = ['--api-url', 'https://127.0.0.1:9/api'];
  const headers = ['--header', 'X-Team: data, and more', '--header', 'X-Token=a=b'];
  const added = await run('add', 'own', ...url, '--ca-file', fixture, ...headers);
  assert.equal(added.code, 0, added.err);
  const workspace = JSON.parse(added.out) as { ca_file: string; custom_headers: string[] };
  assert.ok(workspace.ca_file.endsWith(fixture) && workspace.ca_file !== fixture);
  assert.deepEqual(workspace.custom_headers, ['X-Team', 'X-Token']);
  assert.doesNotMatch(added.out, /and more/);

  const missing = await run('add', 'none', ...url, '--ca-file', 'no/such.pem');
  assert.equal(missing.code, 1);
  assert.match(missing.err, /no\/such\.pem cannot be read \(ENOENT\)/);
  assert.match(
    (await run('add', 'insecure', ...url, '--insecure-tls')).err,
    /certificate of this server is not checked/,
  );

  for (const [args, says] of [
    [['cloud'], /--api-key-env/],
    [['cloud', 'name', '--api-key-env', 'A'], /takes no name/],
    [['add', 'x', '--cloud', 'a/b'], /--api-key-env/],
    [['add', 'x', '--cloud', 'ab', '--api-key-env', 'A'], /ACCOUNT\/WORKSPACE/],
    [['add', 'x', '--cloud', 'a/b', '--api-url', 'http://x', '--api-key-env', 'A'], /give one/],
    [['add', 'x', ...url, '--header', 'secret-value'], /NAME=VALUE/],
  ] as const) {
    const ended = await run(...args);
    assert.equal(ended.code, 2, ended.err);
    assert.match(ended.err, says);
    assert.doesNotMatch(ended.err, /secret-value/);
  }
});
