/** The index against the naive evaluator: random archives, bodies, conditions, orders and changes, both dialects. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Entity } from '../../src-main/contract/fields.ts';
import { durationSorts, flowRunSorts, namedSorts, taskRunSorts } from '../../src-main/contract/prefect/filter.ts';
import { prefectRules } from '../../src-main/contract/prefect/versions.ts';
import { TRUE, type Condition, type Dialect } from '../../src-main/contract/query.ts';
import { parseQuery } from '../../src-main/contract/query-text/parse.ts';
import { Engine } from '../../src-main/query/engine.ts';
import { prefectSort } from '../../src-main/query/language/prefect.ts';
import * as arbitrary from '../fixtures/arbitrary-archive.ts';
import * as ask from '../fixtures/arbitrary-questions.ts';
import type { FakeArchive, PlainRow } from '../fixtures/fake-archive.ts';
import { Naive } from '../fixtures/naive.ts';
import '../fixtures/ci-seed.ts';

const NOW = 1_700_000_060_000_001;
const dialect = fc.constantFrom<Dialect>('sqlite', 'postgres');
const entity = fc.constantFrom(...arbitrary.entityList);
const sorts: Record<Entity, readonly string[]> = {
  task_run: [...taskRunSorts, ...durationSorts],
  flow_run: flowRunSorts,
  flow: namedSorts,
  deployment: namedSorts,
};

/** Half of the engines sort even the smallest result by a kept order. */
function loaded(archive: FakeArchive, of: Dialect): Engine {
  const { batch } = archive.commit();
  const engine = new Engine(archive, { dialect: of, smallResult: (batch + archive.maxRid('task_run')) % 2 ? 0 : 500 });
  engine.load();
  return engine;
}

const idsOf = (rows: readonly PlainRow[]) => rows.map((row) => row.id);

function samePage(engine: Engine, naive: Naive, root: Entity, filters: never, sort: string, now = NOW): void {
  // every other moment is asked of a newer server
  const rules = prefectRules(now % 2 ? '3.8.8' : '3.9.1');
  naive.now = now;
  naive.anyAndNotAny = rules.stateAnyAndNotAny;
  const expected = naive.sorted(root, naive.prefect(root, filters), prefectSort(root, sort));
  const page = engine.paginate(root, filters, sort, 0, 1000, { rules, now });
  assert.equal(page.count, expected.length);
  assert.deepEqual(
    Array.from(page.rids, (rid) => engine.idOf(root, rid)),
    idsOf(expected),
  );
}

test('a Prefect body selects and orders what the naive evaluator does', () => {
  fc.assert(
    fc.property(
      arbitrary.archive,
      dialect,
      fc.array(fc.tuple(entity, ask.prefectFilters, fc.nat()), { minLength: 4, maxLength: 8 }),
      (steps, of, bodies) => {
        const archive = arbitrary.build(steps);
        const engine = loaded(archive, of);
        const naive = new Naive(archive, of);
        for (const [root, filters, pick] of bodies)
          samePage(engine, naive, root, filters as never, sorts[root][pick % sorts[root].length], NOW + (pick % 3));
      },
    ),
    { numRuns: 400 },
  );
});

const prefectSorts = (...names: string[]) => names.map((name) => prefectSort('task_run', name));

const question = entity.chain((root) =>
  fc.record({ root: fc.constant(root), where: ask.condition(root), sort: ask.sortKeys(root) }),
);

function sameAnswer(
  engine: Engine,
  naive: Naive,
  { root, where, sort }: { root: Entity; where: never; sort: never },
  now = NOW,
): void {
  naive.now = now;
  const rows = naive.rows(root).filter((row) => naive.where(root, row, where, now));
  const outcome = engine.ask({ entity: root, where, sort, now });
  assert.equal(outcome.count, rows.length);
  const expected = idsOf(naive.sorted(root, rows, sort));
  assert.deepEqual(
    Array.from(outcome.slice(0, 3), (rid) => engine.idOf(root, rid)),
    expected.slice(0, 3),
  );
  assert.deepEqual(
    Array.from(outcome.order, (rid) => engine.idOf(root, rid)),
    expected,
  );
  outcome.order.forEach((rid, at) => assert.equal(outcome.position(rid), at));
}

