import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pauseSeconds } from '../../src-main/core/schedule.ts';

test('the pause is the setting, doubles with failures up to ten minutes, and is none when paused', () => {
  assert.equal(pauseSeconds(30, 0), 30);
  assert.deepEqual(
    [1, 2, 3, 4, 5, 50].map((n) => pauseSeconds(30, n)),
    [60, 120, 240, 480, 600, 600],
  );
  assert.equal(pauseSeconds(3600, 3), 3600);
  assert.equal(pauseSeconds(0, 0), null);
});
