/**
 * The 16 bytes of a UUID: dashes only where they belong, or none; either case. 2: has dashes and no capitals, 1: another spelling,
 * 0: is none, and rubbish is written.
 */
export function uuid(at: usize, length: u32, into: usize): u32 {
  const isDashed = length == 36;
  if (!isDashed && length != 32) return 0;
  let wrong: u32 = 0;
  let all: u32 = 0xff;
  for (let i: u32 = 0; i < 16; i++) {
    if (isDashed && (i == 4 || i == 6 || i == 8 || i == 10)) wrong |= load<u8>(at++) ^ 0x2d;
    const first: u32 = load<u8>(at);
    const second: u32 = load<u8>(at, 1);
    const high = digit(first);
    const low = digit(second);
    all &= first & second;
    wrong |= (high | low) & 0xf0;
    store<u8>(into + i, (high << 4) | low);
    at += 2;
  }
  if (wrong != 0) return 0;
  // what digits and small letters have, and capitals have not
  return isDashed && (all & 0x20) != 0 ? 2 : 1;
}

/** More than 15 when it is none. */
function digit(c: u32): u32 {
  const decimal = c - 0x30;
  if (decimal < 10) return decimal;
  const letter = (c | 0x20) - 0x61;
  return letter < 6 ? letter + 10 : 0xf0;
}
