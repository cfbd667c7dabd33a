/** A page's rows from its bytes. */
import { splitJsonArray } from './split.ts';

/** `json`: the row's exact text; `value`: the same parsed. */
export type PageRow = { json: string; value: unknown };

/** Null when it is JSON but no list. Throws what JSON.parse throws. `page`: valid UTF-8. */
export function readRows(page: Buffer): PageRow[] | null {
  const text = page.toString('utf8');
  const values = JSON.parse(text) as unknown;
  if (!Array.isArray(values)) return null;
  const texts = splitJsonArray(text);
  return values.map((value, i) => ({ json: texts[i] ?? 'null', value: value as unknown }));
}
