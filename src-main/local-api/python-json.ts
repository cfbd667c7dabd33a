/**
 * Where and why Python's `json` stops at a text that is not JSON: Prefect's 422 names both. Only called after
 * JSON.parse has refused the text.
 */
export type JsonProblem = { position: number; message: string };

class Stop extends Error {
  readonly problem: JsonProblem;
  constructor(message: string, position: number) {
    super(message);
    this.problem = { message, position };
  }
}

/** null: Python reads it (`NaN`, `Infinity`), though it is not JSON. Positions count code points, as Python does. */
export function jsonProblem(text: string): JsonProblem | null {
  try {
    const end = blank(text, value(text, blank(text, 0)));
    if (end < text.length) throw new Stop('Extra data', end);
    return null;
  } catch (thrown) {
    if (!(thrown instanceof Stop)) throw thrown;
    const { message, position } = thrown.problem;
    return { message, position: [...text.slice(0, position)].length };
  }
}

const blank = (text: string, at: number): number => match(/[ \t\n\r]*/y, text, at) ?? at;

function match(pattern: RegExp, text: string, at: number): number | null {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : null;
}

function value(text: string, at: number): number {
  const first = text[at];
  if (first === '"') return string(text, at);
  if (first === '{') return object(text, at);
  if (first === '[') return array(text, at);
  const end = match(/null|true|false|NaN|-?Infinity|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y, text, at);
  if (end === null) throw new Stop('Expecting value', at);
  return end;
}

function string(text: string, start: number): number {
  let at = start + 1;
  for (;;) {
    const character = text[at];
    if (character === undefined) throw new Stop('Unterminated string starting at', start);
    if (character === '"') return at + 1;
    if (character < ' ') throw new Stop('Invalid control character at', at);
    if (character !== '\\') at += 1;
    else at = escape(text, start, at);
  }
}

function escape(text: string, start: number, at: number): number {
  const character = text[at + 1];
  if (character === undefined) throw new Stop('Unterminated string starting at', start);
  if (character !== 'u') {
    if (!'"\\/bfnrt'.includes(character)) throw new Stop('Invalid \\escape', at);
    return at + 2;
  }
  const end = match(/[0-9a-fA-F]{4}/y, text, at + 2);
  if (end === null) throw new Stop('Invalid \\uXXXX escape', at + 1);
  return end;
}

function object(text: string, start: number): number {
  let at = blank(text, start + 1);
  if (text[at] === '}') return at + 1;
  for (;;) {
    if (text[at] !== '"') throw new Stop('Expecting property name enclosed in double quotes', at);
    at = blank(text, string(text, at));
    if (text[at] !== ':') throw new Stop("Expecting ':' delimiter", at);
    at = blank(text, value(text, blank(text, at + 1)));
    if (text[at] === '}') return at + 1;
    if (text[at] !== ',') throw new Stop("Expecting ',' delimiter", at);
    at = blank(text, at + 1);
  }
}

function array(text: string, start: number): number {
  let at = blank(text, start + 1);
  if (text[at] === ']') return at + 1;
  for (;;) {
    at = blank(text, value(text, at));
    if (text[at] === ']') return at + 1;
    if (text[at] !== ',') throw new Stop("Expecting ',' delimiter", at);
    at = blank(text, at + 1);
  }
}
