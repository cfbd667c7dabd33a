/** The words of the sync view and of check now, and the arithmetic of the coverage strip. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  newStatus,
  checkSchema,
  syncStatusSchema,
  type Check,
  type CoverageSpan,
  type SyncStatus,
} from '../../src-main/contract/sync.ts';
import { checkWords } from '../../src-renderer/state/sync/check-words.ts';
import { skippedWords } from '../../src-main/contract/skipped-words.ts';
import { coverageSentence, liveWords, nextWords } from '../../src-renderer/state/sync/coverage-words.ts';
import { progressWords } from '../../src-renderer/state/sync/sync-words.ts';
import { spanState, spanTitle, stacks, stripTicks } from '../../src-renderer/ui/charts/coverage-layout.ts';
import '../fixtures/ci-seed.ts';

const DAY = 86_400_000_000;
const NOW = Date.UTC(2026, 10, 24, 12) * 1000;
const seconds = (s: number) => `${s} s`;
const words = { day: (at: number) => `day ${at}`, ago: (at: number) => `at ${at}` };

const status = (change: Partial<SyncStatus>): SyncStatus =>
  syncStatusSchema.parse({
    ...newStatus('w'),
    last_success: 4,
    checked: 4,
    complete_since: 3,
    verified_since: 5,
    live: 'on',
    ...change,
  });

it('what could not be read is in the footer’s line, and is named', () => {
  const rows = [
    { entity: 'task_run' as const, id: 'run-7', reason: 'id: not a UUID' },
    { entity: 'flow_run' as const, id: null, reason: 'HTTP 500' },
  ];
  const skipped = { count: 5, rows };
  assert.match(
    coverageSentence(status({ skipped }), 30, words),
    /^Every run since day 3 but for what could not be read \(5\), checked/,
  );
  assert.deepEqual(skippedWords(skipped), [
    'Task run run-7: id: not a UUID',
    'Flow run (id not known): HTTP 500',
    'and 3 more',
  ]);
});

describe('the sentence of the sync view', () => {
  const say = (change: Partial<SyncStatus>, every = 30) => coverageSentence(status(change), every, words);

  it('says what is here, when it was checked, and how it is kept true', () => {
    assert.equal(
      say({}),
      'Every run since day 3, checked at 4. Checked with the server in full at 5. Listening for changes.',
    );
    assert.equal(
      say({ verified_since: null, live: 'unsupported' }),
      'Every run since day 3, checked at 4. Not all of it has been checked with the server yet. Looks for changes every 30 s.',
    );
    assert.equal(
      say({ complete_since: null, verified_since: null, last_success: null, checked: null, live: 'off' }, 0),
      'Never synced. Looks for changes only when you ask.',
    );
    assert.equal(
      say({ phase: 'running', complete_since: null, verified_since: null, last_success: null, checked: null }),
      'First sync under way.',
    );
    assert.equal(
      say({ paused: true }),
      'Every run since day 3, checked at 4. Checked with the server in full at 5. Paused.',
    );
  });

  it('on a metered connection it says why changes come late', () => {
    const metered = status({ metered: true, live: 'off' });
    assert.match(say({ metered: true, live: 'off' }), /Metered connection: looks for changes every 15 min/);
    assert.match(liveWords(metered, 30).long, /off on a metered connection/);
    assert.match(liveWords(metered, 3600).long, /every 1 h/);
    assert.match(liveWords(metered, 0).long, /only when you ask/);
  });

  it('a pause and a failure go before what the server offers', () => {
    const problem = { code: 'SERVER_UNREACHABLE' as const, message: '', details: {} };
    assert.equal(liveWords(status({ problem, phase: 'failed' }), 30).tone, 'problem');
    assert.equal(liveWords(status({ problem, paused: true }), 30).tone, 'paused');
    assert.equal(liveWords(status({ problem, phase: 'running' }), 30).tone, 'on');
  });

  it('says when the next sync starts', () => {
    assert.equal(nextWords(status({ live: 'off', next: NOW + 11.2e6 }), 30, NOW, seconds), 'in 12 s');
    const live = { live: 'on' as const, next: NOW + 42e6 };
    assert.equal(nextWords(status(live), 30, NOW, seconds), 'in 42 s: every 1 min while live changes are on');
    assert.equal(nextWords(status({ live: 'on' }), 30, NOW, seconds), 'within 60 s');
    const failed = { code: 'SERVER_TIMEOUT' as const, message: '', details: {} };
    assert.equal(
      nextWords(status({ next: NOW + 42e6, problem: failed }), 30, NOW, seconds),
      'in 42 s, since the last one failed',
    );
    assert.equal(nextWords(status({ next: NOW - 1 }), 30, NOW, seconds), 'now');
    assert.equal(nextWords(status({ live: 'off' }), 30, NOW, seconds), 'within 30 s');
    assert.equal(nextWords(status({}), 0, NOW, seconds), 'when you ask');
    assert.equal(nextWords(status({ paused: true, next: NOW }), 30, NOW, seconds), 'when you go on');
    assert.equal(nextWords(status({ phase: 'running' }), 30, NOW, seconds), 'now');
  });

  it('says how far, how fast and how long', () => {
    const running = status({ phase: 'running', step: 'task_runs', task_runs: 5, received: 9, expected: 20 });
    assert.equal(
      progressWords({ ...running, rate: 2100, seconds_left: 40 }, String, seconds),
      'Task runs · 5 of 20 · 2100 a second · 40 s left',
    );
    assert.equal(progressWords({ ...running, step: 'flows' }, String, seconds), 'Flows · 9 read');
    assert.equal(
      progressWords({ ...running, task_runs: 30, step: 'verify' }, String, seconds),
      'Checking with the server · 30 of 30',
    );
  });
});

describe('check now', () => {
  const check = (change: Partial<Check>): Check =>
    checkSchema.parse({
      exact: true,
      server: 7,
      before: 7,
      after: 7,
      added: [],
      changed: [],
      gone: [],
      more: false,
      at: 1,
      ...change,
    });
  const say = (change: Partial<Check>) => {
    const { tone, parts } = checkWords(check(change), String);
    return `${tone}: ${parts.map((part) => (part.ids ? `[${part.text}]` : part.text)).join('')}`;
  };

  it('says what it found', () => {
    assert.equal(say({}), 'same: The server has the same 7 runs.');
    assert.equal(say({ server: 0, before: 0, after: 0 }), 'same: The server has no such run either.');
    assert.equal(
      say({ added: ['a', 'b', 'c'], changed: ['d'], gone: ['e', 'f'] }),
      'mended: [3 were missing here], [1 was different] and [2 are gone from the server]: now up to date, 7 runs.',
    );
    assert.equal(
      say({ exact: false, server: null, before: 312, after: 312 }),
      'same: Prefect cannot ask this question, so the 312 runs here were checked one by one: nothing differs.',
    );
    assert.equal(
      say({ server: 90000, more: true }),
      'open: The server has 90000 runs, 7 are here. More may differ: check everything to find it.',
    );
    assert.match(say({ server: 8 }), /^open: .*changing right now/);
  });

  it('every run it names can be followed, and nothing that differs is called the same', () => {
    const ids = fc.array(fc.uuid(), { maxLength: 5 });
    fc.assert(
      fc.property(ids, ids, ids, fc.boolean(), fc.boolean(), (added, changed, gone, exact, more) => {
        const found = checkWords(check({ added, changed, gone, exact, more, server: exact ? 7 : null }), String);
        assert.deepEqual(
          found.parts.flatMap((part) => part.ids ?? []),
          [...added, ...changed, ...gone],
        );
        const differs = added.length + changed.length + gone.length > 0;
        assert.equal(found.tone, more ? 'open' : differs ? 'mended' : 'same');
      }),
    );
  });
});

describe('the coverage strip', () => {
  const span = (change: Partial<CoverageSpan>): CoverageSpan => ({
    from: NOW,
    to: NOW + DAY,
    runs: 0,
    gone: 0,
    unfinished: 0,
    complete: true,
    verified: 1,
    ...change,
  });

  it('says whether a stretch is all here and checked', () => {
    assert.equal(spanState(span({})), 'checked');
    assert.equal(spanState(span({ verified: null })), 'here');
    assert.equal(spanState(span({ complete: false })), 'partial');
  });

  it('stacks fit their height, and a single run is seen', () => {
    const spans = fc.array(
      fc
        .record({ runs: fc.nat(1_000_000), gone: fc.nat(1000), unfinished: fc.nat(1000) })
        .map((counts) => span(counts)),
      { minLength: 1 },
    );
    fc.assert(
      fc.property(spans, (list) => {
        for (const [i, one] of stacks(list, 46).entries()) {
          const tall = one.settled + one.unfinished + one.gone;
          assert.ok(tall <= 46 + 2 * 1.5 + 1e-6, String(tall));
          assert.equal(tall > 0, (list[i]?.runs ?? 0) > 0);
        }
      }),
    );
  });

  it('names a day, a week, and the zone where the person’s is another', () => {
    const day = Date.UTC(2026, 10, 23) * 1000;
    assert.equal(spanTitle({ from: day, to: day + DAY }, 'UTC', NOW), 'Mon 23 Nov');
    assert.equal(spanTitle({ from: day, to: day + DAY }, 'America/New_York', NOW), 'Mon 23 Nov UTC');
    assert.equal(spanTitle({ from: day - 6 * DAY, to: day + DAY }, 'UTC', NOW), '17 – 23 Nov');
    assert.equal(spanTitle({ from: day - 30 * DAY, to: day }, 'UTC', NOW), '24 Oct – 22 Nov');
  });

  it('labels never meet, and the oldest is named', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 400 }), fc.integer({ min: 80, max: 1200 }), (count, width) => {
        const list = Array.from({ length: count }, (_, i) => span({ from: i * DAY, to: (i + 1) * DAY }));
        const ticks = stripTicks(list, width, 'UTC', NOW);
        assert.equal(ticks[0]?.index, 0);
        for (let i = 1; i < ticks.length; i += 1)
          assert.ok((((ticks[i]?.index ?? 0) - (ticks[i - 1]?.index ?? 0)) * width) / count >= 74 - 1e-6);
      }),
    );
  });
});
