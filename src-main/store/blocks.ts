/**
 * The JSON of about 25 rows in one zstd frame. Measured at 2,058 B a row: a block of 25 is some 6.5 times smaller than its
 * text; one frame a row only 2.2 times; a page of 200 some 7.8 times, but then 200 rows in random order open 200 pages of 1 ms each.
 */
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { AppError } from '../contract/errors.ts';

/** Raw bytes after which a block is full even with few rows: one row of a long traceback must not make 24 others slow. */
const MAX_BLOCK_BYTES = 96 * 1024;
export const MAX_BLOCK_ROWS = 25;

/** ASCII record separator: JSON may not hold it raw, neither inside a string nor between tokens. */
const SEPARATOR = 0x1e;

const compressOptions = {
  params: {
    [constants.ZSTD_c_compressionLevel]: 1,
    // a flipped bit on the disk is found instead of handed out as the server's text; 4 bytes a block
    [constants.ZSTD_c_checksumFlag]: 1,
  },
};
const expandOptions = { chunkSize: MAX_BLOCK_BYTES };

/** Row counts of the blocks that `sizes` (bytes of each row) are cut into, all about equally full. */
export function planBlocks(sizes: readonly number[]): number[] {
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const blocks = Math.max(Math.ceil(sizes.length / MAX_BLOCK_ROWS), Math.ceil(total / MAX_BLOCK_BYTES));
  const rows = Math.ceil(sizes.length / Math.max(1, blocks));
  const plan: number[] = [];
  let count = 0;
  let bytes = 0;
  for (const size of sizes) {
    if (count > 0 && (count === rows || bytes + size > MAX_BLOCK_BYTES)) {
      plan.push(count);
      count = 0;
      bytes = 0;
    }
    count++;
    bytes += size;
  }
  if (count > 0) plan.push(count);
  return plan;
}

/** `bytes`: the rows' UTF-8 with a separator after each. */
export function compressBlock(bytes: Uint8Array): Uint8Array {
  return zstdCompressSync(bytes, compressOptions);
}

/** The rows' UTF-8, each without its separator, as views into one buffer. Throws ARCHIVE_DAMAGED. */
export function openBlock(z: Uint8Array): Buffer[] {
  let raw: Buffer;
  try {
    raw = zstdDecompressSync(z, expandOptions);
  } catch (thrown) {
    throw new AppError('ARCHIVE_DAMAGED', 'a block of rows cannot be read', {}, thrown);
  }
  const rows: Buffer[] = [];
  for (let from = 0; from < raw.length;) {
    const end = raw.indexOf(SEPARATOR, from);
    if (end < 0) throw new AppError('ARCHIVE_DAMAGED', 'a block of rows is cut short');
    rows.push(raw.subarray(from, end));
    from = end + 1;
  }
  return rows;
}

/** Rows of opened blocks into one new block. */
export function joinRows(rows: readonly Uint8Array[]): Uint8Array {
  const size = rows.reduce((sum, row) => sum + row.length + 1, 0);
  const bytes = Buffer.allocUnsafe(size);
  let at = 0;
  for (const row of rows) {
    bytes.set(row, at);
    at += row.length;
    bytes[at++] = SEPARATOR;
  }
  return bytes;
}

/** Rows' texts as UTF-8 with separators, in a buffer that grows and is used again. */
export class RowText {
  #bytes = Buffer.allocUnsafe(64 * 1024);
  #length = 0;

  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  get length(): number {
    return this.#length;
  }

  clear(): void {
    this.#length = 0;
  }

  /** Returns where the row's bytes start; they end one before `length`. */
  add(text: string): number {
    const start = this.#length;
    const most = start + text.length * 3 + 1;
    if (most > this.#bytes.length) {
      const grown = Buffer.allocUnsafe(Math.max(most, this.#bytes.length * 2));
      grown.set(this.bytes);
      this.#bytes = grown;
    }
    const end = start + this.#bytes.write(text, start, 'utf8');
    this.#bytes[end] = SEPARATOR;
    this.#length = end + 1;
    return start;
  }
}
