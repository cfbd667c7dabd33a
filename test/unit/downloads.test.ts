import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Downloads } from '../../src-main/shell/browser/downloads.ts';

let dir = '';
before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'taskscope-downloads-'));
});
after(() => rm(dir, { recursive: true, force: true }));

test('a suggested name cannot lead out of the folder', async () => {
  const downloads = await Downloads.open(join(dir, 'exports'));
  for (const name of ['../../evil.csv', '/etc/passwd', '..', '', 'a\0b.csv', 'C:\\x.csv']) {
    const { path } = await downloads.place(name);
    assert.ok(path.startsWith(join(dir, 'exports')), path);
    assert.ok(!path.includes('..') && !path.includes('\0'), path);
  }
});

test('what a dead process left is cleared at the next start', async () => {
  const exports = join(dir, 'other');
  await mkdir(join(exports, '999999999-00000000'), { recursive: true });
  await mkdir(join(exports, `${process.ppid}-00000000`), { recursive: true });
  const opened = await Downloads.open(exports);
  const names = await readdir(exports);
  assert.ok(!names.includes('999999999-00000000'));
  assert.ok(names.includes(`${process.ppid}-00000000`), 'a living process keeps its own');
  await opened.close();
});
