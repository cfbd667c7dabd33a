/** Which runs are fetched by rule: those it names, newest first, none twice, over cuts, changes and restarts. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import '../fixtures/ci-seed.ts';
import fc from 'fast-check';
import Sqlite from 'better-sqlite3';
import { AppError } from '../../src-main/contract/errors.ts';
import { formatTime, parseTime } from '../../src-main/contract/time.ts';
import { mergeActivity } from '../../src-main/core/archive/activity.ts';
import type { FaultKind } from '../fixtures/demo/faults.ts';
import { startDemo, type Demo } from '../fixtures/demo/server.ts';
import { fetchActivity } from '../../src-main/prefect/activity.ts';
import { createClient, type PrefectClient } from '../../src-main/prefect/client.ts';
import { encodeRows } from '../../src-main/store/write/encode.ts';
import { openWriter, type Writer } from '../../src-main/store/write/writer.ts';
import { Progress } from '../../src-main/sync/progress.ts';
import { fetchByRule } from '../../src-main/sync/rule.ts';
import { runSync } from '../../src-main/sync/run.ts';
import type { Sink } from '../../src-main/sync/sink.ts';
import { Source } from '../../src-main/sync/source.ts';
import type { Outbox } from '../../src-main/sync/outbox.ts';
import { freshState } from '../../src-main/sync/state.ts';
import { NoPause } from '../fixtures/client-harness.ts';
import { tempDir } from '../fixtures/temp-dir.ts';

const MINUTE = 60_000_000;
const DAY = 1440 * MINUTE;
const EPOCH = 1_790_000_000_000_000;

class Place {
  readonly demo: Demo;
  readonly client: PrefectClient;
  readonly #path: string;
  readonly #limit: number;
  writer: Writer;
  /** ids whose history was asked for, in order */
  asked: string[] = [];
  tries = new Map<string, number>();

  private constructor(demo: Demo, path: string, limit: number) {
    this.demo = demo;
    this.#limit = limit;
    this.#path = path;
    this.writer = openWriter(path, { onChange: () => undefined });
    const client = createClient({
      api_url: demo.apiUrl,
      auth: null,
      sleep: () => Promise.resolve(),
      random: () => 0,
      budget: new NoPause(Infinity),
    });
    this.client = {
      ...client,
      ask: (schema, question, options) => {
        const id = /task_run_id=(.*)/.exec(question.path)?.[1];
        if (id) this.asked.push(id);
        return client.ask(schema, question, options);
      },
    };
  }

  static async open(t: TestContext, options: { runs: number; seed: number; limit?: number; now: () => number }) {
    const demo = await startDemo({ ...options, epoch: EPOCH });
    const place = new Place(demo, join(tempDir(t), 'a.sqlite'), options.limit ?? 200);
    t.after(() => place.close());
    return place;
  }

  /** SQLite refuses the states of this run's activity from now on. */
  refuse(id: string): void {
    const db = new Sqlite(this.#path);
    const run = `(SELECT rid FROM activity WHERE run = x'${id.replaceAll('-', '')}')`;
    db.exec(
      `CREATE TRIGGER refused BEFORE INSERT ON kept_state WHEN NEW.activity = ${run} BEGIN SELECT RAISE(ABORT, 'no'); END`,
    );
    db.close();
  }

  restart(): void {
    this.writer.close();
    this.writer = openWriter(this.#path, { onChange: () => undefined });
    this.tries = new Map();
  }

  async close(): Promise<void> {
    this.writer.close();
    await this.client.close();
    await this.demo.close();
  }

  get sink(): Sink {
    const { writer } = this;
    return {
      write: (batches, state) =>
        Promise.resolve(writer.write({ batches: batches.map(({ entity, rows }) => encodeRows(entity, rows)), state })),
      markGone: (entity, ids, at) => Promise.resolve(writer.markGone(entity, ids, at)),
      unfinished: (entity, since) => Promise.resolve(writer.lookup((lookup) => lookup.unfinished(entity, since))),
      dueActivities: (wanted) => Promise.resolve(writer.dueActivities(wanted)),
      saveActivity: (id, activity, stamp) =>
        Promise.resolve(
          writer.saveActivity(
            id,
            mergeActivity(writer.activity(id, Infinity), writer.activityEnd(id), activity),
            stamp,
          ),
        ),
    };
  }

  rows(): Promise<void> {
    return runSync({
      client: this.client,
      sink: this.sink,
      since: null,
      state: (key) => Promise.resolve(this.writer.getState(key)),
      signal: new AbortController().signal,
      onStatus: () => undefined,
    });
  }

  /** A change that a pass sees. */
  endAgain(id: string): void {
    const time = formatTime(this.demo.control.now() - MINUTE / 2);
    this.demo.control.update('task_run', id, { end_time: time, updated: time });
  }

  /** The fetching alone; returns the ids asked for. */
  async fetch(rule: { states: string[]; days: number }, now?: () => number, signal?: AbortSignal): Promise<string[]> {
    this.asked = [];
    const source = new Source(this.client, this.#limit, signal ? { signal } : {});
    source.clock = this.demo.control.now();
    const progress = new Progress(() => undefined, {
      last_success: null,
      checked: null,
      complete_since: null,
      verified_since: null,
      skipped: { count: 0, rows: [] },
    });
    const pass = { source, sink: this.sink, progress, outbox: null as unknown as Outbox, state: freshState() };
    await fetchByRule(pass, rule, this.tries, now);
    return this.asked;
  }

  /** What the rule names, newest first, straight from the server. */
  async named({ states, days }: { states: string[]; days: number }): Promise<{ id: string; updated: string }[]> {
    const now = this.demo.control.now();
    const found: { id: string; updated: string; end: number }[] = [];
    for (let offset = 0; ; offset += this.#limit) {
      const { rows } = await this.client.page('task_run', { sort: 'ID_DESC', limit: this.#limit, offset });
      for (const { value } of rows) {
        const end = parseTime(value.end_time ?? '') ?? NaN;
        if (states.includes(value.state_type ?? '') && end >= now - days * DAY && end <= now - MINUTE / 6)
          found.push({ id: value.id, updated: String(value.updated), end });
      }
      if (rows.length < this.#limit) break;
    }
    return found.sort((a, b) => b.end - a.end || (a.id < b.id ? -1 : 1)); // runs of one crash end together
  }
}

const rules = fc.record({
  states: fc.subarray(['FAILED', 'CRASHED', 'COMPLETED', 'CANCELLED', 'RUNNING'], { minLength: 1 }),
  days: fc.integer({ min: 1, max: 30 }),
});
const steps = fc.array(fc.constantFrom('pass', 'time', 'change', 'restart', 'cut', 'short'), {
  minLength: 1,
  maxLength: 8,
});

test('what the rule names is fetched, newest first, and none twice unless it changes', async (t) => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 999 }),
      fc.constantFrom(20, 200),
      rules,
      steps,
      async (seed, limit, rule, plan) => {
        let now = EPOCH;
        const place = await Place.open(t, { runs: 150, seed, limit, now: () => now });
        await place.rows();
        const done = new Map<string, string>(); // id → `updated` when it was fetched
        for (const step of [...plan, 'pass', 'pass'] as const) {
          if (step === 'restart') place.restart();
          if (step === 'time') now += 7 * MINUTE;
          if (step === 'time' || step === 'change') {
            const [one] = await place.named(rule);
            if (one && step === 'change') {
              now += MINUTE;
              place.endAgain(one.id);
            }
            await place.rows();
          }
          const named = await place.named(rule);
          const left = named.filter(({ id, updated }) => done.get(id) !== updated);
          const abort = new AbortController();
          let calls = 0;
          const clock = step === 'short' ? () => 6_000 * calls++ : () => 0;
          if (step === 'cut') {
            const run = left[Math.floor(left.length / 2)];
            const save = place.writer.saveActivity.bind(place.writer);
            place.writer.saveActivity = (id, ...rest) => {
              save(id, ...rest);
              if (id === run?.id) abort.abort();
            };
          }
          if (step !== 'pass' && step !== 'cut' && step !== 'short') continue;
          const asked = await place.fetch(rule, clock, abort.signal).catch((thrown: unknown) => {
            assert.ok(thrown instanceof AppError && thrown.code === 'CANCELLED', String(thrown));
            return place.asked;
          });
          if (step === 'cut') place.restart();
          assert.equal(new Set(asked).size, asked.length, 'asked for once');
          const most = step === 'short' ? 10 : 200;
          assert.ok(asked.length <= most);
          assert.deepEqual(
            asked,
            left.slice(0, abort.signal.aborted ? asked.length : most).map(({ id }) => id),
          );
          for (const { id, updated } of left)
            if (typeof place.writer.activity(id)?.fetched === 'number' && asked.includes(id)) done.set(id, updated);
        }
        const [first, ...others] = await place.named(rule);
        for (const run of [first, others.at(-1)]) {
          if (!run) continue;
          const kept = place.writer.activity(run.id);
          const there = await fetchActivity(place.client, run.id);
          // the demo forgets the history of a row that a test changes, the archive does not
          const ids = (list: { id: string }[] = []) => new Set(list.map(({ id }) => id));
          for (const part of ['history', 'logs', 'artifacts'] as const)
            assert.ok(ids(kept?.[part]).isSupersetOf(ids(there[part])), part);
        }
        await place.close();
      },
    ),
    { numRuns: 8 },
  );
});

