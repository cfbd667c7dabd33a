/** Watched presets: what is new against rules written row by row, through changes, restarts and archives made anew; never twice; quiet hours by the clock. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MOST_MARKED } from '../../src-main/contract/watch.ts';
import {
  begun,
  keptWatchSchema,
  MOST_TOLD,
  newWatch,
  seen,
  taken,
  type KeptWatch,
} from '../../src-main/core/watches/kept-watch.ts';
import { noticeWords } from '../../src-main/core/watches/notice.ts';
import { isQuiet } from '../../src-main/core/watches/quiet-hours.ts';
import { MatchFinder } from '../../src-main/core/workers/new-matches.ts';
import { Engine } from '../../src-main/query/engine.ts';
import { clockText, minuteOf } from '../../src-renderer/state/window/quiet-hours.ts';
import * as arbitrary from '../fixtures/arbitrary-archive.ts';
import * as ask from '../fixtures/arbitrary-questions.ts';
import { FakeArchive, type PlainRow } from '../fixtures/fake-archive.ts';
import { Naive } from '../fixtures/naive.ts';
import { runSteps } from '../fixtures/run-steps.ts';
import '../fixtures/ci-seed.ts';

const NOW = 1_700_000_060_000_001;
const SECOND = 1_000_000;

const engineOver = (archive: FakeArchive) => {
  const engine = new Engine(archive, { dialect: 'sqlite' });
  engine.load();
  return engine;
};

test('a run is told when it comes to match, once, whatever happens to the program and to the archive', () => {
  fc.assert(
    fc.property(
      arbitrary.archive,
      ask.condition('task_run', 2),
      fc.constantFrom(0, 1_700_000_000_000_000, 1_700_000_000_999_999),
      fc.array(
        fc.record({
          change: arbitrary.change,
          /** what changes in the middle of the look */
          between: fc.option(arbitrary.change),
          /** s that pass before it is looked; negative: the clock is set back */
          passes: fc.constantFrom(0, 1, 60, 100_000, -90_000),
          then: fc.constantFrom('nothing', 'nothing', 'restart', 'anew', 'resync'),
        }),
        { minLength: 1, maxLength: 5 },
      ),
      (steps, where, since, moments) => {
        let archive = arbitrary.build(steps);
        archive.commit();
        let engine = engineOver(archive);
        let finder = new MatchFinder(engine);
        let known = false;
        let now = NOW;
        let watch: KeptWatch = { ...begun(newWatch('a', 'p'), 'x', NOW), since };
        const told: string[] = [];
        const asksForGone = JSON.stringify(where).includes('"field":"gone"');
        /** `between`: happens while it is looked */
        const look = (between?: () => void) => {
          const steps = finder.find(
            {
              key: 'p',
              where,
              since,
              looked: watch.looked,
              floor: watch.floor,
              told: known ? null : Object.keys(watch.told),
            },
            now,
            MOST_TOLD,
          );
          if (between) {
            steps.next();
            between();
          }
          const naive = new Naive(archive, 'sqlite');
          const matches = (row: PlainRow, at: number) => {
            naive.now = at;
            return naive.where('task_run', row, where, at);
          };
          const changedSince = (row: PlainRow) => {
            const at = (name: string) => (row[name] ?? null) as number | null;
            if (asksForGone && (at('gone') ?? -1) >= since) return true;
            return (at('state_timestamp') ?? at('created') ?? -1) >= since;
          };
          const expected = naive
            .rows('task_run')
            .filter((row) => matches(row, now) && (changedSince(row) || !matches(row, Math.min(now, watch.looked))))
            .map(({ id }) => id)
            .filter((id) => !told.includes(id));
          const found = runSteps(steps);
          const before = watch;
          assert.ok(found);
          watch = taken(watch, found, now);
          known = true;
          const news = watch.ids.slice(0, watch.count - before.count);
          assert.deepEqual(news.toSorted(), expected.toSorted());
          told.push(...news);
        };
        look();
        for (const { change, between, passes, then } of moments) {
          arbitrary.perform(archive, change);
          engine.apply(archive.commit());
          now += passes * SECOND;
          look(
            between === null
              ? undefined
              : () => {
                  arbitrary.perform(archive, between);
                  engine.apply(archive.commit());
                },
          );
          if (then === 'nothing') continue;
          const rows = archive.listed('task_run').map(({ row }) => row);
          if (then === 'resync') {
            for (const row of rows) archive.put('task_run', row);
            engine.apply(archive.commit());
          } else {
            // what is kept is all that a new process has
            watch = JSON.parse(JSON.stringify(watch)) as KeptWatch;
            if (then === 'anew') {
              const made = new FakeArchive();
              for (const entity of ['flow', 'deployment', 'flow_run'] as const)
                for (const { row } of archive.listed(entity)) made.put(entity, row);
              for (const row of rows.toReversed()) made.put('task_run', row);
              made.commit();
              archive = made;
            }
            engine = engineOver(archive);
            finder = new MatchFinder(engine);
            known = false;
          }
          look();
        }
        assert.equal(new Set(told).size, told.length);
        assert.equal(watch.count, told.length);
      },
    ),
    { numRuns: 400 },
  );
});

