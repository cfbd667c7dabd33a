/** How far an export is, in words. */
import { formatBytes, formatCount, formatDuration, plural } from '../../format.ts';

/** `total`: rows of the whole file, null: not known; `seconds` since it began. */
type HowFar = { rows: number; total: number | null; bytes: number; seconds: number };

/** Rows a second since it began; null before the first rows. */
const rateOf = ({ rows, seconds }: HowFar): number | null => (rows > 0 && seconds > 0 ? rows / seconds : null);

/** null: not known */
export function secondsLeft(far: HowFar): number | null {
  const rate = rateOf(far);
  return rate === null || far.total === null ? null : Math.max(0, far.total - far.rows) / rate;
}

/** `412,000 of 1,000,000 runs · 58 MB · 210,000 a second · 3 s left` */
export function progressWords(far: HowFar, unit: string): string {
  const { rows, total, bytes } = far;
  const rate = rateOf(far);
  const left = secondsLeft(far);
  return [
    total === null ? plural(rows, unit) : `${formatCount(rows)} of ${plural(total, unit)}`,
    formatBytes(bytes),
    ...(rate === null ? [] : [`${formatCount(Math.round(rate))} a second`]),
    ...(left === null ? [] : [`${formatDuration(Math.ceil(left))} left`]),
  ].join(' · ');
}
