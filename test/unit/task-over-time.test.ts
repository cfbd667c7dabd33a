/** One task over time against the same figures made row by row; and what counts as slower than before. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { taskOverTime } from '../../src-main/core/workers/task-over-time.ts';
import { taskSchema } from '../../src-main/contract/task.ts';
import { Engine } from '../../src-main/query/engine.ts';
import { percentile } from '../../src-main/query/percentile.ts';
import { findShift } from '../../src-main/query/facets/duration-shift.ts';
import { SEED } from '../fixtures/ci-seed.ts';
import { FakeArchive, type PlainRow } from '../fixtures/fake-archive.ts';

const DAY = 86_400_000_000;
const NOW = 1_700_006_400_000_000; // midnight, UTC
const KEY = 'load-1a2b';
const id = (n: number) => `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`;
const of = <T>(...values: T[]) => fc.constantFrom(...values);
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { freq: 6, nil: null });

const run = fc.record({
  task_key: fc.oneof({ weight: 5, arbitrary: fc.constant(KEY) }, maybe(of('other'))),
  state_type: maybe(of('COMPLETED', 'COMPLETED', 'FAILED', 'CRASHED', 'RUNNING', 'CANCELLED')),
  name: of('load-1', 'load-2'),
  failure: maybe(of('ValueError', 'KeyError', 'Timeout')),
  start_time: maybe(fc.integer({ min: 0, max: 40 }).map((n) => NOW - n * (DAY / 4) + (n % 2))),
  expected_start_time: maybe(fc.integer({ min: 0, max: 40 }).map((n) => NOW - n * (DAY / 4) - 5)),
  end_time: maybe(of(NOW, NOW + 1, NOW + DAY)),
  total_run_time: maybe(of(0, 0.5, 1, 2, 2, 60)),
  run_count: maybe(of(0, 1, 2, 3, 9)),
});

/** By nearest rank. */
function at(values: readonly number[], share: number): number | null {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.ceil(share * sorted.length) - 1] ?? null;
}
const isFailed = ({ state_type: type }: PlainRow) => type === 'FAILED' || type === 'CRASHED';
const number = (row: PlainRow, field: string) => (row[field] ?? null) as number | null;
/** Of runs that are over and have run. */
function attempt(row: PlainRow): number | null {
  const total = number(row, 'total_run_time');
  if (!['COMPLETED', 'FAILED', 'CRASHED', 'CANCELLED'].includes(row.state_type as string)) return null;
  return total === null || total <= 0 ? null : total / Math.max(1, number(row, 'run_count') ?? 1);
}
const attempts = (rows: readonly PlainRow[]) => rows.flatMap((row) => attempt(row) ?? []);
const waits = (rows: readonly PlainRow[]) =>
  rows.flatMap((row) => {
    const [start, expected] = [number(row, 'start_time'), number(row, 'expected_start_time')];
    return start === null || expected === null ? [] : (start - expected) / 1e6;
  });

