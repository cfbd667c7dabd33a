import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { hostname } from 'node:os';
import { test } from 'node:test';
import { AppError } from '../../src-main/contract/errors.ts';
import { lockFolder } from '../../src-main/store/file/lock.ts';
import { tempDir } from '../fixtures/temp-dir.ts';

const lockModule = new URL('../../src-main/store/file/lock.ts', import.meta.url).href;

function heldBy(dir: string): AppError {
  try {
    lockFolder(dir).release();
  } catch (thrown) {
    assert.ok(thrown instanceof AppError);
    return thrown;
  }
  throw new assert.AssertionError({ message: 'the folder was free' });
}

test('a folder is held once, in one process too, and is free again after release', (t) => {
  const dir = tempDir(t);
  const lock = lockFolder(dir);
  const error = heldBy(dir);
  assert.equal(error.code, 'FOLDER_IN_USE');
  assert.equal(error.details.pid, process.pid);
  assert.equal(error.details.host, hostname());
  assert.ok(Math.abs((error.details.since as number) / 1000 - Date.now()) < 600_000);
  lock.release();
  lock.release();
  lockFolder(dir).release();
});

test('the lock of a process that is killed is gone with it', async (t) => {
  const dir = tempDir(t);
  const code = `const { lockFolder } = await import(${JSON.stringify(lockModule)}); lockFolder(${JSON.stringify(dir)}); console.log('held'); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  t.after(() => child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  assert.equal(heldBy(dir).details.pid, child.pid);
  child.kill('SIGKILL');
  await exited;
  lockFolder(dir).release();
});