test('the ids that are kept are bounded, and what was forgotten is not told again', () => {
  let watch = begun(newWatch('a', 'p'), 'x', 0);
  const told = new Set<string>();
  const run = (n: number) => ({ id: `run-${n}`, created: (n * 7919) % 100_003 });
  let random = 1;
  for (let look = 0; look < 60; look++) {
    const runs = Array.from({ length: 400 }, () => run((random = (random * 48_271) % 2_147_483_647) % 20_000));
    const distinct = [...new Map(runs.map((one) => [one.id, one])).values()];
    const before = watch;
    watch = taken(watch, { runs: distinct, cut: null }, look);
    const count = watch.count - before.count;
    for (const id of watch.ids.slice(0, count)) {
      assert.ok(!told.has(id), `${id} is told twice`);
      told.add(id);
    }
    assert.ok(Object.keys(watch.told).length <= MOST_TOLD);
    assert.ok(watch.ids.length <= MOST_MARKED);
    assert.ok(watch.floor === null || Object.values(watch.told).every((created) => created > (watch.floor ?? 0)));
  }
  assert.ok(told.size > MOST_TOLD, `${told.size} told`);
  assert.deepEqual({ ...seen(watch), told: null }, { ...watch, told: null, count: 0, ids: [], owed: 0 });
});

test('more at once than are kept are counted, the last created are marked, and the rest is not told later', () => {
  const archive = new FakeArchive();
  const id = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
  const put = (n: number, change: object = {}) =>
    archive.put('task_run', {
      ...{ id: id(n), name: '', tags: [], state_type: 'FAILED', state_timestamp: NOW, created: n },
      ...change,
    });
  for (let n = 1; n <= MOST_TOLD + 500; n++) put(n);
  archive.commit();
  const engine = engineOver(archive);
  const where = { field: 'state_type', in: ['FAILED'] };
  let watch = begun(newWatch('a', 'p'), 'x', NOW - 1);
  const look = (finder: MatchFinder, known: boolean, now: number) => {
    const { since, looked, floor, told } = watch;
    const asked = { key: 'p', where, since, looked, floor, told: known ? null : Object.keys(told) };
    const found = runSteps(finder.find(asked, now, MOST_TOLD));
    if (found) watch = taken(watch, found, now);
    return watch.count;
  };
  const finder = new MatchFinder(engine);
  assert.equal(look(finder, false, NOW), MOST_TOLD + 500);
  assert.equal(watch.ids.length, MOST_MARKED);
  assert.equal(watch.ids[0], id(MOST_TOLD + 500));
  assert.equal(watch.floor, 500);
  assert.equal(look(new MatchFinder(engine), false, NOW + 1), MOST_TOLD + 500, 'after a restart');
  put(3, { state_type: 'RUNNING' });
  engine.apply(archive.commit());
  look(finder, true, NOW + 2);
  put(3, { state_timestamp: NOW + 3 });
  put(MOST_TOLD + 501);
  engine.apply(archive.commit());
  assert.equal(look(finder, true, NOW + 4), MOST_TOLD + 501, 'the new one only');
});

test('a note that makes a run match is told with the next look, also when no row has changed', () => {
  const archive = new FakeArchive();
  const id = '00000000-0000-4000-8000-000000000001';
  archive.put('task_run', { id, name: '', tags: [], state_type: 'FAILED', state_timestamp: NOW, created: NOW });
  archive.commit();
  const engine = engineOver(archive);
  engine.setNotes(archive);
  const finder = new MatchFinder(engine);
  const mark = (bookmarked: boolean) => {
    const note = { kind: 'task_run', id, text: '', written: null, bookmarked, seen: null } as const;
    runSteps(engine.notesChange([note], () => archive.keep(note)));
  };
  const find = (told: string[] | null) =>
    runSteps(
      finder.find(
        { key: 'p', where: { field: 'bookmarked', in: [true] }, since: NOW, looked: NOW, floor: null, told },
        NOW,
        9,
      ),
    )?.runs.map((run) => run.id);
  assert.deepEqual(find([]), []);
  assert.equal(find(null), undefined, 'nothing has changed: it is not looked');
  mark(true);
  assert.deepEqual(find(null), [id]);
  mark(false);
  mark(true);
  assert.deepEqual(find(null), [], 'never twice');
});

