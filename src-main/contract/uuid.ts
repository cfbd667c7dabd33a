/** What counts as a UUID everywhere in the program: 32 hex digits in either case, without dashes or with the four where they belong. */
const shape = /^(?:[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/i;

export const isUuid = (text: string): boolean => shape.test(text);

/** The 32 digits in lower case; null when the text is not a UUID. */
export function uuidHex(text: string): string | null {
  return isUuid(text) ? text.replaceAll('-', '').toLowerCase() : null;
}

/** Hex digits from which on the beginning of an id stands for it: what Prefect's own logs and pages shorten ids to. */
const SHORTEST_START = 8;

/** The digits in lower case of a UUID or of its beginning, at least 8, with the dashes where they belong or without any; null when the text is neither. */
export function uuidStart(text: string): string | null {
  const plain = text.toLowerCase();
  const hex = plain.replaceAll('-', '');
  if (hex.length < SHORTEST_START || hex.length > 32 || !/^[0-9a-f]+$/.test(hex)) return null;
  return hex === plain || dashed(hex.padEnd(32, '0')).startsWith(plain) ? hex : null;
}

/** As Prefect writes ids: lower case, with its four dashes. */
export function isCanonicalUuid(text: string): boolean {
  const hex = uuidHex(text);
  return hex !== null && dashed(hex) === text;
}

/** 32 lower-case hex digits with the four dashes of a canonical UUID. */
export function dashed(hex: string): string {
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
