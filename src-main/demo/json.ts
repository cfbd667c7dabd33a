/** A row as Prefect's API writes it, and its times. */
import { formatTimeLikePrefect } from '../contract/time.ts';

export type JsonRow = { [key: string]: unknown };

/** µs → the API's text; null stays null. */
export const text = (micros: number | null): string | null => (micros === null ? null : formatTimeLikePrefect(micros));
