/** How long to wait before asking again. The policy is the Prefect SDK's. */
import { AppError } from '../contract/errors.ts';
import { pause } from '../contract/time.ts';

/** The SDK retries 5 times. */
export const MAX_RETRIES = 5;
/** Seconds. When the server asks for a longer wait, the request fails with an error that names the time. */
export const LONGEST_WAIT = 600;
/** Seconds; the longest pause between two attempts. */
const LONGEST_BACKOFF = 60;

/** `Retry-After` (seconds or an HTTP date) → seconds from `now` (ms), never negative; null when absent or not understood. */
export function parseRetryAfter(value: string | undefined, now: number): number | null {
  if (value === undefined) return null;
  const text = value.trim();
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text);
  const at = Date.parse(text);
  return Number.isNaN(at) ? null : Math.max(0, (at - now) / 1000);
}

/** Seconds before attempt `n`+1 (n from 0) when the server names none: between half of 2^n and 2^n, so that clients spread out. */
export function backoff(n: number, random: () => number): number {
  return Math.min(2 ** n, LONGEST_BACKOFF) * (0.5 + random() / 2);
}

export type Sleep = (seconds: number, signal: AbortSignal | undefined) => Promise<void>;

/** Throws CANCELLED when the signal is aborted before the time is over. */
export const sleep: Sleep = async (seconds, signal) => {
  await pause(seconds * 1000, signal);
  if (signal?.aborted) throw new AppError('CANCELLED', 'cancelled');
};
