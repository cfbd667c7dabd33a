/** Values that are not kept: only checked to be JSON. */
import { blank, COLON, COMMA, OPEN_BRACE, OPEN_BRACKET, QUOTE, scalar, string } from './text';

/** Deeper nesting is left to JSON.parse, which needs no stack. */
const MAX_DEPTH: u32 = 200;
/** what ends each of the lists and objects that are open */
const closers = memory.data(200);

/** From a value's first byte to after it; 0 when it is not JSON. */
export function skip(at: usize): usize {
  let depth: u32 = 0;
  let closer: u32 = 0;
  while (true) {
    let c: u32 = load<u8>(at);
    if (c == QUOTE) at = string(at + 1);
    else if (c == OPEN_BRACE || c == OPEN_BRACKET) {
      if (depth == MAX_DEPTH) return 0;
      closer = c + 2;
      store<u8>(closers + depth++, closer);
      at = blank(at + 1);
      if (load<u8>(at) != closer) {
        if (c == OPEN_BRACE) at = key(at);
        if (at == 0) return 0;
        continue;
      }
    } else at = scalar(at, c);
    if (at == 0) return 0;
    while (true) {
      if (depth == 0) return at;
      at = blank(at);
      c = load<u8>(at);
      if (c == COMMA) break;
      if (c != closer) return 0;
      at++;
      depth--;
      closer = depth == 0 ? 0 : load<u8>(closers + depth - 1);
    }
    at = blank(at + 1);
    if (closer == OPEN_BRACE + 2) at = key(at);
    if (at == 0) return 0;
  }
}

/** From a key's quote to its value. */
function key(at: usize): usize {
  if (load<u8>(at) != QUOTE) return 0;
  at = string(at + 1);
  if (at == 0) return 0;
  at = blank(at);
  return load<u8>(at) == COLON ? blank(at + 1) : 0;
}
