import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { AppError } from '../../src-main/contract/errors.ts';
import { createClient, type ServerSettings } from '../../src-main/prefect/client.ts';
import { NaivePrefect } from '../fixtures/naive-prefect.ts';
import { serveHttp, type TestServer } from '../fixtures/prefect-http.ts';

let server: TestServer;
let cert = '';
before(async () => {
  const file = (name: string) => readFile(new URL(`../fixtures/tls/${name}`, import.meta.url), 'utf8');
  cert = await file('self-signed.crt');
  const prefect = new NaivePrefect();
  server = await serveHttp((...asked) => prefect.answer(...asked), { key: await file('self-signed.key'), cert });
});
after(() => server.close());

async function count(settings: Partial<ServerSettings>): Promise<number> {
  const client = createClient({ apiUrl: server.apiUrl, auth: null, ...settings });
  try {
    return await client.count('task_run');
  } finally {
    await client.close();
  }
}

test('a self-signed certificate: refused, trusted by its authority, or not checked', async () => {
  await assert.rejects(count({}), (thrown) => thrown instanceof AppError && thrown.code === 'SERVER_TLS');
  assert.equal(await count({ ca: cert }), 0);
  assert.equal(await count({ insecureTls: true }), 0);
});

test('HTTPS asked of a plain server is SERVER_TLS too', async () => {
  const plain = await serveHttp(() => ({ status: 200, body: 0 }));
  try {
    const apiUrl = plain.apiUrl.replace('http:', 'https:');
    await assert.rejects(count({ apiUrl }), (thrown) => thrown instanceof AppError && thrown.code === 'SERVER_TLS');
  } finally {
    await plain.close();
  }
});
