/**
 * The closed list of what can go wrong. An error gets its code once, at the edge that met it
 * (undici, SQLite, the file system); every later layer passes it on unchanged, and the views
 * choose the words from `error-words.ts`. `message` is for logs and must hold no secret.
 */
import { z } from 'zod';

const errorCodes = [
  'BAD_INPUT',
  'CANCELLED',
  'DISCONNECTED',
  'NOT_FOUND',
  'INTERNAL',
  // a worker thread ended by itself: `thread` is its name; `again`: 1 when it was the second within a minute
  'THREAD_DIED',
  // talking to a Prefect server
  'SERVER_UNREACHABLE',
  'SERVER_TIMEOUT',
  'SERVER_TLS',
  'SERVER_UNAUTHORIZED',
  'SERVER_FORBIDDEN',
  'SERVER_NOT_PREFECT',
  'SERVER_REJECTED',
  'SERVER_BUSY',
  'SERVER_FAILED',
  'SERVER_BAD_REPLY',
  'SECRET_MISSING',
  'ANOTHER_SERVER',
  // the data folder and the archive
  'DISK_FULL',
  'FOLDER_READ_ONLY',
  'FOLDER_IN_USE',
  'ARCHIVE_NEWER',
  'ARCHIVE_DAMAGED',
  // the file or its folder was deleted, moved or replaced while the archive was open
  'ARCHIVE_REMOVED',
  'FILE_NOT_WRITABLE',
  // an export was not told to overwrite what is there
  'FILE_EXISTS',
  // `rows`, and `most` that the format holds
  'TOO_MANY_ROWS',
  // a case file that cannot be opened; `why`
  'CASE_REFUSED',
  'CASE_NEWER',
  // a case file is only read
  'CASE_READ_ONLY',
  'FILE_SET_ASIDE',
  'FOLDER_ON_NETWORK',
] as const;

export const errorCodeSchema = z.enum(errorCodes);
export type ErrorCode = z.infer<typeof errorCodeSchema>;

const errorDetailsSchema = z.record(z.string(), z.union([z.string(), z.number()]));
/** Facts the words need: `url`, `status`, `path`, `pid`, `retryAfter` (seconds), `host` … Never a secret. */
export type ErrorDetails = z.infer<typeof errorDetailsSchema>;

export const wireErrorSchema = z.object({
  code: errorCodeSchema,
  message: z.string(),
  details: errorDetailsSchema,
});
export type WireError = z.infer<typeof wireErrorSchema>;

export class AppError extends Error {
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'AppError';
    this.code = code;
    this.details = details;
  }
}

/** Node's codes of a full disk, a used-up quota and a limit on the size of files. */
const noRoom: unknown[] = ['ENOSPC', 'EDQUOT', 'EFBIG'];

/** `code`: of a failed write. Whether it is to be told as DISK_FULL. */
export const isNoRoom = (code: unknown): boolean => noRoom.includes(code);

/** Anything thrown becomes an AppError: an unknown throw is `INTERNAL`, an abort is `CANCELLED`. */
export function toAppError(thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown;
  if (thrown instanceof Error && thrown.name === 'AbortError')
    return new AppError('CANCELLED', 'cancelled', {}, thrown);
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new AppError('INTERNAL', message, {}, thrown);
}

export function toWireError(thrown: unknown): WireError {
  const { code, message, details } = toAppError(thrown);
  return { code, message, details };
}

export function fromWireError(wire: WireError): AppError {
  return new AppError(wire.code, wire.message, wire.details);
}
