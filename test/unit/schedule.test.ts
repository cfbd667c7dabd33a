import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ErrorCode } from '../../src-main/contract/errors.ts';
import { secondsBetween } from '../../src-main/contract/sync.ts';
import { initialStatus } from '../../src-main/core/archive/sync-status.ts';
import { isBack, mayBegin, pauseSeconds, Schedule } from '../../src-main/core/archive/schedule.ts';

test('the pause is the setting, doubles with failures up to ten minutes, and is none when paused', () => {
  assert.equal(pauseSeconds(30, 0), 30);
  assert.deepEqual(
    [1, 2, 3, 4, 5, 50].map((n) => pauseSeconds(30, n)),
    [60, 120, 240, 480, 600, 600],
  );
  assert.equal(pauseSeconds(3600, 3), 3600);
  assert.equal(pauseSeconds(0, 0), null);
});

test('passes are as often as the person says, half as often while listening, every 15 min at most on a metered connection', () => {
  const status = { paused: false, metered: false, live: 'off' as const };
  assert.equal(secondsBetween(status, 30), 30);
  assert.equal(secondsBetween({ ...status, live: 'on' }, 30), 60);
  assert.equal(secondsBetween({ ...status, metered: true }, 30), 900);
  assert.equal(secondsBetween({ ...status, metered: true }, 3600), 3600, 'rarer than that stays as it is');
  assert.equal(secondsBetween({ ...status, metered: true }, 0), 0, 'only when asked stays so');
  assert.equal(secondsBetween({ ...status, paused: true }, 30), 0);

  const opened = { ...initialStatus('w', null), last_success: 1_000_000_000 };
  const later = (seconds: number) => opened.last_success + seconds * 1_000_000;
  assert.equal(mayBegin(opened, later(1)), true);
  assert.equal(
    mayBegin({ ...opened, metered: true }, later(899)),
    false,
    'a window closed and opened again is no reason',
  );
  assert.equal(mayBegin({ ...opened, metered: true }, later(900)), true);
  assert.equal(mayBegin({ ...opened, metered: true }, later(-9e7)), true, 'the clock had been years ahead');
  assert.equal(mayBegin({ ...opened, metered: true, last_success: null }, later(1)), true);
  assert.equal(mayBegin({ ...opened, paused: true }, later(9999)), false);
});

test('a machine that slept, or found another network after a failure, asks at once', () => {
  const before = { at: 1_000_000, network: '10.0.0.2' };
  assert.equal(isBack(before, { at: 1_005_000, network: '10.0.0.2' }, true), false);
  assert.equal(isBack(before, { at: 1_020_000, network: '10.0.0.2' }, true), false, 'late, but only busy');
  assert.equal(isBack(before, { at: 1_600_000, network: '10.0.0.2' }, false), true, 'slept');
  assert.equal(isBack(before, { at: 900_000, network: '10.0.0.2' }, true), false, 'the clock was set back');
  assert.equal(isBack(before, { at: 1_005_000, network: '10.0.0.9' }, true), true);
  assert.equal(isBack(before, { at: 1_005_000, network: '10.0.0.9' }, false), false, 'nothing had failed');
  assert.equal(isBack(before, { at: 1_005_000, network: '' }, true), false, 'no network is none to try');
});

test('it tells when the next one starts, and nothing when none does', () => {
  const told: (number | null)[] = [];
  let every = 60;
  let atLeast = 0;
  let starts = 0;
  const schedule = new Schedule(
    () => (starts += 1),
    { every: () => every, atLeast: () => atLeast },
    (next) => told.push(next),
  );
  schedule.ended(null);
  const next = told.pop();
  assert.ok(next && next > Date.now() * 1000 && next <= (Date.now() + 60_000) * 1000);
  atLeast = 900;
  schedule.hurry();
  assert.equal(starts, 0, 'not so soon after the last one, whatever came back');
  atLeast = 0;
  schedule.hurry();
  assert.equal(starts, 1);
  schedule.started();
  assert.equal(told.pop(), null);
  schedule.hurry();
  assert.equal(starts, 1, 'one runs: nothing to hurry');
  every = 0;
  schedule.ended('SERVER_FAILED');
  assert.equal(told.pop(), null);
  schedule.hurry();
  assert.equal(starts, 1, 'paused');
  schedule.stop();
});

test('a server that fails is left alone for longer and longer, a full disk is looked at again as soon as before', () => {
  const pauses = (codes: ErrorCode[]) => {
    let next = 0;
    const pace = { every: () => 30, atLeast: () => 0 };
    const schedule = new Schedule(() => undefined, pace, (at) => (next = at ?? 0)); // prettier-ignore
    const found = codes.map((code) => {
      schedule.ended(code);
      return Math.round((next / 1000 - Date.now()) / 10_000) * 10;
    });
    schedule.stop();
    return found;
  };
  assert.deepEqual(pauses(['SERVER_FAILED', 'SERVER_FAILED', 'SERVER_FAILED']), [60, 120, 240]);
  assert.deepEqual(pauses(['DISK_FULL', 'DISK_FULL', 'FOLDER_READ_ONLY']), [60, 60, 60]);
  assert.deepEqual(pauses(['SERVER_FAILED', 'SERVER_FAILED', 'DISK_FULL']), [60, 120, 60]);
});
