/** File systems that are not like most: on a network, and without holes in files. What the system says of them is put in its mouth. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { test } from 'node:test';
import Sqlite from 'better-sqlite3';
import { errorWords } from '../../src-main/contract/error-words.ts';
import { createApp } from '../../src-main/core/app.ts';
import { plainShell } from '../../src-main/core/shell.ts';
import { storeError } from '../../src-main/store/file/errors.ts';
import { openWriter } from '../../src-main/store/write/writer.ts';
import { tempDir } from '../fixtures/temp-dir.ts';

/** `work` while the functions of node:fs are these. */
async function withFs(functions: Partial<typeof fs>, work: () => unknown): Promise<void> {
  const before = Object.fromEntries(Object.keys(functions).map((name) => [name, fs[name as keyof typeof fs]]));
  Object.assign(fs, functions);
  syncBuiltinESMExports();
  try {
    await work();
  } finally {
    Object.assign(fs, before);
    syncBuiltinESMExports();
  }
}

const linux = process.platform !== 'linux' && 'only Linux tells the kind of a file system';

test('on a network file system the archive has no WAL, and the window is warned', { skip: linux }, async (t) => {
  const dir = tempDir(t);
  const path = join(dir, 'a.sqlite');
  const nfs = (() => ({ type: 0x6969 })) as unknown as typeof fs.statfsSync;
  const journal = () => {
    const db = new Sqlite(path, { readonly: true });
    const mode = db.pragma('journal_mode', { simple: true });
    db.close();
    return mode;
  };
  await withFs({ statfsSync: nfs }, async () => {
    const writer = openWriter(path, { onChange: () => undefined });
    writer.setState('page', 1);
    assert.deepEqual([journal(), fs.existsSync(`${path}-wal`)], ['delete', false]);
    writer.close();
    const app = await createApp({
      dataDir: join(dir, 'data'),
      shell: plainShell,
      log: () => undefined,
      syncOnOpen: false,
    });
    const { notices } = await app.handlers.hello({}, { signal: new AbortController().signal });
    await app.close();
    assert.deepEqual(
      notices.map(({ code }) => code),
      ['FOLDER_ON_NETWORK'],
    );
    assert.match(errorWords(notices[0]).title, /NFS|network/);
  });
  const writer = openWriter(path, { onChange: () => undefined });
  assert.equal(journal(), 'wal', 'on a disk of its own it has one again');
  writer.close();
});

test('why a write has failed is found out without writing gigabytes, also where files have no holes', async (t) => {
  const path = join(tempDir(t), 'a.sqlite');
  fs.writeFileSync(path, '');
  const sizes: number[] = [];
  const { fstatSync, ftruncateSync } = fs;
  const solid = ((file: number) => {
    const stats = fstatSync(file);
    return Object.assign(stats, { blocks: Math.ceil(stats.size / 512) });
  }) as typeof fstatSync;
  const noted: typeof ftruncateSync = (file, length) => {
    sizes.push(Number(length));
    ftruncateSync(file, length);
  };
  const failed = Object.assign(new Error('disk I/O error'), { code: 'SQLITE_IOERR_WRITE' });
  for (const [bytes, code] of [
    [3_000_000_000, 'INTERNAL'], // the disk itself has failed
    [2 ** 32 - 10_000, 'DISK_FULL'], // FAT has no larger file
  ] as const) {
    fs.truncateSync(path, bytes);
    await withFs({ fstatSync: solid, ftruncateSync: noted }, () => assert.equal(storeError(failed, path).code, code));
  }
  assert.ok(sizes.length > 0 && Math.max(...sizes) <= 17 * 1024 * 1024, sizes.join());
  assert.deepEqual(fs.readdirSync(join(path, '..')), ['a.sqlite'], 'the probe is gone');
});
