import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import Sqlite from 'better-sqlite3';
import { openReader } from '../../src-main/store/read/reader.ts';
import { SEED } from '../fixtures/ci-seed.ts';
import { random } from '../fixtures/prefect-rows.ts';
import { contentAfter } from '../fixtures/store-pages.ts';
import { tempDir } from '../fixtures/temp-dir.ts';

const KILLS = Number(process.env.TASKSCOPE_KILLS ?? (process.env.CI ? 30 : 20));
const child = fileURLToPath(new URL('../fixtures/store-kill-child.ts', import.meta.url));

/** Runs the writer until `millis` after its first write, kills it, and returns the last page it said was written. */
async function writeUntilKilled(path: string, millis: number): Promise<number> {
  const running = spawn(process.execPath, [child, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(running, 'exit');
  let said = '';
  running.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
  try {
    await Promise.race([once(running.stdout, 'data'), exited]);
    await Promise.race([pause(millis), exited]);
  } finally {
    running.kill('SIGKILL');
  }
  const [, signal] = (await exited) as [number | null, string | null];
  assert.equal(signal, 'SIGKILL', 'the writer ended by itself');
  return Number(said.trimEnd().split('\n').at(-1));
}

test(`after each of ${KILLS} kills at random points: the file is whole, nothing said to be written is lost or doubled, and it goes on from there`, async (t) => {
  const path = join(tempDir(t), 'a.sqlite');
  t.diagnostic(`TASKSCOPE_SEED=${SEED}`);
  const next = random(SEED);
  let before = 0;
  for (let kill = 0; kill < KILLS; kill++) {
    const said = await writeUntilKilled(path, next() * 120);
    const db = new Sqlite(path);
    assert.equal(db.pragma('integrity_check', { simple: true }), 'ok');
    db.close();
    const reader = openReader(path);
    try {
      const page = reader.state('page') as number;
      // what was written last may not have been said any more; nothing else
      assert.ok(page === said || page === said + 1, `${page} in the file, ${said} said`);
      assert.ok(page > before);
      before = page;
      const rids = Array.from(reader.rows('task_run', 0, reader.maxRid('task_run')), ([rid]) => rid);
      const found = reader
        .json('task_run', rids)
        .map((json) => [(JSON.parse(json) as { id: string }).id, json] as const);
      assert.equal(found.length, rids.length);
      const content = contentAfter(page);
      assert.equal(found.length, content.size);
      assert.deepEqual(new Map(found), content);
    } finally {
      reader.close();
    }
  }
});
