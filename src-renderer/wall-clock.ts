/** Local date and time in a zone, by arithmetic on its offset. Years before 1970 are right; years before 100 do not occur. */
import { aheadOfUtc, two, type Zone } from '../src-main/contract/zone.ts';

type WallClock = {
  year: string;
  /** two digits */
  month: string;
  monthShort: string;
  /** one or two digits */
  day: string;
  weekday: string;
  /** `02:11:04` */
  clock: string;
  /** seconds ahead of UTC */
  ahead: number;
};

export const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const WEEKDAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];

/** At a second since 1970. */
export function wallClock(second: number, zone: Zone): WallClock {
  const ahead = aheadOfUtc(second, zone);
  const there = new Date((second + ahead) * 1000);
  const month = there.getUTCMonth();
  return {
    year: String(there.getUTCFullYear()),
    month: two(month + 1),
    monthShort: MONTHS[month] ?? '',
    day: String(there.getUTCDate()),
    weekday: WEEKDAYS[there.getUTCDay()] ?? '',
    clock: `${two(there.getUTCHours())}:${two(there.getUTCMinutes())}:${two(there.getUTCSeconds())}`,
    ahead,
  };
}