test('a run over which the server fails is left alone after a while, and holds up no other', async (t) => {
  let now = EPOCH;
  const place = await Place.open(t, { runs: 900, seed: 5, now: () => now });
  await place.rows();
  const rule = { states: ['FAILED'], days: 30 };
  const named = await place.named(rule);
  assert.ok(named.length > 11);
  const { ask, list } = place.client;
  const refuse = (...bad: (string | undefined)[]) => {
    const unless =
      (answer: typeof ask): typeof ask =>
      (schema, question, options) =>
        bad.some((id) => id && JSON.stringify(question).includes(id))
          ? Promise.reject(new AppError('SERVER_FAILED', 'HTTP 500'))
          : answer(schema, question, options);
    place.client.ask = unless(ask);
    place.client.list = unless(list as typeof ask) as typeof list;
  };
  refuse(named[0]?.id, named[3]?.id);
  await place.fetch(rule);
  assert.equal(place.writer.activity(named[0]?.id ?? '')?.problem?.code, 'SERVER_FAILED');
  for (const { id } of named.filter((_, i) => i !== 0 && i !== 3))
    assert.notEqual(place.writer.activity(id)?.fetched ?? null, null);
  assert.deepEqual(await place.fetch(rule), []);

  // the only one that is due: it may be the server, so it has three passes
  now += MINUTE;
  place.endAgain(named[5]?.id ?? '');
  await place.rows();
  const before = place.writer.activity(named[5]?.id ?? '');
  refuse(named[5]?.id);
  for (const due of [1, 1, 1, 0]) {
    const wanted = { states: ['FAILED'], from: 0, to: now, settle: 0, limit: 9 };
    assert.equal(place.writer.dueActivities(wanted).length, due);
    await place.fetch(rule);
  }
  assert.deepEqual(place.writer.activity(named[5]?.id ?? ''), before, 'what is kept stays');
});

