import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RunActivity } from '../../src-main/contract/rows.ts';
import { mergeActivity } from '../../src-main/core/activity.ts';

const line = (id: string, timestamp: number, message = id) => ({ id, timestamp, message, name: 'prefect', level: 20 });
const activity = (logs: RunActivity['logs'], fetched: number): RunActivity => ({
  history: [],
  logs,
  artifacts: [],
  truncated: false,
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
