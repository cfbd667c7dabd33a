/** Which rows lie together in a block, and their text before it is compressed. */
import { SEPARATOR } from './frames.ts';

/** Raw bytes after which a block is full even with few rows: one row of a long traceback must not make the others slow. */
const MAX_BLOCK_BYTES = 96 * 1024;
/**
 * Pages of 200 are cut into seven blocks of 8.2 to 8.5 kB, two pages of SQLite and a little: 510 B a row in the file; 22 rows, 6.4 kB,
 * leave a third of a page empty each (559 B).
 */
export const MAX_BLOCK_ROWS = 32;
/** A typical row longer than this is cut: the parts that all rows share come first. */
const MAX_DICTIONARY_BYTES = 4 * 1024;

/** A typical row's text, kept in the archive under a number. */
export type Dictionary = { id: number; bytes: Uint8Array };

/** Row counts of the blocks that `sizes` (bytes of each row) are cut into, all about equally full. */
export function planBlocks(sizes: readonly number[]): number[] {
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const blocks = Math.max(Math.ceil(sizes.length / MAX_BLOCK_ROWS), Math.ceil(total / MAX_BLOCK_BYTES));
  const plan: number[] = [];
  let left = sizes.length;
  let count = 0;
  let bytes = 0;
  for (const size of sizes) {
    const most = Math.min(MAX_BLOCK_ROWS, Math.ceil(left / Math.max(1, blocks - plan.length)));
    if (count > 0 && (count === most || bytes + size > MAX_BLOCK_BYTES)) {
      plan.push(count);
      left -= count;
      count = 0;
      bytes = 0;
    }
    count++;
    bytes += size;
  }
  if (count > 0) plan.push(count);
  return plan;
}

/** What a row gives as a dictionary: its own bytes, a copy. */
export function dictionaryOf(row: Uint8Array): Uint8Array {
  return row.slice(0, MAX_DICTIONARY_BYTES);
}

/** Rows of opened blocks as one text, and where each ends in it. */
export function joinRows(rows: readonly Uint8Array[]): { bytes: Uint8Array; ends: number[] } {
  const size = rows.reduce((sum, row) => sum + row.length + 1, 0);
  const bytes = Buffer.allocUnsafe(size);
  const ends: number[] = [];
  let at = 0;
  for (const row of rows) {
    bytes.set(row, at);
    at += row.length;
    bytes[at++] = SEPARATOR;
    ends.push(at);
  }
  return { bytes, ends };
}

/** Rows' texts as UTF-8 with separators, in a buffer that grows and is used again. */
export class RowText {
  #bytes = Buffer.allocUnsafe(64 * 1024);
  #length = 0;
  /** where each row ends, its separator included */
  ends: number[] = [];

  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  get length(): number {
    return this.#length;
  }

  clear(): void {
    this.#length = 0;
    this.ends = [];
  }

  add(text: string | Uint8Array): void {
    const start = this.#length;
    const most = start + (typeof text === 'string' ? text.length * 3 : text.length) + 1;
    if (most > this.#bytes.length) {
      const grown = Buffer.allocUnsafe(Math.max(most, this.#bytes.length * 2));
      grown.set(this.bytes);
      this.#bytes = grown;
    }
    let end = start + text.length;
    if (typeof text === 'string') end = start + this.#bytes.write(text, start, 'utf8');
    else this.#bytes.set(text, start);
    this.#bytes[end] = SEPARATOR;
    this.#length = end + 1;
    this.ends.push(end + 1);
  }
}
