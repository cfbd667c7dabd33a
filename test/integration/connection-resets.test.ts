/** A peer that resets its connection, at any stage and as often as it likes, ends nothing but that connection. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { startDemo, type Demo } from '../../src-main/demo/server/server.ts';
import type { Channel } from '../../src-main/rpc/channels.ts';
import { startBrowserHost, type BrowserHost } from '../../src-main/shell/browser/host.ts';
import { Downloads } from '../../src-main/shell/browser/downloads.ts';
import { until } from '../fixtures/until.ts';

const TIMES = 200;
const AT_ONCE = 20;

/** What goes wrong outside of every call: a listener that is missing shows here and nowhere else. */
const uncaught: unknown[] = [];
const note = (thrown: unknown) => void uncaught.push(thrown);

let dir = '';
let host: BrowserHost;
let downloads: Downloads;
let demo: Demo;
let cookie = '';
const channels = new Set<Channel>();

before(async () => {
  dir = mkdtempSync(join(tmpdir(), 'taskscope-resets-'));
  mkdirSync(join(dir, 'window'));
  writeFileSync(join(dir, 'window', 'index.html'), 'x'.repeat(1_000_000));
  downloads = await Downloads.open(join(dir, 'exports'));
  host = await startBrowserHost({
    assets: join(dir, 'window'),
    port: 0,
    downloads,
    serve: (channel) => {
      channels.add(channel);
      channel.onMessage((frame) => channel.send({ echo: frame, filler: 'x'.repeat(100_000) }));
      channel.onClose(() => channels.delete(channel));
      return () => undefined;
    },
    api: async () => {
      await delay(5);
      return { status: 200, body: Buffer.alloc(1_000_000, 'x') };
    },
    log: () => undefined,
  });
  demo = await startDemo({ runs: 10, seed: 1, epoch: Date.UTC(2026, 10, 24) * 1000 });
  cookie = await signIn();
  process.on('uncaughtException', note);
  process.on('unhandledRejection', note);
});
after(async () => {
  await host?.close();
  await downloads?.close();
  await demo?.close();
  rmSync(dir, { recursive: true, force: true });
  process.off('uncaughtException', note);
  process.off('unhandledRejection', note);
});

const page = () => new URL(host.url).host;
const port = () => Number(new URL(host.url).port);

function signIn(): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = { host: page(), origin: `http://${page()}`, 'content-type': 'application/json' };
    const sent = request({ host: '127.0.0.1', port: port(), method: 'POST', path: '/session', headers }, (response) => {
      response.resume();
      resolve(response.headers['set-cookie']?.[0]?.split(';', 1)[0] ?? '');
    });
    sent.on('error', reject);
    sent.end(JSON.stringify({ ticket: new URL(host.url).hash.slice(1) }));
  });
}

