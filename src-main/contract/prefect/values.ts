/**
 * Scalars as pydantic 2 reads them in Prefect 3.8.8 (lax mode, from parsed JSON). A refusal names pydantic's own error type, which the
 * local API's 422 gives.
 */
import { dashed, uuidHex } from '../uuid.ts';

export type Refusal = { type: string };
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

const floatText = /^[+-]?(\d+(?:_\d+)*\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;

/** "1.5" and true are numbers. Texts for infinities and for NaN are refused: nothing is asked for with them. */
export function readNumber(input: unknown): Scalar<number> {
  if (typeof input === 'boolean') return { value: Number(input) };
  if (typeof input === 'number') return { value: input };
  if (typeof input !== 'string') return { type: 'float_type' };
  const text = input.trim();
  return floatText.test(text) ? { value: Number(text.replaceAll('_', '')) } : { type: 'float_parsing' };
}

/** Any spelling of the Rust `uuid` crate, which pydantic uses, to canonical lower case: also in braces or after `urn:uuid:`, then with dashes. */
export function readUuid(input: unknown): Scalar<string> {
  if (typeof input !== 'string') return { type: 'uuid_type' };
  const wrapped = /^(?:\{(.{36})\}|urn:uuid:(.{36}))$/.exec(input);
  const hex = uuidHex(wrapped?.[1] ?? wrapped?.[2] ?? input);
  return hex === null ? { type: 'uuid_parsing' } : { value: dashed(hex) };
}
