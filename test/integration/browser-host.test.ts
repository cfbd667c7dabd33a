/** The doors of the browser shell, from outside: what opens them and, mostly, what must not. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request, type IncomingHttpHeaders } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { AppError } from '../../src-main/contract/errors.ts';
import type { Channel } from '../../src-main/rpc/channels.ts';
import { startBrowserHost, type BrowserHost } from '../../src-main/shell/browser/host.ts';
import { Downloads } from '../../src-main/shell/browser/downloads.ts';

type Reply = { status: number; headers: IncomingHttpHeaders; body: string };
type Ask = { method?: string; path?: string; headers?: Record<string, string>; body?: string };
type ApiRequest = { method: string; path: string; contentType: string | null; body: string };

let dir = '';
let host: BrowserHost;
let downloads: Downloads;
let asked: ApiRequest[] = [];
let apiFails: Error | null = null;

/** A fresh host for every test, so that each ticket is unused. */
async function start(): Promise<void> {
  asked = [];
  apiFails = null;
  host = await startBrowserHost({
    assets: join(dir, 'window'),
    port: 0,
    downloads,
    serve: (channel: Channel) => {
      channel.onMessage((frame) => channel.send({ echo: frame }));
      return () => undefined;
    },
    api: async (one) => {
      asked.push({ ...one, body: Buffer.from(one.body).toString('utf8') });
      if (apiFails) throw apiFails;
      return { status: 200, body: Buffer.from('{"count":1}') };
    },
    log: () => undefined,
  });
}

before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'taskscope-host-'));
  await mkdir(join(dir, 'window', 'assets'), { recursive: true });
  await writeFile(join(dir, 'window', 'index.html'), '<!doctype html><title>t</title>');
  await writeFile(join(dir, 'window', 'assets', 'a-1.js'), 'export {};');
  await writeFile(join(dir, 'secret.html'), 'secret');
  downloads = await Downloads.open(join(dir, 'exports'));
});
beforeEach(async () => {
  await host?.close();
  await start();
});
after(async () => {
  await host?.close();
  await downloads?.close();
  await rm(dir, { recursive: true, force: true });
});

const pageHost = () => new URL(host.url).host;
const port = () => Number(new URL(host.url).port);
const ticket = () => new URL(host.url).hash.slice(1);
const origin = () => `http://${pageHost()}`;

/** By address, with whatever Host the test wants to claim: Node would not resolve the random name. */
function ask({ method = 'GET', path = '/', headers = {}, body }: Ask): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const sent = request(
      { host: '127.0.0.1', port: port(), method, path, headers: { host: pageHost(), ...headers } },
      (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => (text += chunk));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }));
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}

const trade = (given: string, headers: Record<string, string> = {}) =>
  ask({
    method: 'POST',
    path: '/session',
    headers: { origin: origin(), 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ ticket: given }),
  });

async function signIn(): Promise<string> {
  const { headers } = await trade(ticket());
  return headers['set-cookie']![0].split(';', 1)[0];
}

