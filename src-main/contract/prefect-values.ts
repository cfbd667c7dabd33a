/**
 * Scalars as pydantic 2 reads them in Prefect 3.8.8 (lax mode, from parsed JSON). A value that is refused names
 * pydantic's own error type, so that `core/local-api/validation.ts` can give Prefect's 422 body.
 */
export type Refusal = { type: string; error?: string };
export type Scalar<T> = { value: T } | Refusal;

const lax = new Map<string, boolean>();
for (const text of ['1', 'true', 't', 'yes', 'y', 'on']) lax.set(text, true);
for (const text of ['0', 'false', 'f', 'no', 'n', 'off']) lax.set(text, false);

export function readBoolean(input: unknown): Scalar<boolean> {
  if (typeof input === 'boolean') return { value: input };
  if (input === 1 || input === 0) return { value: input === 1 };
  if (typeof input === 'string') {
    const value = lax.get(input.toLowerCase());
    return value === undefined ? { type: 'bool_parsing' } : { value };
  }
  return { type: Number.isSafeInteger(input) ? 'bool_parsing' : 'bool_type' };
}

// pydantic trims, takes one underscore between digits and a fraction of zeros
const integerText = /^[+-]?\d+(?:_\d+)*(?:\.0+)?$/;

/** 2.0, "5" and true are integers; 2.5 is not. Past 2^53 the value is the nearest Float64. */
export function readInteger(input: unknown): Scalar<number> {
  if (typeof input === 'boolean') return { value: Number(input) };
  if (typeof input === 'number') {
    if (!Number.isInteger(input)) return { type: 'int_from_float' };
    return { value: input };
  }
  if (typeof input === 'string') {
    const text = input.trim();
    if (!integerText.test(text)) return { type: 'int_parsing' };
    return { value: Number(text.replaceAll('_', '')) + 0 };
  }
  return { type: 'int_type' };
}

const simple = /^[0-9a-f]{32}$/i;
const hyphenated = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const groupStarts = [0, 9, 14, 19, 24] as const;
const groupLengths = [8, 4, 4, 4, 12] as const;

/** Any spelling of the Rust `uuid` crate, which pydantic uses, to canonical lower case. */
export function readUuid(input: unknown): Scalar<string> {
  if (typeof input !== 'string') return { type: 'uuid_type' };
  const { inner, plain } = unwrap(input);
  if (hyphenated.test(inner)) return { value: inner.toLowerCase() };
  if (plain && simple.test(input)) {
    const hex = input.toLowerCase();
    return { value: groupStarts.map((from, i) => hex.slice(from - i, from - i + (groupLengths[i] ?? 0))).join('-') };
  }
  return { type: 'uuid_parsing', error: uuidProblem(inner, plain, input) };
}

function unwrap(input: string): { inner: string; plain: boolean } {
  const bare = input.length === 32 || input.length === 36;
  if (!bare && input.startsWith('{') && input.endsWith('}') && input.length > 1)
    return { inner: input.slice(1, -1), plain: false };
  if (!bare && input.startsWith('urn:uuid:')) return { inner: input.slice(9), plain: false };
  return { inner: input, plain: true };
}

const utf8Length = (text: string): number => new TextEncoder().encode(text).length;

/** The crate's words. Places are in UTF-8 bytes, from the inner text when the whole has the right length, else from the start. */
function uuidProblem(inner: string, plain: boolean, input: string): string {
  if (utf8Length(input) > 45) return `invalid length: found ${utf8Length(input)}`;
  const exact = inner.length === 36;
  const skipped = exact ? 0 : Math.max(0, input.indexOf(inner));
  const hyphens: number[] = [];
  let at = 0; // bytes: all before the first odd character is ASCII
  for (const character of inner) {
    if (character === '-') hyphens.push(at);
    else if (!/^[0-9a-f]$/i.test(character)) return `invalid character: found \`${character}\` at ${at + skipped}`;
    at += 1;
  }
  if (hyphens.length === 0 && plain) return `invalid length: found ${input.length}`;
  if (hyphens.length !== 4) return `invalid group count: expected 5, found ${hyphens.length + 1}`;
  for (const [group, hyphen] of hyphens.entries()) {
    const start = groupStarts[group] ?? 0;
    const wanted = groupLengths[group] ?? 0;
    if (hyphen !== start + wanted)
      return `invalid group length in group ${group}: expected ${wanted}, found ${hyphen - start}`;
  }
  return `invalid group length in group 4: expected 12, found ${(exact ? inner : input).length - 24}`;
}
