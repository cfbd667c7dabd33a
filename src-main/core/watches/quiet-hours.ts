/** Hours in which nothing is told. What comes to match meanwhile is counted, and told once they are over. */
import type { QuietHours } from '../../contract/watch.ts';
import { MICROS_PER_SECOND } from '../../contract/time.ts';
import { offsetMinutes, type Zone } from '../../contract/zone.ts';

const DAY = 1440;

/** Whether the clock of the person's zone is within them at `now`, µs. An unknown zone counts as UTC. */
export function isQuiet(hours: QuietHours | null, now: number): boolean {
  if (hours === null || hours.from === hours.to) return false;
  const minutes = Math.floor(now / (60 * MICROS_PER_SECOND)) + ahead(now, hours.zone);
  const at = ((minutes % DAY) + DAY) % DAY;
  return hours.from < hours.to ? at >= hours.from && at < hours.to : at >= hours.from || at < hours.to;
}

function ahead(now: number, zone: Zone): number {
  try {
    return offsetMinutes(now, zone);
  } catch (thrown) {
    if (thrown instanceof RangeError) return 0;
    throw thrown;
  }
}
