/**
 * What an archive holds is its owner's business: folders get mode 0700, files 0600, whatever the umask says, and files of earlier
 * versions are corrected when they are opened. Windows keeps a person's folder private by itself, so nothing is done there.
 */
import { chmodSync, closeSync, fchmodSync, mkdirSync, openSync, readdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

export const PRIVATE_FILE = 0o600;
const PRIVATE_FOLDER = 0o700;
const OTHERS = 0o077;

/** Takes the rights of group and others from each path that exists. A file of another owner stays as it is: only they may change it. */
export function makePrivate(...paths: string[]): void {
  if (process.platform === 'win32') return;
  for (const path of paths) {
    try {
      const { mode } = statSync(path);
      if (mode & OTHERS) chmodSync(path, mode & 0o7700);
    } catch {
      // no such file, or not ours
    }
  }
}

/** Makes an empty file for its owner only, unless there is one. Throws the file system's errors. */
export function createPrivate(path: string): void {
  let file: number;
  try {
    file = openSync(path, 'wx', PRIVATE_FILE);
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'EEXIST') return;
    throw thrown;
  }
  try {
    if (process.platform !== 'win32') fchmodSync(file, PRIVATE_FILE);
  } finally {
    closeSync(file);
  }
}

/** What Taskscope puts into its data folder; anything else there means that the folder serves other purposes as well. */
const own =
  /^(archives|exports|electron|taskscope\.(lock|log).*|(settings|presets|workspaces|secrets|keychain|window)\.json.*)$/;

export const isOwnName = (name: string): boolean => own.test(name);

/**
 * Makes the folder, with its parents, for its owner only. An existing one is made private only when nothing but Taskscope's files
 * are in it: `--data-dir /tmp` must not shut out everybody else. Throws the file system's errors.
 */
export function makePrivateFolder(path: string): void {
  makeFolders(path);
  if (readdirSync(path).every((name) => own.test(name))) makePrivate(path);
}

/** False also for a path that cannot be looked at. */
export function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

/** Makes the folders that are missing, outermost first. Node's recursive mkdir never returns where none can be made, as in /proc. */
function makeFolders(path: string): void {
  const missing: string[] = [];
  for (let at = resolve(path); !isFolder(at) && at !== dirname(at); at = dirname(at)) missing.unshift(at);
  for (const one of missing) {
    try {
      mkdirSync(one, { mode: PRIVATE_FOLDER });
    } catch (thrown) {
      const { code, message } = thrown as NodeJS.ErrnoException;
      if (code === 'EEXIST' && isFolder(one)) continue;
      // its parent is there: the file system takes no folders
      throw code === 'ENOENT' ? Object.assign(new Error(message, { cause: thrown }), { code: 'EPERM' }) : thrown;
    }
  }
}
