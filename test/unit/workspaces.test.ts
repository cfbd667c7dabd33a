/** Values of custom headers are kept where the keys are: new ones, and those of files from before. */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { AppError } from '../../src-main/contract/errors.ts';
import { workspaceInputSchema } from '../../src-main/contract/workspace.ts';
import { fileSecrets, secretsOf } from '../../src-main/core/files/secrets.ts';
import type { Secrets } from '../../src-main/core/shell.ts';
import { describe, Workspaces } from '../../src-main/core/workspaces/workspaces.ts';

const VALUE = 'value-of-a-header';
const headers = { 'X-Token': VALUE, 'X-Team': 'data' };
let dir = '';
before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'taskscope-workspaces-'));
});
after(() => rm(dir, { recursive: true, force: true }));

const input = (name: string) => workspaceInputSchema.parse({ name, api_url: 'http://h/api', auth: { kind: 'none' }, headers }); // prettier-ignore

function memory(kind: Secrets['kind']): Secrets & { kept: Map<string, string> } {
  const kept = new Map<string, string>();
  return {
    kind,
    setAside: null,
    kept,
    get: (name) => Promise.resolve(kept.get(name) ?? null),
    set: (name, secret) => Promise.resolve(void kept.set(name, secret)),
    remove: (name) => Promise.resolve(void kept.delete(name)),
  };
}

test('only their names are in the list; the server gets the values, also after a restart, until the workspace goes', async () => {
  const path = join(dir, 'a.json');
  const file = join(dir, 'secrets.json');
  const first = await Workspaces.open(path, await fileSecrets(file), null);
  await first.add(input('a'));
  await first.update('a', { paused: true });
  const again = await Workspaces.open(path, await fileSecrets(file), null);
  assert.deepEqual((await again.connection(again.get('a'))).headers, headers);
  assert.deepEqual(
    describe(again.get('a'), { task_runs: null, bytes: null, sync_every: 30 }).custom_headers,
    Object.keys(headers),
  );
  assert.ok(!(await readFile(path, 'utf8')).includes(VALUE));
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  await again.remove('a');
  assert.ok(!(await readFile(file, 'utf8')).includes(VALUE));
});

test('a file of before: its values move to the secrets; where those last only a while they stay', async () => {
  for (const kind of ['keychain', 'session'] as const) {
    const path = join(dir, `${kind}.json`);
    const scratch = await Workspaces.open(path, memory('file'), null);
    await scratch.add(input('old'));
    const [entry] = JSON.parse(await readFile(path, 'utf8')) as [object];
    await writeFile(path, JSON.stringify([{ ...entry, headers }]));
    const reader = await Workspaces.open(path, memory(kind), new AppError('FOLDER_READ_ONLY', 'read-only'));
    assert.deepEqual((await reader.connection(reader.get('old'))).headers, headers, 'who only reads moves nothing');
    const secrets = memory(kind);
    const moved = await Workspaces.open(path, secrets, null);
    assert.deepEqual((await moved.connection(moved.get('old'))).headers, headers);
    assert.equal((await readFile(path, 'utf8')).includes(VALUE), kind === 'session');
    assert.equal([...secrets.kept.values()].join().includes(VALUE), kind === 'keychain');
  }
});

test('names without values are a missing secret, said as such', async () => {
  const path = join(dir, 'lost.json');
  await (await Workspaces.open(path, memory('session'), null)).add(input('lost'));
  const later = await Workspaces.open(path, memory('session'), null);
  await assert.rejects(later.connection(later.get('lost')), { code: 'SECRET_MISSING' });
  const other = memory('file');
  other.kept.set(`${later.get('lost').secrets}/headers`, JSON.stringify(headers));
  const both = await Workspaces.open(path, secretsOf(memory('keychain'), other), null);
  assert.deepEqual((await both.connection(both.get('lost'))).headers, headers, 'added on the command line');
});

test('renamed by who cannot see its secrets, it still has them; so has one of before, whose secrets are under its name', async () => {
  const path = join(dir, 'renamed.json');
  const keychain = memory('keychain');
  const secret = { kind: 'secret' as const, scheme: 'basic' as const, secret: 'admin:pass' };
  const window = await Workspaces.open(path, keychain, null);
  await window.add({ ...input('new'), auth: secret });
  await window.add({ ...input('old'), auth: secret });
  const [first, { secrets: key, ...before }] = JSON.parse(await readFile(path, 'utf8')) as [
    object,
    { secrets: string },
  ];
  await writeFile(path, JSON.stringify([first, before]));
  for (const kept of ['', '/headers']) {
    keychain.kept.set(`old${kept}`, keychain.kept.get(key + kept) ?? '');
    keychain.kept.delete(key + kept);
  }

  const line = await Workspaces.open(path, memory('file'), null);
  for (const name of ['new', 'old']) {
    const { name: _, ...same } = line.get(name);
    await line.edit(name, { ...same, name: `${name} renamed` }, { secret: null, headers: null });
  }
  // the freed names go to others, with secrets of their own
  await line.add({ ...input('old'), auth: { ...secret, secret: 'other:pass' } });
  const again = await Workspaces.open(path, secretsOf(keychain, memory('file')), null);
  for (const name of ['new renamed', 'old renamed']) {
    const connection = await again.connection(again.get(name));
    assert.deepEqual([connection.auth?.secret, connection.headers], ['admin:pass', headers], name);
  }
  await again.remove('new renamed');
  await again.remove('old renamed');
  assert.equal(keychain.kept.size, 0, 'nothing is left behind');
});
