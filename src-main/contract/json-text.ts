/**
 * Cuts JSON text into the texts of its parts, so that they stay as the server wrote them: parsing and writing again would change
 * numbers (`1.50`, 9007199254740993) and spacing. Only strings and nesting are looked at: the text must be one that `JSON.parse` takes.
 */

/** Positions in the text, in UTF-16 units: [first, one past the last]. */
export type Span = readonly [from: number, to: number];

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const SPACE = 0x20;

/** The text of each element of a JSON array, without the spaces around it. Throws RangeError when it is no array or does not end. */
export function splitArray(text: string): string[] {
  const elements: string[] = [];
  let at = skipSpace(text, 0);
  if (text.charCodeAt(at) !== OPEN_BRACKET) throw new RangeError('not a JSON array');
  at = skipSpace(text, at + 1);
  if (text.charCodeAt(at) === CLOSE_BRACKET) return elements;
  for (;;) {
    const end = valueEnd(text, at);
    elements.push(text.slice(at, end));
    at = skipSpace(text, end);
    const code = text.charCodeAt(at);
    if (code === CLOSE_BRACKET) return elements;
    if (code !== COMMA) throw new RangeError('the JSON array does not end');
    at = skipSpace(text, at + 1);
  }
}

/**
 * Where the value of each member of the outermost object lies, by key; of a key that occurs twice the last, as `JSON.parse` has it.
 * Throws RangeError when it is no object or does not end.
 */
export function memberSpans(text: string): Map<string, Span> {
  const spans = new Map<string, Span>();
  let at = skipSpace(text, 0);
  if (text.charCodeAt(at) !== OPEN_BRACE) throw new RangeError('not a JSON object');
  at = skipSpace(text, at + 1);
  if (text.charCodeAt(at) === CLOSE_BRACE) return spans;
  for (;;) {
    if (text.charCodeAt(at) !== QUOTE) throw new RangeError('the JSON object does not end');
    const keyEnd = stringEnd(text, at);
    const key = text.slice(at + 1, keyEnd - 1);
    at = skipSpace(text, keyEnd);
    if (text.charCodeAt(at) !== COLON) throw new RangeError('the JSON object does not end');
    const from = skipSpace(text, at + 1);
    const to = valueEnd(text, from);
    spans.set(key.includes('\\') ? (JSON.parse(`"${key}"`) as string) : key, [from, to]);
    at = skipSpace(text, to);
    const code = text.charCodeAt(at);
    if (code === CLOSE_BRACE) return spans;
    if (code !== COMMA) throw new RangeError('the JSON object does not end');
    at = skipSpace(text, at + 1);
  }
}

/** The four characters that JSON takes for space are the only ones up to U+0020 that may stand outside a string. */
function skipSpace(text: string, from: number): number {
  let at = from;
  while (text.charCodeAt(at) <= SPACE) at++;
  return at;
}

/** Strings are most of the text: `indexOf` passes them at memory speed. */
export function stringEnd(text: string, from: number): number {
  let at = from;
  for (;;) {
    at = text.indexOf('"', at + 1);
    if (at < 0) throw new RangeError('a JSON string does not end');
    let backslashes = 0;
    while (text.charCodeAt(at - 1 - backslashes) === BACKSLASH) backslashes++;
    if (backslashes % 2 === 0) return at + 1;
  }
}

/** At the end of the text `charCodeAt` is NaN, which is in no comparison. */
function valueEnd(text: string, from: number): number {
  let at = from;
  let depth = 0;
  for (;;) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      at = stringEnd(text, at);
      if (depth === 0) return at;
      continue;
    }
    if (code === OPEN_BRACE || code === OPEN_BRACKET) depth++;
    else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) {
      if (depth === 0) return at;
      if (--depth === 0) return at + 1;
    } else if (depth === 0 && (code === COMMA || code <= SPACE)) return at;
    else if (Number.isNaN(code)) {
      if (depth === 0) return at;
      throw new RangeError('a JSON value does not end');
    }
    at++;
  }
}

/** A JSON string as its text; everything else as it stands, so that 1.50 and 9007199254740993 stay what they are. null: no value. */
export function jsonCell(json: string): string | null {
  if (json.startsWith('"')) return JSON.parse(json) as string;
  return json === 'null' ? null : json;
}
