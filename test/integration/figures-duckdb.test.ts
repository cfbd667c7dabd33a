/** What the groups and a task over time say, and what DuckDB says of the same columns: runs, failures, percentiles, per group and per day. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';
import { terminalStateTypes } from '../../src-main/contract/fields.ts';
import type { Condition } from '../../src-main/contract/query.ts';
import { taskOverTime } from '../../src-main/core/workers/task-over-time.ts';
import { Engine } from '../../src-main/query/engine.ts';
import { groupBys } from '../../src-renderer/state/filters/groupings.ts';
import { SEED } from '../fixtures/ci-seed.ts';
import { END, SyntheticSource } from '../fixtures/synthetic-source.ts';

const RUNS = 40_000;
const DAY = 86_400_000_000;
const signal = new AbortController().signal;

/** Columns of the engine, by what DuckDB makes of them; a list is its JSON text. */
const columns = {
  task_key: 'VARCHAR',
  state_type: 'VARCHAR',
  state_name: 'VARCHAR',
  failure: 'VARCHAR',
  tags: 'VARCHAR',
  flow_run_id: 'VARCHAR',
  'flow_run.flow_id': 'VARCHAR',
  'flow_run.deployment_id': 'VARCHAR',
  'flow_run.work_queue_name': 'VARCHAR',
  start_time: 'BIGINT',
  end_time: 'BIGINT',
  expected_start_time: 'BIGINT',
  run_count: 'BIGINT',
  total_run_time: 'DOUBLE',
} as const;
const failed = `state_type IN ('FAILED', 'CRASHED')`;
/** µs; whole numbers, since DuckDB's division of them is its own */
const took = '(end_time - start_time)';
const questions: readonly [Condition, string][] = [
  [{ and: [] }, 'true'],
  [{ field: 'state_type', in: ['FAILED', 'CRASHED'] }, failed],
];
const rank = (value: string, share: number) => `quantile_disc(${value}, ${share})`;

