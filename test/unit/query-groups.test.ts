/** Groups against the naive evaluator: random archives, conditions, fields and stretches of time. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Condition, Group, Grouping, GroupSort } from '../../src-main/contract/query.ts';
import { Engine } from '../../src-main/query/engine.ts';
import * as arbitrary from '../fixtures/arbitrary-archive.ts';
import * as ask from '../fixtures/arbitrary-questions.ts';
import type { PlainRow } from '../fixtures/fake-archive.ts';
import { Naive } from '../fixtures/naive.ts';
import '../fixtures/ci-seed.ts';

const NOW = 1_700_000_060_000_001;
const fields = [
  'state_type',
  'state_name',
  'task_key',
  'failure',
  'tags',
  'left_behind',
  'latest_attempt',
  'over_p95',
  'flow_run_id',
  'flow_run.tags',
  'flow_run.work_queue_name',
  'flow_run.flow_id',
  'flow_run.deployment_id',
  'flow_run.deployment.tags',
];
const MEASURES = ['runs', 'failed', 'failed_share', 'retried', 'total', 'median', 'p95', 'longest', 'last'] as const;

const number = (row: PlainRow, name: string): number | null => {
  const value = row[name as keyof PlainRow] as unknown;
  return typeof value === 'number' ? value : null;
};

/** What `engine.groups` says of some rows, from the rows themselves. */
function describe(rows: readonly PlainRow[]): Omit<Group, 'value' | 'label' | 'spark'> {
  const times = (name: string) => rows.flatMap((row) => number(row, name) ?? []);
  const durations = rows
    .flatMap((row) => {
      const [start, end] = [number(row, 'start_time'), number(row, 'end_time')];
      return start === null || end === null ? [] : (end - start) / 1e6;
    })
    .sort((a, b) => a - b);
  const at = (share: number) => durations[Math.ceil((durations.length * share) / 1000) - 1] ?? null;
  return {
    runs: rows.length,
    failed: rows.filter((row) => row.state_type === 'FAILED' || row.state_type === 'CRASHED').length,
    retried: rows.filter((row) => (number(row, 'run_count') ?? 0) > 1).length,
    total: durations.reduce((sum, one) => sum + one, 0),
    median: at(500),
    p95: at(950),
    longest: durations.at(-1) ?? null,
    last: times('start_time').reduce<number | null>((max, one) => Math.max(max ?? one, one), null),
  };
}

function valuesOf(naive: Naive, row: PlainRow, { field, edges }: Grouping): (string | null)[] {
  const value = naive.value('task_run', row, field);
  if (edges) {
    const i = edges.findLastIndex((edge) => typeof value === 'number' && edge <= value);
    return [i < 0 || i === edges.length - 1 ? null : String(edges[i])];
  }
  if (Array.isArray(value)) return value.length === 0 ? [null] : [...new Set(value)];
  return [value === null ? null : String(value)];
}

const grouping = fc.oneof(
  fc.constantFrom(...fields).map((field): Grouping => ({ field })),
  fc
    .tuple(fc.constantFrom('start_time', 'created'), fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 20 }))
    .map(([field, count, length]): Grouping => ({
      field,
      edges: Array.from({ length: count + 1 }, (_, i) => 1_700_000_000_000_000 + i * length * 1e6 + (i % 2)),
    })),
);
const sort = fc.record({
  by: fc.constantFrom('label' as const, ...MEASURES),
  dir: fc.constantFrom('asc' as const, 'desc' as const),
});

test('groups are what the rows themselves say', () => {
  fc.assert(
    fc.property(
      arbitrary.archive,
      fc.array(fc.tuple(grouping, ask.condition('task_run'), sort), { minLength: 3, maxLength: 6 }),
      (steps, questions) => {
        const archive = arbitrary.build(steps);
        archive.commit();
        // the two put rows without a duration at different ends; few rows are sorted, of many a kept order is read
        for (const [dialect, smallResult] of [
          ['sqlite', 0],
          ['postgres', 0],
          ['sqlite', 500],
        ] as const) {
          const engine = new Engine(archive, { dialect, smallResult });
          engine.load();
          const naive = new Naive(archive, dialect);
          naive.now = NOW;
          for (const [by, where, order] of questions) same(engine, naive, by, where, order);
        }
      },
    ),
    { numRuns: 300 },
  );
});

function same(engine: Engine, naive: Naive, by: Grouping, where: Condition, order: GroupSort): void {
  const rows = naive.rows('task_run').filter((row) => naive.where('task_run', row, where, NOW));
  const expected = new Map<string | null, PlainRow[]>();
  for (const row of rows)
    for (const value of valuesOf(naive, row, by)) expected.set(value, [...(expected.get(value) ?? []), row]);
  const answer = engine.groups(where, by, { sort: order, from: 0, to: 10_000 }, NOW);
  assert.equal(answer.count, expected.size);
  assert.equal(answer.groups.length, expected.size);
  for (const { value, label, spark, total, ...rest } of answer.groups) {
    const { total: sum, ...other } = describe(expected.get(value) ?? []);
    assert.deepEqual(rest, other, String(value));
    // the archive has runs of 8,000 years, forwards and backwards: what is lost in rounding depends on their lengths, not on their sum
    const lengths = (expected.get(value) ?? []).map((row) =>
      Math.abs((number(row, 'end_time') ?? 0) - (number(row, 'start_time') ?? 0)),
    );
    assert.ok(Math.abs(total - sum) <= 1e-9 * (1 + lengths.reduce((all, one) => all + one, 0) / 1e6));
    assert.equal(typeof label, 'string');
    const started = (expected.get(value) ?? []).filter((row) => number(row, 'start_time') !== null).length;
    assert.equal(
      spark.reduce((all, n) => all + n, 0),
      started,
    );
  }
  const half = Math.ceil(answer.count / 2);
  const pages = [
    ...engine.groups(where, by, { sort: order, from: 0, to: half }, NOW).groups,
    ...engine.groups(where, by, { sort: order, from: half, to: 10_000 }, NOW).groups,
  ];
  assert.deepEqual(pages, answer.groups);
  const listed = answer.groups.filter(({ value }) => value !== null);
  if (listed.length < answer.groups.length) assert.equal(answer.groups.at(-1)?.value, null);
  if (order.by === 'label') return;
  const key = order.by;
  const measured = listed.map((one) => (key === 'failed_share' ? one.failed / one.runs : one[key]));
  const known = measured.filter((one) => one !== null);
  assert.ok(measured.slice(known.length).every((one) => one === null));
  const sorted = known.toSorted((a, b) => (order.dir === 'asc' ? a - b : b - a));
  assert.deepEqual(known, sorted);
}
