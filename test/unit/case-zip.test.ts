/** Writing the zip of a case file: what goes wrong with the archive in it is an error of the call, and nothing stays open. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { CaseManifest } from '../../src-main/contract/case-file.ts';
import { writeCase } from '../../src-main/core/cases/zip.ts';
import { tempDir } from '../fixtures/temp-dir.ts';
import { until } from '../fixtures/until.ts';

const manifest = {} as CaseManifest;
const openFiles = () => (process.platform === 'linux' ? readdirSync('/proc/self/fd').length : 0);

test('an archive that is gone, a folder in its place, and a save that is cancelled', async (t) => {
  const dir = tempDir(t);
  const archive = join(dir, 'archive.sqlite');
  const out = join(dir, 'out');
  await mkdir(out);
  const signal = AbortSignal.timeout(60_000);
  const before = openFiles();
  await assert.rejects(writeCase(join(out, 'a.taskscope'), manifest, archive, { signal, overwrite: true }));
  await assert.rejects(writeCase(join(out, 'b.taskscope'), manifest, dir, { signal, overwrite: true }));
  await writeFile(archive, Buffer.alloc(50_000_000, 'x'));
  for (let i = 0; i < 3; i++) {
    const cancel = new AbortController();
    const saved = writeCase(join(out, 'c.taskscope'), manifest, archive, { signal: cancel.signal, overwrite: true });
    cancel.abort();
    await assert.rejects(saved, { code: 'CANCELLED' });
  }
  await until(() => openFiles() <= before);
  assert.deepEqual(await readdir(out), []);
});
