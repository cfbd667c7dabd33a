/** Prefect's status codes and error bodies, for requests that are wrong. */
import type { z } from 'zod';
import { missing, problemsOf, refusalText, type Problem } from '../../contract/prefect/problems.ts';

export type Reply = { status: number; body: string; headers?: Record<string, string> };

export function reply(status: number, body: unknown, headers?: Record<string, string>): Reply {
  return { status, body: JSON.stringify(body), ...(headers ? { headers } : {}) };
}

export const notFound = (what: string) => reply(404, { detail: `${what} not found` });
export const noRoute = () => reply(404, { detail: 'Not Found' });
export const wrongMethod = () => reply(405, { detail: 'Method Not Allowed' });
export const failed = (status: number) =>
  reply(status, { exception_message: status === 503 ? 'Service Unavailable' : 'Internal Server Error' });

export const invalid = (problems: readonly Problem[]): Reply => ({ status: 422, body: refusalText(problems) });
export const invalidBody = (issues: readonly z.core.$ZodIssue[]): Reply => invalid(problemsOf(issues));

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
  } catch {
    return { problem: invalid([{ type: 'json_invalid', loc: ['body'], msg: 'not JSON' }]) };
  }
  if (body === null) return { body: {} };
  return typeof body === 'object' && !Array.isArray(body) ? { body } : { problem: invalid(missing([])) };
}
