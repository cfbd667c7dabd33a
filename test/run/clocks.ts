/** The hours and zones at which the tests run. No test may depend on either, so neither is the machine's. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { CLOCK_OFFSET } from '../fixtures/clock.mjs';

export type Clock = {
  /** the moment a run begins at, ISO 8601 */
  now: string;
  /** IANA name */
  zone: string;
};

/** All end-to-end tests begin at this hour. */
export const usualClock: Clock = { now: '2026-11-24T12:00:00Z', zone: 'UTC' };

/**
 * The tests about the demo's story and about times run at these too, four hours of the day in all: shortly after midnight on the day a zone
 * leaves daylight saving time; in the last night's incident, when one of the new failures has a single run; and ten minutes before a year ends.
 */
export const otherClocks: readonly Clock[] = [
  { now: '2026-11-01T04:30:00Z', zone: 'America/New_York' },
  { now: '2026-11-17T03:57:00Z', zone: 'Asia/Kolkata' },
  { now: '2026-12-31T23:50:00Z', zone: 'Europe/Berlin' },
];

/** `env` for a process whose clock stands at `now` when it is called, and for the processes it starts. */
export function withClock(env: NodeJS.ProcessEnv, { now, zone }: Clock): NodeJS.ProcessEnv {
  const preload = pathToFileURL(join(import.meta.dirname, '..', 'fixtures', 'clock-preload.mjs')).href;
  return {
    ...env,
    TZ: zone,
    NODE_OPTIONS: `--import=${preload}`,
    [CLOCK_OFFSET]: String(Date.parse(now) - Date.now()),
  };
}
