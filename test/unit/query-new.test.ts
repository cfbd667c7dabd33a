/** Which values and which rows are new, against the naive evaluator: random archives, conditions and changes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { AppError } from '../../src-main/contract/errors.ts';
import { Engine } from '../../src-main/query/engine.ts';
import * as arbitrary from '../fixtures/arbitrary-archive.ts';
import * as ask from '../fixtures/arbitrary-questions.ts';
import type { PlainRow } from '../fixtures/fake-archive.ts';
import { Naive } from '../fixtures/naive.ts';
import '../fixtures/ci-seed.ts';

const NOW = 1_700_000_060_000_001;

test('the first row that has them is expected later, in an archive that reaches back twice as far', () => {
  fc.assert(
    fc.property(
      arbitrary.archive,
      fc.array(arbitrary.change, { maxLength: 4 }),
      ask.condition('task_run', 1),
      fc.constantFrom('failure', 'state_name', 'task_key'),
      fc.oneof(
        fc.nat(100_000).map((minutes) => minutes * 60_000_000),
        fc.nat(),
      ),
      fc.boolean(),
      (steps, changes, where, field, ago, relative) => {
        fc.pre(!JSON.stringify(where).includes(JSON.stringify(field))); // such conditions are lifted, as in any facet
        const archive = arbitrary.build(steps);
        archive.commit();
        const engine = new Engine(archive, { dialect: 'sqlite' });
        engine.load();
        const naive = new Naive(archive, 'sqlite');
        naive.now = NOW;
        const from = NOW - ago;
        const started = (row: PlainRow) => naive.value('task_run', row, 'expected_start_time') as number | null;
        const valueOf = (row: PlainRow) => naive.value('task_run', row, field) as string | null;
        const expected = () => {
          const all = naive.rows('task_run');
          if (!all.some((row) => (started(row) ?? Infinity) <= from - ago)) return new Map<string, number>();
          const before = new Set(all.filter((row) => (started(row) ?? Infinity) < from).map(valueOf));
          const since = new Set(all.filter((row) => (started(row) ?? -Infinity) >= from).map(valueOf));
          const counts = new Map<string, number>();
          for (const row of all.filter((row) => naive.where('task_run', row, where, NOW))) {
            const value = valueOf(row);
            if (value !== null && since.has(value) && !before.has(value))
              counts.set(value, (counts.get(value) ?? 0) + 1);
          }
          return counts;
        };
        for (const change of [[], ...changes]) {
          arbitrary.perform(archive, change);
          engine.apply(archive.commit());
          const request = { field, limit: 1, new_since: relative ? { ago } : from };
          const [facet] = engine.ask({ where, sort: [], now: NOW, facets: [request] }).facets;
          assert.deepEqual(new Map(facet.new?.map(({ value, count }) => [value, count])), expected());
        }
      },
    ),
    { numRuns: 300 },
  );
});

test('the news of an answer are the rows that came to it, those of them that failed, and the rows that left', () => {
  fc.assert(
    fc.property(
      arbitrary.archive,
      fc.array(arbitrary.change, { minLength: 1, maxLength: 3 }),
      ask.condition('task_run', 1),
      (steps, changes, where) => {
        const archive = arbitrary.build(steps);
        archive.commit();
        const engine = new Engine(archive, { dialect: 'sqlite' });
        engine.load();
        const naive = new Naive(archive, 'sqlite');
        naive.now = NOW;
        // by number: a run that was deleted and has come again is another row
        const matching = () => archive.listed('task_run').filter(({ row }) => naive.where('task_run', row, where, NOW));
        const before = engine.ask({ where, sort: [], now: NOW });
        const had = new Set(matching().map(({ rid }) => rid));
        for (const change of changes) {
          arbitrary.perform(archive, change);
          engine.apply(archive.commit());
          const now = matching();
          const added = now.filter(({ rid }) => !had.has(rid));
          const failed = added.filter(({ row }) => row.state_type === 'FAILED' || row.state_type === 'CRASHED').length;
          const removed = had.size - (now.length - added.length);
          assert.deepEqual(engine.news(before, where, NOW), { added: added.length, failed, removed });
        }
      },
    ),
    { numRuns: 200 },
  );
});

test('only a term of the row itself can be asked for', () => {
  const engine = new Engine(arbitrary.build([]), { dialect: 'sqlite' });
  engine.load();
  for (const field of ['flow_run.state_name', 'tags', 'flow_run_id'])
    assert.throws(
      () => engine.ask({ where: { and: [] }, sort: [], now: NOW, facets: [{ field, limit: 1, new_since: 0 }] }),
      (thrown) => thrown instanceof AppError && thrown.code === 'BAD_INPUT',
      field,
    );
});
