/**
 * Rows as JSON text. Values are cut from the text the server sent and never parsed and written again, so numbers too
 * large for a Float64 and the order of keys survive.
 */
type Span = readonly [from: number, to: number];

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

/** The text with some values of the outermost object replaced; keys it does not have are left out. */
export function withValues(text: string, spans: Map<string, Span>, values: Record<string, string>): string {
  const changes = Object.entries(values)
    .flatMap(([key, value]) => {
      const span = spans.get(key);
      return span ? [{ span, value }] : [];
    })
    .sort((a, b) => a.span[0] - b.span[0]);
  let result = '';
  let at = 0;
  for (const { span, value } of changes) {
    result += text.slice(at, span[0]) + value;
    at = span[1];
  }
  return result + text.slice(at);
}

/** An object of just these keys, in this order; one that the row lacks is null. */
export function pick(
  text: string,
  spans: Map<string, Span>,
  keys: readonly string[],
  values: Record<string, string>,
): string {
  const parts = keys.map((key) => {
    const span = spans.get(key);
    return `"${key}":${values[key] ?? (span ? text.slice(...span) : 'null')}`;
  });
  return `{${parts.join(',')}}`;
}

/** One value of the outermost object, parsed; null when it is absent. */
export function valueOf(text: string, spans: Map<string, Span>, key: string): unknown {
  const span = spans.get(key);
  return span ? (JSON.parse(text.slice(...span)) as unknown) : null;
}
