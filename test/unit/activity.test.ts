import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RunActivity } from '../../src-main/contract/run.ts';
import { mergeActivity } from '../../src-main/core/archive/activity.ts';

const line = (id: string, timestamp: number, message = id) => ({ id, timestamp, message, name: 'prefect', level: 20 });
const activity = (logs: RunActivity['logs'], fetched: number, gap: string | null = null): RunActivity => ({
  history: [],
  logs,
  artifacts: [],
  truncated: gap !== null,
  gap,
  fetched,
  problem: null,
});

test('logs the server has cleaned up stay in the archive, new ones are added, each once and in order of time', () => {
  const kept = activity([line('a', 1), line('b', 2, 'old')], 10);
  assert.deepEqual(mergeActivity(kept, activity([], 20)), { ...kept, fetched: 20 });
  assert.deepEqual(
    mergeActivity(kept, activity([line('c', 1.5), line('b', 2, 'new')], 20)).logs.map(({ id, message }) => [
      id,
      message,
    ]),
    [
      ['a', 'a'],
      ['c', 'c'],
      ['b', 'new'],
    ],
  );
  assert.equal(mergeActivity(null, kept), kept);
});

test('lines that were kept while the run had logged less close the gap of a later reading, or a part of it', () => {
  const lines = (...numbers: number[]) => numbers.map((n) => line(String(n), n));
  const later = activity(lines(1, 2, 8, 9), 20, '2');
  const merged = (kept: RunActivity) => {
    const { logs, gap, truncated } = mergeActivity(kept, later);
    return [logs.map(({ id }) => id).join(' '), gap, truncated];
  };
  assert.deepEqual(merged(activity(lines(1, 2), 10)), ['1 2 8 9', '2', true]);
  assert.deepEqual(merged(activity(lines(1, 2, 3, 4), 10)), ['1 2 3 4 8 9', '4', true]);
  assert.deepEqual(merged(activity(lines(1, 2, 3, 4, 5, 6, 7, 8), 10)), ['1 2 3 4 5 6 7 8 9', null, false]);
  assert.deepEqual(merged(activity(lines(1, 2, 3, 6, 7), 10, '3')), ['1 2 3 6 7 8 9', '3', true]);
});
