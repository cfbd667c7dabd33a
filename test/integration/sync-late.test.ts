/** Rows that a sync by the clock would miss or read too often: late ones, ones without expected start, and the first that a person sees. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatTime } from '../../src-main/contract/time.ts';
import { createClient } from '../../src-main/prefect/client.ts';
import { runSync, type SyncOptions, type SyncProgress } from '../../src-main/sync/run.ts';
import { NoPause } from '../fixtures/client-harness.ts';
import { startDemo, type Demo } from '../fixtures/demo/server.ts';
import { memorySink, type MemorySink } from '../fixtures/memory-sink.ts';

const MINUTE = 60_000_000;
const EPOCH = Date.UTC(2026, 5, 1) * 1000;

async function sync(demo: Demo, sink: MemorySink, options: Partial<SyncOptions> = {}) {
  const client = createClient({ api_url: demo.apiUrl, auth: null, budget: new NoPause(Infinity) });
  let last: SyncProgress | null = null;
  await runSync({
    client,
    sink,
    since: null,
    state: (key) => Promise.resolve(sink.state.get(key)),
    signal: new AbortController().signal,
    onStatus: (status) => (last = status),
    ...options,
  }).finally(() => client.close());
  return last as unknown as SyncProgress;
}

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

test('the newest task runs come first, with the parents that they name, in a dozen requests', () =>
  withDemo(4000, async (demo) => {
    const sink = memorySink();
    const abort = new AbortController();
    let shown = -1;
    sink.beforeWrite = () => {
      const { task_run: tasks, flow_run: runs, flow: flows } = sink.rows;
      const whole =
        tasks.size >= 20 &&
        [...tasks.values()].every(({ value }) => {
          const run = runs.get(String(value['flow_run_id']));
          return value['flow_run_id'] === null || (run && flows.has(String(run.value['flow_id'])));
        });
      if (whole && shown < 0) shown = demo.control.requests.length;
      return Promise.resolve();
    };
    await sync(demo, sink, { signal: abort.signal });
    assert.ok(shown > 0 && shown <= 14, `a list stands after ${shown} requests`);
  }));
