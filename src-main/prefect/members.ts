/** Where the values of a JSON object lie in its text, so that they can be cut out and never parsed and written again. */

export type Span = readonly [from: number, to: number];

/** Spans of the values of the outermost object, by key; `text` is a JSON object as JSON.parse would take it. */
export function topLevel(text: string): Map<string, Span> {
  const spans = new Map<string, Span>();
  let at = text.indexOf('{') + 1;
  for (;;) {
    at = skip(text, at);
    if (text[at] !== '"') return spans;
    const keyEnd = stringEnd(text, at);
    const key = JSON.parse(text.slice(at, keyEnd)) as string;
    const from = skip(text, skip(text, keyEnd) + 1);
    at = valueEnd(text, from);
    spans.set(key, [from, at]);
    at = skip(text, at);
    if (text[at] !== ',') return spans;
    at += 1;
  }
}

function skip(text: string, from: number): number {
  let at = from;
  while (at < text.length && text.charCodeAt(at) <= 32) at += 1;
  return at;
}

function stringEnd(text: string, from: number): number {
  let at = from;
  for (;;) {
    at = text.indexOf('"', at + 1);
    if (at < 0) return text.length;
    let backslashes = 0;
    while (text[at - 1 - backslashes] === '\\') backslashes += 1;
    if (backslashes % 2 === 0) return at + 1;
  }
}

function valueEnd(text: string, from: number): number {
  const first = text[from];
  if (first === '"') return stringEnd(text, from);
  if (first !== '{' && first !== '[') {
    const end = /[,}\]\s]/g;
    end.lastIndex = from;
    return end.exec(text)?.index ?? text.length;
  }
  const bracket = /["{}[\]]/g;
  bracket.lastIndex = from;
  let depth = 0;
  for (let found = bracket.exec(text); found; found = bracket.exec(text)) {
    if (found[0] === '"') bracket.lastIndex = stringEnd(text, found.index);
    else if (found[0] === '{' || found[0] === '[') depth += 1;
    else if (--depth === 0) return found.index + 1;
  }
  return text.length;
}
