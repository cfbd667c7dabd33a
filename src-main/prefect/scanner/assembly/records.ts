/**
 * What is kept of a row, written into its record: ../record.ts reads it and has the same numbers. Texts are copied to one place, so
 * that JavaScript makes one string of them and cuts: the page itself as a string took 1.9 µs a row, each text for itself 0.3.
 */
import { uuid } from './ids';
import { micros } from './times';

/** bytes before the slots: the record's length, the row's from and to in the page, what the id is, and its 16 bytes */
const HEAD: u32 = 32;
/** a UUID with dashes and in lower case: its text stands with the other ids */
const CANONICAL: u32 = 2;
// Kinds of slots. A slot is a place and the length × 16 + kind; the place is one in the texts, but for
export const ABSENT: u32 = 0;
export const PLAIN: u32 = 1;
export const NUMBER: u32 = 2;
export const LIST: u32 = 3;
/** … these: the ids, backwards; the number itself; the page */
const ID: u32 = 4;
const WHOLE: u32 = 5;
export const ESCAPED: u32 = 6;
export const OBJECT: u32 = 7;
export const NULL: u32 = 8;
export const TRUE: u32 = 9;
export const FALSE: u32 = 10;

// A member as ../keys.ts makes it: 8 bits each of slot, flags and time + 1, 4 of the shape inside and 4 of its slots, which follow the
// object's own. 0: not kept
export const KEPT: u32 = 0x100;
const IS_ID: u32 = 0x200;
export const IS_LIST: u32 = 0x400;
/** often the same as in the row before: then it has the same place */
const IS_SHARED: u32 = 0x800;

let page: usize = 0;
let texts: usize = 0;
let text: usize = 0;
let ids: usize = 0;
let id: usize = 0;
let record: usize = 0;
let last: usize = 0;
let spans: usize = 0;
let limit: usize = 0;
let slots: u32 = 0;
let size: u32 = 0;

export function begin(from: usize, textRoom: usize, out: usize, room: usize, slotCount: u32, timeCount: u32): void {
  page = from;
  texts = text = textRoom;
  ids = id = out;
  record = spans = out + 8;
  last = 0;
  limit = room;
  slots = slotCount;
  size = HEAD + (slotCount + timeCount) * 8;
}

/** How many bytes the texts and the ids have, and the end of the records. */
export function end(out: usize): usize {
  store<u32>(out, text - texts);
  store<u32>(out, ids - id, 4);
  return spans;
}

/** false: no room */
export function beginRow(at: usize): bool {
  record = spans;
  if (record + size > limit) return false;
  memory.fill(record, 0, size);
  spans = record + size;
  store<u32>(record, at - page, 4);
  return true;
}

export function endRow(at: usize): void {
  store<u32>(record, at - page, 8);
  store<u32>(record, spans - record);
  last = record;
}

/** Remembers where a number is that the server computes anew for every answer; false: no room. */
export function computed(from: usize, to: usize): bool {
  if (spans + 8 > limit) return false;
  store<u32>(spans, from - page);
  store<u32>(spans, to - page, 4);
  spans += 8;
  return true;
}

function slotOf(member: u32): usize {
  return record + HEAD + (member & 0xff) * 8;
}

function write(slot: usize, place: u32, length: u32, kind: u32): void {
  store<u32>(slot, place);
  store<u32>(slot, (length << 4) | kind, 4);
}

/** What has no text: a word, an object, something absent; `from` and `to` in the page. */
export function put(member: u32, from: usize, to: usize, kind: u32): void {
  write(slotOf(member), <u32>(from - page), <u32>(to - from), kind);
}

/** Of two members with one name the last counts. */
export function clear(member: u32): void {
  if (member & IS_ID) store<u32>(record, 0, 12);
  else if (member >> 28 != 0) memory.fill(slotOf(member), 0, 8 + (member >> 28) * 8);
}

/** What is ASCII: the inside of a string, a number or a list. */
export function putText(member: u32, from: usize, length: u32, kind: u32): void {
  const slot = slotOf(member);
  const time = (member >> 16) & 0xff;
  if (time != 0) store<f64>(record + HEAD + (slots + time - 1) * 8, kind == PLAIN ? micros(from, length) : NaN);
  if (member & IS_ID && kind == PLAIN) {
    const found = uuid(from, length, record + 16);
    store<u32>(record, found, 12);
    if (found == CANONICAL) {
      id -= length;
      copy(from, length, id);
      return write(slot, <u32>(ids - id), length, ID);
    }
  }
  if (member & IS_SHARED && last != 0) {
    const before = last + (slot - record);
    const place = load<u32>(before);
    if (load<u32>(before, 4) == ((length << 4) | kind) && same(texts + place, from, length))
      return write(slot, place, length, kind);
  }
  if (kind == NUMBER && length <= 9) {
    const whole = wholeOf(from, length);
    if (whole >= 0) return write(slot, whole, length, WHOLE);
  }
  write(slot, <u32>(text - texts), length, kind);
  copy(from, length, text);
  text += length;
}

/** -1: has a sign, a fraction or an exponent */
function wholeOf(at: usize, length: u32): i32 {
  let value: u32 = 0;
  for (let i: u32 = 0; i < length; i++) {
    const digit: u32 = <u32>load<u8>(at + i) - 0x30;
    if (digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}

/** Of 16 bytes or more exactly those are written; of less, 16. */
function copy(from: usize, length: u32, to: usize): void {
  v128.store(to, v128.load(from));
  for (let i: u32 = 16; i < length; i += 16) {
    const at = i + 16 > length ? length - 16 : i;
    v128.store(to + at, v128.load(from + at));
  }
}

/** Equal bytes? Looks at 16 at once, and up to 15 beyond, which do not count. */
export function same(a: usize, b: usize, length: u32): bool {
  let left = length;
  for (; left > 16; left -= 16) {
    if (!i8x16.all_true(i8x16.eq(v128.load(a), v128.load(b)))) return false;
    a += 16;
    b += 16;
  }
  const equal: u32 = i8x16.bitmask(i8x16.eq(v128.load(a), v128.load(b)));
  return (~equal & ((1 << left) - 1)) == 0;
}