/** The status an upgrade ends with; 101 when it was let through. */
function upgrade(headers: Record<string, string>, path = '/rpc'): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port()}${path}`, { headers: { host: pageHost(), ...headers } });
    socket.on('open', () => {
      socket.close();
      resolve(101);
    });
    socket.on('unexpected-response', (_, response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    socket.on('error', (error) => (/Unexpected server response/.test(error.message) ? undefined : reject(error)));
  });
}

describe('the page door', () => {
  test('has an unguessable name and ticket and gives the page with a strict policy', async () => {
    assert.match(host.url, /^http:\/\/s[0-9a-f]{16}\.localhost:\d+\/#[0-9a-f]{64}$/);
    const { status, headers, body } = await ask({});
    assert.equal(status, 200);
    assert.match(body, /<!doctype html>/);
    assert.match(headers['content-security-policy'] as string, /default-src 'none'; script-src 'self';/);
    assert.equal(headers['x-content-type-options'], 'nosniff');
    assert.equal(headers['cross-origin-opener-policy'], 'same-origin');
    assert.equal(headers['cross-origin-resource-policy'], 'same-origin');
    assert.equal(headers['cache-control'], 'no-store');
    const asset = await ask({ path: '/assets/a-1.js?v=1' });
    assert.equal(asset.status, 200);
    assert.match(asset.headers['content-type']!, /javascript/);
  });

  test('another Host is misdirected: rebinding, plain localhost, the right name on a wrong port', async () => {
    for (const claimed of ['evil.example', '127.0.0.1', `127.0.0.1:${port()}`, `localhost:${port()}`, 's0.localhost:1'])
      assert.equal((await ask({ headers: { host: claimed } })).status, 421, claimed);
    const { body } = await ask({ headers: { host: 's0123456789abcdef.localhost' } });
    assert.match(body, /started anew/, 'a page of an earlier start is told');
  });

  test('paths that lead out of the folder are not found', async () => {
    for (const path of [
      '/../secret.html',
      '/..%2fsecret.html',
      '/%2e%2e/secret.html',
      '/assets/../../secret.html',
      '/..%5csecret.html',
      '/%00',
      '/%E0%A4%A',
      '/assets',
      '/nothing.js',
    ])
      assert.equal((await ask({ path })).status, 404, path);
  });

  test('only reading is answered', async () => {
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS'])
      assert.equal((await ask({ method })).status, 405, method);
    assert.equal((await ask({ method: 'HEAD' })).body, '');
  });

  test('the ticket is traded once, for a cookie that scripts and other sites do not get', async () => {
    const first = await trade(ticket());
    assert.equal(first.status, 204);
    assert.match(first.headers['set-cookie']![0], /; Path=\/; HttpOnly; SameSite=Strict$/);
    const second = await trade(ticket());
    assert.equal(second.status, 401);
    assert.equal(second.headers['set-cookie'], undefined);
  });

  test('a wrong ticket, a foreign or absent Origin, another body type: no session, and the ticket still works', async () => {
    assert.equal((await trade('0'.repeat(64))).status, 401);
    assert.equal((await trade('')).status, 401);
    assert.equal((await trade(ticket(), { origin: 'http://evil.example' })).status, 403);
    assert.equal((await trade(ticket(), { origin: `http://127.0.0.1:${port()}` })).status, 403);
    assert.equal((await trade(ticket(), { origin: 'null' })).status, 403);
    assert.equal((await trade(ticket(), { 'content-type': 'text/plain' })).status, 415);
    const { origin: _, ...bare } = { origin: '', 'content-type': 'application/json' };
    const absent = { method: 'POST', path: '/session', headers: bare, body: JSON.stringify({ ticket: ticket() }) };
    assert.equal((await ask(absent)).status, 403);
    assert.equal((await ask({ method: 'GET', path: '/session' })).status, 405);
    assert.equal((await trade(`${ticket()}${'x'.repeat(10_000)}`)).status, 413);
    assert.equal((await trade(ticket())).status, 204);
  });

  test('the socket opens with Host, Origin and cookie, and with nothing less', async () => {
    const cookie = await signIn();
    assert.equal(await upgrade({ origin: origin(), cookie }), 101);
    assert.equal(await upgrade({ origin: origin(), cookie: `other=1; ${cookie}` }), 101);
    assert.equal(await upgrade({ origin: origin() }), 401);
    assert.equal(await upgrade({ origin: origin(), cookie: `${cookie}0` }), 401);
    assert.equal(await upgrade({ origin: origin(), authorization: `Bearer ${host.token}` }), 401);
    assert.equal(await upgrade({ cookie }), 403);
    assert.equal(await upgrade({ origin: 'http://evil.example', cookie }), 403);
    assert.equal(await upgrade({ origin: origin(), cookie, host: `127.0.0.1:${port()}` }), 421);
    assert.equal(await upgrade({ origin: origin(), cookie }, '/other'), 404);
  });

  test('frames pass both ways, and closing the host closes the socket', async () => {
    const cookie = await signIn();
    const socket = new WebSocket(`ws://127.0.0.1:${port()}/rpc`, {
      headers: { host: pageHost(), origin: origin(), cookie },
    });
    const answer = await new Promise((resolve) => {
      socket.on('open', () => socket.send('{"hello":1}'));
      socket.on('message', (data: Buffer) => resolve(data.toString()));
    });
    assert.equal(answer, '{"echo":{"hello":1}}');
    const closed = new Promise((resolve) => socket.on('close', resolve));
    await host.close();
    await closed;
  });
});