test('what is told of a task is what its runs say', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(run, { minLength: 1, maxLength: 60 }), of(4, 20_000), async (runs, most) => {
      const archive = new FakeArchive();
      runs.forEach((row, i) => archive.put('task_run', { ...row, id: id(i), tags: [] }));
      archive.commit();
      const engine = new Engine(archive, { dialect: 'sqlite' });
      engine.load();
      const rows = archive.listed('task_run').flatMap(({ row }) => (row.task_key === KEY ? [row] : []));
      const asked = taskOverTime(engine, KEY, 'UTC', new AbortController().signal, NOW + DAY, most);
      if (rows.length === 0) return assert.rejects(asked, { code: 'NOT_FOUND' });
      const task = await asked;
      assert.deepEqual(taskSchema.parse(task), task);

      const done = rows.filter((row) => row.state_type === 'COMPLETED');
      const starts = rows.flatMap((row) => number(row, 'start_time') ?? []);
      const retried = (list: readonly PlainRow[]) => list.filter((row) => (number(row, 'run_count') ?? 0) > 1).length;
      const { runs: count, failed, completed, first, last, median, p95, wait } = task;
      assert.deepEqual(
        { count, failed, retried: task.retried, completed, first, last, median, p95, wait },
        {
          count: rows.length,
          failed: rows.filter(isFailed).length,
          retried: retried(rows),
          completed: done.length,
          first: starts.length === 0 ? null : Math.min(...starts),
          last: starts.length === 0 ? null : Math.max(...starts),
          median: at(attempts(done), 0.5),
          p95: at(attempts(done), 0.95),
          wait: { median: at(waits(rows), 0.5), p95: at(waits(rows), 0.95) },
        },
      );
      const tried = (least: number, end: number) =>
        rows.filter((row) => (number(row, 'run_count') ?? 0) >= least && (number(row, 'run_count') ?? 0) < end).length;
      for (const [i, runsOf] of task.attempts.entries()) assert.equal(runsOf, tried(i + 1, i === 4 ? 99 : i + 2));
      assert.equal(
        task.attempts.reduce((sum, one) => sum + one, 0),
        tried(1, 99),
      );
      const ends = done.flatMap((row) => number(row, 'end_time') ?? []);
      assert.equal(task.last_success?.end_time ?? null, ends.length === 0 ? null : Math.max(...ends));

      const { edges } = task.days;
      for (let day = 0; day < edges.length - 1; day++) {
        const own = rows.filter((row) => {
          const start = number(row, 'start_time');
          return start !== null && start >= edges[day] && start < edges[day + 1];
        });
        const ok = own.filter((row) => row.state_type === 'COMPLETED');
        assert.deepEqual(
          Object.entries(task.days).flatMap(([name, list]) => (name === 'edges' ? [] : [[name, list[day]]])),
          [
            ['runs', own.length],
            ['failed', own.filter(isFailed).length],
            ['retried', retried(own)],
            ['median', at(attempts(ok), 0.5)],
            ['p95', at(attempts(ok), 0.95)],
            ['wait', at(waits(own), 0.5)],
          ],
        );
      }
      assert.equal(
        task.days.runs.reduce((sum, one) => sum + one, 0),
        starts.length,
      );

      const dotted = rows.filter((row) => number(row, 'start_time') !== null && attempt(row) !== null);
      const dots = task.dots.at.map(
        (start, i) => [start, task.dots.seconds[i], task.states[task.dots.state[i]]] as const,
      );
      const known = dotted.map((row) => JSON.stringify([row.start_time, attempt(row), row.state_type]));
      assert.ok(dots.length <= most);
      for (const dot of dots) assert.ok(known.includes(JSON.stringify(dot)));
      const [bad, good] = [dotted.filter(isFailed).length, dotted.filter((row) => !isFailed(row)).length];
      assert.equal(task.dots.of, bad + good);
      const shown = Math.ceil(bad / task.dots.every_failed) + Math.ceil(good / task.dots.every);
      assert.equal(dots.length, shown);
      if (bad + good <= most) assert.equal(shown, bad + good);

      const kinds = Map.groupBy(
        rows.filter((row) => typeof row.failure === 'string'),
        (row) => row.failure as string,
      );
      assert.equal(task.failure_count, kinds.size);
      for (const one of task.failures) {
        const alike = kinds.get(one.failure) ?? [];
        const expected = alike.flatMap((row) => number(row, 'expected_start_time') ?? []);
        assert.deepEqual(
          [one.runs, one.first, one.last],
          [alike.length, ...(expected.length === 0 ? [null, null] : [Math.min(...expected), Math.max(...expected)])],
        );
        assert.ok(
          alike.some((row) => row.id === one.id && (one.last === null || row.expected_start_time === one.last)),
        );
      }
      assert.deepEqual(
        task.slowest.map(({ seconds }) => seconds),
        attempts(rows)
          .sort((a, b) => b - a)
          .slice(0, 10),
      );
    }),
    { numRuns: 150 },
  );
});

