/** Which files belong to an archive besides the archive itself: its log, index and notes, copies, what was set aside, what a crash left. */
import { readdirSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** What follows the archive's name. The list is closed: `prod.sqlite-2.sqlite` is another archive. */
const beside =
  /^(-wal|-shm|-journal|\.index(\.partial)?|\.notes(-journal|\.unreadable-\d+)?|\.suspect|\.probe|\.salvag(ing|ed)(-wal|-shm|-journal)?|\.before-v\d+(\.partial)?|\.damaged-\d{4}-\d\d-\d\dT\d+Z(-\d+)?(-wal|-shm|\.index)?)$/;

/** `path`: absolute; `bytes`: its size. */
export type ArchiveFile = { path: string; bytes: number };

/** The archive at `path` and every file that was made for it, by name; those that do not exist are left out. A folder is none of them. */
export function archiveFiles(path: string): ArchiveFile[] {
  const own = basename(path);
  return names(dirname(path))
    .filter((name) => name === own || (name.startsWith(own) && beside.test(name.slice(own.length))))
    .sort()
    .flatMap((name) => {
      const found = join(dirname(path), name);
      const stats = statSync(found, { throwIfNoEntry: false });
      return stats && !stats.isDirectory() ? [{ path: found, bytes: stats.size }] : [];
    });
}

/** Throws the file system's errors. The archive goes last: a deletion that is cut short can be done again. */
export function removeArchiveFiles(path: string): void {
  const files = archiveFiles(path).filter((one) => one.path !== path);
  for (const one of [...files.map((file) => file.path), path]) rmSync(one, { force: true });
}

/** Names in `folder` of archives, not of what lies beside them. */
export function archiveNames(folder: string): string[] {
  return names(folder).filter((name) => name.endsWith('.sqlite'));
}

/** Whether an archive of that name in `folder` would find files there, by a name that differs at most in the case of letters. */
export function nameInUse(folder: string, file: string): boolean {
  const own = file.toLowerCase();
  return names(folder).some((name) => {
    const found = name.toLowerCase();
    return found.startsWith(own) && (found === own || beside.test(name.slice(own.length)));
  });
}

function names(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // no folder yet
  }
}
