/** Times as a clock in some zone shows them, with the offset from UTC: `2026-11-23T09:00:00.000001+01:00`. */
import { AppError } from './errors.ts';
import { formatTime } from './time.ts';
import { offsetMinutes, offsetWords } from './zone.ts';

/** `zone`: an IANA name, null for UTC. Throws BAD_INPUT for a name that the system does not know. */
export function timeFormat(zone: string | null): (micros: number) => string {
  if (zone === null) return formatTime;
  const offset = offsetsOf(zone);
  return (micros) => {
    const minutes = offset(micros);
    return formatTime(micros + minutes * 60_000_000).slice(0, -1) + offsetWords(minutes * 60);
  };
}

/** µs → minutes east of UTC, without the seconds that some zones had before 1972. `zone`: an IANA name. Throws BAD_INPUT. */
export function offsetsOf(zone: string): (micros: number) => number {
  try {
    offsetMinutes(0, zone);
  } catch (thrown) {
    throw new AppError('BAD_INPUT', `there is no time zone ${zone}`, {}, thrown);
  }
  return (micros) => offsetMinutes(micros, zone);
}