test('a condition tree over any path, with any order, answers what the naive evaluator does', () => {
  fc.assert(
    fc.property(
      arbitrary.archive,
      dialect,
      fc.array(question, { minLength: 4, maxLength: 8 }),
      (steps, of, questions) => {
        const archive = arbitrary.build(steps);
        const engine = loaded(archive, of);
        const naive = new Naive(archive, of);
        for (const one of questions) sameAnswer(engine, naive, one as never);
      },
    ),
    { numRuns: 400 },
  );
});

test('the first 8 characters of an id, or more of them, find the runs whose id or parent’s id begins so, as reading every id does', () => {
  const asked = fc.tuple(fc.nat(), fc.constantFrom('task_run', 'flow_run'), fc.integer({ min: 7, max: 36 }));
  fc.assert(
    fc.property(arbitrary.archive, fc.array(asked, { minLength: 5, maxLength: 10 }), (steps, all) => {
      const archive = arbitrary.build(steps);
      const engine = loaded(archive, 'sqlite');
      for (const [pick, of, length] of all) {
        const runs = archive.listed('task_run').map(({ row }) => row);
        const ids = runs.flatMap((row) => (of === 'task_run' ? row.id : (row.flow_run as string | null)) ?? []);
        if (ids.length === 0) continue;
        const start = ids[pick % ids.length].slice(0, length);
        const expected = runs.filter(({ id, flow_run }) => [id, flow_run].some((one) => String(one).startsWith(start)));
        const found = (where: Condition) => engine.count('task_run', where, NOW);
        const either = found({ or: ['id', 'flow_run_id'].map((field) => ({ field, in: [start] })) });
        assert.equal(either, length < 8 ? 0 : expected.length, start);
        // flows and deployments have ids too, of other first characters
        if (length >= 8) assert.equal(found({ text: start }), expected.length, start);
        const typed = parseQuery(`id:${start} or flow_run:${start}`);
        if (length >= 8) assert.equal(typed.where && found(typed.where), expected.length, start);
      }
    }),
    { numRuns: 200 },
  );
});

test('orders by the run time so far follow the clock, forwards and backwards, also through changes', () => {
  const running = fc.record({
    where: fc.constantFrom<Condition>(TRUE, { field: 'estimated_run_time', from: 60 }, { field: 'name', like: 'a' }),
    sort: fc.constantFrom(...prefectSorts('DURATION_DESC', 'DURATION_ASC'), [
      { field: 'estimated_run_time', dir: 'asc' as const },
    ]),
    /** seconds after NOW */
    at: fc.integer({ min: -200, max: 2000 }),
    changes: fc.option(arbitrary.change, { nil: [], freq: 2 }),
  });
  fc.assert(
    fc.property(
      arbitrary.archive,
      dialect,
      fc.array(running, { minLength: 3, maxLength: 6 }),
      (steps, of, questions) => {
        const archive = arbitrary.build(steps);
        const engine = loaded(archive, of);
        const naive = new Naive(archive, of);
        for (const { where, sort, at, changes } of questions) {
          arbitrary.perform(archive, changes);
          engine.apply(archive.commit());
          sameAnswer(engine, naive, { root: 'task_run', where, sort } as never, NOW + at * 1_000_000);
        }
      },
    ),
    { numRuns: 300 },
  );
});

