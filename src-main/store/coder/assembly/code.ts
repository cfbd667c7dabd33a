/** A row's text into bits. */
import { checksum } from './checksum';
import { codesOf, DISTANCE, HASH_BITS, HASHES, hashAt, LENGTH, LITERAL, NEAR, NUMBERS } from './layout';
import { ANYTHING, RUN, SHORTEST, TEXT, TEXT_SIZE, TIME, UUID } from './layout';

/** The row's own pieces by their hash, as the dictionary's: 4,096 of two bytes, made empty for every row. */
const OWN_BITS: u32 = 12;
/** A match elsewhere than where the last one was pays only from this length on: its distance takes about two bytes. */
const WORTH_MOVING: u32 = 6;
/**
 * After so many bytes that match nowhere one is inside an id or a time, and only looks, sixteen bytes at once, for where the row goes on
 * as the last rows did or where the value ends; but for no longer than SKIPPED. A row of 2.2 kB takes 5.0 µs instead of 8.8 and as many
 * bytes (310.9 instead of 309.3); without stopping at the values' ends it took 350.
 */
const SEARCHED: u32 = 2;
const SKIPPED: u32 = 26;

let bits: u64 = 0;
let held: u32 = 0;
let to: usize = 0;
/** Where symbols are counted (u32 each, in the order of the codes) instead of written; 0: they are written. */
let counts: usize = 0;
let dict: usize = 0;

/** Whole bytes go out at once, without asking how many: the answer would be another one each time. */
function put(value: u32, width: u32): void {
  const b = bits | ((<u64>value) << held);
  const h = held + width;
  store<u64>(to, b);
  to += h >> 3;
  bits = b >> (h & 56);
  held = h & 7;
}

function symbol(alphabet: u32, value: u32): void {
  const at = codesOf(dict, alphabet) + ((<usize>value) << 2);
  if (counts !== 0) {
    const counter = at - codesOf(dict, LITERAL) + counts;
    store<u32>(counter, load<u32>(counter) + 1);
    return;
  }
  const known = load<u32>(at);
  put(known & 0xffff, known >> 16);
}

/** `before`: symbols of the alphabet that are no numbers, or other numbers. */
function number(alphabet: u32, value: u32, before: u32): void {
  if (value < 16) return symbol(alphabet, before + value);
  const power = 31 - clz<u32>(value);
  const low = power - 1;
  symbol(alphabet, before + 16 + ((power - 4) << 1) + ((value >> low) & 1));
  if (counts === 0) put(value & ((1 << low) - 1), low);
}

/** How many bytes are the same, at most `most`. Eight bytes after either must be readable. */
function common(a: usize, b: usize, most: u32): u32 {
  let n: u32 = 0;
  while (n + 8 <= most) {
    const other = load<u64>(a + n) ^ load<u64>(b + n);
    if (other !== 0) return n + ((<u32>ctz<u64>(other)) >> 3);
    n += 8;
  }
  while (n < most && load<u8>(a + n) === load<u8>(b + n)) n++;
  return n;
}

/**
 * Size, checksum and bits; returns where they end. `own`: room for the row's hashes, 8 kB. At most 32,767 bytes; eight after them
 * must be readable, and there must be room at `out` for twice as many and sixteen.
 */
export function code(text: usize, size: u32, dictionary: usize, own: usize, out: usize): usize {
  counts = 0;
  bits = 0;
  held = 0;
  store<u16>(out, <u16>size);
  store<u32>(out + 2, checksum(text, size));
  to = out + 6;
  write(text, size, dictionary, own);
  for (; held > 0; held = held > 8 ? held - 8 : 0) {
    store<u8>(to++, <u8>bits);
    bits >>= 8;
  }
  return to;
}

/** Counts the symbols a row would be written with. */
export function count(text: usize, size: u32, dictionary: usize, own: usize, into: usize): void {
  counts = into;
  write(text, size, dictionary, own);
}

function write(text: usize, size: u32, dictionary: usize, own: usize): void {
  dict = dictionary;
  const known = dictionary + TEXT;
  const knownSize = load<u32>(dictionary + TEXT_SIZE);
  memory.fill(own, 0, 2 << OWN_BITS);
  // as if the dictionary came right before the row; its last rows are the nearest
  let last: u32 = knownSize;
  let older: u32 = 0;
  let from: u32 = 0;
  let at: u32 = 0;
  let searched: u32 = 0;
  while (at + 8 <= size) {
    const here = text + at;
    // four bytes first, in place: three of four positions match nowhere, and a call for each would be half of the time
    const four = load<u32>(here);
    let distance = last;
    let length: u32 = 0;
    if (load<u32>(placeOf(text, at, last, known, knownSize)) === four)
      length = matches(text, size, at, last, known, knownSize);
    if (length < SHORTEST && load<u32>(placeOf(text, at, older, known, knownSize)) === four) {
      length = matches(text, size, at, older, known, knownSize);
      distance = older;
    }
    if (length < SHORTEST) {
      const inKnown = <u32>load<u16>(dictionary + HASHES + (hashAt(here, HASH_BITS) << 1));
      const ownPlace = own + (hashAt(here, OWN_BITS) << 1);
      const inOwn = <u32>load<u16>(ownPlace);
      store<u16>(ownPlace, <u16>(at + 1));
      length = WORTH_MOVING - 1;
      distance = 0;
      if (inKnown !== 0 && load<u32>(known + inKnown - 1) === four) {
        const n = common(here, known + inKnown - 1, min(size - at, knownSize + 1 - inKnown));
        if (n > length) {
          length = n;
          distance = knownSize + at + 1 - inKnown;
        }
      }
      if (inOwn !== 0 && load<u32>(text + inOwn - 1) === four) {
        const n = common(here, text + inOwn - 1, size - at);
        if (n > length) {
          length = n;
          distance = at + 1 - inOwn;
        }
      }
      if (distance === 0) {
        at++;
        if (++searched < SEARCHED) continue;
        searched = 0;
        const next = likely(text, size, at, last, older, known, knownSize);
        for (; at < next; at++) store<u16>(own + (hashAt(text + at, OWN_BITS) << 1), <u16>(at + 1));
        continue;
      }
      // a match lies in the dictionary or in the row, never across
      while (at > from && at !== distance && isSame(text, at - 1, distance, known, knownSize)) {
        at--;
        length++;
      }
    }
    literals(text, from, at);
    const more = <i32>distance - <i32>last;
    if (more === 0) symbol(DISTANCE, 0);
    else if (distance === older) symbol(DISTANCE, 1);
    else if (more > 0 && more <= 16) symbol(DISTANCE, <u32>more * 2);
    else if (more < 0 && more >= -16) symbol(DISTANCE, <u32>-more * 2 + 1);
    else number(DISTANCE, distance, NEAR);
    if (more !== 0) {
      older = last;
      last = distance;
    }
    number(LENGTH, length - SHORTEST, 0);
    at += length;
    from = at;
    searched = 0;
  }
  if (from < size) literals(text, from, size);
}

