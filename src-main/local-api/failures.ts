/** Requests that pass Prefect's validation and then make its database driver fail: the server's 500 or 503. */
import { MAX_MICROS, MIN_MICROS } from '../contract/prefect-time.ts';
import type { Condition, Dialect } from '../contract/query.ts';

/** `body`: text, or it in UTF-8 in memory of its own. */
export type ApiReply = { status: number; body: string | Uint8Array<ArrayBuffer> };

const MAX_OFFSET = 2 ** 63;

export const internalError: ApiReply = { status: 500, body: '{"exception_message":"Internal Server Error"}' };
const unavailable: ApiReply = { status: 503, body: '{"exception_message":"Service Unavailable"}' };

/** null when the server would answer. `where` is the question as a condition. */
export function serverFailure(where: Condition, offset: number, dialect: Dialect): ApiReply | null {
  if (offset < MAX_OFFSET && bindable(where, dialect)) return null;
  return dialect === 'postgres' ? unavailable : internalError;
}

/** SQLAlchemy leaves out what stands beside TRUE in an OR, so that is never sent. */
const isTrue = (where: Condition): boolean =>
  ('and' in where && where.and.every(isTrue)) || ('or' in where && where.or.some(isTrue));

/** A time outside year 1 to 9999 in UTC, half of a surrogate pair, or a NUL (PostgreSQL) cannot be sent to the database. */
function bindable(where: Condition, dialect: Dialect): boolean {
  if (isTrue(where)) return true;
  if ('and' in where) return where.and.every((part) => bindable(part, dialect));
  if ('or' in where) return where.or.every((part) => bindable(part, dialect));
  if ('not' in where) return bindable(where.not, dialect);
  if ('has' in where) return bindable(where.where, dialect);
  return Object.values(where)
    .flat()
    .every((value) => sendable(value, dialect));
}

function sendable(value: unknown, dialect: Dialect): boolean {
  if (typeof value === 'number') return value >= MIN_MICROS && value <= MAX_MICROS;
  if (typeof value !== 'string') return true;
  return value.isWellFormed() && !(dialect === 'postgres' && value.includes('\0'));
}
