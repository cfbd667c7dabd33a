/** Where the values of chosen members lie in a JSON object that has been checked before. */

const QUOTE: u32 = 0x22;
const BACKSLASH: u32 = 0x5c;

/**
 * From and to of each value into `spans` (u32, from the text's beginning; both 0: not there; of two the last). `keys`: for each its
 * address and its bytes (u32). A key written with a backslash is none of them: nobody who writes JSON escapes a letter. 16 bytes after
 * the text must be readable.
 */
export function find(text: usize, size: u32, keys: usize, count: u32, spans: usize): void {
  memory.fill(spans, 0, (<usize>count) << 3);
  const end = text + size;
  let at = blank(text, end) + 1;
  while (at < end) {
    at = blank(at, end);
    if (<u32>load<u8>(at) !== QUOTE) return;
    const key = at + 1;
    const close = stringEnd(key, end);
    const slot = slotOf(key, <u32>(close - key), keys, count);
    at = blank(blank(close + 1, end) + 1, end);
    const to = valueEnd(at, end);
    if (slot < count) {
      store<u32>(spans + ((<usize>slot) << 3), <u32>(at - text));
      store<u32>(spans + ((<usize>slot) << 3) + 4, <u32>(to - text));
    }
    // after the comma, or after everything
    at = blank(to, end) + 1;
  }
}

function slotOf(key: usize, size: u32, keys: usize, count: u32): u32 {
  for (let slot: u32 = 0; slot < count; slot++) {
    const at = keys + ((<usize>slot) << 3);
    if (load<u32>(at + 4) === size && memory.compare(load<u32>(at), key, size) === 0) return slot;
  }
  return count;
}

function blank(from: usize, end: usize): usize {
  let at = from;
  while (at < end && load<u8>(at) <= 32) at++;
  return at;
}

/** From after the opening quote to the closing one. */
function stringEnd(from: usize, end: usize): usize {
  let at = from;
  while (at < end) {
    const piece = v128.load(at);
    const found = i8x16.bitmask(v128.or(i8x16.eq(piece, i8x16.splat(0x22)), i8x16.eq(piece, i8x16.splat(0x5c))));
    if (found === 0) {
      at += 16;
      continue;
    }
    at += ctz(found);
    if (<u32>load<u8>(at) !== BACKSLASH) return min(at, end);
    at += 2;
  }
  return end;
}

function valueEnd(from: usize, end: usize): usize {
  const first = <u32>load<u8>(from);
  if (first === QUOTE) return stringEnd(from + 1, end) + 1;
  let at = from;
  // | 0x20 makes one of { and [, and one of } and ]
  if ((first | 0x20) !== 0x7b) {
    for (; at < end; at++) {
      const byte = <u32>load<u8>(at);
      if (byte === 0x2c || (byte | 0x20) === 0x7d || byte <= 32) break;
    }
    return at;
  }
  let depth = 0;
  while (at < end) {
    const piece = v128.load(at);
    const lower = v128.or(piece, i8x16.splat(0x20));
    const brackets = v128.or(i8x16.eq(lower, i8x16.splat(0x7b)), i8x16.eq(lower, i8x16.splat(0x7d)));
    const found = i8x16.bitmask(v128.or(brackets, i8x16.eq(piece, i8x16.splat(0x22))));
    if (found === 0) {
      at += 16;
      continue;
    }
    at += ctz(found);
    const byte = <u32>load<u8>(at);
    if (byte === QUOTE) {
      at = stringEnd(at + 1, end) + 1;
      continue;
    }
    at++;
    if ((byte | 0x20) === 0x7b) depth++;
    else if (--depth === 0) return at;
  }
  return end;
}
