/** Spans and moments as text: `7d`, `-24h`, `2026-11-25T13:00:00Z`. */
import type { Instant } from '../query.ts';
import { formatTimeLikePrefect, MICROS_PER_SECOND, parseTime } from '../time.ts';

/** Written ones first, the largest first; the others are read only. */
const units: [string, number][] = [
  ['d', 86_400e6],
  ['h', 3_600e6],
  ['m', 60e6],
  ['s', 1e6],
  ['ms', 1e3],
  ['us', 1],
];
const alsoRead: Record<string, number> = { w: 7 * 86_400e6, min: 60e6, µs: 1 };
const micros = new Map([...units, ...Object.entries(alsoRead)]);
const days = 9_999 * 366; // times beyond have no four-figure year

const span = /^(\d+(?:\.\d+)?(?:e[+-]?\d+)?|\.\d+)([a-zµ]+)$/i;

/** `90s` → µs; null when it is no span. */
function readSpan(text: string, per = 1): number | null {
  const [, number, unit] = span.exec(text) ?? [];
  const size = unit === undefined ? undefined : micros.get(unit);
  if (number === undefined || size === undefined) return null;
  // in the unit asked for, so that what is whole stays whole
  return size >= per ? Number(number) * (size / per) : Number(number) / (per / size);
}

/** The largest unit in which it is whole and reads back as the same; µs always do. */
function writeSpan(value: number): string {
  for (const [unit, size] of units) {
    const text = `${value / size}${unit}`;
    if (Number.isInteger(value / size) && readSpan(text) === value) return text;
  }
  return `${value}us`;
}

export function readSeconds(text: string): number | null {
  const [sign, rest] = text.startsWith('-') ? [-1, text.slice(1)] : [1, text];
  const value = readSpan(rest, MICROS_PER_SECOND);
  return value === null ? null : sign * value;
}

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

/** null when it is no moment. `local` reads one without a zone. */
export function readMoment(text: string, local: (text: string) => number | null): Instant | null {
  if (text.toLowerCase() === 'now') return { ago: 0 };
  const relative = /^[+-]/.test(text) ? readSpan(text.slice(1)) : null;
  if (relative !== null) return { ago: text.startsWith('-') ? relative : -relative };
  if (!/^\d{4}-/.test(text)) return null;
  return /T.*(Z|[+-]\d\d:?\d\d)$/i.test(text) ? parseTime(text) : local(text.length === 10 ? `${text}T00:00` : text);
}

/** null when it has no such text. */
export function writeMoment(instant: Instant): string | null {
  if (typeof instant === 'object') {
    if (instant.ago === 0) return 'now';
    return `${instant.ago > 0 ? '-' : '+'}${writeSpan(Math.abs(instant.ago))}`;
  }
  if (!Number.isInteger(instant) || instant < 0 || instant > days * 86_400e6) return null;
  const text = formatTimeLikePrefect(instant);
  return /^\d{4}-/.test(text) && parseTime(text) === instant ? text : null;
}
