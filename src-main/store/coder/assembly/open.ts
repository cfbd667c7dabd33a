/** Bits back into a row's text. */
import { checksum, isAscii } from './checksum';
import {
  DISTANCE,
  LENGTH,
  LITERAL,
  LONGEST,
  NEAR,
  NUMBERS,
  RUN,
  SHORTEST,
  symbolsOf,
  TEXT,
  TEXT_SIZE,
  UUID,
} from './layout';

let bits: u64 = 0;
let held: u32 = 0;
let from: usize = 0;

function refill(): void {
  if (held > 32) return;
  bits |= (<u64>load<u32>(from)) << held;
  from += 4;
  held += 32;
}

function take(width: u32): u32 {
  const value = (<u32>bits) & ((1 << width) - 1);
  bits >>= width;
  held -= width;
  return value;
}

function symbol(table: usize): u32 {
  const entry = <u32>load<u16>(table + ((<usize>((<u32>bits) & ((1 << LONGEST) - 1))) << 1));
  take(entry & 15);
  return entry >> 4;
}

function number(value: u32): u32 {
  if (value < 16) return value;
  const power = ((value - 16) >> 1) + 4;
  const low = power - 1;
  return (1 << power) | (((value - 16) & 1) << low) | take(low);
}

/**
 * What `code` made, from `at` to `end`, into the text at `out`: twice its size, plus one when it is ASCII; -1 when it is damaged.
 * 32 bytes after the text may be written over, and eight after `end` must be readable.
 */
export function open(at: usize, end: usize, dictionary: usize, out: usize): i32 {
  if (at + 6 > end) return -1;
  const size = <u32>load<u16>(at);
  if (!read(at + 6, end, dictionary, out, size) || checksum(out, size) !== load<u32>(at + 2)) return -1;
  return (size << 1) | (isAscii(out, size) ? 1 : 0);
}

function read(at: usize, end: usize, dictionary: usize, out: usize, size: u32): boolean {
  bits = 0;
  held = 0;
  from = at;
  const known = dictionary + TEXT;
  const knownSize = load<u32>(dictionary + TEXT_SIZE);
  const runTable = symbolsOf(dictionary, RUN);
  const lengthTable = symbolsOf(dictionary, LENGTH);
  const distanceTable = symbolsOf(dictionary, DISTANCE);
  let last: u32 = knownSize;
  let older: u32 = 0;
  let done: u32 = 0;
  while (done < size) {
    refill();
    const told = symbol(runTable);
    const kind = told / NUMBERS;
    const run = number(told - kind * NUMBERS);
    if (run > size - done || kind > UUID) return false;
    literals(out + done, run, symbolsOf(dictionary, LITERAL + kind));
    done += run;
    if (done === size) break;
    // longer than what was given: every symbol takes a bit at least, so it ends here
    if (from > end + 8) return false;
    refill();
    const far = symbol(distanceTable);
    let distance = last;
    if (far === 1) distance = older;
    else if (far >= NEAR) distance = number(far - NEAR);
    else if (far > 1) distance = (far & 1) === 0 ? last + (far >> 1) : last - (far >> 1);
    if (far !== 0) {
      older = last;
      last = distance;
    }
    refill();
    const length = number(symbol(lengthTable)) + SHORTEST;
    if (length > size - done || distance === 0) return false;
    if (distance <= done) back(out + done, distance, length);
    else {
      const before = distance - done;
      if (before > knownSize || length > before) return false;
      ahead(out + done, known + knownSize - before, length);
    }
    done += length;
  }
  return from - (held >> 3) <= end;
}

/** With its state in locals: half of all symbols are literals, and a global is memory. Two symbols for each look at what is held. */
function literals(to: usize, run: u32, table: usize): void {
  let b = bits;
  let h = held;
  let f = from;
  const stop = to + run;
  while (to < stop) {
    if (h <= 32) {
      b |= (<u64>load<u32>(f)) << h;
      f += 4;
      h += 32;
    }
    let entry = <u32>load<u16>(table + ((<usize>((<u32>b) & ((1 << LONGEST) - 1))) << 1));
    b >>= entry & 15;
    h -= entry & 15;
    store<u8>(to++, <u8>(entry >> 4));
    if (to === stop) break;
    entry = <u32>load<u16>(table + ((<usize>((<u32>b) & ((1 << LONGEST) - 1))) << 1));
    b >>= entry & 15;
    h -= entry & 15;
    store<u8>(to++, <u8>(entry >> 4));
  }
  bits = b;
  held = h;
  from = f;
}

/** Sixteen bytes at a time; up to 15 more are written. */
function ahead(to: usize, source: usize, length: u32): void {
  for (let i: usize = 0; i < <usize>length; i += 16) v128.store(to + i, v128.load(source + i));
}

function back(to: usize, distance: u32, length: u32): void {
  if (distance >= 16) return ahead(to, to - distance, length);
  for (let i: usize = 0; i < <usize>length; i++) store<u8>(to + i, load<u8>(to + i - distance));
}