describe('the API door', () => {
  const api = (headers: Record<string, string>, more: Ask = {}) =>
    ask({
      method: 'POST',
      path: '/api/task_runs/paginate',
      body: '{}',
      ...more,
      headers: { host: `127.0.0.1:${port()}`, 'content-type': 'application/json', ...headers },
    });

  test('answers with the token and hands the request on as it came', async () => {
    const reply = await api({ authorization: `Bearer ${host.token}` }, { path: '/api/task_runs/paginate?x=1' });
    assert.deepEqual([reply.status, reply.body], [200, '{"count":1}']);
    assert.match(reply.headers['content-type']!, /application\/json/);
    assert.deepEqual(asked, [
      { method: 'POST', path: '/api/task_runs/paginate?x=1', contentType: 'application/json', body: '{}' },
    ]);
  });

  test('no token, a wrong one, another scheme, the page’s cookie: 401 in Prefect’s words, and nothing is asked', async () => {
    const cookie = await signIn();
    const basic = `Basic ${Buffer.from(`x:${host.token}`).toString('base64')}`;
    for (const headers of [
      {},
      { authorization: `Bearer ${'0'.repeat(64)}` },
      { authorization: 'Bearer ' },
      { authorization: host.token },
      { authorization: basic },
      { cookie },
    ] as Record<string, string>[]) {
      const reply = await api(headers);
      assert.deepEqual([reply.status, reply.body], [401, '{"exception_message":"Unauthorized"}']);
    }
    assert.deepEqual(asked, []);
  });

  test('is not behind the page’s name, and no other site may read it', async () => {
    const authorization = `Bearer ${host.token}`;
    assert.equal((await api({ authorization, host: pageHost() })).status, 421);
    assert.equal((await api({ authorization, host: 'evil.example' })).status, 421);
    const preflight = await api({ origin: 'http://evil.example' }, { method: 'OPTIONS' });
    assert.equal(preflight.status, 401);
    assert.equal(preflight.headers['access-control-allow-origin'], undefined);
  });

  test('a body past 8 MB is refused, and what the core throws becomes an answer', async () => {
    const authorization = `Bearer ${host.token}`;
    assert.equal((await api({ authorization }, { body: 'x'.repeat(8 * 1024 * 1024 + 1) })).status, 413);
    apiFails = new AppError('ARCHIVE_DAMAGED', 'x');
    const damaged = await api({ authorization });
    assert.deepEqual([damaged.status, damaged.body], [503, '{"exception_message":"The archive was damaged"}']);
    apiFails = new Error('boom');
    const broken = await api({ authorization });
    assert.deepEqual([broken.status, broken.body], [500, '{"exception_message":"Internal Server Error"}']);
  });
});

describe('downloads', () => {
  const get = (path: string, cookie = '') => ask({ path, headers: cookie ? { cookie } : {} });

  test('are sent once, with the session, under their name, and then deleted', async () => {
    const cookie = await signIn();
    const { path, download } = await downloads.place('runs “heute”.csv');
    assert.equal((await get(download, cookie)).status, 404, 'not written yet');
    await writeFile(path, 'id\n1\n');
    assert.equal((await get(download)).status, 401);
    assert.equal((await get(`${download}0`, cookie)).status, 404);
    const sent = await get(download, cookie);
    assert.deepEqual([sent.status, sent.body], [200, 'id\n1\n']);
    assert.equal(
      sent.headers['content-disposition'],
      `attachment; filename="runs _heute_.csv"; filename*=UTF-8''runs%20%E2%80%9Cheute%E2%80%9D.csv`,
    );
    assert.equal((await get(download, cookie)).status, 404);
    while (existsSync(path)) await setTimeout(5); // it goes after the last byte, so after the answer
  });
});

test('a port in use is said as such', async () => {
  const options = { assets: dir, port: port(), downloads, serve: () => () => undefined, log: () => undefined };
  const second = startBrowserHost({ ...options, api: () => Promise.reject(new Error('unused')) });
  await assert.rejects(second, { code: 'BAD_INPUT', message: `port ${port()} is already in use` });
});
