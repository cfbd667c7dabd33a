/** A dictionary in memory, from its address on; ../dictionary.ts fills it. */

/** u32: bytes of text */
export const TEXT_SIZE: usize = 0;
/** u16 each: 1 + where in the text the last piece with that hash begins, 0 for none */
export const HASHES: usize = 16;
export const HASH_BITS: u32 = 14;
/** u32 each: length << 16 | code, for each alphabet's symbols */
export const CODES: usize = HASHES + (2 << HASH_BITS);
/** u16 each: symbol << 4 | length, by the next LONGEST bits, for each alphabet */
export const SYMBOLS: usize = CODES + 448 * 4;
/** bits of the longest code */
export const LONGEST: u32 = 11;
/** where the text begins */
export const TEXT: usize = SYMBOLS + 4 * (2 << LONGEST);

/** The alphabets: bytes, then three of numbers. */
export const LITERAL: u32 = 0;
/** how many literals come before a match */
export const RUN: u32 = 1;
/** its length, less SHORTEST */
export const LENGTH: u32 = 2;
/** 0, 1: as far back as the last, or the one before; else 2 + how far */
export const DISTANCE: u32 = 3;

export const SHORTEST: u32 = 4;

export function codesOf(dictionary: usize, alphabet: u32): usize {
  return dictionary + CODES + (alphabet === LITERAL ? 0 : (<usize>alphabet + 3) << 8);
}

export function symbolsOf(dictionary: usize, alphabet: u32): usize {
  return dictionary + SYMBOLS + ((<usize>alphabet) << (LONGEST + 1));
}

/** Five bytes. */
export function hashAt(at: usize, bits: u32): usize {
  return <usize>(((load<u64>(at) << 24) * 0x9e3779b185ebca87) >> (64 - bits));
}
