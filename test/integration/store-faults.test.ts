/** A full disk and a read-only folder, really: a small file system in a mount namespace of the child's own, as chmod does not stop root. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { inNamespace, noMounts } from '../fixtures/mount-namespace.ts';
import { contentAfter } from '../fixtures/store-pages.ts';
import { tempDir } from '../fixtures/temp-dir.ts';

const child = fileURLToPath(new URL('../fixtures/store-faults-child.ts', import.meta.url));
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
  { skip: noMounts() },
  async (t) => {
    const dir = tempDir(t);
    const result = await inNamespace<Result>(child, dir);
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
