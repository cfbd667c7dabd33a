/** A page's rows from its bytes. */
import { scanRows, type ScannedRow } from './scan.ts';
import { splitJsonArray } from './split.ts';

/** `json`: the row's exact text. `value`: the same parsed, or what `ScannedRow` keeps of it. */
export type PageRow = ScannedRow | { json: string; value: unknown };

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
