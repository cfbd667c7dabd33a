/** Tells a row that cannot be stored from an archive that cannot be written: the first is passed over and named, the second stops a sync. */
import { AppError } from '../../contract/errors.ts';
import { errorName } from '../file/errors.ts';

/** What SQLite, or Node of an argument, says of a value or a row. A full disk, a damaged page or a lock says nothing about the row. */
const OF_THE_ROW = /^(ERR_|SQLITE_(CONSTRAINT|TOOBIG|MISMATCH|RANGE|ERROR))/;

/** Why a row cannot be stored; null when the error is not the row's. An error without a code of SQLite or the system is a throw of our own code. */
export function refusal(thrown: unknown): string | null {
  const cause = thrown instanceof AppError && thrown.code === 'INTERNAL' ? thrown.cause : thrown;
  if (!(cause instanceof Error)) return null;
  const name = errorName(cause);
  const isRows = cause instanceof AppError ? cause.code === 'SERVER_BAD_REPLY' : name === '' || OF_THE_ROW.test(name);
  return isRows ? `cannot be kept: ${cause.message}` : null;
}
