/** Taking the data folder: making it private, locking it for this process, and what to tell a person about it. */
import { readdir, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AppError, toAppError, type ErrorCode } from '../../contract/errors.ts';
import { isAlive } from '../../export/partials.ts';
import { lockFolder } from '../../store/file/lock.ts';
import { networkFileSystem } from '../../store/file/network.ts';
import { makePrivate, makePrivateFolder } from '../../store/file/private.ts';
import { fileError } from './json-file.ts';
import type { Paths } from './paths.ts';

type DataFolder = {
  /** why nothing may be written in the folder; null: it may */
  readOnly: AppError | null;
  notices: AppError[];
  unlock(): void;
};

/** What is in the folder can be read all the same. */
const readable: readonly ErrorCode[] = ['FOLDER_IN_USE', 'FOLDER_READ_ONLY', 'DISK_FULL'];

/** Throws FOLDER_READ_ONLY, DISK_FULL or FILE_NOT_WRITABLE when there is no folder with workspaces and none can be made. */
export async function openDataFolder(paths: Paths): Promise<DataFolder> {
  const notices: AppError[] = [];
  try {
    const unlock = take(paths);
    await removeOfDead(paths.dataDir, /\.json\.(\d+)\.partial$/); // whoever holds the lock is the only one that writes here
    const kind = networkFileSystem(paths.dataDir);
    if (kind !== null)
      notices.push(new AppError('FOLDER_ON_NETWORK', `${paths.dataDir} is on ${kind}`, { path: paths.dataDir, kind }));
    return { readOnly: null, notices, unlock };
  } catch (thrown) {
    const error = toAppError(thrown);
    if (!readable.includes(error.code) || !(await isFile(paths.workspaces))) throw error;
    return {
      readOnly: error.code === 'DISK_FULL' ? reading(error, paths.dataDir) : error,
      notices,
      unlock: () => undefined,
    };
  }
}

/** The same DISK_FULL, said of a folder that is only read because of it. */
export function reading(full: AppError, path: string): AppError {
  return new AppError(full.code, full.message, { ...full.details, path, reading: 1 }, full);
}

function take(paths: Paths): () => void {
  try {
    makePrivateFolder(paths.dataDir);
    makePrivateFolder(dirname(paths.archive('x')));
    makePrivate(dirname(paths.archive('x')), paths.exports);
  } catch (thrown) {
    throw fileError(thrown as NodeJS.ErrnoException, paths.dataDir);
  }
  return lockFolder(paths.dataDir).release;
}

/** Removes what processes that were killed have left in a folder. `shape`: of such a name, with the process's id as its first group. */
export async function removeOfDead(folder: string, shape: RegExp): Promise<void> {
  for (const name of await readdir(folder)) {
    const pid = Number(shape.exec(name)?.[1]);
    // another person's stays, as one that is in use does on Windows
    if (pid && !isAlive(pid)) await rm(join(folder, name), { recursive: true, force: true }).catch(() => undefined);
  }
}

const isFile = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );
