/** Single values of a row's JSON text. */
import type { Span } from '../contract/json-text.ts';

/** One value of the outermost object, parsed; null when it is absent. */
export function valueOf(text: string, spans: Map<string, Span>, key: string): unknown {
  const span = spans.get(key);
  return span ? (JSON.parse(text.slice(...span)) as unknown) : null;
}
