/** Servers that differ: small pages, old filters, either database. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatTime } from '../../src-main/contract/time.ts';
import { AppError } from '../../src-main/contract/errors.ts';
import { allFeatures, type PrefectClient } from '../../src-main/prefect/client.ts';
import { SyncMemory } from '../../src-main/sync/memory.ts';
import type { SyncProgress } from '../../src-main/sync/run.ts';
import { directClient } from '../fixtures/direct-client.ts';
import { memorySink, type MemorySink } from '../fixtures/memory-sink.ts';
import { syncOnce } from '../fixtures/sync-once.ts';
import { NaivePrefect } from '../fixtures/naive-prefect.ts';

const NOW = 1_760_000_000_000_000;

function filled(runs: number): NaivePrefect {
  const prefect = new NaivePrefect();
  prefect.put('flows', { id: `${'f'.repeat(8)}-0000-4000-8000-000000000000`, name: 'etl', updated: formatTime(NOW) });
  for (let i = 0; i < runs; i++)
    prefect.put('task_runs', {
      id: `${String(i).padStart(8, '0')}-0000-4000-8000-000000000000`,
      name: `Extract-${i}`,
      flow_run_id: null,
      state_type: i % 10 === 0 ? 'RUNNING' : 'COMPLETED',
      expected_start_time: formatTime(NOW - i * 1e6),
      end_time: i % 10 === 0 ? null : formatTime(NOW - i * 1e6 + 5),
      updated: formatTime(NOW),
    });
  return prefect;
}

async function sync(
  prefect: NaivePrefect,
  sink: MemorySink,
  change: Partial<PrefectClient> = {},
  memory = new SyncMemory(),
) {
  const statuses: SyncProgress[] = [];
  const dialects: string[] = [];
  const client = directClient(
    prefect,
    () => NOW,
    () => undefined,
  );
  await syncOnce({ ...client, ...change }, sink, {
    memory,
    onStatus: (status) => statuses.push(status),
    onDialect: (dialect) => dialects.push(dialect),
  });
  return { statuses, dialects };
}

test('the database is told by one run’s name', async () => {
  for (const dialect of ['sqlite', 'postgres'] as const) {
    const prefect = filled(3);
    prefect.dialect = dialect;
    assert.deepEqual((await sync(prefect, memorySink())).dialects, [dialect]);
  }
  const empty = new NaivePrefect();
  assert.deepEqual((await sync(empty, memorySink())).dialects, []);
});

test('a server that was away may have been moved to another database or upgraded: it is learned anew', async () => {
  const prefect = filled(3);
  const [sink, memory] = [memorySink(), new SyncMemory()];
  let asked = 0;
  const features = () => Promise.resolve({ ...allFeatures, taskRunEnd: asked++ > 0 });
  assert.deepEqual((await sync(prefect, sink, { features }, memory)).dialects, ['sqlite']);
  await sync(prefect, sink, { features }, memory);
  assert.equal(asked, 1, 'not in each pass');
  const away = () => Promise.reject(new AppError('SERVER_UNREACHABLE', 'it is down'));
  await assert.rejects(sync(prefect, sink, { features, page: away }, memory), { code: 'SERVER_UNREACHABLE' });
  prefect.dialect = 'postgres';
  assert.deepEqual((await sync(prefect, sink, { features }, memory)).dialects, ['postgres']);
  assert.equal(asked, 2);
  // without a failure, when the app starts again
  prefect.dialect = 'sqlite';
  assert.deepEqual((await sync(prefect, sink, { features }, memory)).dialects, ['postgres']);
  assert.deepEqual((await sync(prefect, sink, { features })).dialects, ['sqlite']);
});

test('a page limit that was lowered since it was learned is learned anew', async () => {
  const prefect = filled(40);
  prefect.limit = 7;
  const sink = memorySink();
  await sync(prefect, sink, { pageLimit: () => Promise.resolve(200) });
  assert.equal(sink.rows.task_run.size, 40);
});

test('2.20, which has no time filter on task runs, is read by id', async () => {
  const prefect = filled(40);
  prefect.limit = 10;
  prefect.taskRunKeys = ['id', 'name', 'state'];
  const features = () => Promise.resolve({ ...allFeatures, expectedStart: false, taskRunEnd: false });
  const sink = memorySink();
  await sync(prefect, sink, { features });
  assert.equal(sink.rows.task_run.size, 40);
  const id = '00000010-0000-4000-8000-000000000000';
  prefect.put('task_runs', { ...sink.rows.task_run.get(id)?.value, id, state_type: 'FAILED' });
  await sync(prefect, sink, { features });
  assert.equal(sink.rows.task_run.get(id)?.value.state_type, 'FAILED');
});

test('the status tells what it does, how far it is, and ends idle', async () => {
  const { statuses } = await sync(filled(500), memorySink());
  const steps = statuses.map(({ step }) => step).filter((step, i, all) => step !== all[i - 1]);
  assert.deepEqual(steps, ['connect', 'flows', 'deployments', 'flow_runs', 'task_runs', 'null_probe', 'done']);
  const last = statuses.at(-1);
  assert.equal(last?.phase, 'idle');
  assert.equal(last.task_runs, 500);
  assert.equal(last.expected, 500);
  assert.equal(last.changed, 501);
  assert.equal(last.complete_since, NOW - 499e6);
  assert.equal(last.resumable, false);
});

test('a deletion and an end that both happened between two syncs', async () => {
  const prefect = filled(30);
  const sink = memorySink();
  await sync(prefect, sink);
  const [deleted, ended] = ['00000010', '00000020'].map((head) => `${head}-0000-4000-8000-000000000000`) as [
    string,
    string,
  ];
  prefect.tables.task_runs.delete(deleted);
  prefect.put('task_runs', {
    ...sink.rows.task_run.get(ended)?.value,
    id: ended,
    state_type: 'CRASHED',
    end_time: formatTime(NOW),
  });
  await sync(prefect, sink);
  assert.ok(sink.gone.task_run.has(deleted));
  assert.equal(sink.rows.task_run.get(ended)?.value.state_type, 'CRASHED');
});
