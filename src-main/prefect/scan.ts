/**
 * A page of rows read from its bytes: where each row's text lies, and of its values what the sync steers by and the archive's columns
 * are made of. The rest of a row, two thirds of it, is only checked to be JSON and never becomes an object or a string.
 *
 * Whatever is not plainly a list of objects gives null and is left to JSON.parse, which then says what is wrong with it.
 */
import { BACKSLASH, CLOSE_BRACE, CLOSE_BRACKET, COLON, COMMA, OPEN_BRACE, OPEN_BRACKET, QUOTE } from './characters.ts';
import { computedKeys } from '../contract/fields.ts';

/** A row inside its page. */
export class ScannedRow {
  /** its outermost scalars, its tags, and of `state` and `created_by` what has a column; nothing else */
  readonly value: Record<string, unknown>;
  /** the row's text, a view into the page */
  readonly bytes: Buffer;
  /** from and to, in `bytes`, of each number the server computes anew for every answer */
  readonly computed: readonly number[];

  constructor(value: Record<string, unknown>, bytes: Buffer, computed: readonly number[]) {
    this.value = value;
    this.bytes = bytes;
    this.computed = computed;
  }

  /** the same as text, made when it is asked for */
  get json(): string {
    return this.bytes.toString('utf8');
  }
}

type Nested = {
  readonly only: ReadonlySet<string> | null;
  readonly shapes: Readonly<Record<string, Nested>>;
  order: Member[];
};
/** `key`: with its quotes */
type Member = { key: Buffer; name: string; keep: boolean; isComputed: boolean; isList: boolean; shape: Nested | null };

const nested = (...only: string[]): Nested => ({ only: new Set(only), shapes: {}, order: [] });
const rowShape: Nested = {
  only: null,
  shapes: { state: nested('type', 'name', 'timestamp'), created_by: nested('id', 'type') },
  order: [],
};
const computed = new Set<string>(computedKeys);
/** Deeper nesting is left to JSON.parse, which needs no stack. */
const MAX_DEPTH = 200;

/** `page`: valid UTF-8. */
export function scanRows(page: Buffer): ScannedRow[] | null {
  const end = page.length;
  const rows: ScannedRow[] = [];
  let at = blank(page, 0, end);
  if (page[at] !== OPEN_BRACKET) return null;
  at = blank(page, at + 1, end);
  if (page[at] === CLOSE_BRACKET) return blank(page, at + 1, end) === end ? rows : null;
  for (;;) {
    if (page[at] !== OPEN_BRACE) return null;
    const value: Record<string, unknown> = {};
    const spans: number[] = [];
    const from = at;
    at = members(page, at + 1, end, rowShape, value, spans);
    if (at < 0) return null;
    for (let i = 0; i < spans.length; i++) spans[i] -= from;
    rows.push(new ScannedRow(value, page.subarray(from, at), spans));
    at = blank(page, at, end);
    if (page[at] === CLOSE_BRACKET) return blank(page, at + 1, end) === end ? rows : null;
    if (page[at] !== COMMA) return null;
    at = blank(page, at + 1, end);
  }
}

/** The members of an object, from after its brace to after its end; -1 when they are not JSON. */
function members(
  b: Buffer,
  from: number,
  end: number,
  shape: Nested,
  into: Record<string, unknown>,
  spans: number[],
): number {
  let at = blank(b, from, end);
  if (b[at] === CLOSE_BRACE) return at + 1;
  for (let i = 0; ; i++) {
    if (b[at] !== QUOTE) return -1;
    // a server writes its rows' keys in one order: the one that was here in the last row is here again
    let member = shape.order[i] as Member | undefined;
    if (member !== undefined && startsWith(b, at, member.key)) at += member.key.length;
    else {
      const close = string(b, at + 1, end);
      if (close < 0) return -1;
      member = memberOf(b, at, close, shape);
      shape.order[i] = member;
      at = close;
    }
    at = blank(b, at, end);
    if (b[at] !== COLON) return -1;
    at = blank(b, at + 1, end);
    const start = at;
    const first = b[at];
    if (!member.keep) at = skip(b, at, end, 0);
    else if (member.shape !== null && first === OPEN_BRACE) {
      const inner: Record<string, unknown> = {};
      at = members(b, at + 1, end, member.shape, inner, spans);
      into[member.name] = inner;
    } else if (first === QUOTE) {
      at = string(b, at + 1, end);
      if (at < 0) return -1;
      into[member.name] = isPlain ? b.toString('latin1', start + 1, at - 1) : parsed(b, start, at);
    } else {
      at = skip(b, at, end, 0);
      if (at < 0) return -1;
      if (first === OPEN_BRACE || first === OPEN_BRACKET) {
        if (member.isList) into[member.name] = parsed(b, start, at);
        else delete into[member.name]; // of two with one name the last counts
      } else if (first === 0x6e) into[member.name] = null;
      else if (first === 0x74 || first === 0x66) into[member.name] = first === 0x74;
      else {
        into[member.name] = Number(b.toString('latin1', start, at));
        if (member.isComputed) spans.push(start, at);
      }
    }
    if (at < 0) return -1;
    at = blank(b, at, end);
    if (b[at] === CLOSE_BRACE) return at + 1;
    if (b[at] !== COMMA) return -1;
    at = blank(b, at + 1, end);
  }
}

