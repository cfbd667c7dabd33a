/**
 * A row's JSON as the archive keeps it: the number of the dictionary it was coded against, and the bits (coder/); or 0 and a zstd
 * frame, for a row of more than 32 kB and while there is no dictionary. Measured in one run at 1,750 B a row, on a busy machine:
 * coding 6.5 µs (3.9 since it looks ahead), opening one row 4.4 µs, 202 B; zstd in frames of eight rows, as versions 2 and 3 had it, 16 µs, 71 µs, 188 B and
 * the blocks that had to be kept around them; zstd row by row 560 B.
 */
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { AppError } from '../../contract/errors.ts';
import { code, MOST_ROW, open } from '../coder/coder.ts';
import { addressOf, type Dictionary } from '../coder/dictionary.ts';

const ZSTD = 0;
const options = {
  params: {
    [constants.ZSTD_c_compressionLevel]: 1,
    // a flipped bit on the disk is found instead of handed out as the server's text
    [constants.ZSTD_c_checksumFlag]: 1,
  },
};

/** Finds a dictionary by its number. Throws ARCHIVE_DAMAGED. */
export type FindDictionary = (id: number) => Dictionary;

/** Rows packed one after the other into one buffer. */
export class PackedRows {
  #bytes = Buffer.allocUnsafe(64 * 1024);
  #length = 0;
  /** where each row ends */
  readonly ends: number[] = [];

  /** `row`: UTF-8 */
  add(row: Uint8Array, dictionary: Dictionary | null): void {
    const fits = dictionary !== null && row.length <= MOST_ROW;
    const packed = fits ? code(row, addressOf(dictionary)) : zstdCompressSync(row, options);
    const end = this.#length + 1 + packed.length;
    if (end > this.#bytes.length) {
      const grown = Buffer.allocUnsafe(Math.max(end, this.#bytes.length * 2));
      grown.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = grown;
    }
    this.#bytes[this.#length] = fits ? dictionary.id : ZSTD;
    this.#bytes.set(packed, this.#length + 1);
    this.#length = end;
    this.ends.push(end);
  }

  /** In memory of their own: a view would be posted with all that it looks into. */
  bytes(): Uint8Array {
    return new Uint8Array(this.#bytes.subarray(0, this.#length));
  }
}

/** Each row packed by itself. `texts`: UTF-8. */
export function packEach(texts: readonly Uint8Array[], dictionary: Dictionary | null): Uint8Array[] {
  const packed = new PackedRows();
  for (const text of texts) packed.add(text, dictionary);
  return splitRows(packed.bytes(), packed.ends);
}

/** Views of the rows that `PackedRows` put one after the other. */
export const splitRows = (bytes: Uint8Array, ends: readonly number[]): Uint8Array[] =>
  ends.map((end, i) => bytes.subarray(ends[i - 1] ?? 0, end));

/** `isAscii` false: it may still be. */
export type OpenedRow = { bytes: Buffer; isAscii: boolean };

/** A view that the next call may write over. Throws ARCHIVE_DAMAGED. */
export function openRow(z: Uint8Array, find: FindDictionary): OpenedRow {
  const id = z[0];
  const packed = z.subarray(1);
  if (id === ZSTD) return { bytes: unzipped(packed), isAscii: false };
  const opened = z.length > 0 ? open(packed, addressOf(find(id))) : null;
  if (!opened) throw damaged();
  return opened;
}

/** Throws ARCHIVE_DAMAGED. */
export function rowText(z: Uint8Array, find: FindDictionary): string {
  const { bytes, isAscii } = openRow(z, find);
  return isAscii ? bytes.toString('latin1') : bytes.toString('utf8');
}

function unzipped(z: Uint8Array): Buffer {
  try {
    return zstdDecompressSync(z);
  } catch (thrown) {
    throw damaged(thrown);
  }
}

const damaged = (cause?: unknown) => new AppError('ARCHIVE_DAMAGED', 'a row cannot be read', {}, cause);
