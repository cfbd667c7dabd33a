/** Secrets: sent as the server wants them, and nowhere else. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { AppError } from '../../src-main/contract/errors.ts';
import type { ClientSettings } from '../../src-main/prefect/client.ts';
import { failsWith, open, server, status, useServer } from '../fixtures/client-harness.ts';
import type { Fault } from '../fixtures/prefect-http.ts';

useServer();

test('basic auth and API key, as the server wants them', async () => {
  server.fault = ({ headers }, _response, send) => {
    if (headers.authorization === 'Basic YWRtaW46c8OkY3JldA==') return false;
    send(401, '{"exception_message":"Unauthorized"}');
    return true;
  };
  assert.equal(await open({ auth: { scheme: 'basic', secret: 'admin:säcret' } }).count('task_run'), 3);
  await failsWith('SERVER_UNAUTHORIZED', open({ auth: { scheme: 'api_key', secret: 'pnu_wrong' } }).count('task_run'));
  assert.equal(server.asked.at(-1)?.headers.authorization, 'Bearer pnu_wrong');
  await failsWith('SERVER_UNAUTHORIZED', open().count('task_run'));
});

test('CSRF: asked for when refused, renewed when it expires, shared by calls in flight', async () => {
  let token = 0;
  server.fault = ({ method, path, headers }, _response, send) => {
    if (path.startsWith('/csrf-token?client=')) {
      token += 1;
      send(200, JSON.stringify({ token: `t${token}`, client: path.slice(19), expiration: '2099-01-01T00:00:00Z' }));
      return true;
    }
    if (method !== 'POST' || (headers['prefect-csrf-token'] === `t${token}` && headers['prefect-csrf-client']))
      return false;
    send(403, JSON.stringify({ detail: 'Missing CSRF token.' }));
    return true;
  };
  const client = open();
  assert.deepEqual(await Promise.all([client.count('task_run'), client.count('flow')]), [3, 0]);
  assert.equal(token, 1);
  token += 1; // the server forgets the first
  assert.equal(await client.count('task_run'), 3);
  assert.equal(token, 3);
});

test('CSRF disabled on the server: the refusal stands, and is said once', async () => {
  server.fault = ({ path }, _response, send) => {
    if (path.startsWith('/csrf-token')) send(422, '{"detail":"CSRF protection is disabled."}');
    else send(403, '{"detail":"Missing CSRF token."}');
    return true;
  };
  await failsWith('SERVER_FORBIDDEN', open().count('task_run'));
  assert.equal(server.asked.length, 2);
});

test('no secret in a message, a detail or an inspected error', async () => {
  const secrets = [
    'hunter2-password',
    'pnu_0123456789abcdef',
    'header-secret-value',
    Buffer.from('admin:hunter2-password').toString('base64'),
  ];
  const leaky: Fault = ({ headers }, _response, send) => {
    const sent = String(headers.authorization);
    const clear = Buffer.from(sent.split(' ')[1] ?? '', 'base64').toString();
    send(422, JSON.stringify({ detail: `you sent ${sent}, that is ${clear}, and ${String(headers['x-token'])}` }));
    return true;
  };
  const broken: Fault = (_asked, response) => (response.destroy(), true);
  for (const fault of [leaky, broken, status(401), status(500)])
    for (const auth of [
      { scheme: 'basic', secret: 'admin:hunter2-password' },
      { scheme: 'api_key', secret: 'pnu_0123456789abcdef' },
    ] as const) {
      server.fault = fault;
      const thrown = await open({ auth, headers: { 'X-Token': 'header-secret-value' } })
        .count('task_run')
        .catch((error: unknown) => error);
      assert.ok(thrown instanceof AppError);
      const text = inspect(thrown, { depth: 20, showHidden: true }) + JSON.stringify(thrown) + thrown.stack;
      for (const secret of secrets) assert.ok(!text.includes(secret), `${secret} in ${text}`);
    }
});

test('headers that may not be set, and secrets that are no header, are BAD_INPUT', () => {
  const refused: Partial<ClientSettings>[] = [
    { headers: { 'User-Agent': 'x' } },
    { headers: { 'Prefect-Csrf-Token': 'x' } },
    { headers: { 'bad name': 'x' } },
    { headers: { ok: 'line\nbreak' } },
    { auth: { scheme: 'api_key', secret: 'kéy' } },
  ];
  for (const settings of refused)
    assert.throws(
      () => open(settings),
      (thrown) => thrown instanceof AppError && thrown.code === 'BAD_INPUT',
    );
});
