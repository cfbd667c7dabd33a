/**
 * Everything a person reads as a number or a time is spelled here. Times are µs since 1970 (contract/time.ts); only their
 * whole seconds go through the wall clock, the fraction is added as digits. Words are English, so months are too; the clock has
 * 24 hours everywhere, because a log line next to it has.
 */
import { formatTime, MICROS_PER_SECOND } from '../src-main/contract/time.ts';
import { offsetMinutes, offsetWords, type Zone } from '../src-main/contract/zone.ts';
import { wallClock } from './wall-clock.ts';

export type { Zone };

const preferred = typeof navigator === 'undefined' ? 'en-GB' : navigator.language;
const locale = preferred.startsWith('en') ? preferred : 'en-GB';

const whole = new Intl.NumberFormat(locale, { maximumFractionDigits: 0 });
const tenths = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 });
const millionths = new Intl.NumberFormat(locale, { maximumFractionDigits: 6 });

export const zoneOf = (utc: boolean): Zone => (utc ? 'UTC' : undefined);

/** `901,204` */
export function formatCount(count: number): string {
  return whole.format(count);
}

/** `1 run`, `2 runs` */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

/** Powers of 1,000, as file managers and disks count. `8.4 MB` */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 || value >= 99.95 ? whole.format(value) : tenths.format(value)} ${units[unit] ?? ''}`;
}

const MINUTE = 60;
const HOUR = 3600;
const DAY = 86_400;

/** Seconds to `85 ms`, `0.6 s`, `36 s`, `1 m 52 s`, `4 h 5 m`, `3 d 2 h`; two units are enough to compare by eye. */
export function formatDuration(seconds: number): string {
  if (seconds < 0) return `−${formatDuration(-seconds)}`;
  if (seconds === 0) return '0 s';
  if (seconds < 0.0005) return '<1 ms';
  if (seconds < 0.0995) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 9.95) return `${tenths.format(seconds)} s`;
  const rounded = Math.round(seconds);
  if (rounded < MINUTE) return `${rounded} s`;
  if (rounded < HOUR) return `${Math.floor(rounded / MINUTE)} m ${rounded % MINUTE} s`;
  const minutes = Math.round(seconds / MINUTE);
  if (minutes < 24 * 60) return `${Math.floor(minutes / 60)} h ${minutes % 60} m`;
  const hours = Math.round(seconds / HOUR);
  return `${whole.format(Math.floor(hours / 24))} d ${hours % 24} h`;
}

/** `2 m` where a duration would be `2 m 0 s`: for scales. */
export const formatEven = (seconds: number): string => formatDuration(seconds).replace(/ 0 [smh]$/, '');

/** All digits, for tooltips: `112.048311 s` */
export function formatSeconds(seconds: number): string {
  return `${millionths.format(seconds)} s`;
}

/** Both in µs; null unless both are there. In seconds. */
export function secondsBetween(from: number | null, to: number | null): number | null {
  return from === null || to === null ? null : (to - from) / MICROS_PER_SECOND;
}

const secondOf = (micros: number) => Math.floor(micros / MICROS_PER_SECOND);
const fractionOf = (micros: number) => String(micros - secondOf(micros) * MICROS_PER_SECOND).padStart(6, '0');

const partsOf = (micros: number, zone: Zone) => wallClock(secondOf(micros), zone);

/** `02:11:04`; with `digits` of the fraction (cut, not rounded: a time never shows a second that had not begun) */
export function formatClock(micros: number, zone: Zone, digits: 0 | 3 | 6 = 0): string {
  const { clock } = partsOf(micros, zone);
  return digits === 0 ? clock : `${clock}.${fractionOf(micros).slice(0, digits)}`;
}

/** `22 Nov`, `22 Nov 2025` when it is another year than `now` (µs) */
export function formatDay(micros: number, zone: Zone, now: number): string {
  const { day, monthShort, year } = partsOf(micros, zone);
  return year === partsOf(now, zone).year ? `${day} ${monthShort}` : `${day} ${monthShort} ${year}`;
}

/** `22 Nov 02:11:04` */
export function formatMoment(micros: number, zone: Zone, now: number, digits: 0 | 3 | 6 = 0): string {
  return `${formatDay(micros, zone, now)} ${formatClock(micros, zone, digits)}`;
}

/** For a narrow column, 15 or 16 characters: `22 Nov` and `02:11:04`, or `2025-11-22` and `02:11` when it is another year. */
export function formatCell(micros: number, zone: Zone, now: number): { day: string; clock: string } {
  const { year, month, monthShort, day, clock } = partsOf(micros, zone);
  if (year === partsOf(now, zone).year) return { day: `${day.padStart(2, '\u2007')} ${monthShort}`, clock };
  return { day: `${year}-${month}-${day.padStart(2, '0')}`, clock: clock.slice(0, 5) };
}

/** Every digit, in the person's zone and in UTC: what a tooltip shows and a person copies. */
export function formatExact(micros: number, zone: Zone): string {
  const utc = formatTime(micros);
  if (zone === 'UTC') return utc;
  const { year, month, day, clock, ahead } = partsOf(micros, zone);
  const local = `${year}-${month}-${day.padStart(2, '0')} ${clock}.${fractionOf(micros)} ${offsetWords(ahead)}`;
  return `${local} (${utc})`;
}

/** `2026-11-23 08:00:00.123`: what a sheet reads as a time; the zone is not in it. */
export function dateTime(micros: number, zone: Zone): string {
  const { year, month, day, clock } = partsOf(micros, zone);
  return `${year}-${month}-${day.padStart(2, '0')} ${clock}.${fractionOf(micros).slice(0, 3)}`;
}

/** `UTC`, `UTC+1`, `UTC+5:30` */
export function formatZone(micros: number, zone: Zone): string {
  const minutes = offsetMinutes(micros, zone);
  if (minutes === 0) return 'UTC';
  const rest = Math.abs(minutes);
  const past = rest % 60 === 0 ? '' : `:${String(rest % 60).padStart(2, '0')}`;
  return `UTC${minutes < 0 ? '−' : '+'}${Math.floor(rest / 60)}${past}`;
}

/** `just now`, `2 min ago`, `yesterday 02:12`, `3 Aug`, `in 5 min`. Both in µs. */
export function formatRelative(micros: number, now: number, zone: Zone): string {
  const seconds = (now - micros) / MICROS_PER_SECOND;
  if (seconds < -45) return `in ${roughly(-seconds)}`;
  if (seconds < 45) return 'just now';
  if (seconds < 6 * HOUR) return `${roughly(seconds)} ago`;
  const day = dayKey(micros, zone);
  const clock = formatClock(micros, zone).slice(0, 5);
  if (day === dayKey(now, zone)) return `today ${clock}`;
  if (day === dayKey(now - DAY * MICROS_PER_SECOND, zone)) return `yesterday ${clock}`;
  if (seconds < 6 * DAY) return `${partsOf(micros, zone).weekday} ${clock}`;
  return formatDay(micros, zone, now);
}

/** `9 h ago`, `3 days ago`: beside a time that already says which day. */
export function formatAgo(micros: number, now: number): string {
  const seconds = (now - micros) / MICROS_PER_SECOND;
  if (Math.abs(seconds) < 45) return 'just now';
  return seconds < 0 ? `in ${roughly(-seconds)}` : `${roughly(seconds)} ago`;
}

function roughly(seconds: number): string {
  if (seconds < 90) return '1 min';
  if (seconds < HOUR - 30) return `${Math.round(seconds / MINUTE)} min`;
  if (seconds < 36 * HOUR) return `${Math.max(1, Math.round(seconds / HOUR))} h`;
  return plural(Math.round(seconds / DAY), 'day');
}

function dayKey(micros: number, zone: Zone): string {
  const { year, month, day } = partsOf(micros, zone);
  return `${year}-${month}-${day}`;
}

type DayParts = { weekday: string; day: string; month: string; year: string; hm: string; clock: string };

/** The words an axis label is made of. */
export function dayParts(micros: number, zone: Zone): DayParts {
  const { weekday, day, monthShort, year, clock } = partsOf(micros, zone);
  return { weekday, day, month: monthShort, year, hm: clock.slice(0, 5), clock };
}