/** One connection: sends `text`, waits for `bytes` of the answer, resets. */
function resetAfter(to: number, text: string, bytes: number): Promise<void> {
  return new Promise((resolve) => {
    const socket: Socket = connect({ host: '127.0.0.1', port: to });
    let received = 0;
    const end = () => void (socket.destroyed ? null : socket.resetAndDestroy());
    socket.on('connect', () => {
      socket.write(text, () => {
        if (bytes === 0) end();
      });
    });
    socket.on('data', (chunk) => {
      received += chunk.byteLength;
      if (received >= bytes) end();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => resolve());
  });
}

const lines = (...all: string[]) => [...all, '', ''].join('\r\n');
const switching = (...more: string[]) => [
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  ...more,
];
/** A masked text frame of a client, `{"t":1}` with the mask 0. */
const frame = String.fromCharCode(0x81, 0x87, 0, 0, 0, 0) + '{"t":1}';

type Stage = [name: string, text: () => string, bytes: number];
const hostStages: Stage[] = [
  ['before a byte is sent', () => '', 0],
  ['in the middle of the headers', () => 'GET / HTTP/1.1\r\nHos', 0],
  ['after a request without an answer yet', () => lines('GET / HTTP/1.1', `Host: ${page()}`), 0],
  ['in the middle of the page', () => lines('GET / HTTP/1.1', `Host: ${page()}`), 500],
  ['after a refused request', () => lines('GET / HTTP/1.1', 'Host: evil.example'), 1],
  ['after no request at all', () => lines('nonsense'), 1],
  [
    'in the middle of a posted ticket',
    () =>
      lines(
        'POST /session HTTP/1.1',
        `Host: ${page()}`,
        `Origin: http://${page()}`,
        'Content-Type: application/json',
        'Content-Length: 100',
      ) + '{"tick',
    0,
  ],
  [
    'in the middle of a body for the API',
    () =>
      lines(
        'POST /api/task_runs/count HTTP/1.1',
        `Host: 127.0.0.1:${port()}`,
        `Authorization: Bearer ${host.token}`,
        'Content-Length: 100',
      ) + '{',
    0,
  ],
  [
    'while the API works',
    () =>
      lines(
        'POST /api/task_runs/count HTTP/1.1',
        `Host: 127.0.0.1:${port()}`,
        `Authorization: Bearer ${host.token}`,
        'Content-Length: 2',
      ) + '{}',
    0,
  ],
  [
    'in the middle of the API’s answer',
    () => lines('GET /api/flows HTTP/1.1', `Host: 127.0.0.1:${port()}`, `Authorization: Bearer ${host.token}`),
    1000,
  ],
  ['with a handshake under any name', () => lines('GET /rpc HTTP/1.1', 'Host: evil.example', ...switching()), 0],
  ['after that handshake was refused', () => lines('GET /rpc HTTP/1.1', 'Host: evil.example', ...switching()), 1],
  [
    'with a handshake without a session',
    () => lines('GET /rpc HTTP/1.1', `Host: ${page()}`, ...switching(`Origin: http://${page()}`)),
    0,
  ],
  [
    'with a handshake that is none',
    () => lines('GET /rpc HTTP/1.1', `Host: ${page()}`, 'Connection: Upgrade', 'Upgrade: h2c'),
    0,
  ],
  [
    'with a broken handshake of a page',
    () =>
      lines(
        'GET /rpc HTTP/1.1',
        `Host: ${page()}`,
        'Connection: Upgrade',
        'Upgrade: websocket',
        `Origin: http://${page()}`,
        `Cookie: ${cookie}`,
      ),
    0,
  ],
  ['with an accepted handshake', () => accepted(), 0],
  ['after an accepted handshake', () => accepted(), 1],
  ['in the middle of an answer to a frame', () => accepted() + frame, 1000],
  ['after a frame that is none', () => accepted() + '\xff\xff\xff\xff\xff\xff', 1],
];
const accepted = () =>
  lines('GET /rpc HTTP/1.1', `Host: ${page()}`, ...switching(`Origin: http://${page()}`, `Cookie: ${cookie}`));

async function storm(to: number, [, text, bytes]: Stage): Promise<void> {
  for (let i = 0; i < TIMES; i += AT_ONCE)
    await Promise.all(Array.from({ length: AT_ONCE }, () => resetAfter(to, text(), bytes)));
  await delay(20); // what a listener would miss comes a moment later
}

describe('the browser host', () => {
  for (const stage of hostStages)
    test(`is reset ${stage[0]}`, async () => {
      uncaught.length = 0;
      await storm(port(), stage);
      assert.deepEqual(uncaught, []);
    });

  test('is reset while a file is downloaded, which stays for another try', async () => {
    uncaught.length = 0;
    const { path, download } = await downloads.place('rows.csv');
    writeFileSync(path, 'x'.repeat(30_000_000));
    for (let i = 0; i < 20; i++) {
      await resetAfter(port(), lines(`GET ${download} HTTP/1.1`, `Host: ${page()}`, `Cookie: ${cookie}`), 1);
      await delay(5);
    }
    assert.deepEqual(uncaught, []);
  });

  test('forgets every channel whose connection is gone', async () => {
    await until(() => channels.size === 0);
  });

  test('a refused handshake leaves no connection open, also when the peer never closes', async () => {
    const socket = connect({ host: '127.0.0.1', port: port(), allowHalfOpen: true });
    socket.on('error', () => undefined);
    const ended = new Promise<void>((resolve) => socket.on('end', () => resolve()));
    socket.resume();
    socket.write(lines('GET /rpc HTTP/1.1', 'Host: evil.example', ...switching()));
    await ended;
    // a destroyed peer answers the next bytes with a reset; one that waits for our end takes them for ever
    const reset = new Promise<void>((resolve) => socket.on('close', () => resolve()));
    const nagging = setInterval(() => socket.writable && socket.write('x'), 10);
    await reset;
    clearInterval(nagging);
  });
});

const demoStages: Stage[] = [
  ['in the middle of the headers', () => 'GET /api/hello HTTP/1.1\r\nHos', 0],
  ['after a request', () => lines('GET /api/health HTTP/1.1', 'Host: x'), 0],
  [
    'in the middle of a body',
    () => lines('POST /api/flows/filter HTTP/1.1', 'Host: x', 'Content-Length: 100') + '{',
    0,
  ],
  ['with a refused handshake', () => lines('GET /nowhere HTTP/1.1', 'Host: x', ...switching()), 0],
  ['with an address that is none', () => lines('GET // HTTP/1.1', 'Host: x', ...switching()), 0],
  [
    'with an accepted handshake',
    () => lines('GET /api/events/out HTTP/1.1', 'Host: x', ...switching('Sec-WebSocket-Protocol: prefect')),
    0,
  ],
  [
    'after an accepted handshake',
    () => lines('GET /api/events/out HTTP/1.1', 'Host: x', ...switching('Sec-WebSocket-Protocol: prefect')) + frame,
    1,
  ],
];

describe('the demo server', () => {
  for (const stage of demoStages)
    test(`is reset ${stage[0]}`, async () => {
      uncaught.length = 0;
      await storm(Number(new URL(demo.apiUrl).port), stage);
      assert.deepEqual(uncaught, []);
    });
});