test('a server that cannot be reached ends the fetching, and nothing is taken for fetched', async (t) => {
  const place = await Place.open(t, { runs: 200, seed: 6, now: () => EPOCH });
  await place.rows();
  const rule = { states: ['COMPLETED'], days: 30 };
  await place.demo.control.stop();
  await assert.rejects(place.fetch(rule), { code: 'SERVER_UNREACHABLE' });
  await place.demo.control.restart();
  assert.ok((await place.fetch(rule)).length > 0);
});

const routes = { history: '/task_run_states/', logs: '/logs/filter', artifacts: '/artifacts/filter' } as const;
const answers: [string, FaultKind][] = [
  ['HTTP 500', { kind: 'status', status: 500 }],
  ['HTTP 422', { kind: 'status', status: 422 }],
  ['half of its reply', { kind: 'truncate' }],
];

test('a route that fails leaves the other parts of a run, says why, and is forgotten once it answers', async (t) => {
  const place = await Place.open(t, { runs: 200, seed: 8, now: () => EPOCH });
  await place.rows();
  const { faults } = place.demo.control;
  const rule = { states: ['FAILED', 'COMPLETED'], days: 30 };
  const named = await place.named(rule);
  let run = 0;
  for (const part of ['history', 'logs', 'artifacts'] as const)
    for (const [, answer] of answers) {
      const { id } = named[run++] ?? { id: '' };
      const healthy = await fetchActivity(place.client, id);
      faults.add({ ...answer, path: routes[part], times: Infinity });
      const read = await fetchActivity(place.client, id);
      faults.clear();
      assert.deepEqual(Object.keys(read.missed), [part]);
      for (const other of ['history', 'logs', 'artifacts'] as const)
        assert.deepEqual(read[other], other === part ? [] : healthy[other]);
      await place.sink.saveActivity?.(id, read, null);
      const kept = place.writer.activity(id);
      assert.deepEqual([kept?.missed, kept?.logs.length], [read.missed, read.logs.length]);
      await place.sink.saveActivity?.(id, healthy, null);
      assert.deepEqual(place.writer.activity(id)?.missed, {});
    }
  // by rule too: runs get what the others routes give, though each of them is asked for alone
  faults.add({ kind: 'status', status: 500, path: routes.artifacts, times: Infinity });
  await place.fetch(rule);
  faults.clear();
  const [last] = (await place.named(rule)).slice(-1);
  const kept = place.writer.activity(last?.id ?? '');
  assert.deepEqual([Object.keys(kept?.missed ?? {}), (kept?.history.length ?? 0) > 0], [['artifacts'], true]);
  // all of them: nothing is taken for read
  faults.add({ kind: 'status', status: 500, times: Infinity });
  await assert.rejects(fetchActivity(place.client, last?.id ?? ''), { code: 'SERVER_FAILED' });
});

