/** Prefect's status codes and error bodies, for requests that are wrong. */
import type { z } from 'zod';

export type Reply = { status: number; body: string; headers?: Record<string, string> };

export function reply(status: number, body: unknown, headers?: Record<string, string>): Reply {
  return { status, body: JSON.stringify(body), ...(headers ? { headers } : {}) };
}

export const notFound = (what: string) => reply(404, { detail: `${what} not found` });
export const noRoute = () => reply(404, { detail: 'Not Found' });
export const wrongMethod = () => reply(405, { detail: 'Method Not Allowed' });
export const failed = (status: number) =>
  reply(status, { exception_message: status === 503 ? 'Service Unavailable' : 'Internal Server Error' });

type Detail = { type: string; loc: (string | number)[]; msg: string; input?: unknown; ctx?: object };

export function invalid(detail: Detail[], body: unknown): Reply {
  return reply(422, { exception_message: 'Invalid request received.', exception_detail: detail, request_body: body });
}

/** zod's issues as pydantic tells them, as far as a client reads them: type, place, message. */
export function invalidBody(issues: readonly z.core.$ZodIssue[], body: unknown): Reply {
  return invalid(
    issues.flatMap((issue) => describe(issue, body)),
    body,
  );
}

function describe(issue: z.core.$ZodIssue, body: unknown): Detail[] {
  const path = issue.path.map((part) => (typeof part === 'number' ? part : String(part)));
  const input = path.reduce<unknown>(
    (at, part) => (typeof at === 'object' && at !== null ? (at as Record<string | number, unknown>)[part] : undefined),
    body,
  );
  const loc = ['body', ...path];
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => ({
        type: 'extra_forbidden',
        loc: [...loc, key],
        msg: 'Extra inputs are not permitted',
        input: (input as Record<string, unknown>)[key],
      }));
    case 'invalid_value': {
      const names = issue.values.map((value) => `'${String(value)}'`);
      const expected = names.length > 1 ? `${names.slice(0, -1).join(', ')} or ${names.at(-1)}` : (names[0] ?? '');
      return [{ type: 'enum', loc, msg: `Input should be ${expected}`, input, ctx: { expected } }];
    }
    case 'too_small': {
      const ge = Number(issue.minimum);
      return [
        { type: 'greater_than_equal', loc, msg: `Input should be greater than or equal to ${ge}`, input, ctx: { ge } },
      ];
    }
    case 'invalid_type': {
      const words = {
        string: ['string_type', 'string'],
        array: ['list_type', 'list'],
        object: ['model_attributes_type', 'dictionary or object to extract fields from'],
      } as const;
      const [type, what] = words[issue.expected as keyof typeof words] ?? ['value_error', 'value'];
      return [{ type, loc, msg: `Input should be a valid ${what}`, input }];
    }
    case 'custom':
      return [{ type: String(issue.params?.['type'] ?? 'value_error'), loc, msg: 'Input should be valid', input }];
    default:
      return [{ type: 'value_error', loc, msg: issue.message, input }];
  }
}

/** Prefect's refusal of a limit below 0 or above `maximum`; null for a good limit. */
export function limitProblem(limit: number, maximum: number): Reply | null {
  if (limit < 0) return reply(422, { detail: 'Invalid limit: must be greater than or equal to 0.' });
  if (limit > maximum) return reply(422, { detail: `Invalid limit: must be less than or equal to ${maximum}.` });
  return null;
}

export type Parsed = { body: unknown } | { problem: Reply };

/** Like Prefect, ignores a body of another content type and takes one without a content type as JSON. */
export function parseBody(text: string, contentType: string | null): Parsed {
  if (contentType !== null && !/^application\/([a-z.+-]*\+)?json\b/i.test(contentType)) return { body: {} };
  if (text === '') return { body: {} };
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch (thrown) {
    const error = thrown instanceof Error ? thrown.message : 'Expecting value';
    return {
      problem: invalid(
        [{ type: 'json_invalid', loc: ['body', 0], msg: 'JSON decode error', input: {}, ctx: { error } }],
        text,
      ),
    };
  }
  if (body === null) return { body: {} };
  if (typeof body !== 'object' || Array.isArray(body)) {
    const msg = 'Input should be a valid dictionary or object to extract fields from';
    return { problem: invalid([{ type: 'model_attributes_type', loc: ['body'], msg, input: body }], body) };
  }
  return { body };
}
