/** Requests that pass Prefect's validation and then make its database driver fail: the server's 500 or 503. */
import { MAX_MICROS, MIN_MICROS } from '../../contract/prefect-time.ts';
import type { Dialect } from '../../contract/query.ts';
import type { ApiReply } from './answer.ts';

export const internalError: ApiReply = { status: 500, body: '{"exception_message":"Internal Server Error"}' };
const unavailable: ApiReply = { status: 503, body: '{"exception_message":"Service Unavailable"}' };

const MAX_OFFSET = 2 ** 63;

/** null when the server would answer. `body` is the parsed request. */
export function serverFailure(
  body: { page?: number; offset?: number } & object,
  limit: number,
  dialect: Dialect,
): ApiReply | null {
  const failed = dialect === 'postgres' ? unavailable : internalError;
  if ((body.offset ?? ((body.page ?? 1) - 1) * limit) >= MAX_OFFSET) return failed;
  return unbindable(body, dialect) ? failed : null;
}

/** A time outside year 1 to 9999 in UTC, half of a surrogate pair, or a NUL (PostgreSQL) cannot be sent to the database. */
function unbindable(value: unknown, dialect: Dialect, key = ''): boolean {
  if (typeof value === 'string') return !value.isWellFormed() || (dialect === 'postgres' && value.includes('\0'));
  if (typeof value === 'number')
    return (key === 'before_' || key === 'after_') && !(value >= MIN_MICROS && value <= MAX_MICROS);
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).some(([name, inner]) => unbindable(inner, dialect, Array.isArray(value) ? key : name));
}
