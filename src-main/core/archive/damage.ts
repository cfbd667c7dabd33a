/**
 * Damage that an archive has had, kept known by the files it leaves: `NAME.sqlite.damaged-…` beside the archive. A person deletes them
 * once the rows are back or given up.
 */
import { readdir, rename, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { AppError, toAppError, toWireError } from '../../contract/errors.ts';
import { indexedRuns } from '../../query/index-file/snapshot.ts';
import { reading } from '../files/data-folder.ts';
import type { Archive } from './archive.ts';

const INDEX = '.index';

/** Files that were set aside for the archive at `path`, the oldest first. */
export async function setAsideFor(path: string): Promise<string[]> {
  const start = `${basename(path)}.damaged-`;
  const names = await readdir(dirname(path)).catch(() => []);
  return names
    .filter((name) => name.startsWith(start) && !/-(wal|shm)$/.test(name))
    .sort()
    .map((name) => join(dirname(path), name));
}

/** ARCHIVE_DAMAGED of the newest file that was set aside, else null. */
async function pastDamage(path: string): Promise<AppError | null> {
  const aside = (await setAsideFor(path)).at(-1);
  if (aside === undefined) return null;
  return aside.endsWith(INDEX)
    ? lost(path, aside)
    : new AppError('ARCHIVE_DAMAGED', `${path} was damaged: ${aside}`, { path, set_aside: aside });
}

/** ARCHIVE_DAMAGED when the archive is missing or empty although its index remembers runs, else null. Changes nothing. */
export async function lostArchive(path: string): Promise<AppError | null> {
  const size = await stat(path).then(
    (found) => found.size,
    () => 0,
  );
  return size === 0 && (await indexedRuns(path + INDEX)) ? lost(path, path + INDEX) : null;
}

/**
 * Opens an archive and notes in it what a person must know: damage since the last sync that went through, or that it is only read
 * because the disk is full. Throws ARCHIVE_DAMAGED when only reading is possible and the rows are lost, and what `open` throws.
 */
export async function openTelling(
  path: string,
  readOnly: boolean,
  open: (readOnly: boolean) => Promise<Archive>,
): Promise<Archive> {
  if (readOnly) {
    const gone = await lostArchive(path);
    if (gone) throw gone;
    return open(true);
  }
  await setAsideLost(path);
  const archive = await open(false).catch(async (thrown: unknown) => {
    const full = toAppError(thrown);
    if (full.code !== 'DISK_FULL') throw thrown;
    const reader = await open(true).catch(() => Promise.reject(full));
    reader.notice = toWireError(reading(full, dirname(path)));
    return reader;
  });
  if (archive.notice === null && archive.sync.get().last_success === null) {
    const damage = await pastDamage(path);
    archive.notice = damage && toWireError(damage);
  }
  return archive;
}

/** An index without its archive is set aside: the next index must not overwrite what it remembers. */
async function setAsideLost(path: string): Promise<void> {
  if ((await lostArchive(path)) === null) return;
  const stamp = `${new Date().toISOString().replaceAll(':', '').slice(0, 17)}Z`;
  await rename(path + INDEX, `${path}.damaged-${stamp}${INDEX}`);
}

async function lost(path: string, index: string): Promise<AppError> {
  const remembered = (await indexedRuns(index)) ?? 0;
  const message = `${path} is missing or empty; its index ${index} remembers ${remembered} task runs`;
  return new AppError('ARCHIVE_DAMAGED', message, { path, index, remembered });
}