test('a removed row whose number another run gets hides it from no watch', () => {
  const archive = new FakeArchive();
  const row = { name: '', tags: [], state_type: 'FAILED', state_timestamp: NOW, created: NOW };
  const [first, second] = ['00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000002'];
  const rid = archive.put('task_run', { ...row, id: first });
  archive.commit();
  const engine = engineOver(archive);
  const finder = new MatchFinder(engine);
  const find = (told: string[] | null) =>
    runSteps(
      finder.find(
        { key: 'p', where: { field: 'state_type', in: ['FAILED'] }, since: 0, looked: NOW, floor: null, told },
        NOW,
        9,
      ),
    )?.runs.map(({ id }) => id);
  assert.deepEqual(find([]), [first]);
  engine.apply({ batch: 2, changed: {}, removed: { task_run: [rid] } });
  assert.deepEqual(find(null), []);
  archive.drop('task_run', first, false);
  const again = new FakeArchive();
  assert.equal(again.put('task_run', { ...row, id: second }), rid);
  archive.rowsByRid = (entity, rids) => again.rowsByRid(entity, rids);
  engine.apply({ batch: 3, changed: { task_run: [rid] }, removed: {} });
  assert.deepEqual(find(null), [second]);
});

test('it is quiet between two times of day of the zone, over midnight and when the clock is put on or back', () => {
  const zones = ['UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kolkata', 'Australia/Lord_Howe'] as const;
  fc.assert(
    fc.property(
      fc.nat(1439),
      fc.nat(1439),
      fc.constantFrom(...zones),
      fc.integer({ min: Date.UTC(2026, 0, 1), max: Date.UTC(2027, 0, 1) }),
      (from, to, zone, at) => {
        const clock = new Intl.DateTimeFormat('en-GB', {
          timeZone: zone,
          hour: '2-digit',
          minute: '2-digit',
          hourCycle: 'h23',
        });
        const minute = minuteOf(clock.format(at)) ?? NaN;
        let quiet = false;
        for (let m = from; m !== to; m = (m + 1) % 1440) quiet ||= m === minute;
        assert.equal(isQuiet({ from, to, zone }, at * 1000), quiet);
      },
    ),
    { numRuns: 300 },
  );
  assert.equal(isQuiet(null, NOW), false);
  assert.equal(isQuiet({ from: 60, to: 61, zone: 'Nowhere/Else' }, 60 * 60 * SECOND), true, 'an unknown zone is UTC');
});

test('times of day are read as they are written', () => {
  for (let minute = 0; minute < 1440; minute++) assert.equal(minuteOf(clockText(minute)), minute);
  for (const text of ['', '24:00', '7:05', '07:60', 'x']) assert.equal(minuteOf(text), null, text);
});

test('a notice says how many and in which presets', () => {
  assert.deepEqual(noticeWords('prod', [{ name: 'Late', count: 1200 }]), {
    title: '1,200 new in “Late”',
    body: 'prod',
  });
  const many = Array.from({ length: 6 }, (_, i) => ({ name: `P${i}`, count: i + 1 }));
  assert.deepEqual(noticeWords('prod', many), {
    title: '21 new in 6 presets',
    body: 'prod\nP0: 1\nP1: 2\nP2: 3\nP3: 4\nand 2 more',
  });
});

test('numbers of a kept watch that no program has written are refused', () => {
  const watch = { ...newWatch('a', 'b'), told: { x: NOW } };
  assert.ok(keptWatchSchema.safeParse(watch).success);
  const wrong = [
    { since: 1e308 },
    { looked: -1e308 },
    { floor: 1e19 },
    { count: -5 },
    { owed: 0.5 },
    { told: { x: 1e300 } },
  ];
  for (const one of wrong) assert.ok(!keptWatchSchema.safeParse({ ...watch, ...one }).success, JSON.stringify(one));
});
