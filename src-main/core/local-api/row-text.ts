/**
 * Rows as JSON text. Values are cut from the text the server sent and never parsed and written again, so numbers too
 * large for a Float64 and the order of keys survive.
 */
import type { Span } from '../../prefect/members.ts';

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