test('after any sequence of changes the index answers like one built anew', () => {
  fc.assert(
    fc.property(
      arbitrary.archive,
      dialect,
      fc.array(arbitrary.change, { minLength: 1, maxLength: 5 }),
      fc.array(question, { minLength: 2, maxLength: 3 }),
      entity,
      ask.prefectFilters,
      (steps, of, changes, questions, root, filters) => {
        const archive = arbitrary.build(steps);
        const engine = loaded(archive, of);
        const naive = new Naive(archive, of);
        for (const change of [[], ...changes]) {
          arbitrary.perform(archive, change);
          const commit = archive.commit();
          engine.apply(commit);
          assert.equal(engine.version, commit.batch);
          for (const each of arbitrary.entityList) assert.equal(engine.total(each), archive.listed(each).length);
          for (const one of questions) sameAnswer(engine, naive, one as never);
          samePage(engine, naive, root, filters as never, sorts[root][0]);
          for (const { rid, row } of archive.listed('task_run')) assert.equal(engine.ridOf('task_run', row.id), rid);
        }
      },
    ),
    { numRuns: 300 },
  );
});

test('facets lift their own filter, count every value and name ids', () => {
  const facetPaths = ['state_type', 'state_name', 'failure', 'task_key', 'tags', 'flow_run_id', 'flow_run.flow_id', 'flow_run.deployment_id', 'flow_run.deployment.paused', 'flow_run.tags']
    .filter((path) => !path.endsWith('paused')); // prettier-ignore
  fc.assert(
    fc.property(
      arbitrary.archive,
      fc.array(ask.condition('task_run', 1), { maxLength: 3 }),
      fc.constantFrom(...facetPaths),
      fc.nat(),
      (steps, others, field, pick) => {
        const archive = arbitrary.build(steps);
        const engine = loaded(archive, 'sqlite');
        const naive = new Naive(archive, 'sqlite');
        naive.now = NOW;
        const own = field.endsWith('tags') ? { field, any: ['x', 'prod'] } : { field, isNull: pick % 2 === 0 };
        const kept = { and: others.filter((c) => !('field' in c) || c.field !== field) };
        const counts = new Map<string | null, number>();
        for (const row of naive.rows('task_run')) {
          // a group that speaks of this field only is lifted as well: leave such groups to the cases below
          if (!naive.where('task_run', row, kept, NOW)) continue;
          const value = naive.value('task_run', row, field);
          const values = Array.isArray(value) ? [...new Set(value)] : value === null ? [] : [value as string];
          for (const one of values.length === 0 ? [null] : values) counts.set(one, (counts.get(one) ?? 0) + 1);
        }
        const mentionsOnlyField = (c: (typeof others)[number]) =>
          JSON.stringify(c).split('"field":').length > 1 && !('field' in c);
        fc.pre(!others.some(mentionsOnlyField));
        const nulls = pick % 3 !== 0;
        if (!nulls) counts.delete(null);
        const { facets } = engine.ask({
          where: { and: [...others, own] },
          sort: [],
          now: NOW,
          facets: [{ field, limit: 1000, nulls }],
        });
        const [facet] = facets;
        assert.equal(facet.new, undefined);
        assert.deepEqual(new Map(facet.values.map(({ value, count }) => [value, count])), counts);
        assert.equal(facet.distinct, [...counts.keys()].filter((value) => value !== null).length);
        for (const [i, { count, label }] of facet.values.entries()) {
          const before = facet.values[i - 1];
          assert.ok(!before || before.count > count || (before.count === count && before.label <= label));
        }
      },
    ),
    { numRuns: 200 },
  );
});

