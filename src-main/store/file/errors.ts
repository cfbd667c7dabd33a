/** Turns what SQLite or the file system throws into an AppError with a code that a person can act on. */
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { AppError, type ErrorCode } from '../../contract/errors.ts';
import { isFolder, PRIVATE_FILE } from './private.ts';

/** By the beginning of SQLite's result name, or of the file system's error name. */
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

/** Bytes; SQLite opens no longer path on Unix (MAX_PATHNAME), its journal's included. */
const LONGEST_PATH = 512 - '-journal'.length;

/** SQLite only says "cannot open"; the system's error name says why. */
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

/** Failed writes of which SQLite does not say why: it has a name of its own only for ENOSPC. */
const FAILED_WRITE = /^SQLITE_IOERR_(WRITE|FSYNC|DIR_FSYNC|TRUNCATE|SHMOPEN|SHMSIZE)$/;
const GROWTH = 65_536; // bytes a file must be able to grow by
/** Bytes; the most that is written to find out whether the file system leaves holes in files. */
const HOLE = 16 * 1024 * 1024;
/** Bytes; the largest file on FAT, which leaves no holes. */
const FAT_LIMIT = 2 ** 32 - 1;

/**
 * Finds out by writing a file why a write failed: a quota that is used up, a limit of the file's size (`ulimit -f`, 4 GB on FAT), or a
 * file system that has become read-only. Returns '' when the write succeeds: then the disk itself has failed.
 */
function writeError(path: string): string {
  const probe = `${path}.probe`;
  try {
    if (existsSync(path)) accessSync(path, constants.W_OK);
    const largest = Math.max(
      ...[path, `${path}-wal`].map((one) => statSync(one, { throwIfNoEntry: false })?.size ?? 0),
    );
    const file = openSync(probe, 'w', PRIVATE_FILE);
    try {
      writeSync(file, Buffer.alloc(GROWTH));
      fsyncSync(file);
      ftruncateSync(file, Math.min(largest, HOLE) + GROWTH);
      if (leavesHoles(file)) ftruncateSync(file, largest + GROWTH);
      else if (largest + GROWTH > FAT_LIMIT) return 'EFBIG';
    } finally {
      closeSync(file);
      rmSync(probe, { force: true });
    }
    return '';
  } catch (thrown) {
    return errorName(thrown);
  }
}

/** Without holes, a file as large as the archive would take gigabytes and minutes to write. */
function leavesHoles(file: number): boolean {
  const { size, blocks } = fstatSync(file);
  return blocks * 512 < size || size <= 2 * GROWTH;
}

function reasonOf(name: string, path: string): string {
  if (name === 'SQLITE_CANTOPEN') return accessError(path);
  return FAILED_WRITE.test(name) ? writeError(path) || name : name;
}

export function errorName(thrown: unknown): string {
  if (thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string') return thrown.code;
  return '';
}

/** An AppError is returned as it is; an unknown error becomes INTERNAL. */
export function storeError(thrown: unknown, path: string): AppError {
  if (thrown instanceof AppError) return thrown;
  const name = errorName(thrown);
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  // SQLite calls a folder in the place of its file an I/O error
  const reason = isFolder(path) ? 'EISDIR' : reasonOf(name, path);
  const found = codes.find(([prefix]) => reason.startsWith(prefix));
  if (found)
    return new AppError(found[1], `${found[2]}: ${path} (${name}: ${message})`, { path, ...limitOf(reason) }, thrown);
  return new AppError('INTERNAL', `${path}: ${message}`, { path }, thrown);
}

/** Which limit was met when the disk itself is not full, or why there can be no such file; the message to the person names it. */
function limitOf(reason: string): { limit?: 'quota' | 'file'; reason?: string } {
  if (reason === 'EISDIR' || reason === 'ENAMETOOLONG') return { reason };
  if (reason === 'EDQUOT') return { limit: 'quota' };
  return reason === 'EFBIG' ? { limit: 'file' } : {};
}
