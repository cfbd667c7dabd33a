/** Logs of runs that log much: both ends are kept and the place between them is named, whatever the pages and the ties. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatTime } from '../../src-main/contract/time.ts';
import { readArtifacts } from '../../src-main/prefect/artifacts.ts';
import type { PrefectClient } from '../../src-main/prefect/client.ts';
import { readLogs } from '../../src-main/prefect/logs.ts';
import { fetchRuns } from '../../src-main/sync/fetch-runs.ts';
import '../fixtures/ci-seed.ts';

const START = 1_760_000_000_000_000;
const END_LINES = 5000;

type Line = { id: string; task_run_id: string; timestamp: string; at: number };
type Body = {
  logs: { task_run_id: { any_: string[] }; timestamp?: { after_?: string; before_?: string } };
  sort: string;
  limit: number;
  offset: number;
};

/** Each step is how many lines share the next moment. */
function linesOf(run: string, steps: readonly number[]): Line[] {
  return steps.flatMap((ties, moment) =>
    Array.from({ length: ties }, (_, i) => {
      const at = START + moment * 1000;
      return { id: `${run} ${moment} ${i}`, task_run_id: run, at, timestamp: formatTime(at) };
    }),
  );
}

/** Requests after which a reading is one that has no end. */
const ENDLESS = 1_000;

/** /logs/filter as the server answers it: bounds included, equal times in any order that stays the same. `ignores`: what it does not heed. */
function client(
  lines: readonly Line[],
  asked: Body[] = [],
  ignores: readonly ('timestamp' | 'offset')[] = [],
): PrefectClient {
  const ask = (schema: { parse(value: unknown): unknown }, question: { body: unknown }) => {
    const body = { ...(question.body as Body) };
    assert.ok(asked.push(body) < ENDLESS, 'asked for ever');
    if (ignores.includes('offset')) body.offset = 0;
    const { after_ = '', before_ = '9' } = (ignores.includes('timestamp') ? null : body.logs.timestamp) ?? {};
    const found = lines
      .filter(
        ({ task_run_id, timestamp }) =>
          body.logs.task_run_id.any_.includes(task_run_id) && timestamp >= after_ && timestamp <= before_,
      ) // prettier-ignore
      .sort((a, b) => (body.sort === 'TIMESTAMP_ASC' ? a.at - b.at : b.at - a.at));
    const page = found.slice(body.offset, body.offset + body.limit);
    return Promise.resolve(schema.parse(page.map((line) => ({ ...line, name: 'n', level: 20, message: line.id }))));
  };
  return { ask } as unknown as PrefectClient;
}

test('a run of 30,000 lines: its first and its last 5,000, in order, and the place between them', async () => {
  const lines = linesOf('a', Array<number>(30_000).fill(1));
  const asked: Body[] = [];
  const found = (await readLogs(client(lines, asked), ['a'], 200, {})).get('a');
  const { lines: kept, gap, count } = found ?? { lines: [], gap: '', count: 0 };
  const cut = kept.findIndex(({ id }) => id === gap) + 1;
  assert.deepEqual(kept.slice(0, cut).map(({ id }) => id), lines.slice(0, cut).map(({ id }) => id)); // prettier-ignore
  assert.deepEqual(kept.slice(cut).map(({ id }) => id), lines.slice(cut - kept.length).map(({ id }) => id)); // prettier-ignore
  assert.ok(cut >= END_LINES && kept.length - cut >= END_LINES, `${cut} and ${kept.length - cut} lines`);
  assert.equal(count, 30_000, 'counted, though the server has no count');
  assert.ok(asked.length < 80, `${asked.length} requests`);
});

test('a run of 30,000 lines, read on: every line is there, and a reading of what is new costs a page', async () => {
  const lines = linesOf('a', Array<number>(30_000).fill(1));
  const here = new Set<string>();
  let gap: string | null = '';
  let requests = 0;
  for (let after: number | null = null; gap !== null;) {
    const asked: Body[] = [];
    const found = (await readLogs(client(lines, asked), ['a'], 200, {}, { after, rest: after !== null })).get('a');
    for (const { id } of found?.lines ?? []) here.add(id);
    gap = found?.gap ?? null;
    after = found?.lines.find(({ id }) => id === gap)?.timestamp ?? null;
    requests += asked.length;
  }
  assert.equal(here.size, 30_000);
  assert.ok(requests < 230, `${requests} requests`);
  const asked: Body[] = [];
  const span = { after: lines.at(-50)?.at ?? null, rest: false };
  const tail = (await readLogs(client(lines, asked), ['a'], 200, {}, span)).get('a');
  assert.deepEqual([tail?.lines.length, tail?.gap, asked.length], [50, null, 1]);
});

