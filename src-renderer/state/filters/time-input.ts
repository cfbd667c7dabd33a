/** Times as a person writes them: in the window's own words, as ISO 8601, or as the query language has them. */
import type { Instant } from '../../../src-main/contract/query.ts';
import { readMoment, writeMoment } from '../../../src-main/contract/query-text/spans.ts';
import { MICROS_PER_SECOND, parseTime } from '../../../src-main/contract/time.ts';
import { aheadOfUtc, offsetWords } from '../../../src-main/contract/zone.ts';
import { formatMoment, zoneOf } from '../../format.ts';
import { MONTHS, wallClock } from '../../wall-clock.ts';

/** ISO 8601 → µs; without an offset it is local time or UTC. null when it is not a whole date and time. */
export function fromInput(text: string, utc: boolean): number | null {
  if (utc) return parseTime(text);
  if (parseTime(text) === null) return null;
  const millis = new Date(text).getTime();
  return Number.isNaN(millis) ? null : millis * 1000;
}

/**
 * `30 Nov 08:09:11`, with the year when it is another than that of `now` (µs); what is relative as `-7d`. Where the clock is put back an hour comes
 * twice: the one that would not be read again as itself has its offset, `25 Oct 02:30:00 +01:00`.
 */
export function writeTime(instant: Instant, utc: boolean, now: number): string {
  if (typeof instant === 'object') return writeMoment(instant) ?? '';
  const zone = zoneOf(utc);
  const text = formatMoment(instant, zone, now);
  const second = Math.floor(instant / MICROS_PER_SECOND);
  if (readTime(text, utc, now) === second * MICROS_PER_SECOND) return text;
  return `${text} ${offsetWords(aheadOfUtc(second, zone))}`;
}

const CLOCK = String.raw`(\d{1,2}:\d\d(?::\d\d(?:\.\d{1,6})?)?)`;
const dayAndClock = new RegExp(`^(\\d{1,2})\\.? ([a-z]{3,9})\\.?(?: (\\d{4}))?(?:,? ${CLOCK})?$`, 'i');
const nearDay = new RegExp(`^(?:(today|yesterday),? ?)?${CLOCK}?$`, 'i');
/** After a clock; with seconds where zones had some, long ago. */
const OFFSET = / ?(Z|[+-]\d\d:?\d\d(?::\d\d)?)$/i;

/**
 * What writeTime writes, in full or less of it (`30 Nov`, `30 Nov 8:00`, `today 8:00`, `8:00`), with or without an offset from UTC;
 * `2026-11-30 08:00` with or without T, seconds and offset; `-7d`, `now`. Without a clock the day begins. null when it is none of these.
 */
export function readTime(text: string, utc: boolean, now: number): Instant | null {
  const written = text.trim().replace(/\s+/g, ' ');
  if (written === '') return null;
  const own = ownWords(written, utc, now);
  if (own !== null) return fromInput(own, utc);
  const offset = OFFSET.exec(written);
  const there = offset && ownWords(written.slice(0, offset.index), utc, now);
  if (offset && there) return atOffset(there, offset[1] ?? '');
  const iso = written.replace(/^(\d{4}-\d\d-\d\d) /, '$1T').replace(/ (?=(Z|[+-]\d\d:?\d\d)$)/i, '');
  return readMoment(iso, (local) => fromInput(local, utc));
}

/** `clock`: a date and time as ISO 8601. */
function atOffset(clock: string, offset: string): number | null {
  const [, sign, hours, minutes, seconds = '0'] = /^([+-])(\d\d):?(\d\d)(?::(\d\d))?$/.exec(offset) ?? [];
  const ahead = Number(hours ?? 0) * 3600 + Number(minutes ?? 0) * 60 + Number(seconds);
  const micros = parseTime(clock);
  return micros === null ? null : micros - (sign === '-' ? -ahead : ahead) * MICROS_PER_SECOND;
}

/** The window's own words as ISO 8601 without an offset; null when it is something else. */
function ownWords(text: string, utc: boolean, now: number): string | null {
  const today = wallClock(Math.floor(now / MICROS_PER_SECOND), zoneOf(utc));
  const near = nearDay.exec(text);
  if (near) {
    const back = near[1]?.toLowerCase() === 'yesterday' ? 1 : 0;
    const day = new Date(Date.UTC(Number(today.year), Number(today.month) - 1, Number(today.day) - back));
    return `${day.toISOString().slice(0, 10)}T${clockOf(near[2])}`;
  }
  const [, day, word, year, clock] = dayAndClock.exec(text) ?? [];
  if (day === undefined || word === undefined) return null;
  const month = MONTHS.findIndex((one) => word.toLowerCase().startsWith(one.toLowerCase()));
  if (month < 0) return null;
  return `${year ?? today.year}-${String(month + 1).padStart(2, '0')}-${day.padStart(2, '0')}T${clockOf(clock)}`;
}

function clockOf(clock = '0:00'): string {
  return clock.padStart(clock.indexOf(':') === 1 ? clock.length + 1 : clock.length, '0');
}
