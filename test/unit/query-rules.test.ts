/** Runs left behind, the latest attempt, runs beyond the p95 and new failures against their rules, written row by row: through changes, with the clock going forwards and backwards. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Condition, Dialect, SortKey } from '../../src-main/contract/query.ts';
import { Engine } from '../../src-main/query/engine.ts';
import { FakeArchive, type PlainRow } from '../fixtures/fake-archive.ts';
import { Naive } from '../fixtures/naive.ts';
import '../fixtures/ci-seed.ts';

const NOW = 1_700_000_000_000_000;
const id = (kind: number, n: number) =>
  `00000000-0000-4000-8000-${String(kind).padStart(4, '0')}${String(n).padStart(8, '0')}`;
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { freq: 5, nil: null });
const of = <T>(...values: T[]) => fc.constantFrom(...values);
/** µs about the limits of the rules */
const past = of(0, 1, 59, 60, 61, 120, 299, 300, 301, 3000).map((seconds) => NOW - seconds * 1e6);

const flowRun = fc.record({
  state_type: maybe(of('RUNNING', 'COMPLETED', 'FAILED', 'CANCELLED', 'SCHEDULED')),
  end_time: maybe(past),
  run_count: maybe(of(0, 1, 2, 3)),
});
const run = fc.record({
  flow_run: maybe(of(id(2, 1), id(2, 2), id(2, 3), id(2, 9))), // the last is a stub
  task_key: maybe(of('a', 'b')),
  state_type: maybe(of('RUNNING', 'RUNNING', 'SCHEDULED', 'PENDING', 'COMPLETED', 'FAILED', 'PAUSED', 'CANCELLING')),
  state_name: maybe(of('Late', 'AwaitingRetry', 'NotReady')),
  state_timestamp: maybe(past),
  start_time: maybe(past),
  expected_start_time: maybe(past),
  next_scheduled_start_time: maybe(past),
  total_run_time: maybe(of(0, 1, 30, 90)),
  run_count: maybe(of(0, 1, 2, 3)),
  flow_run_run_count: maybe(of(0, 1, 2, 3)),
  failure: maybe(of('a', 'b', 'c')),
});
/** Completed runs of task a, about as many as the percentile needs, or more than it looks at. */
const finished = fc
  .tuple(
    of(19, 20, 21, 199, 200, 201, 230),
    fc.array(of(0.001, 1, 5, 10, 19.9, 20, 30), { minLength: 7, maxLength: 7 }),
  )
  .map(([count, seconds]) =>
    Array.from({ length: count }, (_, i): Omit<PlainRow, 'id'> => ({
      task_key: 'a',
      state_type: 'COMPLETED',
      expected_start_time: NOW - (i % 11) * 1e9,
      total_run_time: seconds[i % 7],
      run_count: (i % 3) + 1,
    })),
  );
const steps = fc.array(
  fc.record({
    runs: fc.array(fc.tuple(fc.integer({ min: 1, max: 12 }), run), { maxLength: 3 }),
    flowRuns: fc.array(fc.tuple(fc.integer({ min: 1, max: 3 }), flowRun), { maxLength: 2 }),
    /** seconds after NOW */
    at: of(-400, -1, 0, 0, 1, 100, 400, 100_000),
    sort: of<SortKey['field']>('left_behind', 'latest_attempt', 'over_p95', 'failure_since', 'expected_start_time'),
    /** a completed run of task a takes that long now: the percentile moves */
    takes: maybe(of(0.5, 25, 60)),
  }),
  { minLength: 2, maxLength: 5 },
);
const conditions: Condition[] = [
  { field: 'left_behind', isNull: false },
  { field: 'left_behind', in: ['Far beyond its p95', 'Late'] },
  { field: 'latest_attempt', in: [true] },
  { field: 'over_p95', in: [true] },
  { not: { field: 'over_p95', in: [false] } },
  { field: 'failure_since', from: { ago: 100e6 } },
  { has: 'flow_run', where: { has: 'task_runs', where: { field: 'left_behind', in: ['Flow run ended'] } } },
];

test('what is left behind, and what is of the latest attempt, is what the rules say', () => {
  fc.assert(
    fc.property(
      finished,
      fc.array(run, { minLength: 12, maxLength: 12 }),
      fc.array(flowRun, { minLength: 3, maxLength: 3 }),
      steps,
      of<Dialect>('sqlite', 'postgres'),
      (done, runs, flowRuns, moments, dialect) => {
        const archive = new FakeArchive();
        const put = (n: number, row: object) => archive.put('task_run', { ...row, id: id(1, n), name: '', tags: [] });
        const putFlowRun = (n: number, row: object) =>
          archive.put('flow_run', { ...row, id: id(2, n), name: '', tags: [] });
        flowRuns.forEach((row, i) => putFlowRun(i + 1, row));
        runs.forEach((row, i) => put(i + 1, row));
        done.forEach((row, i) => put(i + 100, row));
        archive.commit();
        const engine = new Engine(archive, { dialect, smallResult: done.length % 2 ? 0 : 500 });
        engine.load();
        const naive = new Naive(archive, dialect);
        for (const moment of moments) {
          for (const [n, row] of moment.runs) put(n, row);
          for (const [n, row] of moment.flowRuns) putFlowRun(n, row);
          if (moment.takes !== null) put(100, { ...done[0], total_run_time: moment.takes });
          engine.apply(archive.commit());
          const now = NOW + moment.at * 1e6;
          naive.now = now;
          const rows = naive.rows('task_run');
          const facets = [
            { field: 'left_behind', limit: 9 },
            { field: 'latest_attempt', limit: 9 },
            { field: 'over_p95', limit: 9 },
          ];
          const sort: SortKey[] = [{ field: moment.sort, dir: 'desc' }];
          for (const where of conditions) {
            const expected = rows.filter((row) => naive.where('task_run', row, where, now));
            const outcome = engine.ask({ where, sort, now, facets });
            assert.deepEqual(
              Array.from(outcome.order, (rid) => engine.idOf('task_run', rid)),
              naive.sorted('task_run', expected, sort).map((row) => row.id),
            );
          }
          const outcome = engine.ask({ where: { and: [] }, sort, now, facets });
          for (const { field, values } of outcome.facets)
            for (const { value, count } of values) {
              const same = rows.filter((row) => {
                const own = naive.value('task_run', row, field);
                return value === null ? own === null : String(own) === value;
              });
              assert.equal(count, same.length, `${field} ${value}`);
            }
          for (const rid of outcome.slice(0, 500)) {
            const { id: own, left_behind } = engine.taskRunRow(rid);
            assert.equal(left_behind, naive.leftBehind(naive.find('task_run', own)!));
          }
          const ids = [...rows.map((row) => row.id), id(1, 9999)];
          assert.deepEqual(engine.overP95(ids), [...rows.map((row) => naive.isOverP95(row)), null]);
        }
      },
    ),
    { numRuns: 120 },
  );
});
