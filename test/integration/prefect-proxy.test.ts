/** Proxies that the environment names: which is used, for what, with what trust, and what is said when one fails. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { after, before, beforeEach, test } from 'node:test';
import { errorWords } from '../../src-main/contract/error-words.ts';
import { AppError } from '../../src-main/contract/errors.ts';
import { createClient, type ClientSettings } from '../../src-main/prefect/client.ts';
import { proxyFor } from '../../src-main/prefect/proxies.ts';
import { NaivePrefect } from '../fixtures/naive-prefect.ts';
import { serveHttp, type TestServer } from '../fixtures/prefect-http.ts';
import { startProxy, type TestProxy } from '../fixtures/proxy.ts';

const fixture = (name: string) => join(import.meta.dirname, '../fixtures/tls', name);
const ca_file = fixture('authority.crt');
let plain: TestServer;
let secure: TestServer;
let proxy: TestProxy;
/** a name that only the proxy knows, so nothing can go around it */
const far = (server: TestServer) => server.apiUrl.replace('127.0.0.1', 'prefect.test');

before(async () => {
  const prefect = new NaivePrefect();
  plain = await serveHttp((...asked) => prefect.answer(...asked));
  const [key, cert] = await Promise.all(['signed.key', 'signed.crt'].map((name) => readFile(fixture(name), 'utf8')));
  secure = await serveHttp((...asked) => prefect.answer(...asked), { key, cert });
  proxy = await startProxy();
});
after(() => Promise.all([plain.close(), secure.close(), proxy.close()]));
beforeEach(() => {
  proxy.asked.length = proxy.signIns.length = 0;
  proxy.refuse = 0;
});

async function count(apiUrl: string, env: Record<string, string>, settings: Partial<ClientSettings> = {}) {
  const client = createClient({ api_url: apiUrl, auth: null, env, ...settings });
  try {
    return await client.count('task_run');
  } finally {
    await client.close();
  }
}
async function failure(work: Promise<unknown>): Promise<AppError> {
  const thrown = await work.then(
    () => null,
    (met: unknown) => met,
  );
  assert.ok(thrown instanceof AppError, inspect(thrown));
  return thrown;
}

test('https goes through a tunnel, plain http is forwarded', async () => {
  assert.equal(await count(far(secure), { HTTPS_PROXY: proxy.url }, { ca_file }), 0);
  assert.deepEqual(proxy.asked, [`CONNECT ${new URL(far(secure)).host}`]);
  proxy.asked.length = 0;
  assert.equal(await count(far(plain), { http_proxy: proxy.url }), 0);
  assert.deepEqual(proxy.asked, [`POST ${far(plain)}/task_runs/count`]);
});

test('what is trusted stays the same behind a proxy', async () => {
  const env = { HTTPS_PROXY: proxy.url };
  assert.equal((await failure(count(far(secure), env))).code, 'SERVER_TLS');
  assert.equal(await count(far(secure), env, { insecure_tls: true }), 0);
});

test('the server’s secrets stay inside the tunnel, the proxy’s own sign-in outside', async () => {
  const signedIn = proxy.url.replace('//', '//ann:proxy-password@');
  const auth = { scheme: 'api_key', secret: 'pnu_secret' } as const;
  await count(far(secure), { HTTPS_PROXY: signedIn }, { ca_file, auth });
  assert.deepEqual(proxy.signIns, [`Basic ${Buffer.from('ann:proxy-password').toString('base64')}`]);
  assert.equal(secure.asked.at(-1)?.headers['proxy-authorization'], undefined);
  assert.equal(secure.asked.at(-1)?.headers.authorization, 'Bearer pnu_secret');
});

test('a proxy that refuses, asks for a sign-in or is not there: said, with its place and without its password', async () => {
  const env = { ALL_PROXY: proxy.url.replace('//', '//ann:proxy-password@') };
  for (const [status, says] of [
    [403, /refuses it/],
    [407, /asks for a sign-in/],
  ] as const) {
    proxy.refuse = status;
    const error = await failure(count(far(secure), env, { ca_file }));
    assert.equal(error.code, 'SERVER_UNREACHABLE');
    const { advice } = errorWords(error);
    assert.match(advice, says);
    assert.ok(advice.includes(proxy.host));
    assert.doesNotMatch(inspect(error, { depth: 9, showHidden: true }), /proxy-password|YW5uOnByb3h5/);
  }
  const away = await failure(count(far(secure), { HTTPS_PROXY: 'http://127.0.0.1:9' }, { ca_file }));
  assert.equal(away.code, 'SERVER_UNREACHABLE');
  assert.ok(errorWords(away).advice.includes('127.0.0.1:9'));
});

test('this machine is never asked through a proxy', async () => {
  const env = { HTTP_PROXY: proxy.url, HTTPS_PROXY: proxy.url, ALL_PROXY: proxy.url };
  assert.equal(await count(plain.apiUrl, env), 0);
  assert.equal(await count(secure.apiUrl, env, { ca_file }), 0);
  assert.deepEqual(proxy.asked, []);
});

test('NO_PROXY: by name, by domain, with a port, and all', async () => {
  // nothing listens at that name without the proxy, so going around it fails
  for (const except of ['prefect.test', 'other.test, .test', `prefect.test:${new URL(plain.url).port}`, '*']) {
    await failure(count(far(plain), { HTTP_PROXY: proxy.url, NO_PROXY: except }));
    assert.deepEqual(proxy.asked, [], except);
  }
  for (const except of ['test.example', 'xprefect.test', 'prefect.test:1', ''])
    assert.equal(await count(far(plain), { HTTP_PROXY: proxy.url, no_proxy: except }), 0, except);
});

test('which variable: the scheme’s own, else ALL_PROXY; lower case first; never the other scheme’s', () => {
  const chosen = (scheme: string, env: Record<string, string>) => proxyFor(`${scheme}://prefect.test/api`, env).host;
  assert.equal(chosen('https', { HTTPS_PROXY: 'http://a:1', ALL_PROXY: 'http://b:2' }), 'a:1');
  assert.equal(chosen('https', { HTTP_PROXY: 'http://a:1', ALL_PROXY: 'http://b:2' }), 'b:2');
  assert.equal(chosen('https', { HTTP_PROXY: 'http://a:1' }), null);
  assert.equal(chosen('http', { HTTPS_PROXY: 'http://a:1' }), null);
  assert.equal(chosen('http', { http_proxy: 'http://low:1', HTTP_PROXY: 'http://up:1' }), 'low:1');
  assert.equal(chosen('http', { http_proxy: '', HTTP_PROXY: 'http://up:1' }), null);
  assert.equal(chosen('http', { HTTP_PROXY: 'proxy.corp:3128' }), 'proxy.corp:3128');
  for (const wrong of ['http://', 'ftp://a', 'http://a b'])
    assert.throws(
      () => chosen('http', { HTTP_PROXY: wrong }),
      (thrown) =>
        thrown instanceof AppError && thrown.code === 'BAD_INPUT' && thrown.details['variable'] === 'HTTP_PROXY',
    );
});
