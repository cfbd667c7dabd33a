/** Writing a case file: what goes wrong with the archive in it is an error of the call, nothing stays open, and nothing stays behind. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { CaseManifest } from '../../src-main/contract/case-file.ts';
import { caseFolder } from '../../src-main/core/cases/case-folder.ts';
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

test('folders of processes that were killed go, this one and strangers stay', async (t) => {
  const before = process.env['TMPDIR'];
  process.env['TMPDIR'] = tempDir(t);
  t.after(() => (before === undefined ? delete process.env['TMPDIR'] : (process.env['TMPDIR'] = before)));
  const dir = process.env['TMPDIR'];
  for (const name of ['taskscope-case-99999999-a', `taskscope-case-${process.ppid}-a`, 'other'])
    await mkdir(join(dir, name));
  const own = await caseFolder();
  assert.deepEqual((await readdir(dir)).map((name) => join(dir, name)).sort(), [join(dir, 'other'), join(dir, `taskscope-case-${process.ppid}-a`), own].sort()); // prettier-ignore
});