/** The next place where four bytes are the same as far back as the last match or the one before, where a value ends, or SKIPPED further. */
function likely(text: usize, size: u32, at: u32, last: u32, older: u32, known: usize, knownSize: u32): u32 {
  const end = at + SKIPPED;
  while (at < end && at + 24 <= size) {
    const here = v128.load(text + at);
    const a = last === 0 ? 0 : fours(here, placeOf(text, at, last, known, knownSize));
    const b = older === 0 ? 0 : fours(here, placeOf(text, at, older, known, knownSize));
    // a quote or a comma
    const ends = <u32>i8x16.bitmask(v128.or(i8x16.eq(here, i8x16.splat(0x22)), i8x16.eq(here, i8x16.splat(0x2c))));
    const found = a | b | ends;
    if (found !== 0) return at + ctz<u32>(found);
    at += 13;
  }
  return at;
}

/** Bit n: the four bytes from the n-th on are the same there. */
function fours(here: v128, place: usize): u32 {
  const same = <u32>i8x16.bitmask(i8x16.eq(here, v128.load(place)));
  const pairs = same & (same >> 1);
  return pairs & (pairs >> 2);
}

/** Bit 0: never in a time; bit 1: never in a UUID. By byte. */
const kinds = memory.data<u8>([
  3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3,
  3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 2, 3, 0, 2, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 3, 3, 3, 3, 3,
  3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 2, 3, 3, 3, 3, 3, 2, 3, 3, 3, 3, 3,
  3, 1, 1, 1, 1, 1, 1, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3,
]); // prettier-ignore

function kindOf(text: usize, from: u32, until: u32): u32 {
  let seen: u32 = 0;
  for (let i = from; i < until; i++) {
    const byte = <u32>load<u8>(text + i);
    seen |= byte < 128 ? load<u8>(kinds + byte) : 3;
  }
  return (seen & 1) === 0 ? TIME : seen === 1 ? UUID : ANYTHING;
}

function literals(text: usize, from: u32, until: u32): void {
  const kind = kindOf(text, from, until);
  number(RUN, until - from, kind * NUMBERS);
  if (counts !== 0) {
    for (let i = from; i < until; i++) symbol(LITERAL + kind, load<u8>(text + i));
    return;
  }
  // with its state in locals: half of all symbols are literals, and a global is memory
  const table = codesOf(dict, LITERAL + kind);
  let b = bits;
  let h = held;
  let o = to;
  let i = text + from;
  const end = text + until;
  for (; i < end; i += 4) {
    // four codes of eleven bits and the seven that are held
    const n = <u32>min<usize>(end - i, 4);
    const four = load<u32>(i);
    let known = load<u32>(table + ((four & 0xff) << 2));
    b |= (<u64>(known & 0xffff)) << h;
    h += known >> 16;
    if (n > 1) {
      known = load<u32>(table + (((four >> 8) & 0xff) << 2));
      b |= (<u64>(known & 0xffff)) << h;
      h += known >> 16;
      if (n > 2) {
        known = load<u32>(table + (((four >> 16) & 0xff) << 2));
        b |= (<u64>(known & 0xffff)) << h;
        h += known >> 16;
        if (n > 3) {
          known = load<u32>(table + ((four >> 24) << 2));
          b |= (<u64>(known & 0xffff)) << h;
          h += known >> 16;
        }
      }
    }
    store<u64>(o, b);
    o += h >> 3;
    b >>= h & 56;
    h &= 7;
  }
  bits = b;
  held = h;
  to = o;
}

/** What lies so far back; what is not there is read as something else that may be read. */
function placeOf(text: usize, at: u32, distance: u32, known: usize, knownSize: u32): usize {
  if (distance <= at) return text + at - distance;
  const back = distance - at;
  return back > knownSize ? known : known + knownSize - back;
}

/** Length of what is the same so far back; 0 when that is before everything. */
function matches(text: usize, size: u32, at: u32, distance: u32, known: usize, knownSize: u32): u32 {
  if (distance <= at) return distance === 0 ? 0 : common(text + at, text + at - distance, size - at);
  const back = distance - at;
  if (back > knownSize) return 0;
  return common(text + at, known + knownSize - back, min(size - at, back));
}

function isSame(text: usize, at: u32, distance: u32, known: usize, knownSize: u32): boolean {
  if (distance <= at) return load<u8>(text + at) === load<u8>(text + at - distance);
  const back = distance - at;
  return back <= knownSize && load<u8>(text + at) === load<u8>(known + knownSize - back);
}
