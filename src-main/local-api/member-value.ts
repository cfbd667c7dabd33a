import type { Span } from '../contract/json-text.ts';

/** The parsed value of one member of a JSON object; `spans` are those of `memberSpans`. null when the object lacks the member. */
export function memberValue(text: string, spans: ReadonlyMap<string, Span>, key: string): unknown {
  const span = spans.get(key);
  return span ? (JSON.parse(text.slice(...span)) as unknown) : null;
}
