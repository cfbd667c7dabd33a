/** UUIDs as bytes. Prefect's ids are text everywhere else; the archive and the index keep 16 bytes instead of 37, twice a row with its index. */
import { dashed, uuidHex } from '../contract/uuid.ts';

const hexDigit = Uint8Array.from({ length: 128 }, (_, code) => '0123456789abcdef'.indexOf(String.fromCharCode(code)));

/** Writes the 16 bytes at `at`. Returns false, and writes nothing, when the text is not a UUID in one of the spellings of `uuidHex`. */
export function writeUuid(text: string, into: Uint8Array, at: number): boolean {
  const hex = uuidHex(text);
  if (hex === null) return false;
  for (let i = 0; i < 16; i++)
    into[at + i] = hexDigit[hex.charCodeAt(2 * i)] * 16 + hexDigit[hex.charCodeAt(2 * i + 1)];
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
