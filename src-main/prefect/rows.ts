/** A page's rows from its bytes. */
import { parseTime } from '../contract/time.ts';
import { scanRows, type ScannedRow } from './scan.ts';
import { splitJsonArray } from './split.ts';

/** `json`: the row's exact text. `value`: the same parsed, or what `ScannedRow` keeps of it. */
export type PageRow = ScannedRow | { json: string; value: unknown };

/** µs of a row's time; NaN when it is null or none. */
export function timeOf(row: { value: Record<string, unknown>; time?(column: string): number }, column: string): number {
  if (row.time) return row.time(column);
  const text = row.value[column];
  return typeof text === 'string' ? (parseTime(text) ?? NaN) : NaN;
}

/** Null when it is JSON but no list. Throws what JSON.parse throws. `page`: valid UTF-8. */
export function readRows(page: Buffer): PageRow[] | null {
  return scanRows(page) ?? parseRows(page.toString('utf8'));
}

function parseRows(text: string): PageRow[] | null {
  const values = JSON.parse(text) as unknown;
  if (!Array.isArray(values)) return null;
  const texts = splitJsonArray(text);
  return values.map((value, i) => ({ json: texts[i] ?? 'null', value: value as unknown }));
}
