/** What zod found wrong with a request body, in the words of Prefect 3.8.8's 422 (FastAPI over pydantic 2). */
import type { z } from 'zod';

export type Detail = { type: string; loc: (string | number)[]; msg: string; input: unknown; ctx?: object };

const messages: Record<string, string> = {
  bool_parsing: 'Input should be a valid boolean, unable to interpret input',
  bool_type: 'Input should be a valid boolean',
  int_from_float: 'Input should be a valid integer, got a number with a fractional part',
  int_parsing: 'Input should be a valid integer, unable to parse string as an integer',
  int_type: 'Input should be a valid integer',
  uuid_type: 'UUID input should be a string, bytes or UUID object',
};
const shapes: Record<string, [type: string, msg: string]> = {
  string: ['string_type', 'Input should be a valid string'],
  array: ['list_type', 'Input should be a valid list'],
  object: ['model_attributes_type', 'Input should be a valid dictionary or object to extract fields from'],
};

export function details(issues: readonly z.core.$ZodIssue[], body: unknown): Detail[] {
  return issues.flatMap((issue) => detail(issue, body));
}

export function missing(keys: readonly string[]): Detail[] {
  return keys.map((key) => ({ type: 'missing', loc: ['body', key], msg: 'Field required', input: null }));
}

export function invalidJson(message: string, position: number): Detail {
  return {
    type: 'json_invalid',
    loc: ['body', position],
    msg: 'JSON decode error',
    input: {},
    ctx: { error: message },
  };
}

export function invalidRequest(exceptionDetail: Detail[], body: unknown): string {
  return JSON.stringify({
    exception_message: 'Invalid request received.',
    exception_detail: exceptionDetail,
    request_body: body,
  });
}

function detail(issue: z.core.$ZodIssue, body: unknown): Detail[] {
  const path = issue.path.map((part) => (typeof part === 'number' ? part : String(part)));
  const at = { loc: ['body', ...path], input: valueAt(body, path) };
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => ({
        type: 'extra_forbidden',
        loc: ['body', ...path, key],
        msg: 'Extra inputs are not permitted',
        input: valueAt(body, [...path, key]),
      }));
    case 'invalid_value': {
      const expected = listed(issue.values.map((value) => `'${String(value)}'`));
      return [{ ...at, type: 'enum', msg: `Input should be ${expected}`, ctx: { expected } }];
    }
    case 'too_small': {
      const ge = Number(issue.minimum);
      return [
        { ...at, type: 'greater_than_equal', msg: `Input should be greater than or equal to ${ge}`, ctx: { ge } },
      ];
    }
    case 'invalid_type': {
      const [type, msg] = shapes[issue.expected] ?? ['value_error', 'Input should be valid'];
      return [{ ...at, type, msg }];
    }
    case 'custom':
      return [{ ...at, ...refusal(issue.params) }];
    default:
      return [{ ...at, type: 'value_error', msg: issue.message }];
  }
}

/** The leaves of contract/prefect-filter.ts give a pydantic type, and what was wrong where pydantic says so. */
function refusal(params: Record<string, unknown> | undefined): { type: string; msg: string; ctx?: object } {
  const type = String(params?.type);
  const error = params?.error;
  if (type === 'uuid_parsing') return { type, msg: `Input should be a valid UUID, ${String(error)}`, ctx: { error } };
  // the server puts the exception object in ctx, which becomes {}
  if (type === 'time_parsing') return { type: 'value_error', msg: `Value error, ${String(error)}`, ctx: { error: {} } };
  if (type === 'time_type') return { type: 'value_error', msg: 'value is not a valid datetime' };
  return { type, msg: messages[type] ?? type };
}

const listed = (values: string[]): string =>
  values.length < 2 ? values.join('') : `${values.slice(0, -1).join(', ')} or ${values.at(-1) ?? ''}`;

function valueAt(body: unknown, path: readonly (string | number)[]): unknown {
  let value = body;
  for (const part of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return null;
    value = (value as Record<string | number, unknown>)[part];
  }
  return value;
}
