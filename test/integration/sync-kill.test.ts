/** `kill -9` in the middle of a real sync, again and again: what was committed is whole, is the server's, and the next run goes on from there. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import Sqlite from 'better-sqlite3';
import { SEED } from '../fixtures/ci-seed.ts';
import { startDemo } from '../fixtures/demo/server.ts';
import { openReader } from '../../src-main/store/read/reader.ts';
import { parseState, STATE_KEY } from '../../src-main/sync/state.ts';
import { parseTime } from '../../src-main/contract/time.ts';
import { start, taskscope } from '../fixtures/command-line.ts';
import { random } from '../fixtures/prefect-rows.ts';
import { tempDir } from '../fixtures/temp-dir.ts';

const KILLS = Number(process.env['TASKSCOPE_KILLS'] ?? (process.env['CI'] ? 30 : 10));
const EPOCH = Date.UTC(2026, 5, 1) * 1000;
const RUNS = 12_000;
const LIMIT = 50;
/**
 * Pages a kill may cost at most, however slow the disk: two transactions of five that are being packed or written, eight that wait
 * (sync/outbox.ts) and one that comes to them, one in each lane's hands; and of a new start the probe, the newest rows that come first, and
 * a question for each of two filters that not every version has.
 */
const LOST = 10 + 8 + 1 + 2 + 1 + 1 + 2;

/** As the server computes them when asked: never the same twice. */
const computed = ['estimated_run_time', 'estimated_start_time_delta'];
const plain = (json: string) =>
  Object.fromEntries(
    Object.entries(JSON.parse(json) as Record<string, unknown>).filter(([key]) => !computed.includes(key)),
  );

/** µs */
const timeOr = (text: string | null, otherwise: number) => (text === null ? null : parseTime(text)) ?? otherwise;

/** The demo writes a row's id first. All of it is parsed once, at the end: after each kill that took 0.3 s. */
const ownId = /^\{"id":"([^"]+)"/;

test(`${KILLS} kills at random points of a sync: whole, nothing lost or doubled, and it goes on`, async (t) => {
  t.diagnostic(`TASKSCOPE_SEED=${SEED}`);
  const next = random(SEED);
  const dir = tempDir(t);
  const demo = await startDemo({ runs: RUNS, seed: 9, epoch: EPOCH, now: EPOCH, limit: LIMIT });
  t.after(() => demo.close());
  const { control } = demo;
  const add = ['workspace', 'add', 'w', '--api-url', demo.apiUrl, '--data-dir', dir];
  assert.equal((await taskscope(add)).code, 0);
  const path = join(dir, 'archives', 'w.sqlite');

  let kept = 0;
  let gap: { low: number; high: number } | null = { low: -Infinity, high: Infinity };
  /** pages of task runs the first harvest has asked for, over all the runs it took */
  let pages = 0;
  let runs = 0;
  let killed = 0;
  let through = false;
  const isPage = (one: string) => one === 'POST /api/task_runs/filter';
  for (let kill = 0; kill < KILLS; kill++) {
    const asked = control.requests.length;
    const { child, ended } = start(['sync', '--workspace', 'w', '--data-dir', dir]);
    try {
      // by requests and not by the clock, which on a busy machine never gets past the first page; a pass has few
      const point = next() * (through ? 12 : 30);
      const asking = () => control.requests.slice(asked).filter((one) => one.endsWith('runs/filter')).length;
      while (asking() < point && child.exitCode === null) await pause(1);
      await Promise.race([pause(next() * 20), ended]);
    } finally {
      if (child.exitCode === null) child.kill('SIGKILL');
    }
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    if (child.signalCode === 'SIGKILL') killed += 1;
    const read = control.requests.slice(asked).filter(isPage).length;
    const harvesting = !through;
    if (harvesting) {
      pages += read;
      runs += 1;
    }

    const db = new Sqlite(path);
    assert.equal(db.pragma('integrity_check', { simple: true }), 'ok');
    db.close();
    const reader = openReader(path);
    try {
      const rids = Array.from(reader.rows('task_run', 0, reader.maxRid('task_run')), ([rid]) => rid);
      const ids = new Set<string>();
      for (const text of reader.json('task_run', rids)) {
        if (text === 'null') continue;
        const id = ownId.exec(text)?.[1] ?? '';
        assert.ok(id !== '' && !ids.has(id), `${text.slice(0, 60)}: twice, or not a row`);
        ids.add(id);
      }
      assert.ok(ids.size >= kept, `${ids.size} rows, ${kept} before`);
      const gained = ids.size - kept;
      kept = ids.size;
      const state = parseState(reader.state(STATE_KEY));
      const left = state.open?.task_run[0];
      const next = left && { low: timeOr(left.low, -Infinity), high: timeOr(left.high, Infinity) };
      if (next) {
        assert.ok(gap, 'it began again after it was through');
        assert.ok(next.low >= gap.low && next.high <= gap.high, 'the gap that is left grew: it began again');
      }
      through = state.through !== null;
      if (next || through) gap = next ?? null;
      // each page begins with the row that the one before it ended with; the last one may hold few
      if (harvesting && !through)
        assert.ok(
          read - LOST <= gained / (LIMIT - 1) + 1,
          `${read} pages were read and ${gained} rows kept: it reads again`,
        );
    } finally {
      reader.close();
    }
    // a harvest that is through: what changes from here on is read by passes, which are killed as well
    if (kept >= RUNS)
      for (let i = 0; i < 20; i++) control.insert('task_run', { state_type: 'FAILED', state_name: 'Failed' });
  }

  const asked = control.requests.length;
  const last = await taskscope(['sync', '--workspace', 'w', '--data-dir', dir]);
  assert.equal(last.code, 0, last.err);
  if (!through) pages += control.requests.slice(asked).filter(isPage).length;
  t.diagnostic(`${killed} killed; the first harvest took ${pages} pages of task runs in ${runs} runs`);
  assert.ok(killed > KILLS * 0.7, `only ${killed} of ${KILLS} were killed`);

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
