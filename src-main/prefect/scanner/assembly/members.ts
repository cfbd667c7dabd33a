/**
 * Which of its parent's members a key names. A server writes its rows' keys in one order: the key that came after the last one in an
 * earlier row of the page comes after it again, and one comparison of 16 bytes says so.
 */
import { same } from './records';
import { blank, COLON, QUOTE, string } from './text';

/** What JavaScript makes of a key that was not seen in the page before: see ../keys.ts. */
declare function memberOf(shape: u32, from: usize, to: usize): u32;

/** Keys of each shape that are remembered; others are asked for every time. */
const MOST: u32 = 64;
/** of a key: its address, how many bytes from its first quote to after its colon, and its member */
const ENTRY: u32 = 12;
const SHAPES: u32 = 3;
const entries = memory.data(2304);
/** of each shape: how many there are, and which is the next expected */
const counts = memory.data(12);
const guesses = memory.data(12);

export function forget(): void {
  memory.fill(counts, 0, SHAPES * 4);
  memory.fill(guesses, 0, SHAPES * 4);
}

/** the member that the key `pastKey` has gone past names */
export let member: u32 = 0;

/** From a key to after its colon; 0 when it is not JSON. `shape`: of the object it is in. */
export function pastKey(at: usize, shape: u32): usize {
  const list = entries + shape * (MOST * ENTRY);
  const count = load<u32>(counts + shape * 4);
  let i = load<u32>(guesses + shape * 4);
  for (let tries = count; tries > 0; tries--) {
    if (i == count) i = 0;
    const entry = list + i * ENTRY;
    i++;
    if (!same(at, load<u32>(entry), load<u32>(entry, 4))) continue;
    store<u32>(guesses + shape * 4, i);
    member = load<u32>(entry, 8);
    return at + load<u32>(entry, 4);
  }
  if (load<u8>(at) != QUOTE) return 0;
  const close = string(at + 1);
  if (close == 0) return 0;
  const colon = blank(close);
  if (load<u8>(colon) != COLON) return 0;
  member = memberOf(shape, at, close);
  if (count < MOST) {
    const entry = list + count * ENTRY;
    store<u32>(entry, at);
    store<u32>(entry, colon + 1 - at, 4);
    store<u32>(entry, member, 8);
    store<u32>(counts + shape * 4, count + 1);
    store<u32>(guesses + shape * 4, count + 1);
  }
  return colon + 1;
}
