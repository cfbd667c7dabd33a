/** Strings, numbers and words of JSON, checked strictly. From a first byte to after the last one; 0 when it is not JSON. */

export const QUOTE: u32 = 0x22;
export const COMMA: u32 = 0x2c;
export const COLON: u32 = 0x3a;
export const OPEN_BRACKET: u32 = 0x5b;
export const OPEN_BRACE: u32 = 0x7b;
const BACKSLASH: u32 = 0x5c;
const NULL: u32 = 0x6c6c756e;
const TRUE: u32 = 0x65757274;
const ALSE: u32 = 0x65736c61;

export function blank(at: usize): usize {
  return load<u8>(at) > 0x20 ? at : pastBlank(at);
}

function pastBlank(at: usize): usize {
  while (true) {
    const c: u32 = load<u8>(at);
    if (c != 0x20 && c != 0x0a && c != 0x0d && c != 0x09) return at;
    at++;
  }
}

/** bit i: byte i ends the plain part of a string, being a quote, a backslash or below a space */
function stops(bytes: v128): u32 {
  const quotes = v128.or(i8x16.eq(bytes, i8x16.splat(0x22)), i8x16.eq(bytes, i8x16.splat(0x5c)));
  const low = i8x16.eq(v128.and(bytes, i8x16.splat(-32)), i8x16.splat(0));
  return i8x16.bitmask(v128.or(quotes, low));
}

/** `at`: after the opening quote. */
export function string(at: usize): usize {
  const stop = stops(v128.load(at));
  if (stop == 0) return longString(at + 16);
  at += ctz(stop);
  return load<u8>(at) == QUOTE ? at + 1 : longString(at);
}

function longString(at: usize): usize {
  while (true) {
    const stop = stops(v128.load(at));
    if (stop == 0) {
      at += 16;
      continue;
    }
    at += ctz(stop);
    if (load<u8>(at) == QUOTE) return at + 1;
    at = pastEscape(at);
    if (at == 0) return 0;
  }
}

/** Whether the last string of `measured` was ASCII without a backslash: its bytes are its text. */
export let isPlain: bool = true;

/** As `string`, and tells whether it is plain. */
export function measured(at: usize): usize {
  isPlain = true;
  while (true) {
    const bytes = v128.load(at);
    const stop = stops(bytes);
    const high: u32 = i8x16.bitmask(bytes);
    if (stop == 0) {
      if (high != 0) isPlain = false;
      at += 16;
      continue;
    }
    if ((high & (stop ^ (stop - 1))) != 0) isPlain = false;
    at += ctz(stop);
    if (load<u8>(at) == QUOTE) return at + 1;
    isPlain = false;
    at = pastEscape(at);
    if (at == 0) return 0;
  }
}

/** What stopped a string is a backslash or, which is not JSON, a control character. */
function pastEscape(at: usize): usize {
  if (load<u8>(at) != BACKSLASH) return 0;
  const c: u32 = load<u8>(at, 1);
  if (c == 0x75) {
    for (let i: u32 = 2; i < 6; i++) if (!isHex(load<u8>(at + i))) return 0;
    return at + 6;
  }
  // " / \ b f n r t
  const known = c == 0x22 || c == 0x2f || c == 0x5c || c == 0x62 || c == 0x66 || c == 0x6e || c == 0x72 || c == 0x74;
  return known ? at + 2 : 0;
}

function isHex(c: u32): bool {
  return c - 0x30 < 10 || (c | 0x20) - 0x61 < 6;
}

/** A number, null, true or false. */
export function scalar(at: usize, first: u32): usize {
  if (first == 0x6e) return load<u32>(at) == NULL ? at + 4 : 0;
  if (first == 0x74) return load<u32>(at) == TRUE ? at + 4 : 0;
  if (first == 0x66) return load<u32>(at, 1) == ALSE ? at + 5 : 0;
  return number(at);
}

function number(at: usize): usize {
  if (load<u8>(at) == 0x2d) at++;
  if (load<u8>(at) == 0x30) at++;
  else {
    const from = at;
    at = digits(at);
    if (at == from) return 0;
  }
  if (load<u8>(at) == 0x2e) {
    const from = at + 1;
    at = digits(from);
    if (at == from) return 0;
  }
  if ((load<u8>(at) | 0x20) == 0x65) {
    at++;
    const sign: u32 = load<u8>(at);
    if (sign == 0x2b || sign == 0x2d) at++;
    const from = at;
    at = digits(at);
    if (at == from) return 0;
  }
  return at;
}

function digits(at: usize): usize {
  while (<u32>load<u8>(at) - 0x30 < 10) at++;
  return at;
}
