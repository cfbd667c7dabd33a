/** A full disk and a read-only folder, really: a small file system in a mount namespace of the child's own, as chmod does not stop root. */
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { contentAfter } from '../fixtures/store-pages.ts';
import { tempDir } from '../fixtures/temp-dir.ts';

const child = fileURLToPath(new URL('../fixtures/store-faults-child.ts', import.meta.url));
const own = [['-Ur', '-m'], ['-m']].find((flags) => mayMount(flags));

function mayMount(flags: string[]): boolean {
  // an ordinary user may mount in a namespace of its own here and there, but not mount again with another size
  const script = 'mount -t tmpfs -o size=1m tmpfs /mnt && mount -o remount,size=2m /mnt && mount -o remount,ro /mnt';
  const tried = spawnSync('unshare', [...flags, 'sh', '-c', script], { stdio: 'ignore' });
  return tried.status === 0;
}

type Result = {
  full: string;
  again: string;
  writtenWhenFull: number;
  stateWhenFull: number;
  withRoom: string;
  page: number;
  readOnly: { open: string; create: string; lock: string; read: string; readCrashed: string };
  rows: string[];
};

test(
  'a full disk and a read-only folder: said by code, nothing lost, goes on when there is room',
  { skip: own ? false : 'mounting a small file system is not permitted here (unshare -Urm, unshare -m)' },
  async (t) => {
    const dir = tempDir(t);
    const args = [...(own ?? []), process.execPath, child, dir];
    const { stdout } = await promisify(execFile)('unshare', args, { maxBuffer: 1e8 });
    const result = JSON.parse(stdout) as Result;
    assert.equal(result.full, 'DISK_FULL');
    assert.equal(result.again, 'DISK_FULL');
    assert.ok(result.writtenWhenFull > 0);
    assert.equal(result.stateWhenFull, result.writtenWhenFull);
    assert.equal(result.withRoom, 'none');
    assert.equal(result.page, result.writtenWhenFull + 1);
    assert.deepEqual(result.readOnly, {
      open: 'FOLDER_READ_ONLY',
      create: 'FOLDER_READ_ONLY',
      lock: 'FOLDER_READ_ONLY',
      read: 'none',
      readCrashed: 'none',
    });
    const found = new Map(result.rows.map((json) => [(JSON.parse(json) as { id: string }).id, json]));
    assert.deepEqual(found, contentAfter(result.page));
  },
);
