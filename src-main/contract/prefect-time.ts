/**
 * Times as a Prefect 3.8.8 server on Python 3.12 or older reads them in a filter: pydantic's parser first
 * (RFC 3339, date, epoch seconds or, past ±2e10, milliseconds), then pendulum's (ISO 8601 in all its forms, times of
 * today, `YYYY/MM/DD`, "now"). Python 3.13 servers refuse what only pendulum knows.
 */
import type { Scalar } from './prefect-values.ts';

/** Seconds past this are taken for milliseconds (pydantic's watershed). */
const WATERSHED = 2e10;
const MIN_SECONDS = -62_135_596_800; // 0001-01-01
const MAX_SECONDS = 253_402_300_799; // 9999-12-31T23:59:59

/** Times that a database takes, in µs. Some spellings lie outside, where the server fails with 500 (SQLite) or 503 (PostgreSQL). */
const MIN_MICROS = MIN_SECONDS * 1e6;
const MAX_MICROS = MAX_SECONDS * 1e6 + 999_999;

/** µs since 1970 UTC. Without an offset the time is UTC; digits past µs are cut. */
export function readTime(input: unknown): Scalar<number> {
  const read =
    typeof input === 'number'
      ? fromEpoch(input)
      : typeof input === 'string'
        ? (rfc3339(input) ?? epochText(input) ?? pendulum(input))
        : null;
  return read !== null && read.value >= MIN_MICROS && read.value <= MAX_MICROS ? read : { type: 'value_error' };
}

function fromEpoch(number: number): { value: number } | null {
  const whole = Math.trunc(number);
  return epoch(whole, Math.round((number - whole) * 1e6));
}

function epoch(whole: number, micros: number): { value: number } | null {
  const milliseconds = Math.abs(whole) > WATERSHED;
  const seconds = milliseconds ? whole / 1000 : whole;
  if (!(seconds >= MIN_SECONDS && seconds <= MAX_SECONDS)) return null;
  return { value: milliseconds ? whole * 1000 + Math.round(micros / 1000) : whole * 1e6 + micros };
}

function epochText(text: string): { value: number } | null {
  return /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)$/.test(text) ? fromEpoch(Number(text)) : null;
}

const rfc =
  /^(\d{4})-(\d{2})-(\d{2})(?:[Tt _](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d+))?)?(?:([Zz])|([+\-\u2212])(\d{2}):?(\d{2}))?)?$/;

function rfc3339(text: string): { value: number } | null {
  const m = rfc.exec(text);
  if (!m) return null;
  const clock = clockMicros(m[4] ?? '0', m[5], m[6], m[7]);
  const days = daysOf(Number(m[1]), Number(m[2]), Number(m[3]));
  if (clock === null || days === null) return null;
  const offset = m[9] ? (Number(m[10]) * 60 + Number(m[11])) * (m[9] === '+' ? 1 : -1) : 0;
  if (m[9] && (Number(m[11]) > 59 || Math.abs(offset) >= 1440)) return null;
  return { value: days * 86_400e6 + clock - offset * 60e6 };
}

function clockMicros(hour: string, minute = '0', second = '0', fraction = ''): number | null {
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return null;
  const micros = Number(fraction.slice(0, 6).padEnd(6, '0'));
  return ((Number(hour) * 60 + Number(minute)) * 60 + Number(second)) * 1e6 + micros;
}

/** Days since 1970 of a civil date; null when there is no such day. */
function daysOf(year: number, month: number, day: number): number | null {
  if (year < 1 || month < 1 || month > 12 || day < 1 || day > 31) return null;
  const at = new Date(0);
  at.setUTCFullYear(year, month - 1, day);
  return at.getUTCDate() === day ? at.getTime() / 86_400_000 : null;
}

const clockForm = String.raw`(?:(?<hour>\d{2})(?:(?<colon>:)?(?<minute>\d{2})(?:(?<colon2>:)?(?<second>\d{2})(?:[.,](?<fraction>\d+))?)?)?)`;
const zoneForm = String.raw`(?<zone>Z|[+-]\d{2}:?(?:\d{2})?)?`;
const dateForm = String.raw`(?:(?<week>(?<weekYear>\d{4})(?<weekDash>-)?W(?<weekNumber>\d{2})(?:(?<dayDash>-)?(?<weekday>\d))?)|(?<ordinal>\d{4}-?\d{3})|(?<year>\d{4})-(?<month>\d{2})(?:-(?<day>\d{2}))?|(?<basic>\d{8}))`;
const isoDateTime = new RegExp(`^${dateForm}(?:[T ]${clockForm}${zoneForm})?$`);
const isoTime = new RegExp(`^(?:[T ]?(?=\\d{2}:)|T)${clockForm}${zoneForm}$`);
const common = /^(?:(\d{4})(?:[/:]?(\d{2})[/:]?(\d{2}))?)?( ?(\d{1,2}):(\d{1,2})?(?::(\d{1,2}))?(?:[.|,](\d{1,9}))?)?$/;

