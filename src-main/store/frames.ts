/**
 * The inside of a block: its rows' JSON in zstd frames of about eight, each compressed against a typical row (the dictionary), so that
 * one row is read by opening one small frame. Measured at 2,210 B a row: eight rows 291 B a row and 24 µs to open; without a dictionary
 * 376 B; 25 rows in one frame without one, as version 1 had it, 288 B and 60 to 120 µs; four with one 317 B and 16 µs, but 9.3 instead
 * of 7.1 µs a row to make, since Node sets up a context and takes the dictionary in for every frame. The frames of a block lie together
 * because a page of SQLite holds one blob of 2.9 kB and not two: frames on their own made the file a fifth larger.
 *
 * Layout: number of frames (1 byte), for each its rows (1 byte) and its bytes (4, little-endian), then the frames.
 */
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { AppError } from '../contract/errors.ts';

const FRAME_ROWS = 8;
/** What is read of a frame whose header does not say how much it holds. */
const UNKNOWN_SIZE = 96 * 1024;
/** No more room is made at once: a header that says more is damaged, or the row is a giant and comes in pieces. */
const MAX_SIZE = 2 ** 26;

/** ASCII record separator: JSON may not hold it raw, neither inside a string nor between tokens. */
export const SEPARATOR = 0x1e;

/** What is needed to open a block: its dictionary, null when it has none; or that version 1 wrote it, as one frame without a header. */
export type Opener = { dictionary: Uint8Array | null } | 'version 1';

const options = {
  params: {
    [constants.ZSTD_c_compressionLevel]: 1,
    // a flipped bit on the disk is found instead of handed out as the server's text; 4 bytes a frame
    [constants.ZSTD_c_checksumFlag]: 1,
  },
};

/** `bytes`: the rows' UTF-8 with a separator after each; `ends`: where each row ends in it, separator included. At most 255 frames. */
export function packRows(bytes: Uint8Array, ends: readonly number[], dictionary: Uint8Array | null): Uint8Array {
  const frames = Math.ceil(ends.length / FRAME_ROWS);
  const packed: Buffer[] = [];
  const head = Buffer.alloc(1 + frames * 5);
  head[0] = frames;
  let row = 0;
  for (let i = 0; i < frames; i++) {
    const rows = Math.ceil((ends.length - row) / (frames - i));
    const part = bytes.subarray(row === 0 ? 0 : ends[row - 1], ends[row + rows - 1]);
    const z = zstdCompressSync(part, dictionary ? { ...options, dictionary } : options);
    head[1 + i * 5] = rows;
    head.writeUInt32LE(z.length, 2 + i * 5);
    packed.push(z);
    row += rows;
  }
  return Buffer.concat([head, ...packed]);
}

/** A block whose frames are opened one by one, when one of their rows is asked for. */
export class Block {
  readonly #z: Uint8Array;
  readonly #opener: Opener;
  readonly #frames: { rows: number; from: number; to: number; texts: Buffer[] | null }[] = [];

  /** Throws ARCHIVE_DAMAGED. */
  constructor(z: Uint8Array, opener: Opener) {
    this.#z = z;
    this.#opener = opener;
    if (opener === 'version 1') return;
    const view = new DataView(z.buffer, z.byteOffset, z.byteLength);
    const frames = z.length > 0 ? view.getUint8(0) : 0;
    let at = 1 + frames * 5;
    if (frames === 0 || at > z.length) throw damaged('cannot be read');
    for (let i = 0; i < frames; i++) {
      const to = at + view.getUint32(2 + i * 5, true);
      this.#frames.push({ rows: view.getUint8(1 + i * 5), from: at, to, texts: null });
      at = to;
    }
    if (at !== z.length) throw damaged('is cut short');
  }

  /** The row's UTF-8. Throws ARCHIVE_DAMAGED. */
  row(bix: number): Buffer {
    let first = 0;
    for (const frame of this.#opened()) {
      if (bix < first + frame.rows) return this.#texts(frame)[bix - first];
      first += frame.rows;
    }
    throw damaged('does not hold the row it should');
  }

  /** All rows' UTF-8. Throws ARCHIVE_DAMAGED. */
  rows(): Buffer[] {
    return this.#opened().flatMap((frame) => this.#texts(frame));
  }

  #opened() {
    if (this.#opener === 'version 1' && this.#frames.length === 0) {
      const texts = openFrame(this.#z, null);
      this.#frames.push({ rows: texts.length, from: 0, to: this.#z.length, texts });
    }
    return this.#frames;
  }

  #texts(frame: { rows: number; from: number; to: number; texts: Buffer[] | null }): Buffer[] {
    if (frame.texts) return frame.texts;
    const dictionary = this.#opener === 'version 1' ? null : this.#opener.dictionary;
    const texts = openFrame(this.#z.subarray(frame.from, frame.to), dictionary);
    if (texts.length !== frame.rows) throw damaged('does not hold what it should');
    return (frame.texts = texts);
  }
}

/** Views into one buffer, each without its separator. */
function openFrame(z: Uint8Array, dictionary: Uint8Array | null): Buffer[] {
  let raw: Buffer;
  try {
    // a little more than it holds: Node asks for more as soon as a chunk is full
    const chunkSize = (contentSize(z) ?? UNKNOWN_SIZE) + 64;
    raw = zstdDecompressSync(z, dictionary ? { chunkSize, dictionary } : { chunkSize });
  } catch (thrown) {
    throw damaged('cannot be read', thrown);
  }
  const rows: Buffer[] = [];
  for (let from = 0; from < raw.length;) {
    const end = raw.indexOf(SEPARATOR, from);
    if (end < 0) throw damaged('is cut short');
    rows.push(raw.subarray(from, end));
    from = end + 1;
  }
  return rows;
}

/** Bytes a zstd frame says it holds (RFC 8878 §3.1.1.1); null when it does not say, or not believably. */
function contentSize(z: Uint8Array): number | null {
  if (z.length < 18) return null;
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
      return view.getUint32(at, true) < MAX_SIZE ? view.getUint32(at, true) : null;
    default:
      return null;
  }
}

function damaged(how: string, cause?: unknown): AppError {
  return new AppError('ARCHIVE_DAMAGED', `a block of rows ${how}`, {}, cause);
}
