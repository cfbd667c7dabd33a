/** Rows that a sync by the clock would miss or read too often: late ones, ones without expected start, ones that run for weeks, and the first that a person sees. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatTime } from '../../src-main/contract/time.ts';
import { SyncMemory } from '../../src-main/sync/memory.ts';
import { startDemo, type Demo } from '../fixtures/demo/server.ts';
import { newRow } from '../fixtures/demo/new-rows.ts';
import { memorySink } from '../fixtures/memory-sink.ts';
import { syncDemo as sync } from '../fixtures/sync-once.ts';

const MINUTE = 60_000_000;
const EPOCH = Date.UTC(2026, 5, 1) * 1000;

async function withDemo(runs: number, work: (demo: Demo, clock: { now: number }) => Promise<void>): Promise<void> {
  const clock = { now: EPOCH };
  const demo = await startDemo({ runs, seed: 11, limit: 50, epoch: EPOCH, now: () => clock.now });
  try {
    await work(demo, clock);
    assert.deepEqual(demo.control.faults.problems, []);
  } finally {
    await demo.close();
  }
}

const pages = (demo: Demo) => demo.control.requests.filter((one) => one.endsWith('/task_runs/filter')).length;

test('ended runs that arrive 25, 90 and 300 minutes late are found, the younger within 3 minutes', () =>
  withDemo(300, async (demo, clock) => {
    const sink = memorySink();
    await sync(demo, sink);
    for (let i = 0; i < 8; i++) {
      clock.now += MINUTE;
      await sync(demo, sink);
    }
    const late = [25, 90, 300].map((minutes) => {
      const at = formatTime(clock.now - minutes * MINUTE);
      return demo.control.insert('task_run', { expected_start_time: at, start_time: at, end_time: at, updated: at });
    });
    const missing = () => late.filter((id) => !sink.rows.task_run.has(id));
    for (let half = 0; half < 6; half++) {
      clock.now += MINUTE / 2;
      await sync(demo, sink);
    }
    // the oldest may be found as early: in an archive this small the window that is read in turn holds much
    assert.deepEqual(
      missing().filter((id) => id !== late[2]),
      [],
      'after 3 minutes',
    );
    for (let i = 0; i < 10; i++) {
      clock.now += MINUTE;
      await sync(demo, sink);
    }
    assert.deepEqual(missing(), [], 'after 13 minutes');
  }));

test('pages of runs without expected start are read alone', () =>
  withDemo(1500, async (demo) => {
    const ids = Array.from({ length: 130 }, () => demo.control.insert('task_run', { expected_start_time: null }));
    const sink = memorySink();
    await sync(demo, sink);
    for (const id of ids) assert.ok(sink.rows.task_run.has(id));
    const most = (1500 / 49) * 1.35 + 12;
    assert.ok(pages(demo) < most, `${pages(demo)} pages, at most ${most}`);
  }));

test('the same while new runs arrive with each request', () =>
  withDemo(900, async (demo, clock) => {
    const ids = Array.from({ length: 130 }, () => demo.control.insert('task_run', { expected_start_time: null }));
    const run = () => void demo.control.insert('task_run', { expected_start_time: formatTime((clock.now += 1000)) });
    demo.control.faults.add({ kind: 'meanwhile', run, path: '/task_runs', times: Infinity });
    const sink = memorySink();
    await sync(demo, sink);
    for (const id of ids) assert.ok(sink.rows.task_run.has(id));
    const most = (900 / 49) * 1.5 + 16;
    assert.ok(pages(demo) < most, `${pages(demo)} pages, at most ${most}`);
  }));

test('the newest task runs come first, with the parents that they name, in half a dozen requests', () =>
  withDemo(4000, async (demo) => {
    const sink = memorySink();
    const abort = new AbortController();
    let shown = -1;
    const look = () => {
      const { task_run: tasks, flow_run: runs, flow: flows } = sink.rows;
      const whole =
        tasks.size >= 20 &&
        [...tasks.values()].every(({ value }) => {
          const run = runs.get(String(value['flow_run_id']));
          return value['flow_run_id'] === null || (run && flows.has(String(run.value['flow_id'])));
        });
      if (whole && shown < 0) shown = demo.control.requests.length;
    };
    // after the write, before the next reply
    sink.beforeWrite = () => {
      setImmediate(look);
      return Promise.resolve();
    };
    await sync(demo, sink, { sync: { signal: abort.signal } });
    assert.ok(shown > 0 && shown <= 7, `a list stands after ${shown} requests`);
  }));

test('the newest task runs do not wait for parents that never come', () =>
  withDemo(300, async (demo) => {
    demo.control.faults.add({ kind: 'silence', path: '/flow_runs/filter', times: Infinity });
    const sink = memorySink();
    const abort = new AbortController();
    const first = new Promise<void>((resolve) => {
      sink.beforeWrite = () => {
        setImmediate(() => sink.rows.task_run.size > 0 && resolve());
        return Promise.resolve();
      };
    });
    const done = assert.rejects(sync(demo, sink, { sync: { signal: abort.signal } }), { code: 'CANCELLED' });
    await first;
    abort.abort();
    await done;
  }));

const HOUR = 60 * MINUTE;
const WEEKS = 3 * 7 * 24 * HOUR;

for (const answered of [true, false])
  test(`5,000 runs that are Running for weeks are asked for less and less often, ${answered ? 'by state' : 'by id'}`, () =>
    withDemo(300, async (demo, clock) => {
      const { control } = demo;
      const old = formatTime(EPOCH - WEEKS);
      const running = { state_type: 'RUNNING', state_name: 'Running', end_time: null };
      const given = { ...running, expected_start_time: old, start_time: old, created: old, updated: old };
      const model = newRow(control.database, 'task_run', given, EPOCH);
      const stuck = Array.from({ length: 5000 }, (_, i) => `${String(i).padStart(8, '0')}-0000-4000-8000-00000000000a`);
      for (const id of stuck) control.database.insert('task_run', { ...model, id });
      if (!answered)
        control.faults.add({ kind: 'status', status: 500, body: '"SCHEDULED"', path: '/task_runs', times: Infinity });
      const memory = new SyncMemory();
      const client = { sleep: () => Promise.resolve() };
      const sink = memorySink();
      const pass = () => sync(demo, sink, { sync: { memory }, client });
      // one that began a while ago and changes often
      const began = formatTime(EPOCH - 2 * HOUR);
      const young = control.insert('task_run', { ...running, expected_start_time: began, updated: began });
      await pass(); // reads all
      await pass(); // asks for all that is unfinished
      // what no clock tells: a run that ended long ago by its own times, and one that is deleted
      control.update('task_run', stuck[7], {
        state_type: 'CRASHED',
        state_name: 'Crashed',
        end_time: old,
        updated: old,
      });
      control.remove('task_run', [stuck[8]]);

      const [hours, passes] = answered ? [4, 60] : [1.5, 18];
      control.requests.length = 0;
      for (let i = 1; i <= passes; i++) {
        clock.now += (hours * HOUR) / passes;
        control.update('task_run', young, { run_count: i, updated: formatTime(clock.now) });
        await pass();
        assert.equal(sink.rows.task_run.get(young)?.value['run_count'], i, 'a young one is read in each pass');
      }
      assert.equal(sink.rows.task_run.get(stuck[7])?.value.state_type, 'CRASHED');
      assert.ok(sink.gone.task_run.has(stuck[8]));
      // all of them at first and every three hours, and in an archive this small every hour to compare them; ten pages a pass besides
      const asked = pages(demo);
      const all = stuck.length / 49;
      const most = all * (Math.ceil(hours / 3) + Math.ceil(hours) + 1) + passes * 10;
      assert.ok(
        asked < most,
        `${asked} pages in ${hours} hours, at most ${most}; each pass by itself would read ${all}`,
      );
    }));