function memberOf(b: Buffer, from: number, to: number, shape: Nested): Member {
  const name = parsed(b, from, to) as string;
  const isOuter = shape.only === null;
  return {
    key: Buffer.from(b.subarray(from, to)),
    name,
    // a key of that name would be the object's prototype and not a member
    keep: name !== '__proto__' && (shape.only?.has(name) ?? true),
    isComputed: isOuter && computed.has(name),
    isList: isOuter && name === 'tags',
    shape: Object.hasOwn(shape.shapes, name) ? shape.shapes[name] : null,
  };
}

function parsed(b: Buffer, from: number, to: number): unknown {
  return JSON.parse(b.toString('utf8', from, to));
}

function startsWith(b: Buffer, at: number, key: Buffer): boolean {
  for (let i = 0; i < key.length; i++) if (b[at + i] !== key[i]) return false;
  return true;
}

function blank(b: Buffer, from: number, end: number): number {
  let at = from;
  while (at < end && (b[at] === 0x20 || b[at] === 0x0a || b[at] === 0x0d || b[at] === 0x09)) at++;
  return at;
}

/** Whether the last string was ASCII without a backslash: its bytes are its text. */
let isPlain = true;

/** From after the opening quote to after the closing one; -1 when it is no JSON string. */
function string(b: Buffer, from: number, end: number): number {
  let seen = 0;
  isPlain = true;
  for (let at = from; at < end; at++) {
    const c = b[at];
    if (c === QUOTE) {
      if (seen >= 0x80) isPlain = false;
      return at + 1;
    }
    if (c < 0x20) return -1;
    seen |= c;
    if (c === BACKSLASH) {
      isPlain = false;
      const escape = b[++at];
      if (escape === 0x75) {
        for (let i = 0; i < 4; i++) if (!isHex(b[++at])) return -1;
      } else if (!isEscape(escape)) return -1;
    }
  }
  return -1;
}

/** " / \ b f n r t */
function isEscape(c: number): boolean {
  return c === 0x22 || c === 0x2f || c === 0x5c || c === 0x62 || c === 0x66 || c === 0x6e || c === 0x72 || c === 0x74;
}

function isHex(c: number): boolean {
  return (c >= 0x30 && c <= 0x39) || (c >= 0x41 && c <= 0x46) || (c >= 0x61 && c <= 0x66);
}

/** From a value's first byte to after it; -1 when it is not JSON. */
function skip(b: Buffer, at: number, end: number, depth: number): number {
  const c = b[at];
  if (c === QUOTE) return string(b, at + 1, end);
  if (c === OPEN_BRACE) return depth < MAX_DEPTH ? skipObject(b, at + 1, end, depth + 1) : -1;
  if (c === OPEN_BRACKET) return depth < MAX_DEPTH ? skipArray(b, at + 1, end, depth + 1) : -1;
  // null, true, false
  if (c === 0x6e) return b[at + 1] === 0x75 && b[at + 2] === 0x6c && b[at + 3] === 0x6c ? at + 4 : -1;
  if (c === 0x74) return b[at + 1] === 0x72 && b[at + 2] === 0x75 && b[at + 3] === 0x65 ? at + 4 : -1;
  if (c === 0x66)
    return b[at + 1] === 0x61 && b[at + 2] === 0x6c && b[at + 3] === 0x73 && b[at + 4] === 0x65 ? at + 5 : -1;
  return number(b, at, end);
}

function skipObject(b: Buffer, from: number, end: number, depth: number): number {
  let at = blank(b, from, end);
  if (b[at] === CLOSE_BRACE) return at + 1;
  for (;;) {
    if (b[at] !== QUOTE) return -1;
    at = string(b, at + 1, end);
    if (at < 0) return -1;
    at = blank(b, at, end);
    if (b[at] !== COLON) return -1;
    at = skip(b, blank(b, at + 1, end), end, depth);
    if (at < 0) return -1;
    at = blank(b, at, end);
    if (b[at] === CLOSE_BRACE) return at + 1;
    if (b[at] !== COMMA) return -1;
    at = blank(b, at + 1, end);
  }
}

function skipArray(b: Buffer, from: number, end: number, depth: number): number {
  let at = blank(b, from, end);
  if (b[at] === CLOSE_BRACKET) return at + 1;
  for (;;) {
    at = skip(b, at, end, depth);
    if (at < 0) return -1;
    at = blank(b, at, end);
    if (b[at] === CLOSE_BRACKET) return at + 1;
    if (b[at] !== COMMA) return -1;
    at = blank(b, at + 1, end);
  }
}

function number(b: Buffer, from: number, end: number): number {
  let at = from;
  if (b[at] === 0x2d) at++;
  if (b[at] === 0x30) at++;
  else {
    const first = at;
    at = digits(b, at, end);
    if (at === first) return -1;
  }
  if (b[at] === 0x2e) {
    const first = at + 1;
    at = digits(b, first, end);
    if (at === first) return -1;
  }
  if (b[at] === 0x65 || b[at] === 0x45) {
    at++;
    if (b[at] === 0x2b || b[at] === 0x2d) at++;
    const first = at;
    at = digits(b, at, end);
    if (at === first) return -1;
  }
  return at;
}

function digits(b: Buffer, from: number, end: number): number {
  let at = from;
  while (at < end && b[at] >= 0x30 && b[at] <= 0x39) at++;
  return at;
}