function pendulum(text: string): { value: number } | null {
  if (text === 'now') return { value: Date.now() * 1000 };
  const iso = iso8601(text);
  return iso !== null ? { value: iso } : commonTime(text);
}

function iso8601(text: string): number | null {
  const m = isoDateTime.exec(text)?.groups;
  if (m) {
    const days = isoDays(m);
    const clock =
      m.hour === undefined
        ? 0
        : isoClock(m, m.year !== undefined || Boolean(m.weekDash) || Boolean(m.ordinal?.includes('-')));
    if (days !== null && clock !== null) return days * 86_400e6 + clock;
  }
  const time = isoTime.exec(text)?.groups;
  // the zone of a time alone is read and dropped
  const clock = time ? isoClock({ ...time, zone: undefined }, false) : null;
  return clock === null ? null : today() + clock;
}

type Groups = Record<string, string | undefined>;

function isoDays(m: Groups): number | null {
  if (m.week !== undefined) return weekDays(m);
  if (m.ordinal !== undefined) {
    const first = daysOf(Number(m.ordinal.slice(0, 4)), 1, 1);
    const last = daysOf(Number(m.ordinal.slice(0, 4)), 12, 31);
    const ordinal = Number(m.ordinal.slice(-3));
    return first === null || last === null || ordinal < 1 || first + ordinal - 1 > last ? null : first + ordinal - 1;
  }
  if (m.basic !== undefined)
    return daysOf(Number(m.basic.slice(0, 4)), Number(m.basic.slice(4, 6)), Number(m.basic.slice(6)));
  return daysOf(Number(m.year), Number(m.month), Number(m.day ?? 1));
}

/** Week 0 and day 0 count backwards, as in pendulum. */
function weekDays(m: Groups): number | null {
  if (m.weekday !== undefined && Boolean(m.weekDash) !== Boolean(m.dayDash)) return null;
  const year = Number(m.weekYear);
  const week = Number(m.weekNumber);
  const day = Number(m.weekday ?? 1);
  const fourth = daysOf(year, 1, 4);
  const nextFourth = daysOf(year + 1, 1, 4);
  if (fourth === null || nextFourth === null || day > 7) return null;
  const monday = mondayOf(fourth) + (week - 1) * 7;
  return monday >= mondayOf(nextFourth) ? null : monday + day - 1;
}

/** The Monday on or before a day, both as days since 1970 (a Thursday). */
const mondayOf = (days: number): number => days - ((((days + 3) % 7) + 7) % 7);

function isoClock(m: Groups, extended: boolean): number | null {
  if (m.minute !== undefined && extended && !m.colon) return null;
  if (m.second !== undefined && Boolean(m.colon) !== Boolean(m.colon2)) return null;
  const micros = clockMicros(m.hour ?? '', m.minute, m.second, m.fraction);
  if (micros === null || !m.zone || m.zone === 'Z') return micros;
  const digits = m.zone.slice(1).replace(':', '');
  const minutes = Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2) || 0);
  if (minutes >= 1440) return null;
  return micros - minutes * 60e6 * (m.zone.startsWith('-') ? -1 : 1);
}

function commonTime(text: string): { value: number } | null {
  const m = common.exec(text);
  if (!m || text === '' || (m[4] !== undefined && m[6] === undefined)) return null;
  const days = m[1] === undefined ? null : daysOf(Number(m[1]), Number(m[2] ?? 1), Number(m[3] ?? 1));
  const clock = clockMicros(m[5] ?? '0', m[6], m[7], m[8]);
  if (clock === null || (m[1] !== undefined && days === null)) return null;
  return { value: (days === null ? today() : days * 86_400e6) + clock };
}

/** µs of this day's midnight: the server takes its own local date and reads it as UTC. */
function today(): number {
  const now = new Date();
  return Date.UTC(now.getFullYear(), now.getMonth(), now.getDate()) * 1000;
}
