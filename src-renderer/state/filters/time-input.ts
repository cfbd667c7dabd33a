/** A `datetime-local` field and µs: the field has no zone, so the window's choice (local or UTC) gives it one. */
import { formatTime, parseTime } from '../../../src-main/contract/time.ts';

/** µs → `YYYY-MM-DDTHH:MM:SS` in local time or UTC; fractions of a second are not shown. */
export function toInput(micros: number, utc: boolean): string {
  if (utc) return formatTime(micros).slice(0, 19);
  const at = new Date(micros / 1000);
  const two = (n: number) => String(n).padStart(2, '0');
  const day = `${String(at.getFullYear()).padStart(4, '0')}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${day}T${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

/** The reverse; null when it is not a whole date and time. */
export function fromInput(text: string, utc: boolean): number | null {
  if (utc) return parseTime(text);
  if (parseTime(text) === null) return null;
  const millis = new Date(text).getTime();
  return Number.isNaN(millis) ? null : millis * 1000;
}
