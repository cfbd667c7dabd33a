/** Which rows make a good dictionary. */
import { code, countSymbols } from './coder.ts';
import { lengthsOf } from './codes.ts';
import { ALPHABETS, dictionaryBytes, loadDictionary, MOST_TEXT, reserveDictionary, SYMBOLS } from './dictionary.ts';

/** A longer row is cut: the parts that all rows share come first. */
const MOST_OF_A_ROW = 4 * 1024;
const MOST_ROWS = 12;
/** A row that takes no more than this many times the usual is well served. */
const WELL_SERVED = 1.3;

let scratch: number | null = null;

/** `rows`: a page of them, at least one. The typical row, and with it whichever row is served worst, until all are served well. */
export function learn(rows: readonly Uint8Array[]): Uint8Array {
  scratch ??= reserveDictionary();
  let left = rows.map((row) => row.subarray(0, MOST_OF_A_ROW)).sort((a, b) => a.length - b.length);
  const all = left;
  const chosen: Uint8Array[] = [];
  const lengths = lengthsIn(new Uint32Array(SYMBOLS));
  let size = 0;
  for (let next: Uint8Array | undefined = left[left.length >> 1]; next;) {
    // before the others: the nearest, and so the cheapest to name, stays the typical one
    chosen.unshift(next);
    size += next.length;
    left = left.filter((row) => row !== next);
    const dictionary = loadDictionary(dictionaryBytes(lengths, Buffer.concat(chosen)), scratch);
    const sizes = left.map((row) => code(row, dictionary).length);
    const usual = [...sizes].sort((a, b) => a - b)[sizes.length >> 1] ?? 0;
    const worst = Math.max(...sizes);
    next = worst > usual * WELL_SERVED ? left[sizes.indexOf(worst)] : undefined;
    if (chosen.length === MOST_ROWS || size + (next?.length ?? 0) > MOST_TEXT) break;
  }
  // counted over rows that are not in it: one that is would be a single match
  const counts = countSymbols(left.length > 0 ? left : all, scratch);
  return dictionaryBytes(lengthsIn(counts), Buffer.concat(chosen));
}

function lengthsIn(counts: Uint32Array): Uint8Array {
  let from = 0;
  return Buffer.concat(ALPHABETS.map((size) => lengthsOf(counts.subarray(from, (from += size)))));
}
