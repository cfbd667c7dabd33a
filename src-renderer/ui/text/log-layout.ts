/**
 * Where the lines of a log stand, so that only those in sight are drawn. Text is monospaced and breaks anywhere, so a message's rows follow
 * from its characters; where they do not (wide characters, tabs), the lines in sight push each other apart and only the scrollbar is
 * a little off.
 */
import { logSearch } from '../../../src-main/contract/log-search.ts';
import { foldMessage, hiddenHit, MOST_DRAWN, UNFOLD_BY } from './log-lines.ts';

/** px; the line height of a row. */
export const ROW = 19;
/** Chromium and Firefox lay out up to 17,000,000 px. A taller log moves faster than the scrollbar. */
const TALLEST = 16_000_000;

/** Rows that a message takes. `columns`: characters in a row, Infinity without wrapping. `room`: characters that are drawn at most. */
export function rowsOf(message: string, columns: number, room = MOST_DRAWN, search = logSearch('', false)): number {
  const folded = foldMessage(message, room);
  const text = folded?.head ?? message;
  const wide = Math.min(columns, UNFOLD_BY);
  const hit = folded && hiddenHit(message, folded, search);
  let rows = (folded ? 1 : 0) + (hit ? Math.ceil(hit.length / wide) : 0); // one for the button that unfolds
  for (let at = 0; at <= text.length;) {
    const end = text.indexOf('\n', at);
    const length = (end < 0 ? text.length : end) - at;
    rows += Math.max(1, Math.ceil(length / wide));
    at = end < 0 ? text.length + 1 : end + 1;
  }
  return rows;
}

/** px that the list takes on the page. */
export const heightOf = (tops: Float64Array): number => Math.min(tops.at(-1) ?? 0, TALLEST);

/** The place on the page of a place in the log, and back: they differ for logs beyond TALLEST. */
export function pageOf(top: number, tops: Float64Array): number {
  const total = tops.at(-1) ?? 0;
  return total > TALLEST ? (top / total) * TALLEST : top;
}
export function logOf(page: number, tops: Float64Array): number {
  const total = tops.at(-1) ?? 0;
  return total > TALLEST ? (page / TALLEST) * total : page;
}

/** The line at a place in the log: the last that begins at or above it. */
export function lineAt(top: number, tops: Float64Array): number {
  let low = 0;
  let high = Math.max(0, tops.length - 2);
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (tops[middle] <= top) low = middle;
    else high = middle - 1;
  }
  return low;
}
