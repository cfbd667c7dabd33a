/** What tells whether a row's text is as it was: all of it but what the server computes anew for every answer. */
import { crc32 } from 'node:zlib';
import { computedKeys } from '../../contract/fields.ts';
import type { JsonObject } from '../layout.ts';

/** CRC-32, signed. Two versions of one row collide once in 4 billion, and only if `updated` is equal too would it matter. */
export function hashText({ json, value }: { json: string; value: JsonObject }): number {
  const bytes = Buffer.from(json, 'utf8');
  const spans = volatileSpans(json, value);
  if (spans === null) return crc32(withoutVolatile(value)) | 0;
  const ascii = bytes.length === json.length;
  let hash = 0;
  let from = 0;
  for (let i = 0; i <= spans.length; i += 2) {
    const to = spans[i] ?? json.length;
    hash = crc32(ascii ? bytes.subarray(from, to) : json.slice(from, to), hash);
    from = spans[i + 1] ?? to;
  }
  return hash | 0;
}

/**
 * Where the volatile numbers are in the text: from, to, from, to … null when the text alone does not tell, because it is not compact
 * or has the same name inside something else as well.
 */
function volatileSpans(json: string, value: JsonObject): number[] | null {
  let left = 0;
  for (const key of computedKeys) if (typeof value[key] === 'number') left++;
  const spans: number[] = [];
  if (left === 0) return spans;
  // searched by its rarest piece: a quote or an e is met hundreds of times a row, and that was a fifth of all encoding
  for (let at = json.indexOf('mated_'); at >= 0; at = json.indexOf('mated_', at + 1)) {
    if (!json.startsWith('"esti', at - 5)) continue;
    const key = computedKeys.find((key) => json.startsWith(key, at - 4) && json.startsWith('":', at - 4 + key.length));
    if (!key) continue;
    if (left-- === 0) return null;
    const from = at - 2 + key.length;
    let to = from;
    while (to < json.length && !endsNumber(json.charCodeAt(to))) to++;
    spans.push(from, to);
  }
  return left === 0 ? spans : null;
}

/** comma or closing brace */
function endsNumber(char: number): boolean {
  return char === 44 || char === 125;
}

function withoutVolatile(value: JsonObject): string {
  const rest = { ...value };
  for (const key of computedKeys) delete rest[key];
  return JSON.stringify(rest);
}
