/** UUIDs as bytes. Prefect's ids are text everywhere else; the archive and the index keep 16 bytes instead of 37, twice a row with its index. */
import { dashed, isUuid } from '../contract/uuid.ts';

/** By character code; both cases. */
const hexDigit = Uint8Array.from({ length: 128 }, (_, code) => parseInt(String.fromCharCode(code), 16) || 0);
const DASH = 45;

/** Writes the 16 bytes at `at`. Returns false, and writes nothing, when the text is not a UUID in one of the spellings of `isUuid`. */
export function writeUuid(text: string, into: Uint8Array, at: number): boolean {
  if (!isUuid(text)) return false;
  // digit by digit: making the text without dashes first took ten times as long, and each row of an unchanged page comes here
  for (let i = 0, from = 0; i < 16; i++, from += 2) {
    if (text.charCodeAt(from) === DASH) from++;
    into[at + i] = hexDigit[text.charCodeAt(from)] * 16 + hexDigit[text.charCodeAt(from + 1)];
  }
  return true;
}

/** The 16 bytes, or null when the text is not a UUID. */
export function uuidBytes(text: string): Uint8Array | null {
  const bytes = new Uint8Array(16);
  return writeUuid(text, bytes, 0) ? bytes : null;
}

/** 16 bytes to the text Prefect sends: lower case with dashes. */
export const uuidText = (bytes: Uint8Array, at = 0): string =>
  dashed(Buffer.from(bytes.buffer, bytes.byteOffset + at, 16).toString('hex'));

/** An id as it is stored: its 16 bytes, or its text where it is no UUID or another spelling of one, which would not come back as it was. */
export function idCell(id: string): Uint8Array | string {
  const bytes = uuidBytes(id);
  return bytes && uuidText(bytes) === id ? bytes : id;
}