test('days end at the last start until now, whatever is dated ahead', async () => {
  const days = async (...starts: number[]) => {
    const archive = new FakeArchive();
    const plain = { task_key: KEY, state_type: 'COMPLETED', name: 'load', tags: [], total_run_time: 1, run_count: 1 };
    starts.forEach((start_time, i) => archive.put('task_run', { ...plain, start_time, id: id(i) }));
    archive.commit();
    const engine = new Engine(archive, { dialect: 'sqlite' });
    engine.load();
    const { first, last, days } = await taskOverTime(engine, KEY, 'UTC', new AbortController().signal, NOW);
    assert.deepEqual([first, last], [Math.min(...starts), Math.max(...starts)]);
    const runs = days.runs.reduce((sum, one) => sum + one, 0);
    return { from: days.edges[0], to: days.edges.at(-1), runs };
  };
  const ahead = NOW + 4000 * DAY;
  assert.deepEqual(await days(NOW - 3 * DAY, NOW - DAY, ahead), { from: NOW - 3 * DAY, to: NOW, runs: 2 });
  // long over: the days are those before its last start, not those before now
  const old = NOW - 900 * DAY;
  assert.deepEqual(await days(old, old - 500 * DAY, ahead), { from: old - 400 * DAY, to: old + DAY, runs: 1 });
  assert.deepEqual(await days(ahead), { from: ahead, to: ahead + DAY, runs: 1 });
});

test('a percentile without sorting is that of the sorted values', () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.integer({ min: -3, max: 3 }), fc.double({ noNaN: true })), { maxLength: 200 }),
      of(1, 500, 950, 1000),
      (values, share) => {
        assert.equal(percentile(Float64Array.from(values), values.length, share), at(values, share / 1000));
      },
    ),
  );
});

/** mulberry32 */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
const edges = Array.from({ length: 14 }, (_, day) => NOW + day * DAY);
/** Durations as tasks have them: about one value with a long tail, of two kinds of input, in whole seconds, or any in a range. */
function series(random: () => number): { day: number[]; seconds: (factor: number) => number } {
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const kind = Math.floor(random() * 4);
  const scale = 10 ** (random() * 5 - 2);
  const spread = 0.05 + random() * 1.5;
  const perDay = 4 + Math.floor(random() * 60);
  const day = edges.flatMap((_, at) => new Array<number>(Math.floor(random() * 2 * perDay)).fill(at));
  const draw = () => {
    if (kind === 0) return Math.exp(normal() * spread);
    if (kind === 1) return (random() < 0.3 ? 10 : 1) * Math.exp(normal() * 0.2);
    if (kind === 2) return Math.ceil(random() * 4);
    return 1 + random();
  };
  return { day, seconds: (factor) => draw() * scale * factor };
}

test(`of 1,000 tasks whose durations do not change, at most 10 are said to have (seed ${SEED})`, () => {
  const random = randomOf(SEED);
  let told = 0;
  for (let i = 0; i < 1000; i++) {
    const { day, seconds } = series(random);
    if (
      findShift(
        day.map(() => seconds(1)),
        day,
        edges,
      ) !== null
    )
      told++;
  }
  assert.ok(told <= 10, `${told} told`);
});

test(`a task that takes twice as long is told, with the day (seed ${SEED})`, () => {
  const random = randomOf(SEED);
  for (let i = 0; i < 200; i++) {
    const since = 2 + Math.floor(random() * 10);
    // 40 a day within a fifth: what a person would call clear
    const day = edges.flatMap((_, at) => new Array<number>(40).fill(at));
    const seconds = day.map((at) => (1 + random() * 0.2) * (at < since ? 3 : 6));
    const shift = findShift(seconds, day, edges);
    assert.ok(shift);
    assert.equal(shift.since, edges[since]);
    assert.ok(shift.after > shift.before * 1.5);
  }
});
