/** `kill -9` in the middle of a real sync, again and again: what was committed is whole, is the server's, and the next run goes on from there. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import Sqlite from 'better-sqlite3';
import { startDemo } from '../../src-main/demo/server.ts';
import { openReader } from '../../src-main/store/read.ts';
import { parseState, STATE_KEY } from '../../src-main/sync/state.ts';
import { parseTime } from '../../src-main/contract/time.ts';
import { start, taskscope } from '../fixtures/command-line.ts';
import { random } from '../fixtures/prefect-rows.ts';
import { tempDir } from '../fixtures/temp-dir.ts';

const KILLS = Number(process.env['TASKSCOPE_KILLS'] ?? (process.env['CI'] ? 100 : 10));
const SEED = Number(process.env['TASKSCOPE_SEED'] ?? Date.now() % 1_000_000);
const EPOCH = Date.UTC(2026, 5, 1) * 1000;
const RUNS = 12_000;

/** As the server computes them when asked: never the same twice. */
const computed = ['estimated_run_time', 'estimated_start_time_delta'];
const plain = (json: string) =>
  Object.fromEntries(
    Object.entries(JSON.parse(json) as Record<string, unknown>).filter(([key]) => !computed.includes(key)),
  );

test(`${KILLS} kills at random points of a sync: whole, nothing lost or doubled, and it goes on`, async (t) => {
  t.diagnostic(`TASKSCOPE_SEED=${SEED}`);
  const next = random(SEED);
  const dir = tempDir(t);
  const demo = await startDemo({ runs: RUNS, seed: 9, epoch: EPOCH, now: EPOCH, limit: 50 });
  t.after(() => demo.close());
  const { control } = demo;
  const add = ['workspace', 'add', 'w', '--api-url', demo.apiUrl, '--data-dir', dir];
  assert.equal((await taskscope(add)).code, 0);
  const path = join(dir, 'archives', 'w.sqlite');

  let kept = 0;
  let edge = Infinity;
  for (let kill = 0; kill < KILLS; kill++) {
    const asked = control.requests.length;
    const { child, ended } = start(['sync', '--workspace', 'w', '--data-dir', dir]);
    try {
      // it reads the pages of runs now, unless it is through already
      const reading = () => control.requests.slice(asked).some((one) => one.endsWith('runs/filter'));
      while (!reading() && child.exitCode === null) await pause(2);
      await Promise.race([pause(next() * 150), ended]);
    } finally {
      if (child.exitCode === null) child.kill('SIGKILL');
    }
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');

    const db = new Sqlite(path);
    assert.equal(db.pragma('integrity_check', { simple: true }), 'ok');
    db.close();
    const reader = openReader(path);
    try {
      const rids = Array.from(reader.rows('task_run', 0, reader.maxRid('task_run')), ([rid]) => rid);
      const texts = reader.json('task_run', rids).filter((text) => text !== 'null');
      const ids = new Set<string>();
      for (const text of texts) {
        const row = plain(text) as { id: string };
        assert.ok(!ids.has(row.id), `${row.id} twice`);
        ids.add(row.id);
      }
      assert.ok(ids.size >= kept, `${ids.size} rows, ${kept} before`);
      kept = ids.size;
      const gap = parseState(reader.state(STATE_KEY)).open?.task_run[0];
      const high = gap ? (parseTime(gap.high) ?? Infinity) : edge;
      assert.ok(high <= edge, 'the gap that is left grew: it began again');
      edge = high;
    } finally {
      reader.close();
    }
    // a harvest that is through: what changes from here on is read by passes, which are killed as well
    if (kept >= RUNS)
      for (let i = 0; i < 20; i++) control.insert('task_run', { state_type: 'FAILED', state_name: 'Failed' });
  }

  const last = await taskscope(['sync', '--workspace', 'w', '--data-dir', dir]);
  assert.equal(last.code, 0, last.err);
  const reader = openReader(path);
  try {
    const { task_run: table } = control.database;
    const keys = [...table.byTime().keys].filter((key) => table.exists(key, EPOCH));
    const rids = keys.map((key) => reader.ridOf('task_run', table.facts(key, EPOCH).id));
    assert.ok(!rids.includes(null), 'a row is missing');
    reader.json('task_run', rids as number[]).forEach((text, i) => {
      assert.deepEqual(plain(text), plain(JSON.stringify(table.json(keys[i], EPOCH))));
    });
    assert.equal(reader.stats().rows.task_run, keys.length);
  } finally {
    reader.close();
  }
});
