/** What SQLite or the file system throws → the code a person can act on. Made here once; later layers pass it on. */
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { AppError, type ErrorCode } from '../../contract/errors.ts';

/** SQLite's primary and extended result names by prefix, then the file system's. */
const codes: readonly (readonly [prefix: string, code: ErrorCode, says: string])[] = [
  ['SQLITE_FULL', 'DISK_FULL', 'no room left to write'],
  // "constraint of the file system": what SQLite makes of ENOSPC on the shared-memory file
  ['SQLITE_IOERR_SHMSIZE', 'DISK_FULL', 'no room left to write'],
  ['ENOSPC', 'DISK_FULL', 'no room left to write'],
  ['EDQUOT', 'DISK_FULL', 'no room left to write'],
  ['EFBIG', 'DISK_FULL', 'the file may not grow'],
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
  ['EISDIR', 'FILE_NOT_WRITABLE', 'a folder is in the place of the file'],
  ['ENAMETOOLONG', 'FILE_NOT_WRITABLE', 'the path is too long'],
];

/** SQLite calls a folder in the place of its file an I/O error. */
function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

/** Bytes; SQLite opens no longer path on Unix (MAX_PATHNAME), its journal's included. */
const LONGEST_PATH = 512 - '-journal'.length;

/** SQLite says only "cannot open": ask the system why. */
function accessError(path: string): string {
  try {
    if (Buffer.byteLength(path) > LONGEST_PATH) return 'ENAMETOOLONG';
    accessSync(dirname(path), constants.W_OK);
    if (existsSync(path)) accessSync(path, constants.R_OK | constants.W_OK);
    return '';
  } catch (thrown) {
    return errorName(thrown);
  }
}

/** A write that SQLite gave up without saying why: it has a name of its own for ENOSPC only. */
const FAILED_WRITE = /^SQLITE_IOERR_(WRITE|FSYNC|DIR_FSYNC|TRUNCATE|SHMOPEN|SHMSIZE)$/;
const GROWTH = 65_536; // bytes a file must be able to grow by

/**
 * Asks the system by writing: a quota that is used up, a file that may not grow (`ulimit -f`, 4 GB on FAT), or a file system that
 * turned read-only under an open file. '' when a write goes well: then the disk itself has failed.
 */
function writeError(path: string): string {
  const probe = `${path}.probe`;
  try {
    if (existsSync(path)) accessSync(path, constants.W_OK);
    const largest = Math.max(
      ...[path, `${path}-wal`].map((one) => statSync(one, { throwIfNoEntry: false })?.size ?? 0),
    );
    const file = openSync(probe, 'w');
    try {
      writeSync(file, Buffer.alloc(GROWTH));
      fsyncSync(file);
      ftruncateSync(file, largest + GROWTH);
    } finally {
      closeSync(file);
      rmSync(probe, { force: true });
    }
    return '';
  } catch (thrown) {
    return errorName(thrown);
  }
}

function reasonOf(name: string, path: string): string {
  if (name === 'SQLITE_CANTOPEN') return accessError(path);
  return FAILED_WRITE.test(name) ? writeError(path) || name : name;
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
  const reason = isFolder(path) ? 'EISDIR' : reasonOf(name, path);
  const found = codes.find(([prefix]) => reason.startsWith(prefix));
  if (found)
    return new AppError(found[1], `${found[2]}: ${path} (${name}: ${message})`, { path, ...limitOf(reason) }, thrown);
  return new AppError('INTERNAL', `${path}: ${message}`, { path }, thrown);
}

/** What is full when it is not the disk, and why there can be no such file: the words say so. */
function limitOf(reason: string): { limit?: 'quota' | 'file'; reason?: string } {
  if (reason === 'EISDIR' || reason === 'ENAMETOOLONG') return { reason };
  if (reason === 'EDQUOT') return { limit: 'quota' };
  return reason === 'EFBIG' ? { limit: 'file' } : {};
}
