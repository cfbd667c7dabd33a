/** The wall clock against Intl's own, in every zone the machine knows, around the moments at which clocks are put on and back too. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { aheadOfUtc, offsetWords, type Zone } from '../../src-main/contract/zone.ts';
import { wallClock } from '../../src-renderer/wall-clock.ts';
import '../fixtures/ci-seed.ts';

const zones: Zone[] = [undefined, 'UTC', ...Intl.supportedValuesOf('timeZone')];
const formats = new Map<Zone, Intl.DateTimeFormat>();
function said(second: number, zone: Zone): Record<string, string> {
  const format =
    formats.get(zone) ??
    new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      year: 'numeric',
      month: '2-digit',
      day: 'numeric',
      weekday: 'short',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
      hourCycle: 'h23',
      timeZoneName: 'longOffset',
    });
  formats.set(zone, format);
  return Object.fromEntries(format.formatToParts(second * 1000).map(({ type, value }) => [type, value]));
}
const agrees = (second: number, zone: Zone) => {
  const intl = said(second, zone);
  const { year, month, day, weekday, clock, ahead } = wallClock(second, zone);
  const what = `${zone ?? 'here'} at ${second}`;
  assert.deepEqual(
    { year, month, day, weekday, clock, offset: offsetWords(ahead) },
    {
      year: intl.year,
      month: intl.month,
      day: intl.day,
      weekday: intl.weekday,
      clock: `${intl.hour}:${intl.minute}:${intl.second}`,
      offset: intl.timeZoneName === 'GMT' ? '+00:00' : intl.timeZoneName?.replace('GMT', ''),
    },
    what,
  );
};
const YEAR_2100 = 4_102_444_800;
const zone = fc.constantFrom(...zones);

it('agrees with Intl at any second of any zone, 1850 to 2100', () => {
  fc.assert(
    fc.property(zone, fc.integer({ min: -3_786_825_600, max: YEAR_2100 }), (one, second) => agrees(second, one)),
    {
      numRuns: 5000,
    },
  );
});

it('agrees on both sides of every change of the clock, at any second of the hour', () => {
  const DAY = 86_400;
  const changes = (one: Zone, from: number, to: number): number[] => {
    if (aheadOfUtc(from, one) === aheadOfUtc(to, one)) return [];
    if (to - from === 1) return [to];
    const middle = Math.floor((from + to) / 2);
    return [...changes(one, from, middle), ...changes(one, middle, to)];
  };
  let found = 0;
  // Newfoundland changed a minute past midnight; Lord Howe by half an hour; Liberia by 44 min 30 s; Samoa by a day
  for (const one of [
    'Europe/Berlin',
    'America/St_Johns',
    'Australia/Lord_Howe',
    'Africa/Monrovia',
    'Pacific/Apia',
    undefined,
  ])
    for (let day = 0; day < 365 * 60 * DAY; day += 30 * DAY)
      for (const change of changes(one, day, day + 30 * DAY)) {
        found += 1;
        for (const near of [-3600, -1800, -60, -1, 0, 1, 60, 1800, 3600]) agrees(change + near, one);
      }
  assert.ok(found > 200, `${found} changes`);
});
