/**
 * A page of rows in one pass: checked to be JSON, each row's text found, and of its members those that are kept. What is written for
 * each row is described where it is read, in ../record.ts.
 */
import { forget, member, pastKey } from './members';
import {
  ABSENT,
  begin,
  beginRow,
  clear,
  computed,
  end as endOfRecords,
  endRow,
  ESCAPED,
  FALSE,
  IS_LIST,
  KEPT,
  LIST,
  NULL,
  NUMBER,
  OBJECT,
  PLAIN,
  put,
  putText,
  TRUE,
} from './records';
import { skip } from './skip';
import { blank, COMMA, isPlain, measured, OPEN_BRACE, OPEN_BRACKET, QUOTE } from './text';

/** what is left to JSON.parse */
const NOT_PLAIN: i32 = -1;
/** the records have no room: come again with more */
const NO_ROOM: i32 = -2;

let failure: i32 = NOT_PLAIN;

/**
 * `from` to `end`: the page, zeros after it; then room for as much text, then `out` to `limit` for the records. Returns how many bytes
 * of them there are, or one of the above.
 */
export function scan(from: usize, end: usize, texts: usize, out: usize, limit: usize, slots: u32, times: u32): i32 {
  begin(from, texts, out, limit, slots, times);
  forget();
  failure = NOT_PLAIN;
  let at = blank(from);
  if (load<u8>(at) != OPEN_BRACKET) return NOT_PLAIN;
  at = blank(at + 1);
  if (load<u8>(at) == OPEN_BRACKET + 2) at++;
  else at = rows(at);
  if (at == 0) return failure;
  return blank(at) == end ? <i32>(endOfRecords(out) - out) : NOT_PLAIN;
}

/** From the first row to after the list; 0 when it is no list of rows. */
function rows(at: usize): usize {
  while (true) {
    if (load<u8>(at) != OPEN_BRACE) return 0;
    if (!beginRow(at)) return noRoom();
    at = members(at + 1, 0);
    if (at == 0) return 0;
    endRow(at);
    at = blank(at);
    const c: u32 = load<u8>(at);
    if (c == OPEN_BRACKET + 2) return at + 1;
    if (c != COMMA) return 0;
    at = blank(at + 1);
  }
}

function noRoom(): usize {
  failure = NO_ROOM;
  return 0;
}

/** The members of an object, from after its brace to after its end; 0 when they are not JSON. */
function members(at: usize, shape: u32): usize {
  at = blank(at);
  if (load<u8>(at) == OPEN_BRACE + 2) return at + 1;
  while (true) {
    at = pastKey(at, shape);
    if (at == 0) return 0;
    const told = member;
    at = blank(at);
    at = told == 0 ? skip(at) : kept(at, told);
    if (at == 0) return 0;
    at = blank(at);
    const c: u32 = load<u8>(at);
    if (c == OPEN_BRACE + 2) return at + 1;
    if (c != COMMA) return 0;
    at = blank(at + 1);
  }
}

/** As `skip`, of the value of a member that JavaScript wants to know of. */
function kept(from: usize, told: u32): usize {
  const first: u32 = load<u8>(from);
  if ((told & KEPT) == 0) {
    const at = skip(from);
    if (at == 0 || !isNumber(first)) return at;
    return computed(from, at) ? at : noRoom();
  }
  clear(told);
  if (first == QUOTE) {
    const at = measured(from + 1);
    if (at == 0) return 0;
    if (isPlain) putText(told, from + 1, <u32>(at - from) - 2, PLAIN);
    else put(told, from, at, ESCAPED);
    return at;
  }
  if (first == OPEN_BRACE && told >> 28 != 0) {
    const at = members(from + 1, (told >> 24) & 0xf);
    put(told, from, at, OBJECT);
    return at;
  }
  const at = skip(from);
  if (at == 0) return 0;
  if (isNumber(first)) putText(told, from, <u32>(at - from), NUMBER);
  else if (first != OPEN_BRACE && first != OPEN_BRACKET)
    put(told, from, at, first == 0x6e ? NULL : first == 0x74 ? TRUE : FALSE);
  else if ((told & IS_LIST) == 0) put(told, from, at, ABSENT);
  else if (isAscii(from, at)) putText(told, from, <u32>(at - from), LIST);
  else put(told, from, at, ESCAPED);
  return at;
}

/** a minus or a digit */
function isNumber(first: u32): bool {
  return first != QUOTE && first <= 0x39;
}

function isAscii(from: usize, to: usize): bool {
  let seen: u32 = 0;
  for (let at = from; at < to; at++) seen |= load<u8>(at);
  return seen < 0x80;
}
