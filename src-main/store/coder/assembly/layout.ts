/** A dictionary in memory, from its address on; ../dictionary.ts fills it. */

/** u32: bytes of text */
export const TEXT_SIZE: usize = 0;
/** u16 each: 1 + where in the text the last piece with that hash begins, 0 for none */
export const HASHES: usize = 16;
export const HASH_BITS: u32 = 14;
/** u32 each: length << 16 | code, for each alphabet's symbols */
export const CODES: usize = HASHES + (2 << HASH_BITS);
/** u16 each: symbol << 4 | length, by the next LONGEST bits, for each alphabet */
export const SYMBOLS: usize = CODES + 1152 * 4;
/** bits of the longest code */
export const LONGEST: u32 = 11;
/** where the text begins */
export const TEXT: usize = SYMBOLS + 6 * (2 << LONGEST);

/** The alphabets: of bytes, one for each kind of run, 256 symbols each; then of numbers, 128 symbols each. */
export const LITERAL: u32 = 0;
/** Kinds of runs: anything; digits and what else stands in a time; digits and what else stands in a UUID. */
export const ANYTHING: u32 = 0;
export const TIME: u32 = 1;
export const UUID: u32 = 2;
/** how many literals come before a match, NUMBERS symbols for each kind of run */
export const RUN: u32 = 3;
/** its length, less SHORTEST */
export const LENGTH: u32 = 4;
/** 0, 1: as far back as the last, or the one before; to NEAR: so much more or less than the last; else how far */
export const DISTANCE: u32 = 5;
export const NEAR: u32 = 34;

export const SHORTEST: u32 = 4;
/** Numbers below 16 are symbols of their own; above there are two for each power of two, and the bits below. */
export const NUMBERS: u32 = 42;

export function codesOf(dictionary: usize, alphabet: u32): usize {
  return dictionary + CODES + (alphabet < RUN ? (<usize>alphabet) << 10 : (<usize>alphabet + 3) << 9);
}

export function symbolsOf(dictionary: usize, alphabet: u32): usize {
  return dictionary + SYMBOLS + ((<usize>alphabet) << (LONGEST + 1));
}

/** Five bytes. */
export function hashAt(at: usize, bits: u32): usize {
  return <usize>(((load<u64>(at) << 24) * 0x9e3779b185ebca87) >> (64 - bits));
}
