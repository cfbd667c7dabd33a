/** Fields that come from notes against the naive evaluator: through changes of notes and of rows, in every order, both dialects. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Note } from '../../src-main/contract/note.ts';
import type { Condition, Dialect, SortKey } from '../../src-main/contract/query.ts';
import { Engine } from '../../src-main/query/engine.ts';
import * as arbitrary from '../fixtures/arbitrary-archive.ts';
import { Naive } from '../fixtures/naive.ts';
import { runSteps } from '../fixtures/run-steps.ts';
import '../fixtures/ci-seed.ts';

const NOW = 1_700_000_060_000_001;
const { one, pools, failureTexts } = arbitrary;

const about = fc.oneof(
  fc.record({ kind: one(['task_run', 'task_run', 'flow_run'] as const), at: fc.nat(23) }).map(({ kind, at }) => ({
    kind,
    id: pools[kind][at % pools[kind].length],
  })),
  one(failureTexts).map((id) => ({ kind: 'failure' as const, id })),
);
const note: fc.Arbitrary<Note> = fc
  .tuple(
    about,
    fc.record({
      text: one(['', '', 'disk was full', 'Disk', 'äöü\n😀']),
      written: fc.constant(null),
      bookmarked: fc.boolean(),
      seen: fc.option(arbitrary.time, { nil: null }),
    }),
  )
  .map(([of, rest]) => ({ ...of, ...rest }));

const fields = ['note', 'failure_note', 'bookmarked', 'seen', 'seen_at', 'flow_run.note', 'flow_run.bookmarked'];
const leaf: fc.Arbitrary<Condition> = fc.oneof(
  fc.record({ field: one(fields), isNull: fc.boolean() }),
  fc.record({ field: one(['bookmarked', 'seen', 'flow_run.seen', 'flow_run.bookmarked']), in: fc.tuple(fc.boolean()) }),
  fc.record({ field: one(['note', 'failure_note', 'flow_run.note']), contains: one(['disk', 'ä', 'x']) }),
  fc.record({ field: fc.constant('note'), in: fc.constant(['Disk']) }),
  fc.record({ text: one(['disk', 'full', '😀', '-disk', '"was full"', 'disk load']) }),
  fc.record({ field: fc.constant('seen_at'), from: arbitrary.time }),
  fc.record({
    has: fc.constant('flow_run'),
    where: fc.constant({ has: 'task_runs', where: { field: 'bookmarked', in: [true] } }),
  }),
);
const where = fc.oneof(
  leaf,
  leaf.map((not): Condition => ({ not })),
  fc.tuple(leaf, leaf).map((and): Condition => ({ and })),
);
const sort = fc.array(fc.record({ field: one(fields), dir: one(['asc', 'desc'] as const) }), { maxLength: 2 });

/** One moment: rows change, then notes, step by step and with other rows changing between two steps. Questions are asked throughout. */
const moment = fc.record({
  rows: fc.option(arbitrary.change, { nil: [] }),
  notes: fc.array(note, { maxLength: 6 }),
  between: fc.array(fc.option(arbitrary.change, { nil: [] }), { maxLength: 6 }),
  questions: fc.array(fc.tuple(where, sort), { minLength: 1, maxLength: 3 }),
});

test('what notes say of runs is answered as row by row; of notes on their way to the index, all or none', () => {
  fc.assert(
    fc.property(
      arbitrary.archive,
      fc.array(note, { maxLength: 12 }),
      one<Dialect>(['sqlite', 'postgres']),
      fc.array(moment, { minLength: 2, maxLength: 5 }),
      (steps, first, dialect, moments) => {
        const archive = arbitrary.build(steps);
        for (const each of first) archive.keep(each);
        archive.commit();
        const engine = new Engine(archive, { dialect, smallResult: steps.length % 2 ? 0 : 500, notesAtOnce: 2 });
        engine.load();
        engine.setNotes(archive);
        const naive = new Naive(archive, dialect);
        const commit = (rows: readonly arbitrary.Step[]) => {
          arbitrary.perform(archive, rows);
          engine.apply(archive.commit());
        };
        for (const { rows, notes, between, questions } of moments) {
          const { noteChanges } = engine;
          const askAll = () => {
            for (const [condition, keys] of questions) ask(engine, naive, condition, keys);
          };
          commit(rows);
          const left = [...between];
          // the naive evaluator has the notes as they were until all are kept
          const told = runSteps(
            engine.notesChange(notes, () => notes.forEach((each) => archive.keep(each))),
            () => {
              commit(left.shift() ?? []);
              askAll();
            },
          );
          assert.equal(engine.noteChanges, noteChanges + 1);
          for (const { kind, id } of notes) {
            const rid = kind === 'task_run' ? engine.ridOf('task_run', id) : null;
            assert.ok(rid === null || told.includes(rid), `${id} is told of`);
          }
          askAll();
        }
      },
    ),
    { numRuns: 300 },
  );
});

function ask(engine: Engine, naive: Naive, where: Condition, sort: SortKey[]): void {
  const all = naive.rows('task_run');
  const rows = all.filter((row) => naive.where('task_run', row, where, NOW));
  const facets = ['note', 'failure_note', 'bookmarked', 'seen', 'flow_run.bookmarked'];
  const outcome = engine.ask({
    where,
    sort,
    now: NOW,
    facets: facets.map((field) => ({ field, limit: 50, lift: fields })),
  });
  assert.deepEqual(
    Array.from(outcome.order, (rid) => engine.idOf('task_run', rid)),
    naive.sorted('task_run', rows, sort).map((row) => row.id),
  );
  for (const rid of outcome.order) {
    const shown = engine.taskRunRow(rid);
    const row = naive.find('task_run', shown.id)!;
    for (const field of ['note', 'failure_note', 'bookmarked', 'seen_at'] as const)
      assert.equal(shown[field], naive.value('task_run', row, field), field);
    assert.equal(shown.flow_run_note, naive.value('task_run', row, 'flow_run.note'));
  }
  if (where !== undefined && 'and' in where) return;
  for (const { field, values } of engine.ask({
    where: { and: [] },
    sort: [],
    now: NOW,
    facets: facets.map((field) => ({ field, limit: 50 })),
  }).facets)
    for (const { value, count } of values) {
      const same = all.filter((row) => String(naive.value('task_run', row, field)) === String(value));
      assert.equal(count, same.length, `${field} ${value}`);
    }
}

test('an export under way goes on with the notes as they were', () => {
  fc.assert(
    fc.property(
      arbitrary.archive,
      fc.array(note, { maxLength: 12 }),
      fc.array(note, { maxLength: 12 }),
      (steps, first, then) => {
        const archive = arbitrary.build(steps);
        for (const each of first) archive.keep(each);
        archive.commit();
        const engine = new Engine(archive, { dialect: 'sqlite', notesAtOnce: 2 });
        engine.load();
        engine.setNotes(archive);
        const rids = engine.ask({ where: { and: [] }, sort: [], now: NOW }).order;
        const paths = [...fields, 'name'];
        const read = () => paths.map((path) => Array.from(rids, engine.accessor(path)));
        const before = read();
        const frozen = engine.freeze(paths);
        const all = [frozen];
        runSteps(
          engine.notesChange(then, () => then.forEach((each) => archive.keep(each))),
          () => all.push(engine.freeze(paths)),
        );
        for (const one of all) {
          assert.deepEqual(
            paths.map((path) => Array.from(rids, one.reader(path))),
            before,
          );
          if (one.unchanged(rids)) assert.deepEqual(read(), before);
          engine.thaw(one);
        }
      },
    ),
    { numRuns: 200 },
  );
});
