/** Ids as four big-endian 32-bit words: 16 bytes a row instead of a 36-character string, and ordered like both databases order them. */
const hex: string[] = [];
for (let i = 0; i < 256; i++) hex.push(i.toString(16).padStart(2, '0'));

const half = (word: number): string => hex[(word >>> 8) & 255] + hex[word & 255];

export function formatUuid(a: number, b: number, c: number, d: number): string {
  return `${half(a >>> 16)}${half(a)}-${half(b >>> 16)}-${half(b)}-${half(c >>> 16)}-${half(c)}${half(d >>> 16)}${half(d)}`;
}

export type UuidWords = readonly [number, number, number, number];

/** Any spelling with or without dashes, in either case; null when it is not a UUID. */
export function parseUuid(text: string): UuidWords | null {
  const digits = text.length === 36 ? text.replaceAll('-', '') : text;
  if (!/^[0-9a-fA-F]{32}$/.test(digits)) return null;
  const word = (i: number) => Number.parseInt(digits.slice(i, i + 8), 16);
  return [word(0), word(8), word(16), word(24)];
}
