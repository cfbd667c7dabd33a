/** Spans and moments as text: `7d`, `-24h`, `2026-11-25T13:00:00Z`. */
import type { Instant } from '../query.ts';
import { formatTimeLikePrefect, MICROS_PER_SECOND, parseTime } from '../time.ts';

/** Units that are written, in µs, the largest first. */
const units: [string, number][] = [
  ['d', 86_400e6],
  ['h', 3_600e6],
  ['m', 60e6],
  ['s', 1e6],
  ['ms', 1e3],
  ['us', 1],
];
/** Spellings that are read and never written. */
const alsoRead: Record<string, number> = { w: 7 * 86_400e6, min: 60e6, µs: 1 };
const micros = new Map([...units, ...Object.entries(alsoRead)]);
/** µs since 1970; later years may not have four digits. */
const LATEST = 9_999 * 366 * 86_400e6;

const span = /^(\d+(?:\.\d+)?(?:e[+-]?\d+)?|\.\d+)([a-zµ]+)$/i;

/** `90s` → µs, or in units of `per` µs. null: not a span. */
function readSpan(text: string, per = 1): number | null {
  const [, number, unit] = span.exec(text) ?? [];
  const size = unit === undefined ? undefined : micros.get(unit);
  if (number === undefined || size === undefined) return null;
  // divided before the product is made: a whole number of the unit asked for stays whole
  return size >= per ? Number(number) * (size / per) : Number(number) / (per / size);
}

/** `value` (µs) in the largest unit that gives a whole number and reads back as the same. */
function writeSpan(value: number): string {
  for (const [unit, size] of units) {
    const text = `${value / size}${unit}`;
    if (Number.isInteger(value / size) && readSpan(text) === value) return text;
  }
  return `${value}us`;
}

/** `90s`, `-1.5h` → seconds. null: not a span. */
export function readSeconds(text: string): number | null {
  const [sign, rest] = text.startsWith('-') ? [-1, text.slice(1)] : [1, text];
  const value = readSpan(rest, MICROS_PER_SECOND);
  return value === null ? null : sign * value;
}

/** Seconds in the largest unit, up to days, that gives a whole number: `90s`, `2h`. `readSeconds` gives the same number back. */
export function writeSeconds(seconds: number): string {
  const size = Math.abs(seconds);
  for (const [unit, of] of [
    ['d', 86_400],
    ['h', 3_600],
    ['m', 60],
  ] as const)
    if (size > 0 && size % of === 0) {
      const text = `${seconds / of}${unit}`;
      if (readSeconds(text) === seconds) return text;
    }
  return `${seconds}s`;
}

/** `now`, `-7d` or a date and time. null: not a moment. `local` reads a date and time without a zone, in µs. */
export function readMoment(text: string, local: (text: string) => number | null): Instant | null {
  if (text.toLowerCase() === 'now') return { ago: 0 };
  const relative = /^[+-]/.test(text) ? readSpan(text.slice(1)) : null;
  if (relative !== null) return { ago: text.startsWith('-') ? relative : -relative };
  if (!/^\d{4}-/.test(text)) return null;
  return /T.*(Z|[+-]\d\d:?\d\d)$/i.test(text) ? parseTime(text) : local(text.length === 10 ? `${text}T00:00` : text);
}

/** What `readMoment` reads as the same. null: the moment has no such text, as before 1970 or between two µs. */
export function writeMoment(instant: Instant): string | null {
  if (typeof instant === 'object') {
    if (instant.ago === 0) return 'now';
    return `${instant.ago > 0 ? '-' : '+'}${writeSpan(Math.abs(instant.ago))}`;
  }
  if (!Number.isInteger(instant) || instant < 0 || instant > LATEST) return null;
  const text = formatTimeLikePrefect(instant);
  return /^\d{4}-/.test(text) && parseTime(text) === instant ? text : null;
}
