/** What SQLite or the file system throws → the code a person can act on. Made here once; later layers pass it on. */
import { accessSync, constants, existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { AppError, type ErrorCode } from '../contract/errors.ts';

/** SQLite's primary and extended result names by prefix, then the file system's. */
const codes: readonly (readonly [prefix: string, code: ErrorCode, says: string])[] = [
  ['SQLITE_FULL', 'DISK_FULL', 'no room left to write'],
  // "constraint of the file system": what SQLite makes of ENOSPC on the shared-memory file
  ['SQLITE_IOERR_SHMSIZE', 'DISK_FULL', 'no room left to write'],
  ['ENOSPC', 'DISK_FULL', 'no room left to write'],
  ['EDQUOT', 'DISK_FULL', 'no room left to write'],
  ['SQLITE_READONLY', 'FOLDER_READ_ONLY', 'not allowed to write'],
  ['SQLITE_PERM', 'FOLDER_READ_ONLY', 'not allowed to write'],
  ['EROFS', 'FOLDER_READ_ONLY', 'not allowed to write'],
  ['EACCES', 'FOLDER_READ_ONLY', 'not allowed to write'],
  ['EPERM', 'FOLDER_READ_ONLY', 'not allowed to write'],
  ['SQLITE_CORRUPT', 'ARCHIVE_DAMAGED', 'the archive is damaged'],
  ['SQLITE_NOTADB', 'ARCHIVE_DAMAGED', 'the file is not an archive'],
  // a page that cannot be read: bad sectors, or a file cut short
  ['SQLITE_IOERR_SHORT_READ', 'ARCHIVE_DAMAGED', 'the archive is damaged'],
  ['SQLITE_IOERR_CORRUPTFS', 'ARCHIVE_DAMAGED', 'the archive is damaged'],
  ['SQLITE_BUSY', 'FOLDER_IN_USE', 'another program is writing'],
  ['SQLITE_LOCKED', 'FOLDER_IN_USE', 'another program is writing'],
  ['ENOENT', 'NOT_FOUND', 'no such file'],
];

/** SQLite says only "cannot open": ask the system why. */
function accessError(path: string): string {
  try {
    accessSync(dirname(path), constants.W_OK);
    if (existsSync(path)) accessSync(path, constants.R_OK | constants.W_OK);
    return '';
  } catch (thrown) {
    return errorName(thrown);
  }
}

export function errorName(thrown: unknown): string {
  if (thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string') return thrown.code;
  return '';
}

/** An AppError stays as it is; what is not known becomes INTERNAL. */
export function storeError(thrown: unknown, path: string): AppError {
  if (thrown instanceof AppError) return thrown;
  const name = errorName(thrown);
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  const found = codes.find(([prefix]) => (name === 'SQLITE_CANTOPEN' ? accessError(path) : name).startsWith(prefix));
  if (found) return new AppError(found[1], `${found[2]}: ${path} (${name}: ${message})`, { path }, thrown);
  return new AppError('INTERNAL', `${path}: ${message}`, { path }, thrown);
}
