/** Request bodies as the server reads them, and the replies that are the same on every path. */
import { limitSchema } from '../contract/prefect-filter.ts';
import { DEFAULT_LIMIT } from './about.ts';
import { internalError, type ApiReply } from './failures.ts';
import { jsonProblem } from './python-json.ts';
import { invalidJson, invalidRequest, type Detail } from './validation.ts';

/** `path` begins with /api and may have a query string; `contentType` null: no such header. */
export type ApiRequest = { method: string; path: string; contentType: string | null; body: string };

export const json = (status: number, body: unknown): ApiReply => ({ status, body: JSON.stringify(body) });
export const detail = (status: number, text: string): ApiReply => json(status, { detail: text });
export const methodNotAllowed = detail(405, 'Method Not Allowed');

/** Half of a surrogate pair, which JSON.stringify escapes. The server repeats the body in its reply, and cannot write that. */
const halfPair = /(?<!\\)(?:\\\\)*\\ud[89a-f][0-9a-f]{2}/;
export const refused = (problems: Detail[], body: unknown): ApiReply => {
  const text = invalidRequest(problems, body);
  return halfPair.test(text) ? internalError : { status: 422, body: text };
};

/** The server checks the limit before everything else in the body. A limit that is no integer is left to the schema. Text: why it is refused. */
export function limitOf(body: object): number | string {
  const asked = limitSchema.safeParse('limit' in body ? body.limit : null);
  const limit = asked.data ?? DEFAULT_LIMIT;
  if (limit < 0) return 'Invalid limit: must be greater than or equal to 0.';
  if (limit > DEFAULT_LIMIT) return `Invalid limit: must be less than or equal to ${DEFAULT_LIMIT}.`;
  return limit;
}

/** A body that is not said to be JSON is ignored, as is an empty one: the defaults are answered. */
export function readBody(request: ApiRequest): { body: unknown } | ApiReply {
  const type = /^\s*application\/(?:[^;\s]+\+)?json\s*(?:;|$)/i;
  if (request.body === '' || (request.contentType && !type.test(request.contentType))) return { body: null };
  try {
    return { body: JSON.parse(request.body) as unknown };
  } catch {
    const problem = jsonProblem(request.body);
    // NaN and Infinity: Python reads them, then cannot write them back
    if (!problem) return internalError;
    return refused([invalidJson(problem.message, problem.position)], request.body);
  }
}

/** A part of a path, as it was before it was put there. */
export function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
