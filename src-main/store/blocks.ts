/**
 * The JSON of about ten rows in one zstd frame, compressed against a typical row (the dictionary). Measured at 2,210 B a row: 283 B a
 * row and 26 µs to open; without a dictionary 352 B; 25 rows without one 288 B and 60 to 120 µs; four rows with one 317 B and 16 µs,
 * but 9.3 instead of 6.5 µs a row to make, since Node sets up a context and takes the dictionary in for every frame.
 */
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { AppError } from '../contract/errors.ts';

/** Raw bytes after which a block is full even with few rows: one row of a long traceback must not make the others slow. */
const MAX_BLOCK_BYTES = 48 * 1024;
export const MAX_BLOCK_ROWS = 10;
/** A typical row longer than this is cut: the parts that all rows share come first. */
const MAX_DICTIONARY_BYTES = 4 * 1024;
/** What is read of a frame whose header does not say how much it holds. */
const UNKNOWN_SIZE = 96 * 1024;
/** No more room is made at once: a header that says more is damaged, or the row is a giant and comes in pieces. */
const MAX_SIZE = 2 ** 26;

/** A typical row's text, kept in the archive under a number. */
export type Dictionary = { id: number; bytes: Uint8Array };

/** ASCII record separator: JSON may not hold it raw, neither inside a string nor between tokens. */
const SEPARATOR = 0x1e;

const options = {
  params: {
    [constants.ZSTD_c_compressionLevel]: 1,
    // a flipped bit on the disk is found instead of handed out as the server's text; 4 bytes a block
    [constants.ZSTD_c_checksumFlag]: 1,
  },
};
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

/** `bytes`: the rows' UTF-8 with a separator after each. */
export function compressBlock(bytes: Uint8Array, dictionary: Uint8Array | null): Uint8Array {
  return zstdCompressSync(bytes, dictionary ? { ...options, dictionary } : options);
}

/** What a row gives as a dictionary: its own bytes, a copy. */
export function dictionaryOf(row: Uint8Array): Uint8Array {
  return row.slice(0, MAX_DICTIONARY_BYTES);
}

/** The rows' UTF-8, each without its separator, as views into one buffer. `dictionary`: the one it was made with. Throws ARCHIVE_DAMAGED. */
export function openBlock(z: Uint8Array, dictionary: Uint8Array | null): Buffer[] {
  let raw: Buffer;
  try {
    // a little more than it holds: Node asks for more as soon as a chunk is full
    const chunkSize = (contentSize(z) ?? UNKNOWN_SIZE) + 64;
    raw = zstdDecompressSync(z, dictionary ? { chunkSize, dictionary } : { chunkSize });
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

/** Bytes a zstd frame says it holds (RFC 8878 §3.1.1.1); null when it does not say, or not believably. */
function contentSize(z: Uint8Array): number | null {
  if (z.length < 14) return null;
  const view = new DataView(z.buffer, z.byteOffset, z.byteLength);
  const descriptor = view.getUint8(4);
  const isSingle = (descriptor & 0x20) !== 0;
  const at = 5 + (isSingle ? 0 : 1) + [0, 1, 2, 4][descriptor & 3];
  switch (descriptor >> 6) {
    case 0:
      return isSingle ? view.getUint8(at) : null;
    case 1:
      return view.getUint16(at, true) + 256;
    case 2:
      return at + 4 <= z.length && view.getUint32(at, true) < MAX_SIZE ? view.getUint32(at, true) : null;
    default:
      return null;
  }
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