test('a facet lifts a choice over several fields as a whole, and nothing else', () => {
  fc.assert(
    fc.property(
      arbitrary.archive,
      fc.array(ask.condition('task_run', 1), { maxLength: 2 }),
      fc.subarray(['FAILED', 'COMPLETED', 'RUNNING']),
      fc.subarray(['Failed', 'TimedOut', 'Completed']),
      fc.boolean(),
      (steps, others, types, names, not) => {
        const archive = arbitrary.build(steps);
        const engine = loaded(archive, 'sqlite');
        const group = {
          or: [
            { field: 'state_type', in: types },
            { field: 'state_name', in: names },
          ],
        };
        const own = not ? { not: group } : group;
        // nothing else that is lifted here
        const rest = others.filter((one) => !/"(state_type|state_name|tags)"/.test(JSON.stringify(one)));
        const counted = (where: Condition, lift: string[]) => {
          const facets = [{ field: 'state_type', limit: 1000, lift }];
          const { values } = engine.ask({ where, sort: [], now: NOW, facets }).facets[0];
          return values.reduce((sum, { count }) => sum + count, 0);
        };
        const all = (where: Condition) => engine.count('task_run', where, NOW);
        const chosen: Condition = { and: [...rest, own] };
        assert.equal(counted(chosen, ['state_name']), all({ and: rest }));
        assert.equal(counted(chosen, ['tags']), all(chosen), 'the names are not lifted with the types');
        const wider: Condition = { and: [...rest, { or: [own, { text: 'a' }] }] };
        assert.equal(counted(wider, ['state_name']), all(wider), 'it speaks of something else too');
      },
    ),
    { numRuns: 100 },
  );
});

test('a histogram counts every row once, by state, or as missing', () => {
  fc.assert(
    fc.property(
      arbitrary.archive,
      fc.constantFrom('expected_start_time', 'end_time', 'created'),
      fc.integer({ min: 1, max: 9 }),
      fc.constantFrom(undefined, 0, 1_700_000_000_000_000, 1_700_000_000_000_001),
      fc.constantFrom(undefined, 1_700_000_000_000_001, 253_402_300_799_999_999),
      (steps, field, buckets, from, to) => {
        const archive = arbitrary.build(steps);
        const engine = loaded(archive, 'sqlite');
        const naive = new Naive(archive, 'sqlite');
        const { histogram } = engine.ask({ where: TRUE, sort: [], now: NOW, histogram: { field, buckets, from, to } });
        assert.ok(histogram);
        const { step } = histogram;
        assert.ok(from === undefined || histogram.from === from);
        const expected = new Map<string, number>();
        let missing = 0;
        for (const row of naive.rows('task_run')) {
          const value = naive.value('task_run', row, field) as number | null;
          if (value === null) missing++;
          else {
            const bucket = Math.floor((value - histogram.from) / step);
            if (bucket < 0 || bucket >= buckets) continue;
            const key = `${String(row.state_type)} ${bucket}`;
            expected.set(key, (expected.get(key) ?? 0) + 1);
          }
        }
        const found = new Map<string, number>();
        for (const { state_type, counts } of histogram.series) {
          assert.equal(counts.length, buckets);
          counts.forEach((count, bucket) => count > 0 && found.set(`${state_type} ${bucket}`, count));
        }
        assert.deepEqual(found, expected);
        assert.equal(histogram.missing, missing);
        if (from === undefined && to === undefined)
          assert.equal([...found.values()].reduce((a, b) => a + b, 0) + missing, engine.total('task_run'));
      },
    ),
    { numRuns: 200 },
  );
});

test('the task runs of each flow run, counted at once, are as many as are found one by one, also after changes', () => {
  fc.assert(
    fc.property(arbitrary.archive, dialect, fc.array(arbitrary.change, { maxLength: 3 }), (steps, of, changes) => {
      const archive = arbitrary.build(steps);
      const engine = loaded(archive, of);
      for (const change of [null, ...changes]) {
        if (change !== null) {
          arbitrary.perform(archive, change);
          engine.apply(archive.commit());
        }
        const flowRuns = engine.rows('flow_run', TRUE, NOW);
        const one = (rid: number) =>
          engine.count('task_run', { field: 'flow_run_id', in: [engine.idOf('flow_run', rid)] }, NOW);
        assert.deepEqual([...engine.taskRunCounts(flowRuns)], [...flowRuns].map(one));
      }
    }),
    { numRuns: 200 },
  );
});
