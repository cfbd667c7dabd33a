/** Single rows' texts into few bytes and back, against a dictionary; ../row-json.ts has the numbers. */
import { SYMBOLS } from './dictionary.ts';
import { kernel, reserve, view } from './memory.ts';

/** Longer rows are somebody else's: 16 bits name the place of a match. */
export const MOST_ROW = 32 * 1024 - 1;

const text = reserve(MOST_ROW + 64);
const coded = reserve(2 * MOST_ROW + 64);
const own = reserve(8192);
const counters = reserve(SYMBOLS * 4);

/** `row`: at most MOST_ROW bytes. A view that the next call writes over. */
export function code(row: Uint8Array, dictionary: number): Buffer {
  view().set(row, text);
  const end = kernel.code(text, row.length, dictionary, own, coded);
  return view().subarray(coded, end);
}

/** The text of what `code` made; null when it is damaged. A view that the next call writes over. */
export function open(z: Uint8Array, dictionary: number): { bytes: Buffer; isAscii: boolean } | null {
  if (z.length > 2 * MOST_ROW) return null;
  const memory = view();
  memory.set(z, coded);
  const found = kernel.open(coded, coded + z.length, dictionary, text);
  if (found < 0) return null;
  return { bytes: memory.subarray(text, text + (found >> 1)), isAscii: (found & 1) === 1 };
}

/** How often each symbol would be written for these rows, in the order of the dictionary's lengths. */
export function countSymbols(rows: readonly Uint8Array[], dictionary: number): Uint32Array {
  const counts = new Uint32Array(view().buffer, counters, SYMBOLS);
  counts.fill(0);
  for (const row of rows) {
    view().set(row, text);
    kernel.count(text, row.length, dictionary, own, counters);
  }
  return counts.slice();
}
