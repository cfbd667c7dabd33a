/**
 * Times as a Prefect 3.8.8 server reads them in a filter: RFC 3339, a date, epoch seconds or, past ±2e10, milliseconds (pydantic's rules).
 * Servers on Python 3.12 or older also read pendulum's forms, such as "2024-W05" or "17:30" of the server's own day; newer ones refuse
 * them, and so does the local API.
 */
import { parseTime } from '../time.ts';
import type { Scalar } from './values.ts';

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
        ? (inMicros(parseTime(input)) ?? epochText(input))
        : null;
  return read !== null && read.value >= MIN_MICROS && read.value <= MAX_MICROS ? read : { type: 'value_error' };
}

const inMicros = (value: number | null) => (value === null ? null : { value });

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
