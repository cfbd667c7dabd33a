import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RunActivity } from '../../src-main/contract/run.ts';
import { mergeActivity } from '../../src-main/core/archive/activity.ts';

const line = (id: string, timestamp: number, message = id) => ({ id, timestamp, message, name: 'prefect', level: 20 });
const activity = (logs: RunActivity['logs'], fetched: number, gap: string | null = null): RunActivity => ({
  history: [],
  logs,
  artifacts: [],
  gap,
  kept: logs.length,
  count: gap === null ? null : 9,
  fetched,
  problem: null,
  missed: {},
});

/** `kept`: the archive's lines up to the first that is missing. */
const end = (kept: RunActivity) => kept.logs.find(({ id }) => id === kept.gap) ?? kept.logs.at(-1) ?? null;

test('history and artifacts that the server has cleaned up stay, new ones are added, each once and in order of time', () => {
  const state = (id: string, timestamp: number, name = id) => ({ id, type: 'RUNNING', name, timestamp, message: null });
  const kept = { ...activity([line('a', 1)], 10), history: [state('a', 1), state('b', 2, 'old')] };
  const fresh = { ...activity([line('c', 2)], 20), history: [state('c', 1.5), state('b', 2, 'new')] };
  const merged = mergeActivity(kept, end(kept), fresh);
  assert.deepEqual(merged.history.map(({ name }) => name), ['a', 'c', 'new']); // prettier-ignore
  assert.deepEqual(merged.logs, fresh.logs, 'the archive adds them');
  assert.equal(merged.fetched, 20);
  assert.equal(mergeActivity(null, null, kept), kept);
  const refused = { ...activity([], 30), fetched: null };
  assert.deepEqual(mergeActivity(kept, end(kept), refused), { ...kept, logs: [] });
});

test('what a part was that could not be read stays, and so does the gap in its lines', () => {
  const kept = activity([line('a', 1), line('z', 9)], 10, 'a');
  const why = { code: 'SERVER_FAILED', message: 'HTTP 500', details: {} } as const;
  const fresh = { ...activity([], 20), missed: { logs: why } };
  const merged = mergeActivity(kept, end(kept), fresh);
  assert.deepEqual([merged.gap, merged.count, merged.fetched, merged.missed], ['a', 9, 20, { logs: why }]);
  assert.deepEqual(mergeActivity(merged, end(kept), activity([line('a', 1)], 30)).missed, {});
});

test('lines that were kept while the run had logged less close the gap of a later reading, or a part of it', () => {
  const lines = (...numbers: number[]) => numbers.map((n) => line(String(n), n));
  const later = activity(lines(1, 2, 8, 9), 20, '2');
  const gap = (kept: RunActivity, fresh = later) => mergeActivity(kept, end(kept), fresh).gap;
  assert.equal(gap(activity(lines(1, 2), 10)), '2');
  assert.equal(gap(activity(lines(1, 2, 3, 4), 10)), '4');
  assert.equal(gap(activity(lines(1, 2, 3, 4, 5, 6, 7, 8), 10)), null);
  assert.equal(gap(activity(lines(1, 2, 3, 6, 7), 10, '3')), '3');
  // a part of what is missing was read, and then all of it
  assert.equal(gap(activity(lines(1, 2, 8, 9), 10, '2'), activity(lines(2, 3, 4), 20, '4')), '4');
  assert.equal(gap(activity(lines(1, 2, 8, 9), 10, '2'), activity(lines(2, 3, 4, 5, 8, 9), 20)), null);
});