test('any number of lines, runs and ties: nothing doubled, everything there where no gap is named, both ends where one is', async () => {
  const steps = fc.array(fc.integer({ min: 1, max: 900 }), { maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(fc.array(steps, { minLength: 1, maxLength: 3 }), async (runs) => {
      const ids = runs.map((_, i) => `run${i}`);
      const all = runs.flatMap((each, i) => linesOf(ids[i], each));
      const found = await readLogs(client(all), ids, 200, {});
      for (const id of ids) {
        const { lines = [], gap = '', count = null } = found.get(id) ?? {};
        const there = all.filter(({ task_run_id }) => task_run_id === id).map((line) => line.id);
        const here = lines.map((line) => line.id);
        assert.equal(new Set(here).size, here.length);
        assert.deepEqual(
          lines.map(({ timestamp }) => timestamp),
          lines.map(({ timestamp }) => timestamp).sort((a, b) => a - b),
        );
        if (gap === null) assert.deepEqual([...here].sort(), [...there].sort());
        else assert.ok(here.length >= 2 * END_LINES && here.length < there.length && here.includes(gap));
        assert.equal(count, gap === null ? null : there.length);
      }
    }),
    { numRuns: 40 },
  );
});

test('runs fetched together: long logs are read to their last line, after the short ones', async () => {
  const lines = [...linesOf('long', Array<number>(30_000).fill(1)), ...linesOf('short', [3, 2])];
  const logs = client(lines);
  const server = {
    pageLimit: () => Promise.resolve(200),
    list: () => Promise.resolve([]),
    ask: (schema: { parse(value: unknown): unknown }, question: { path: string }) =>
      question.path === '/logs/filter'
        ? logs.ask(schema as never, question as never)
        : Promise.resolve(schema.parse([])),
  } as unknown as PrefectClient;
  const kept = new Map([['long', new Set<string>()], ['short', new Set<string>()]]); // prettier-ignore
  const gaps = new Map<string, string | null>();
  const told: number[] = [];
  const save = (run: string, { logs: read, gap }: { logs: { id: string }[]; gap: string | null }) => {
    for (const { id } of read) kept.get(run)?.add(id);
    gaps.set(run, gap);
    return Promise.resolve();
  };
  await fetchRuns(server, save, ['long', 'short'], AbortSignal.timeout(60_000), (done) => told.push(done));
  assert.deepEqual([kept.get('long')?.size, kept.get('short')?.size], [30_000, 5]);
  assert.deepEqual([gaps.get('long'), gaps.get('short')], [null, null]);
  assert.deepEqual(told, [1, 2]);
});

test('a server that ignores times or offsets is not asked for ever', async () => {
  for (const ignores of [['timestamp'], ['offset'], ['timestamp', 'offset']] as const)
    for (const lines of [linesOf('a', [9_000, 9_000]), linesOf('a', Array<number>(18_000).fill(1))]) {
      const found = await readLogs(client(lines, [], ignores), ['a'], 200, {});
      assert.ok((found.get('a')?.lines.length ?? 0) >= 200, ignores.join());
      await readLogs(client([...lines, ...linesOf('b', [300])], [], ignores), ['a', 'b'], 200, {});
    }
});

test('a server whose lines have no end is counted up to four million', async () => {
  const endless = {
    ask: (schema: { parse(value: unknown): unknown }, question: { body: unknown }) => {
      const { sort, limit, offset, logs } = question.body as Body;
      const edge = logs.timestamp?.after_ ?? logs.timestamp?.before_;
      const [begin, end] = [0, 1e7];
      const open = sort === 'TIMESTAMP_ASC' ? begin : end;
      const first = edge === undefined ? open : (Date.parse(edge) * 1000 - START) / 1000;
      const page = Array.from({ length: limit }, (_, i) => {
        const n = first + (sort === 'TIMESTAMP_ASC' ? offset + i : -offset - i);
        return {
          id: `${n}`,
          task_run_id: 'a',
          name: 'n',
          level: 20,
          message: '',
          timestamp: formatTime(START + n * 1000),
        };
      });
      assert.ok(offset < 1e9, 'counted for ever');
      return Promise.resolve(schema.parse(page));
    },
  } as unknown as PrefectClient;
  assert.equal((await readLogs(endless, ['a'], 200, {})).get('a')?.count, 4_000_000);
});

test('artifacts of a server that ignores offsets, or has no end of them', async () => {
  let requests = 0;
  const server = (id: (offset: number, i: number) => string): PrefectClient =>
    ({
      list: (schema: { parse(value: unknown): unknown }, { body }: { body: { limit: number; offset: number } }) => {
        assert.ok(++requests < ENDLESS, 'asked for ever');
        const row = (i: number) => ({ id: id(body.offset, i), task_run_id: 'a', key: null, type: null, data: i });
        const rows = Array.from({ length: body.limit }, (_, i) => JSON.stringify(row(i)));
        return Promise.resolve(rows.map((json) => ({ json, value: schema.parse(JSON.parse(json)) })));
      },
    }) as unknown as PrefectClient;
  const same = server((_, i) => `same ${i}`);
  assert.equal((await readArtifacts(same, ['a'], 200, {})).get('a')?.length, 50);
  const endless = server((offset, i) => `other ${offset + i}`);
  assert.equal((await readArtifacts(endless, ['a'], 200, {})).get('a')?.length, 10_000);
});
