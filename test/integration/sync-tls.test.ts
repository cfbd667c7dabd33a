/** Whose certificate is trusted: everybody's authorities, a file of one's own besides, or no check at all. */
import assert from 'node:assert/strict';
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { errorWords } from '../../src-main/contract/error-words.ts';
import { AppError } from '../../src-main/contract/errors.ts';
import { createClient, type ClientSettings } from '../../src-main/prefect/client.ts';
import { probeServer } from '../../src-main/prefect/probe.ts';
import { NaivePrefect } from '../fixtures/naive-prefect.ts';
import { serveHttp, type TestServer } from '../fixtures/prefect-http.ts';

const fixture = (name: string) => join(import.meta.dirname, '../fixtures/tls', name);
let selfSigned: TestServer;
let signed: TestServer;
let dir = '';

before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'taskscope-tls-'));
  const prefect = new NaivePrefect();
  const serve = async (name: string) =>
    serveHttp((...asked) => prefect.answer(...asked), {
      key: await readFile(fixture(`${name}.key`), 'utf8'),
      cert: await readFile(fixture(`${name}.crt`), 'utf8'),
    });
  selfSigned = await serve('self-signed');
  signed = await serve('signed');
});
after(async () => {
  await Promise.all([selfSigned.close(), signed.close(), rm(dir, { recursive: true, force: true })]);
});

async function count(server: TestServer, settings: Partial<ClientSettings> = {}): Promise<number> {
  const client = createClient({ api_url: server.apiUrl, auth: null, ...settings });
  try {
    return await client.count('task_run');
  } finally {
    await client.close();
  }
}
const failsWith = (code: string) => (thrown: unknown) => thrown instanceof AppError && thrown.code === code;

test('a self-signed certificate: refused, trusted by its own file, or not checked', async () => {
  await assert.rejects(count(selfSigned), failsWith('SERVER_TLS'));
  assert.equal(await count(selfSigned, { ca_file: fixture('self-signed.crt') }), 0);
  assert.equal(await count(selfSigned, { insecure_tls: true }), 0);
});

test('a private authority: refused, trusted by its file, or not checked; another authority does not help', async () => {
  await assert.rejects(count(signed), failsWith('SERVER_TLS'));
  assert.equal(await count(signed, { ca_file: fixture('authority.crt') }), 0);
  assert.equal(await count(signed, { insecure_tls: true }), 0);
  await assert.rejects(count(signed, { ca_file: fixture('self-signed.crt') }), failsWith('SERVER_TLS'));
});

test('a bundle with text around its certificates and Windows line ends', async () => {
  const certs = await Promise.all(['self-signed.crt', 'authority.crt'].map((name) => readFile(fixture(name), 'utf8')));
  const ca_file = join(dir, 'bundle.pem');
  await writeFile(ca_file, `# ours\n${certs.join('\nsubject=CN = x\n')}`.replaceAll('\n', '\r\n'));
  assert.equal(await count(signed, { ca_file }), 0);
  assert.equal(await count(selfSigned, { ca_file }), 0);
});

test('a CA file that cannot be used is said at once, with its path and what to do', async () => {
  const broken = join(dir, 'broken.pem');
  await writeFile(broken, '-----BEGIN CERTIFICATE-----\nbm90aGluZw==\n-----END CERTIFICATE-----\n');
  const keyOnly = join(dir, 'key.pem');
  await copyFile(fixture('signed.key'), keyOnly);
  const beginnings = join(dir, 'beginnings.pem');
  await writeFile(beginnings, '-----BEGIN CERTIFICATE-----\n'.repeat(200_000)); // 5.6 MB, read in linear time
  for (const [ca_file, says] of [
    ...(process.platform === 'win32' ? [] : [['/dev/zero', /cannot be read \(no file\)/] as const]),
    [beginnings, /holds no certificate/],
    [join(dir, 'none.pem'), /cannot be read \(ENOENT\)/],
    [dir, /cannot be read \(EISDIR\)/],
    [broken, /certificate that cannot be read/],
    [keyOnly, /holds no certificate/],
    ['relative.pem', /not a full path/],
  ] as const) {
    const asked = signed.asked.length;
    await assert.rejects(count(signed, { ca_file }), (thrown) => {
      assert.ok(thrown instanceof AppError);
      assert.equal(thrown.code, 'BAD_INPUT');
      const { title, advice } = errorWords(thrown);
      assert.match(title, says);
      assert.ok(title.includes(ca_file) && advice.length > 0);
      assert.doesNotMatch(title + advice, /PRIVATE KEY/);
      return true;
    });
    assert.equal(signed.asked.length, asked);
  }
});

test('HTTPS asked of a plain server is SERVER_TLS too', async () => {
  const plain = await serveHttp(() => ({ status: 200, body: 0 }));
  try {
    const api_url = plain.apiUrl.replace('http:', 'https:');
    await assert.rejects(count(plain, { api_url }), failsWith('SERVER_TLS'));
  } finally {
    await plain.close();
  }
});

test('http asked of a server that speaks https is said as that; without a scheme the one that speaks is told of', async () => {
  const { host } = new URL(selfSigned.apiUrl);
  const within = AbortSignal.timeout(20_000);
  for (const [api_url, title] of [
    [`http://${host}/api`, `${host} speaks https, not http`],
    [host, `The certificate of ${host} is not trusted`],
  ] as const)
    await assert.rejects(probeServer({ api_url, auth: null }, within), (thrown) => {
      assert.ok(thrown instanceof AppError && thrown.code === 'SERVER_TLS');
      assert.equal(errorWords(thrown).title, title);
      return true;
    });
});
