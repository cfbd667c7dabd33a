import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { AppError } from '../../src-main/contract/errors.ts';
import { errorWords } from '../../src-main/contract/error-words.ts';
import { apiUrlGuesses, exactApiUrl, withSchemes } from '../../src-main/prefect/address.ts';
import { probeServer } from '../../src-main/prefect/probe.ts';

const first = (typed: string) => apiUrlGuesses(typed)[0];

test('an address as a person types it', () => {
  assert.equal(first('http://host:4200'), 'http://host:4200/api');
  assert.equal(first(' http://host:4200/ '), 'http://host:4200/api');
  assert.equal(first('http://host:4200/api'), 'http://host:4200/api');
  assert.equal(first('http://host:4200/api/'), 'http://host:4200/api');
  assert.equal(first('localhost:4200'), 'http://localhost:4200/api');
  assert.equal(first('127.0.0.1:4200'), 'http://127.0.0.1:4200/api');
  assert.equal(first('prefect.example.com'), 'https://prefect.example.com/api');
  assert.equal(first('http://host:4200/runs/task-run/1?x=1#y'), 'http://host:4200/api');
  assert.equal(first('http://host:4200/api/admin/version'), 'http://host:4200/api');
  assert.equal(first('https://host/prefect'), 'https://host/prefect/api');
  assert.equal(first('https://host/prefect/api'), 'https://host/prefect/api');
});

test('an address as it is pasted: a line of “prefect config view”, a setting, in quotes, with a slash too few', () => {
  for (const typed of [
    "PREFECT_API_URL='http://host:4200/api' (from profile)",
    'PREFECT_API_URL=http://host:4200/api',
    'prefect config set PREFECT_API_URL="http://host:4200/api"',
    'PREFECT_API_URL = "http://host:4200/api"',
    '"http://host:4200/api"',
    ' <http://host:4200/api> ',
    'http:/host:4200/api',
    'http//host:4200/api',
  ]) {
    assert.equal(first(typed), 'http://host:4200/api', typed);
    assert.deepEqual(withSchemes(typed, true), ['http://host:4200/api'], typed);
  }
});

test('a page of Prefect’s UI, at the origin and behind a path', () => {
  for (const page of ['dashboard', 'v2', 'v2/dashboard', 'runs/task-run/1', 'flows/flow/1?x=1', 'settings/'])
    for (const before of ['', '/prefect', '/team/prefect'])
      assert.equal(first(`https://host${before}/${page}`), `https://host${before}/api`, `${before}/${page}`);
});

test('Prefect Cloud, by its page or its API', () => {
  const [account, workspace] = ['a2345678-1234-1234-1234-123456789012', 'b2345678-1234-1234-1234-123456789012'];
  const api = `https://api.prefect.cloud/api/accounts/${account}/workspaces/${workspace}`;
  assert.deepEqual(apiUrlGuesses(api), [api]);
  assert.deepEqual(apiUrlGuesses(`https://app.prefect.cloud/account/${account}/workspace/${workspace}/runs`), [api]);
});

test('what is no address is BAD_INPUT', () => {
  for (const typed of ['ftp://host', 'http://', 'http://user:secret@host', 'https://app.prefect.cloud/'])
    assert.throws(
      () => apiUrlGuesses(typed),
      (thrown) => thrown instanceof AppError && thrown.code === 'BAD_INPUT' && !thrown.message.includes('secret'),
      typed,
    );
});

test('an address without a scheme is tried with both, and a secret leaves the machine over http only when http was written', () => {
  assert.deepEqual(withSchemes('host:4200', false), ['http://host:4200', 'https://host:4200']);
  assert.deepEqual(withSchemes('prefect.example.com', false), [
    'https://prefect.example.com',
    'http://prefect.example.com',
  ]);
  assert.deepEqual(withSchemes('host:4200', true), ['https://host:4200']);
  assert.deepEqual(withSchemes('localhost:4200', true), ['http://localhost:4200', 'https://localhost:4200']);
  assert.deepEqual(withSchemes(' http://host ', true), ['http://host']);
});

test('only an address that can mean several needs an answer to be known', () => {
  assert.equal(exactApiUrl('http://host:4200/'), 'http://host:4200/api');
  assert.equal(exactApiUrl('https://host/prefect/api/'), 'https://host/prefect/api');
  for (const typed of ['host:4200', 'http://host:4200/dashboard', 'https://host/prefect'])
    assert.equal(exactApiUrl(typed), null);
});

async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const prefect = () =>
  createServer(({ url }, response) => {
    const known: Record<string, string> = {
      '/api/health': 'true',
      '/api/task_runs/count': '7',
      '/api/admin/version': '"3.8.8"',
    };
    const body = known[url ?? ''];
    response.writeHead(body === undefined ? 404 : 200, { 'content-type': 'application/json' });
    response.end(body ?? '{"detail":"Not Found"}');
  });
const within = () => AbortSignal.timeout(20_000);

test('whatever was typed, the address that answered is found', async (t) => {
  const server = prefect();
  const host = await listening(server);
  t.after(() => server.close());
  for (const typed of [`http://${host}`, `http://${host}/dashboard`, `${host}/runs?x=1`, host, `http://${host}/api/`])
    assert.deepEqual(
      await probeServer({ api_url: typed, auth: null }, within()),
      { api_url: `http://${host}/api`, version: '3.8.8', task_runs: 7 },
      typed,
    );
});

test('https to a server that speaks http is said as that, with the address that works', async (t) => {
  const server = prefect();
  const host = await listening(server);
  t.after(() => server.close());
  await assert.rejects(probeServer({ api_url: `https://${host}/api`, auth: null }, within()), (thrown) => {
    assert.ok(thrown instanceof AppError && thrown.code === 'SERVER_TLS');
    const { title, advice } = errorWords(thrown);
    assert.equal(title, `${host} speaks http, not https`);
    assert.ok(advice.includes(`http://${host}`) && !/certificate/.test(title + advice));
    return true;
  });
});

test('a web server that is no Prefect and refuses to be posted to is said to be none, at once', async (t) => {
  let asked = 0;
  const server = createServer((request, response) => {
    asked++;
    response.writeHead(request.method === 'POST' ? 501 : 404, { 'content-type': 'text/html' }).end('<h1>no</h1>');
  });
  const host = await listening(server);
  t.after(() => server.close());
  for (const api_url of [`http://${host}/api`, `http://${host}`])
    await assert.rejects(probeServer({ api_url, auth: null }, within()), { code: 'SERVER_NOT_PREFECT' });
  assert.ok(asked < 12, `${asked} requests`);
});
