/** What a run is compared with: attempts with attempts, and the last success of the same work. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { runDetail } from '../../src-main/core/workers/run-detail.ts';
import { Engine } from '../../src-main/query/engine.ts';
import type { Reader } from '../../src-main/store/read/reader.ts';
import { FakeArchive, type PlainRow } from '../fixtures/fake-archive.ts';

const T = 1_700_000_000_000_000;
const HOUR = 3_600_000_000;
const taskId = (n: number, version = 7) => `00000000-0000-${version}000-8000-${String(n).padStart(12, '0')}`;
const flowRunId = (n: number) => `00000000-0000-4000-9000-${String(n).padStart(12, '0')}`;

type Call = { id: string; name: string; state: string } & Partial<PlainRow>;

/** Flow runs an hour apart, the first at T; each holds its calls of one task. `keys`: dynamic keys by id. */
function detailOf(flowRuns: Call[][], id: string, keys: Record<string, string> = {}) {
  const archive = new FakeArchive();
  flowRuns.forEach((calls, hour) => {
    archive.put('flow_run', { id: flowRunId(hour), name: `run-${hour}`, tags: [] });
    for (const { state, ...call } of calls) {
      const start = T + hour * HOUR;
      const times = { expected_start_time: start, start_time: start, end_time: start + 1e6 };
      const row = { task_key: 'load', run_count: 1, total_run_time: 1, tags: [], flow_run: flowRunId(hour), ...times };
      archive.put('task_run', { ...row, state_type: state, state_name: state, ...call });
    }
  });
  archive.commit();
  const engine = new Engine(archive, { dialect: 'sqlite' });
  engine.load();
  const reader = {
    json: (_entity: string, rids: number[]) =>
      rids.map((rid) => JSON.stringify({ dynamic_key: keys[engine.idOf('task_run', rid)] ?? null })),
  } as unknown as Reader;
  return runDetail(engine, reader, id);
}

const map = (hour: number, states: string[], version = 7): Call[] =>
  states.map((state, place) => {
    const id = taskId(hour * 100 + place, version);
    return { id, name: `load-${String(hour * 7 + place).padStart(3, 'a')}`, state };
  });
/** random keys, of which a name ends with the first three digits */
const random = (flowRuns: Call[][]) =>
  Object.fromEntries(flowRuns.flat().map(({ id, name }) => [id, `${name.slice(-3)}f8f13-27c2-4260`]));
const lastSuccess = (flowRuns: Call[][], id: string, keys = random(flowRuns)) => {
  const { last_success: last } = detailOf(flowRuns, id, keys);
  return last && [last.id, last.same_input];
};

describe('the last success of a run', () => {
  const [ok, bad] = ['COMPLETED', 'FAILED'];

  it('is the same task’s in the newest flow run before it', () => {
    const runs = [map(0, [ok]), map(1, [ok]), map(2, [bad]), map(3, [bad]), map(4, [ok])];
    assert.deepEqual(lastSuccess(runs, taskId(300)), [taskId(100), true]);
  });

  it('of one of a map is at the same place, never a sibling', () => {
    const runs = [map(0, [ok, ok, ok]), map(1, [ok, bad, ok]), map(2, [ok, bad, ok])];
    assert.deepEqual(lastSuccess(runs, taskId(201)), [taskId(1), true]);
    assert.deepEqual(lastSuccess(runs, taskId(202)), [taskId(102), true]);
  });

  it('of one of a map is any other flow run’s, and said to be, where places do not match', () => {
    const [longer, first] = [map(1, [ok, ok, ok, ok]), map(2, [ok, bad])];
    assert.deepEqual(lastSuccess([[], longer, first], taskId(201))?.[1], false);
    // ids of version 4 have no order
    const runs = [map(0, [ok, ok], 4), map(1, [ok, bad], 4)];
    assert.deepEqual(lastSuccess(runs, taskId(101, 4))?.[1], false);
  });

  it('is never, where only siblings have succeeded', () => {
    assert.equal(lastSuccess([map(0, [bad, bad]), map(1, [ok, bad, ok])], taskId(101)), null);
  });

  it('has the same name, where the name says the input: an index of Prefect 2, or a chosen name', () => {
    const named = (hour: number, names: string[], state: string): Call[] =>
      names.map((name, i) => ({ id: taskId(hour * 100 + i, 4), name, state }));
    const shops = [named(0, ['shop-a', 'shop-b'], ok), named(1, ['shop-b', 'shop-a', 'shop-c'], bad)];
    assert.deepEqual(lastSuccess(shops, taskId(101, 4), {}), [taskId(0, 4), true]);
    assert.deepEqual(lastSuccess(shops, taskId(102, 4), {})?.[1], false);
    const indexes = [named(0, ['load-0', 'load-1'], ok), named(1, ['load-1', 'load-0'], bad)];
    const keys = { [taskId(100, 4)]: '1', [taskId(101, 4)]: '0' };
    assert.deepEqual(lastSuccess(indexes, taskId(101, 4), keys), [taskId(0, 4), true]);
  });
});

describe('the median of a task', () => {
  it('is of an attempt: a run that was retried counts with the mean of its attempts', () => {
    const times: [attempts: number, total: number][] = [
      [1, 2],
      [3, 9],
      [2, 2],
    ];
    const runs = times.map(([run_count, total_run_time], n): Call[] => [
      { id: taskId(n), name: 'load-abc', state: 'COMPLETED', run_count, total_run_time },
    ]);
    assert.equal(detailOf(runs, taskId(0)).median_attempt, 2);
  });
});
