import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ErrorCode } from '../../src-main/contract/errors.ts';
import { Budget } from '../../src-main/prefect/budget.ts';
import { createClient } from '../../src-main/prefect/client.ts';
import { probeServer } from '../../src-main/prefect/probe.ts';
import {
  clients,
  failsWith,
  firstOnly,
  open,
  prefect,
  server,
  slept,
  status,
  useServer,
} from '../fixtures/client-harness.ts';
import type { Fault } from '../fixtures/prefect-http.ts';

useServer();

test('a page: rows with their exact texts and the server’s clock', async () => {
  const { rows, serverTime } = await open().page('task_run', { sort: 'ID_DESC' });
  assert.deepEqual(
    rows.map(({ value }) => value.id.slice(0, 8)),
    ['00000002', '00000001', '00000000'],
  );
  for (const { json, value } of rows) {
    const { id, name } = JSON.parse(json) as Record<string, unknown>;
    assert.deepEqual([value.id, value['name']], [id, name]);
  }
  assert.ok(serverTime !== null && Math.abs(serverTime - Date.now() * 1000) < 60e6);
  assert.equal(server.asked[0]?.headers['user-agent'], 'taskscope/0.1.0');
});

test('an address typed as the UI’s is found by asking /health', async () => {
  const client = open({ api_url: `${server.url}/some/page` });
  assert.equal(await client.apiUrl(), server.apiUrl);
  assert.equal(await client.count('task_run'), 3);
});

test('probe: exact address, version and count', async () => {
  const probed = await probeServer(
    { api_url: `${server.url}/runs?x=1`, auth: null, headers: {}, insecure_tls: false, ca_file: null },
    new AbortController().signal,
  );
  assert.deepEqual(probed, { api_url: server.apiUrl, version: '3.8.8', task_runs: 3 });
});

for (const [what, fault, waits] of [
  ['429 with seconds', status(429, {}, { 'retry-after': '7' }), [7.25]],
  ['503 without', status(503), [1]],
  ['502', status(502), [1]],
  ['500', status(500), [1]],
  ['408', status(408), [1]],
] as const)
  test(`${what} is asked again after its time`, async () => {
    server.fault = firstOnly(fault);
    assert.equal(await open().count('task_run'), 3);
    assert.deepEqual(slept, [...waits]);
  });

test('a reset in mid-body, truncated JSON and no body are asked again', async () => {
  const faults: Fault[] = [
    (_asked, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' });
      response.write('[{"id":');
      setImmediate(() => response.destroy());
      return true;
    },
    (_asked, _response, send) => {
      send(200, '[{"id": "0000');
      return true;
    },
    (_asked, response) => {
      response.destroy();
      return true;
    },
  ];
  for (const fault of faults) {
    server.fault = firstOnly(fault);
    assert.equal((await open().page('task_run', {})).rows.length, 3);
  }
});

test('each failure has its code, and the address that failed', async () => {
  const cases: [Fault, ErrorCode][] = [
    [status(401, { exception_message: 'Unauthorized' }), 'SERVER_UNAUTHORIZED'],
    [status(403, { detail: 'no' }), 'SERVER_FORBIDDEN'],
    [status(404, { detail: 'Not Found' }), 'SERVER_NOT_PREFECT'],
    [
      status(422, {
        exception_message: 'Invalid request received.',
        exception_detail: [{ loc: ['body', 'x'], msg: 'Bad x' }],
      }),
      'SERVER_REJECTED',
    ],
    [status(500), 'SERVER_FAILED'],
    [status(502), 'SERVER_FAILED'],
    [status(307, {}, { location: 'https://elsewhere.example/api' }), 'SERVER_NOT_PREFECT'],
    [status(200, { not: 'a list' }), 'SERVER_NOT_PREFECT'],
    [
      (_a, _r, send) => (send(200, '<!doctype html>', { 'content-type': 'text/html; charset=utf-8' }), true),
      'SERVER_NOT_PREFECT',
    ],
    [(_a, _r, send) => (send(200, '[{"id'), true), 'SERVER_BAD_REPLY'],
    [(_a, response) => (response.destroy(), true), 'SERVER_UNREACHABLE'],
  ];
  for (const [fault, code] of cases) {
    server.fault = fault;
    const error = await failsWith(code, open().page('task_run', {}));
    if (error.details['status'] === 422) assert.match(error.message, /Invalid request received.*body\.x: Bad x/);
    if (error.details['status'] === 307) assert.equal(error.details['redirect'], 'https://elsewhere.example');
  }
});

test('a reply over the size limit is asked for once', async () => {
  server.fault = () => false;
  server.asked.length = 0;
  const error = await failsWith('SERVER_BAD_REPLY', open({ largestReply: 200 }).page('task_run', {}));
  assert.equal(error.details['reason'], 'TOO_LARGE');
  assert.equal(server.asked.length, 1);
});

test('a busy server that stays busy is SERVER_BUSY with its time', async () => {
  server.fault = status(429, {}, { 'retry-after': '3600' });
  const error = await failsWith('SERVER_BUSY', open().count('task_run'));
  assert.equal(error.details['retryAfter'], 3600);
  assert.deepEqual(slept, []);
});

test('announced maintenance is waited for, however long', async () => {
  let left = 9;
  server.fault = (...all) =>
    left-- > 0 && status(503, {}, { 'prefect-maintenance': 'true', 'retry-after': '0' })(...all);
  assert.equal(await open().count('task_run'), 3);
  assert.equal(slept.length, 9);
});

test('nobody there: at once, without retries', async () => {
  await failsWith('SERVER_UNREACHABLE', open({ api_url: 'http://127.0.0.1:9/api' }).count('task_run'));
  assert.deepEqual(slept, []);
});

test('a body that stops coming is SERVER_TIMEOUT', async () => {
  server.fault = (_asked, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.write('[');
    return true;
  };
  await failsWith('SERVER_TIMEOUT', open({ timeouts: { whole: 0.05 } }).count('task_run'));
});

test('cancel while asking, waiting and queueing', async () => {
  for (const setUp of [
    () => (server.fault = () => true), // never answers
    () => (server.fault = status(503, {}, { 'retry-after': '500' })),
  ]) {
    setUp();
    const abort = new AbortController();
    const client = createClient({ api_url: server.apiUrl, auth: null, budget: new Budget(Infinity) });
    clients.push(client);
    const work = Promise.all(
      [1, 2, 3].map(() => client.count('task_run', {}, { signal: abort.signal, onWait: () => abort.abort() })),
    );
    setImmediate(() => setImmediate(() => abort.abort()));
    await failsWith('CANCELLED', work);
  }
});

test('the page limit and the known filter keys are learned; a server that cannot tell them or its version stops nothing', async () => {
  prefect.limit = 50;
  prefect.taskRunKeys = ['id', 'expected_start_time'];
  const client = open();
  assert.equal(await client.pageLimit(), 50);
  assert.deepEqual(await client.features(), { expectedStart: true, taskRunEnd: false, flowRunEnd: true });
  for (const code of [404, 500]) {
    server.fault = status(code, { detail: 'Not Found' });
    assert.equal(await client.pageLimit(), 200);
    assert.equal(await client.features(), null);
    assert.equal(await client.version(), null);
  }
});
