import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseTime } from '../../src-main/contract/time.ts';
import {
  formatAgo,
  formatBytes,
  formatClock,
  formatCount,
  formatDuration,
  formatExact,
  formatMoment,
  formatRelative,
  formatZone,
  plural,
  secondsBetween,
} from '../../src-renderer/format.ts';
import { offsetMinutes } from '../../src-main/contract/zone.ts';

const at = (text: string) => {
  const micros = parseTime(text);
  assert.ok(micros !== null);
  return micros;
};

describe('format', () => {
  it('durations carry over at the unit shown', () => {
    const cases: [number, string][] = [
      [0, '0 s'],
      [0.0001, '<1 ms'],
      [0.085, '85 ms'],
      [0.6, '0.6 s'],
      [0.9999, '1 s'],
      [8.24, '8.2 s'],
      [9.96, '10 s'],
      [36.4, '36 s'],
      [59.6, '1 m 0 s'],
      [112, '1 m 52 s'],
      [3599.6, '1 h 0 m'],
      [14_700, '4 h 5 m'],
      [86_399, '1 d 0 h'],
      [266_400, '3 d 2 h'],
      [-0.2, '−0.2 s'],
    ];
    for (const [seconds, text] of cases) assert.equal(formatDuration(seconds), text);
  });

  it('times keep every microsecond and never round up', () => {
    const time = at('2026-11-23T01:11:03.999999Z');
    assert.equal(formatClock(time, 'UTC'), '01:11:03');
    assert.equal(formatClock(time, 'UTC', 3), '01:11:03.999');
    assert.equal(formatClock(time, 'Europe/Berlin', 6), '02:11:03.999999');
    assert.equal(formatExact(time, 'UTC'), '2026-11-23T01:11:03.999999Z');
    assert.equal(formatExact(time, 'Europe/Berlin'), '2026-11-23 02:11:03.999999 +01:00 (2026-11-23T01:11:03.999999Z)');
  });

  it('times before 1970 and after 2255 hold', () => {
    assert.equal(formatClock(at('1969-12-31T23:59:59.250000Z'), 'UTC', 3), '23:59:59.250');
    assert.equal(formatClock(at('9999-12-31T23:59:59Z'), 'UTC'), '23:59:59');
  });

  it('says the day, and the year only when it is another', () => {
    const now = at('2026-11-23T12:00:00Z');
    assert.equal(formatMoment(at('2026-11-22T23:30:00Z'), 'UTC', now), '22 Nov 23:30:00');
    assert.equal(formatMoment(at('2026-11-22T23:30:00Z'), 'Europe/Berlin', now), '23 Nov 00:30:00');
    assert.equal(formatMoment(at('2025-11-22T23:30:00Z'), 'UTC', now), '22 Nov 2025 23:30:00');
  });

  it('relative times name days by the calendar of the zone', () => {
    const now = at('2026-11-23T12:00:00Z');
    const cases: [string, string][] = [
      ['2026-11-23T11:59:40Z', 'just now'],
      ['2026-11-23T11:58:00Z', '2 min ago'],
      ['2026-11-23T11:00:15Z', '1 h ago'],
      ['2026-11-23T09:00:00Z', '3 h ago'],
      ['2026-11-23T02:12:00Z', 'today 02:12'],
      ['2026-11-22T02:12:00Z', 'yesterday 02:12'],
      ['2026-11-20T02:12:00Z', 'Fri 02:12'],
      ['2026-08-03T02:12:00Z', '3 Aug'],
      ['2024-08-03T02:12:00Z', '3 Aug 2024'],
      ['2026-11-23T12:05:00Z', 'in 5 min'],
    ];
    for (const [time, text] of cases) assert.equal(formatRelative(at(time), now, 'UTC'), text);
  });

  it('says how long ago, in the unit that fits', () => {
    const now = at('2026-11-23T12:00:00Z');
    assert.equal(formatAgo(at('2026-11-22T20:00:00Z'), now), '16 h ago');
    assert.equal(formatAgo(at('2026-11-20T12:00:00Z'), now), '3 days ago');
    assert.equal(formatAgo(at('2026-11-23T12:10:00Z'), now), 'in 10 min');
  });

  it('zones, also with half hours and across daylight saving', () => {
    assert.equal(formatZone(at('2026-11-23T12:00:00Z'), 'UTC'), 'UTC');
    assert.equal(formatZone(at('2026-11-23T12:00:00Z'), 'Europe/Berlin'), 'UTC+1');
    assert.equal(formatZone(at('2026-07-23T12:00:00Z'), 'Europe/Berlin'), 'UTC+2');
    assert.equal(formatZone(at('2026-11-23T12:00:00Z'), 'Asia/Kolkata'), 'UTC+5:30');
    assert.equal(formatZone(at('2026-11-23T12:00:00Z'), 'America/New_York'), 'UTC−5');
    assert.equal(offsetMinutes(at('2026-11-23T12:00:00Z'), 'America/New_York'), -300);
  });

  it('counts, plurals, bytes', () => {
    assert.match(formatCount(1_000_000), /^1.000.000$/);
    assert.equal(plural(1, 'run'), '1 run');
    assert.equal(plural(0, 'run'), '0 runs');
    assert.equal(formatBytes(999), '999 B');
    assert.equal(formatBytes(8_400_000), '8.4 MB');
    assert.equal(formatBytes(999_950), '1 MB');
    assert.equal(secondsBetween(null, 5), null);
    assert.equal(secondsBetween(1_000_000, 1_600_000), 0.6);
  });
});
