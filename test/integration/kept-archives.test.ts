/** Archives of removed workspaces: no other server's runs come into one, its own server's workspace can go on with it, and deleting one leaves nothing. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, before, test } from 'node:test';
import { workspaceInputSchema } from '../../src-main/contract/workspace.ts';
import { createApp, type App } from '../../src-main/core/app.ts';
import { plainShell } from '../../src-main/core/shell.ts';
import { startDemo, type Demo } from '../fixtures/demo/server.ts';
import { until } from '../fixtures/until.ts';

const EPOCH = Date.UTC(2026, 5, 1) * 1000;
const never = { signal: new AbortController().signal };
const dir = mkdtempSync(join(tmpdir(), 'taskscope-kept-'));
const archives = join(dir, 'archives');
let app: App;
let one: Demo;
let other: Demo;
before(async () => {
  one = await startDemo({ epoch: EPOCH, now: EPOCH, runs: 120, seed: 1 });
  other = await startDemo({ epoch: EPOCH, now: EPOCH, runs: 80, seed: 2 });
  app = await createApp({ dataDir: dir, shell: plainShell, log: () => undefined });
});
after(async () => {
  await app.close();
  await Promise.all([one.close(), other.close()]);
  rmSync(dir, { recursive: true, force: true });
});

const input = (name: string, { apiUrl }: Demo) =>
  workspaceInputSchema.parse({ name, api_url: apiUrl, auth: { kind: 'none' } });
const kept = (demo: Demo) => app.handlers['workspace.kept']({ input: input('x', demo), candidate: null }, never);
const remove = (workspace: string, archive = false) => app.handlers['workspace.remove']({ workspace, archive }, never);
async function added(name: string, demo: Demo, archive: string | null = null): Promise<number> {
  await app.handlers['workspace.add']({ ...input(name, demo), archive }, never);
  await until(async () => (await app.archive(name)).sync.get().last_success !== null);
  await (await app.archive(name)).settled();
  return (await (await app.archive(name)).query.stats({})).task_runs;
}

test('a workspace of the same name and another server gets a file of its own; its own server’s gets the kept one when asked for', async () => {
  assert.deepEqual(await kept(one), [], 'nothing is kept yet');
  assert.equal(await added('prod', one), 120);
  await remove('prod');
  assert.deepEqual(await kept(other), [], 'the other server does not know it');
  assert.equal(await added('Prod', other), 80);
  assert.equal(app.workspaces.get('Prod').file, 'Prod~2.sqlite');
  const [found, ...more] = await kept(one);
  assert.deepEqual(more, []);
  assert.deepEqual([found?.file, found?.task_runs, found?.server], ['prod.sqlite', 120, one.apiUrl]);
  assert.ok(found && found.bytes > 0);

  const refused = { code: 'ANOTHER_SERVER' };
  await assert.rejects(async () => added('wrong', other, 'prod.sqlite'), refused);
  await assert.rejects(async () => added('wrong', other, 'Prod~2.sqlite'), refused, 'in use');
  await assert.rejects(async () => added('wrong', one, '../settings.json'), refused, 'no archive');
  assert.equal(await added('again', one, 'prod.sqlite'), 120);
  assert.equal(app.workspaces.get('again').file, 'prod.sqlite');
  await remove('again', true);
  await remove('Prod', true);
  assert.deepEqual(readdirSync(archives), []);
});

test('deleting an archive lists every file that belongs to it, and deletes exactly these', async () => {
  await added('a', one);
  await added('a.sqlite-b', other); // its file's name begins with the other's
  await app.archives.close('a');
  const stamp = 'damaged-2026-01-02T030405Z';
  const left = [
    ...['before-v2', stamp, `${stamp}-2`, `${stamp}.index`, `${stamp}-wal`, 'salvaged', 'salvaging-wal', 'suspect'],
    'index.partial',
  ].map((end) => `a.sqlite.${end}`);
  const strange = ['a.sqlite.my-notes', 'a.sqlite-copy', 'ab.sqlite'];
  for (const name of [...left, ...strange]) writeFileSync(join(archives, name), 'x'.repeat(10));
  const files = await app.handlers['workspace.files']({ workspace: 'a' }, never);
  assert.deepEqual(
    files.map(({ path }) => basename(path)).filter((name) => name !== 'a.sqlite.index'),
    ['a.sqlite', ...left].sort(),
  );
  assert.ok(files.every(({ path, bytes }) => bytes === 10 || /sqlite(\.index)?$/.test(path)));
  await remove('a', true);
  const now = readdirSync(archives);
  assert.deepEqual(now.filter((name) => !name.startsWith('a.sqlite-b')).sort(), [...strange].sort());
  assert.ok(now.includes('a.sqlite-b.sqlite'));
  await remove('a.sqlite-b', true);
});
