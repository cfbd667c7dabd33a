/** Values of custom headers are kept where the API keys are. */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
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
    describe(again.get('a'), { task_runs: null, bytes: null, prefect: null, sync_every: 30 }).custom_headers,
    Object.keys(headers),
  );
  assert.ok(!(await readFile(path, 'utf8')).includes(VALUE));
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  await again.remove('a');
  assert.ok(!(await readFile(file, 'utf8')).includes(VALUE));
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

test('renamed by a shell that cannot see its secrets, a workspace still has them', async () => {
  const path = join(dir, 'renamed.json');
  const keychain = memory('keychain');
  const secret = { kind: 'secret' as const, scheme: 'basic' as const, secret: 'admin:pass' };
  const window = await Workspaces.open(path, keychain, null);
  await window.add({ ...input('old'), auth: secret });
  const line = await Workspaces.open(path, memory('file'), null);
  const { name: _, ...same } = line.get('old');
  await line.edit('old', { ...same, name: 'renamed' }, { secret: null, headers: null });
  // the freed name goes to another, with secrets of its own
  await line.add({ ...input('old'), auth: { ...secret, secret: 'other:pass' } });
  const again = await Workspaces.open(path, secretsOf(keychain, memory('file')), null);
  const connection = await again.connection(again.get('renamed'));
  assert.deepEqual([connection.auth?.secret, connection.headers], ['admin:pass', headers]);
  await again.remove('renamed');
  assert.equal(keychain.kept.size, 0, 'nothing is left behind');
});
