/**
 * Times are integer microseconds since 1970 UTC, exact in a Float64 up to the year 2255; beyond,
 * to 9999, the spacing is at most 32 µs. A JS `Date` keeps milliseconds only, so none is used on the way through.
 */
const isoTime =
  /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,}))?)?\s*(Z|z|[+-]\d{2}(?::?\d{2})?)?)?$/;

/**
 * RFC 3339 text (Prefect 3.8.8 sends `Z` with no fraction or six digits) to µs; null when it is not a time.
 * Without an offset the time is UTC; digits past µs are cut, as the server does.
 */
export function parseTime(text: string): number | null {
  const m = isoTime.exec(text);
  if (!m) return null;
  const [year, month, day] = [Number(m[1]), Number(m[2]), Number(m[3])];
  const [hour, minute, second] = [Number(m[4] ?? 0), Number(m[5] ?? 0), Number(m[6] ?? 0)];
  if (month < 1 || month > 12 || day < 1 || hour > 23 || minute > 59 || second > 59) return null;
  const at = new Date(0);
  at.setUTCFullYear(year, month - 1, day);
  if (at.getUTCDate() !== day) return null;
  let seconds = at.getTime() / 1000 + hour * 3600 + minute * 60 + second;
  const offset = m[8];
  if (offset && offset !== 'Z' && offset !== 'z') {
    const digits = offset.slice(1).replace(':', '');
    const minutes = Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2) || 0);
    seconds -= (offset[0] === '-' ? -minutes : minutes) * 60;
  }
  const micros = m[7] ? Number(m[7].slice(0, 6).padEnd(6, '0')) : 0;
  return seconds * 1e6 + micros;
}

/** µs to `YYYY-MM-DDTHH:MM:SS.ffffffZ`, the one spelling every Prefect version accepts. */
export function formatTime(micros: number): string {
  const seconds = Math.floor(micros / 1e6);
  const fraction = String(micros - seconds * 1e6).padStart(6, '0');
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}.${fraction}Z`;
}

/** µs to Prefect 3.8.8's own spelling in replies: no fraction when it is zero, else six digits. */
export function formatTimeLikePrefect(micros: number): string {
  return formatTime(micros).replace('.000000Z', 'Z');
}

export const MICROS_PER_SECOND = 1_000_000;