describe('figures and DuckDB', () => {
  let db: DuckDBInstance;
  let duck: DuckDBConnection;
  let engine: Engine;

  const asked = async (sql: string) => (await duck.runAndReadAll(sql)).getRows();
  const number = (value: unknown) => (value === null ? null : Number(value));
  const seconds = (value: unknown) => (value === null ? null : Number(value) / 1e6);

  before(async () => {
    // every run draws other rows
    const source = new SyntheticSource({ taskRuns: RUNS + (SEED % 1000), flowRuns: 2_000, flows: 60, deployments: 90 });
    engine = new Engine(source, { dialect: 'sqlite' });
    engine.load();
    db = await DuckDBInstance.create(':memory:', { threads: '1' });
    duck = await db.connect();
    const list = Object.entries(columns).map(([name, type]) => `"${name}" ${type}`);
    await duck.run(`CREATE TABLE run (${list.join(', ')})`);
    const readers = Object.entries(columns).map(([name, type]) => [engine.accessor(name, 'task_run'), type] as const);
    const rows = engine.rows('task_run', { and: [] }, 0);
    const appender = await duck.createAppender('run');
    for (const rid of rows) {
      for (const [read, type] of readers) {
        const value = read(rid);
        if (value === null || value === undefined) appender.appendNull();
        else if (type === 'BIGINT') appender.appendBigInt(BigInt(value as number));
        else if (type === 'DOUBLE') appender.appendDouble(value as number);
        else appender.appendVarchar(typeof value === 'string' ? value : JSON.stringify(value));
      }
      appender.endRow();
    }
    appender.closeSync();
    await duck.run(`ALTER TABLE run ADD COLUMN list VARCHAR[]`);
    await duck.run(`UPDATE run SET list = CASE WHEN tags = '[]' OR tags IS NULL THEN [NULL] ELSE list_distinct(from_json(tags, '["VARCHAR"]')) END`); // prettier-ignore
  });
  after(() => {
    duck?.closeSync();
    db?.closeSync();
  });

  // all that the list offers
  const groupings = groupBys({ field: 'start_time', from: END - 90 * DAY, step: DAY, series: [], missing: 0 });
  for (const { field, time } of groupings)
    for (const [where, sql] of questions)
      test(`groups by ${time ?? field}, of ${sql === 'true' ? 'all runs' : 'failed runs'}`, async () => {
        const [first, step] = [END - 90 * DAY, time === 'hour' ? DAY / 24 : DAY];
        const edges = Array.from({ length: (90 * DAY) / step }, (_, i) => first + i * step);
        const grouping = time ? { field, edges } : { field };
        const value = time
          ? `CASE WHEN start_time >= ${first} AND start_time < ${edges.at(-1)} THEN CAST(${first} + (start_time - ${first}) // ${step} * ${step} AS VARCHAR) END`
          : field === 'tags'
            ? 'unnest(list)'
            : `"${field}"`;
        const there = await asked(
          `SELECT value, count(*), count(*) FILTER (${failed}), count(*) FILTER (run_count > 1), sum(${took}),
             ${rank(took, 0.5)}, ${rank(took, 0.95)}, max(${took}), max(start_time)
           FROM (SELECT ${value} AS value, * FROM run WHERE ${sql}) GROUP BY value`,
        );
        const { groups, count } = engine.groups(where, grouping, { sort: { by: 'runs', dir: 'desc' }, from: 0, to: 10_000 }, 0); // prettier-ignore
        assert.equal(count, there.length);
        const ours = new Map(groups.map((group) => [group.value, group]));
        for (const [of, runs, bad, retried, total, median, p95, longest, last] of there) {
          const group = ours.get(of as string | null);
          assert.ok(group, String(of));
          assert.deepEqual(
            [group.runs, group.failed, group.retried, group.median, group.p95, group.longest, group.last],
            [number(runs), number(bad), number(retried), seconds(median), seconds(p95), seconds(longest), number(last)],
            String(of),
          );
          assert.ok(Math.abs(group.total - (seconds(total) ?? 0)) <= 1e-9 * (1 + group.total), String(of));
        }
      });

  test('tasks over time', async () => {
    const attempt = 'CASE WHEN total_run_time > 0 THEN total_run_time / greatest(1, run_count) END';
    const done = `CASE WHEN state_type = 'COMPLETED' THEN ${attempt} END`;
    const waited = '(start_time - expected_start_time)';
    const tasks = await asked('SELECT task_key FROM run WHERE task_key IS NOT NULL GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 12'); // prettier-ignore
    for (const [key] of tasks as [string][]) {
      const task = await taskOverTime(engine, key, 'UTC', signal, END + DAY);
      const own = `FROM run WHERE task_key = '${key}'`;
      const [all] = await asked(
        `SELECT count(*), count(*) FILTER (${failed}), count(*) FILTER (run_count > 1), count(*) FILTER (state_type = 'COMPLETED'),
           min(start_time), max(start_time), ${rank(done, 0.5)}, ${rank(done, 0.95)}, ${rank(waited, 0.5)}, ${rank(waited, 0.95)} ${own}`,
      );
      assert.deepEqual(
        [task.runs, task.failed, task.retried, task.completed, task.first, task.last, task.median, task.p95],
        all.slice(0, 8).map(number),
      );
      assert.deepEqual([task.wait.median, task.wait.p95], all.slice(8).map(seconds));
      const days = await asked(
        `SELECT start_time // ${DAY} * ${DAY} AS day, count(*), count(*) FILTER (${failed}), count(*) FILTER (run_count > 1),
           ${rank(done, 0.5)}, ${rank(done, 0.95)}, ${rank(waited, 0.5)} ${own} AND start_time IS NOT NULL GROUP BY day`,
      );
      const byDay = new Map(days.map((row) => [number(row[0]), row]));
      task.days.edges.slice(0, -1).forEach((day, i) => {
        const [, runs, bad, retried, median, p95, wait] = byDay.get(day) ?? [day, 0, 0, 0, null, null, null];
        const { days } = task;
        assert.deepEqual(
          [days.runs[i], days.failed[i], days.retried[i], days.median[i], days.p95[i], days.wait[i]],
          [number(runs), number(bad), number(retried), number(median), number(p95), seconds(wait)],
          `${key} ${new Date(day / 1000).toISOString()}`,
        );
      });
      const over = terminalStateTypes.map((type) => `'${type}'`).join(', ');
      const slowest = await asked(
        `SELECT ${attempt} AS took ${own} AND state_type IN (${over}) AND took IS NOT NULL ORDER BY took DESC LIMIT 10`,
      );
      assert.deepEqual(
        task.slowest.map((run) => run.seconds),
        slowest.map(([took]) => took),
      );
      const failures = await asked(`SELECT failure, count(*) ${own} AND failure IS NOT NULL GROUP BY 1`);
      assert.equal(task.failure_count, failures.length);
      // the list has the most frequent ones
      const there = new Map(failures.map(([failure, runs]) => [failure as string, Number(runs)]));
      for (const { failure, runs } of task.failures) assert.equal(runs, there.get(failure), failure);
      const counts = [...there.values()].sort((a, b) => b - a).slice(0, task.failures.length);
      assert.deepEqual(
        task.failures.map(({ runs }) => runs),
        counts,
      );
    }
  });
});
