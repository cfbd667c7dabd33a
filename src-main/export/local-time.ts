/** Times as a clock in some zone shows them, with the offset from UTC: `2026-11-23T09:00:00.000001+01:00`. */
import { AppError } from '../contract/errors.ts';
import { formatTime } from '../contract/time.ts';

/** µs. Offsets have only ever changed on a quarter of an hour. */
const QUARTER = 900_000_000;
const MOST_KEPT = 10_000;

/** `zone`: an IANA name, null for UTC. Throws BAD_INPUT for a name that the system does not know. */
export function timeFormat(zone: string | null): (micros: number) => string {
  if (zone === null) return formatTime;
  const offset = offsetsOf(zone);
  return (micros) => {
    const minutes = offset(micros);
    return formatTime(micros + minutes * 60_000_000).slice(0, -1) + offsetText(minutes);
  };
}

/** µs → minutes east of UTC. Throws BAD_INPUT. */
export function offsetsOf(zone: string): (micros: number) => number {
  let format: Intl.DateTimeFormat;
  try {
    format = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' });
  } catch (thrown) {
    throw new AppError('BAD_INPUT', `there is no time zone ${zone}`, {}, thrown);
  }
  const kept = new Map<number, number>();
  return (micros) => {
    const quarter = Math.floor(micros / QUARTER);
    let minutes = kept.get(quarter);
    if (minutes === undefined) {
      minutes = readOffset(format.formatToParts((quarter * QUARTER) / 1000));
      if (kept.size >= MOST_KEPT) kept.clear();
      kept.set(quarter, minutes);
    }
    return minutes;
  };
}

/** `GMT`, `GMT+01:00`. Seconds, which some zones had before 1972, are left out. */
function readOffset(parts: readonly Intl.DateTimeFormatPart[]): number {
  const name = parts.find(({ type }) => type === 'timeZoneName')?.value ?? '';
  const match = /([+-])(\d\d):(\d\d)/.exec(name);
  if (!match) return 0;
  return (Number(match[2]) * 60 + Number(match[3])) * (match[1] === '-' ? -1 : 1);
}

function offsetText(minutes: number): string {
  const two = (n: number) => String(n).padStart(2, '0');
  const size = Math.abs(minutes);
  return `${minutes < 0 ? '-' : '+'}${two(Math.floor(size / 60))}:${two(size % 60)}`;
}
