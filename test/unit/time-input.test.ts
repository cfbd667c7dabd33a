/** Times as a person reads and types them: what a field shows reads back as the same second, whatever the clock does there. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { readTime, writeTime } from '../../src-renderer/state/filters/time-input.ts';
import '../fixtures/ci-seed.ts';

const SECOND = 1_000_000;
const at = (iso: string) => Date.parse(iso) * 1000;
const own = process.env.TZ;
/** The machine's own zone from here on: the window knows no other besides UTC. */
const moveTo = (zone: string) => (process.env.TZ = zone);
after(() => {
  if (own === undefined) delete process.env.TZ;
  else process.env.TZ = own;
});

/** whole hours, half an hour, over midnight, and a zone that stays */
const zones = ['Europe/Berlin', 'America/St_Johns', 'Australia/Lord_Howe', 'America/Havana', 'Asia/Kolkata'];

test('the second of two equal hours has its offset and reads back as itself', () => {
  moveTo('Europe/Berlin');
  const now = at('2026-11-30T12:00:00Z');
  const [first, second] = [at('2026-10-25T00:30:00Z'), at('2026-10-25T01:30:00Z')];
  assert.equal(writeTime(first, false, now), '25 Oct 02:30:00');
  assert.equal(writeTime(second, false, now), '25 Oct 02:30:00 +01:00');
  assert.equal(readTime('25 Oct 02:30:00 +01:00', false, now), second);
  assert.equal(readTime('25 Oct 2:30 +02:00', false, now), first);
  assert.equal(readTime('25 Oct 2026, 01:30 Z', false, now), second);
  assert.equal(writeTime(second, true, now), '25 Oct 01:30:00');
});

test('what is written reads back, in any zone and around every change of its clock', () => {
  for (const zone of zones) {
    moveTo(zone);
    const changes: number[] = [];
    const offset = (hour: number) => new Date(hour * 3_600_000).getTimezoneOffset();
    const start = at('2026-01-01T00:00:00Z') / 3600 / SECOND;
    for (let hour = start; hour < start + 366 * 24; hour++) if (offset(hour) !== offset(hour + 1)) changes.push(hour);
    const near = changes.length > 0 ? fc.constantFrom(...changes) : fc.constant(start);
    const second = fc.oneof(
      fc.tuple(near, fc.integer({ min: -9000, max: 9000 })).map(([hour, rest]) => hour * 3600 + rest),
      fc.integer({ min: start * 3600 - 86_400 * 4000, max: start * 3600 + 86_400 * 700 }),
    );
    fc.assert(
      fc.property(second, fc.boolean(), (moment, utc) => {
        const now = (start + 4000) * 3600 * SECOND;
        const written = writeTime(moment * SECOND, utc, now);
        assert.equal(readTime(written, utc, now), moment * SECOND, `${zone}: ${written}`);
      }),
    );
  }
});
