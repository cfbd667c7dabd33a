/** Request bodies as Prefect 3.8.8 reads them, within bounds that keep one body from holding the thread, and the replies that every path shares. */
import type { z } from 'zod';
import { MAX_DEPTH, MAX_ITEMS } from '../contract/condition-size.ts';
import { stringEnd } from '../contract/json-text.ts';
import { limitSchema } from '../contract/prefect/filter.ts';
import type { Dialect } from '../contract/query.ts';
import { DEFAULT_LIMIT } from './about.ts';
import { missing, MOST_PROBLEMS, problemsOf, refusalText, type Problem } from '../contract/prefect/problems.ts';

/** `path` begins with /api and may have a query string. `contentType` null: no such header. `body`: its bytes as they came, or its text. */
export type ApiRequest = { method: string; path: string; contentType: string | null; body: string | Uint8Array };
/** `body`: JSON text. */
export type ApiReply = { status: number; body: string };

/** The largest OFFSET a database takes is one less. */
const MAX_OFFSET = 2 ** 63;

export const json = (status: number, body: unknown): ApiReply => ({ status, body: JSON.stringify(body) });
export const detail = (status: number, text: string): ApiReply => json(status, { detail: text });
export const methodNotAllowed = detail(405, 'Method Not Allowed');
export const refused = (problems: readonly Problem[]): ApiReply => ({ status: 422, body: refusalText(problems) });

/** Why a row this far down cannot be asked for; null when it can. The server fails there with 500. */
export const tooFar = (offset: number, key: 'page' | 'offset'): ApiReply | null =>
  offset < MAX_OFFSET ? null : refused([{ type: 'less_than', loc: ['body', key], msg: 'past the last possible row' }]);

/** The body by its schema, and its limit (`isLimited` false: 0), or the reply that refuses it. */
export function readQuestion<S extends z.ZodObject>(
  request: ApiRequest,
  schema: S,
  { dialect, isLimited }: { dialect: Dialect; isLimited: boolean },
): { question: z.output<S>; limit: number } | ApiReply {
  const read = readBody(request);
  if ('status' in read) return read;
  if (typeof read.body !== 'object' || Array.isArray(read.body)) return refused(missing(Object.keys(schema.shape)));
  const body = read.body ?? {};
  const limit = isLimited ? limitOf(body) : 0;
  if (typeof limit === 'string') return detail(422, limit);
  const parsed = schema.safeParse(body);
  if (!parsed.success) return refused(problemsOf(parsed.error.issues));
  const problems = unsendable(parsed.data, dialect);
  return problems.length > 0 ? refused(problems) : { question: parsed.data, limit };
}

/** The server checks the limit before everything else in the body. A limit that is no integer is left to the schema. Text: why it is refused. */
function limitOf(body: object): number | string {
  const asked = limitSchema.safeParse('limit' in body ? body.limit : null);
  const limit = asked.data ?? DEFAULT_LIMIT;
  if (limit < 0) return 'Invalid limit: must be greater than or equal to 0.';
  if (limit > DEFAULT_LIMIT) return `Invalid limit: must be less than or equal to ${DEFAULT_LIMIT}.`;
  return limit;
}

const isJson = /^\s*application\/(?:[^;\s]+\+)?json\s*(?:;|$)/i;

/** A body that is not said to be JSON is ignored, as is an empty one: the defaults are answered. */
function readBody({ body, contentType }: ApiRequest): { body: unknown } | ApiReply {
  if (body.length === 0 || (contentType && !isJson.test(contentType))) return { body: null };
  const text = typeof body === 'string' ? body : textOf(body);
  if (text === null) return detail(400, 'There was an error parsing the body');
  let parsed: unknown;
  try {
    if (isDeeper(text, MAX_DEPTH))
      return refused([{ type: 'too_deep', loc: ['body'], msg: `nested deeper than ${MAX_DEPTH} levels` }]);
    parsed = JSON.parse(text);
  } catch {
    return refused([{ type: 'json_invalid', loc: ['body'], msg: 'not JSON' }]);
  }
  const list = longList(parsed);
  return list ? refused([list]) : { body: parsed };
}

/** null for bytes that are not UTF-8. A byte order mark is dropped, as Python drops it. */
function textOf(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}

/** Looked for in the text: 8 million open brackets would take JSON.parse 1 GB. Throws RangeError for a string that does not end. */
function isDeeper(text: string, most: number): boolean {
  const token = /["[\]{}]/g;
  let depth = 0;
  for (let found = token.exec(text); found; found = token.exec(text)) {
    const [character] = found;
    if (character === '"') token.lastIndex = stringEnd(text, found.index);
    else if (character === '[' || character === '{') {
      if (++depth > most) return true;
    } else depth--;
  }
  return false;
}

/** The list with which the lists of a body become too long; no item of it is looked at. null: there is none. */
function longList(body: unknown): Problem | null {
  let left = MAX_ITEMS;
  const look = (value: unknown, loc: (string | number)[]): Problem | null => {
    if (typeof value !== 'object' || value === null) return null;
    if (Array.isArray(value)) {
      left -= value.length;
      if (left < 0) return { type: 'too_long', loc, msg: `more than ${MAX_ITEMS} items in the lists of one body` };
    }
    for (const key in value) {
      const inner = (value as Record<string, unknown>)[key];
      if (typeof inner !== 'object') continue;
      const found = look(inner, [...loc, Array.isArray(value) ? Number(key) : key]);
      if (found) return found;
    }
    return null;
  };
  return look(body, ['body']);
}

/** Texts that the server's validation or its database refuses, so that it fails with 500 or 503: half of a surrogate pair, and on PostgreSQL a NUL. */
function unsendable(question: unknown, dialect: Dialect): Problem[] {
  const problems: Problem[] = [];
  const look = (value: unknown, loc: (string | number)[]): void => {
    if (problems.length >= MOST_PROBLEMS) return;
    if (typeof value === 'string') {
      if (!value.isWellFormed() || (dialect === 'postgres' && value.includes('\0')))
        problems.push({ type: 'string_unicode', loc, msg: 'holds a character that the database cannot take' });
    } else if (Array.isArray(value)) value.forEach((item, i) => look(item, [...loc, i]));
    else if (typeof value === 'object' && value !== null)
      for (const [key, item] of Object.entries(value)) look(item, [...loc, key]);
  };
  look(question, ['body']);
  return problems;
}

/** A part of a path with its escapes undone, as far as they are whole. */
export function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
