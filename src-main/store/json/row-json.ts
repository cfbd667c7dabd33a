/**
 * A row's JSON as the archive keeps it: one zlib stream (RFC 1950) of the server's own UTF-8. A preset dictionary of typical rows makes it
 * small; the header names the dictionary by its Adler-32 (FDICT), and the last four bytes are the Adler-32 of the text, which finds a
 * flipped bit. Any language's standard library opens it, such as Python's `zlib.decompressobj(zdict=…)`.
 */
import { deflateSync, inflateSync } from 'node:zlib';
import { AppError } from '../../contract/errors.ts';

/**
 * Measured at 2,209 B a row against one row of 1,787 B: level 3 387 B and 22 µs to pack, 5: 377 B and 26 µs; 9 µs to open. Node makes a stream
 * object for each call, 6 µs of it, and offers no way to keep one without waiting for another thread. fflate, which makes none, takes 17 to open.
 */
const LEVEL = 3;
/** zlib clears its window for each row: with 16 KiB instead of 32 a row takes 36 µs instead of 38. `memLevel` makes no difference above the noise. */
const WINDOW_BITS = 14;
/** Bytes, the window: a longer row has moved past the dictionary before it ends, and saves too little by it. */
const MOST_WITH_DICTIONARY = 2 ** WINDOW_BITS;
/** Bytes. More than any server sends, and as much as a stream of a few bytes may claim to hold before it counts as damage. */
const MOST_ROW = 2 ** 28;
/** Bytes allotted at a time for what a call returns: most packed rows, and most rows, fit into one piece. */
const PACKED_PIECE = 512;
const TEXT_PIECE = 4096;
/** In the second byte of a stream: four bytes with a dictionary's Adler-32 follow. */
const FDICT = 0x20;

/** `adler`: Adler-32 of `bytes`, under which the archive keeps it and by which a packed row names it. Can be posted between threads. */
export type Dictionary = { adler: number; bytes: Uint8Array };
/** Finds a dictionary by its Adler-32. Throws ARCHIVE_DAMAGED when the archive does not have it. */
type FindDictionary = (adler: number) => Dictionary;

/** `text`: UTF-8. Throws SERVER_BAD_REPLY for a row of more than 256 MiB. */
export function packRow(text: Uint8Array, dictionary: Dictionary | null): Buffer {
  if (text.length > MOST_ROW) throw new AppError('SERVER_BAD_REPLY', `a row of ${text.length} bytes`);
  return dictionary !== null && text.length <= MOST_WITH_DICTIONARY
    ? deflateSync(text, {
        level: LEVEL,
        windowBits: WINDOW_BITS,
        chunkSize: PACKED_PIECE,
        dictionary: dictionary.bytes,
      })
    : deflateSync(text, { level: LEVEL });
}

/** The row's UTF-8, byte for byte as it was packed. Throws ARCHIVE_DAMAGED. */
export function openRow(z: Uint8Array, find: FindDictionary): Buffer {
  const adler = dictionaryOf(z);
  const dictionary = adler === null ? undefined : find(adler).bytes;
  try {
    return inflateSync(z, { chunkSize: TEXT_PIECE, maxOutputLength: MOST_ROW, dictionary });
  } catch (thrown) {
    throw new AppError('ARCHIVE_DAMAGED', 'a row cannot be read', {}, thrown);
  }
}

/** Throws ARCHIVE_DAMAGED. */
export const rowText = (z: Uint8Array, find: FindDictionary): string => openRow(z, find).toString('utf8');

/** Adler-32 of the dictionary that a stream was made against; null when it was made without one. */
export function dictionaryOf(z: Uint8Array): number | null {
  if (z.length < 6 || (z[1] & FDICT) === 0) return null;
  return new DataView(z.buffer, z.byteOffset, z.byteLength).getUint32(2);
}
