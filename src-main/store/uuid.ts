/** UUIDs as bytes. Prefect's ids are text everywhere else; the archive and the index keep 16 bytes instead of 37, twice a row with its index. */

const hexDigit = new Int8Array(128).fill(-1);
for (let i = 0; i < 16; i++) {
  hexDigit[i.toString(16).charCodeAt(0)] = i;
  hexDigit[i.toString(16).toUpperCase().charCodeAt(0)] = i;
}
const byteText = Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, '0'));

/**
 * Writes the 16 bytes at `at`. The text may be in either case, with the usual four dashes or without any. Returns false when it is not a
 * UUID; bytes may have been written then.
 */
export function writeUuid(text: string, into: Uint8Array, at: number): boolean {
  const dashed = text.length === 36;
  if (!dashed && text.length !== 32) return false;
  let from = 0;
  for (let i = 0; i < 16; i++) {
    if (dashed && (i === 4 || i === 6 || i === 8 || i === 10) && text.charCodeAt(from++) !== 45) return false;
    const high = hexDigit[text.charCodeAt(from++)] ?? -1;
    const low = hexDigit[text.charCodeAt(from++)] ?? -1;
    if (high < 0 || low < 0) return false;
    into[at + i] = (high << 4) | low;
  }
  return true;
}

/** The 16 bytes, or null when the text is not a UUID. */
export function uuidBytes(text: string): Uint8Array | null {
  const bytes = new Uint8Array(16);
  return writeUuid(text, bytes, 0) ? bytes : null;
}

/** 16 bytes to the text Prefect sends: lower case with dashes. */
export function uuidText(bytes: Uint8Array, at = 0): string {
  const part = (from: number, to: number) => {
    let text = '';
    for (let i = from; i < to; i++) text += byteText[bytes[at + i]];
    return text;
  };
  return `${part(0, 4)}-${part(4, 6)}-${part(6, 8)}-${part(8, 10)}-${part(10, 16)}`;
}