test('opened by a person before it ended, a run is still fetched; off, nothing is', async (t) => {
  const place = await Place.open(t, { runs: 200, seed: 7, now: () => EPOCH });
  await place.rows();
  const rule = { states: ['COMPLETED'], days: 30 };
  const [run] = await place.named(rule);
  const id = run?.id ?? '';
  place.writer.saveActivity(id, await fetchActivity(place.client, id), null);
  assert.deepEqual(await place.fetch({ ...rule, days: 0 }), []);
  assert.deepEqual(await place.fetch({ ...rule, states: [] }), []);
  assert.equal((await place.fetch(rule))[0], id);
  // opened again: no reason to fetch it once more
  place.writer.saveActivity(id, await fetchActivity(place.client, id), null);
  assert.ok(!(await place.fetch(rule)).includes(id));
});

test('activity that the archive refuses is noted with its run, the others are fetched, and it is asked for once', async (t) => {
  const place = await Place.open(t, { runs: 150, seed: 3, now: () => EPOCH });
  await place.rows();
  const rule = { states: ['FAILED', 'CRASHED'], days: 30 };
  const named = (await place.named(rule)).map(({ id }) => id);
  assert.ok(named.length > 3, `${named.length} runs`);
  const refused = named[1];
  place.refuse(refused);
  await place.fetch(rule);
  for (const id of named) {
    const kept = place.writer.activity(id);
    assert.equal(kept?.problem?.message ?? null, id === refused ? 'cannot be kept: no' : null, id);
    assert.equal((kept?.history.length ?? 0) > 0, id !== refused);
  }
  assert.deepEqual(await place.fetch(rule), []);
});
