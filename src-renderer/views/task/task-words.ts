/** Numbers of a task in words. */
import { formatCount, formatDuration } from '../../format.ts';

export const seconds = (value: number | null | undefined): string =>
  value === null || value === undefined ? '' : formatDuration(value);

export const count = (value: number | undefined): string => (value ? formatCount(value) : '');

export function percent(part: number, whole: number): string {
  if (part === 0 || whole === 0) return whole === 0 ? '' : '0 %';
  const value = (part / whole) * 100;
  return value < 1 ? '<1 %' : value > 99 && part < whole ? '>99 %' : `${Math.round(value)} %`;
}
