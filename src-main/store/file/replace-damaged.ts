/**
 * Moves a damaged archive aside, whole, and puts what can be read of it into a new one. The order leaves the old file or a finished new one
 * after a crash at any point: fill the new file, mark it finished by its name, move the old file, put the new one in its place.
 */
import { copyFileSync, existsSync, renameSync, rmSync, statSync } from 'node:fs';
import { AppError } from '../../contract/errors.ts';
import { salvage, type OpenTarget, type SalvageProgress } from './salvage.ts';

const beside = ['-wal', '-shm', '-journal'] as const;
const filling = (path: string) => `${path}.salvaging`;
const finished = (path: string) => `${path}.salvaged`;

/** Returns what to tell the person: ARCHIVE_DAMAGED with `set_aside` (path), `salvaged` and `lost` (task runs and parents). Throws DISK_FULL and the like, then the old file is where it was. */
export function replaceDamaged(
  path: string,
  damage: AppError,
  openTarget: OpenTarget,
  onSalvage: (progress: SalvageProgress) => void,
): AppError {
  removeArchive(filling(path));
  removeArchive(finished(path));
  let counts: { salvaged: number; lost: number };
  try {
    counts = salvage(path, filling(path), openTarget, onSalvage);
  } catch (thrown) {
    removeArchive(filling(path));
    throw thrown;
  }
  renameSync(filling(path), finished(path));
  const aside = freeName(`${path}.damaged-${new Date().toISOString().replaceAll(':', '').slice(0, 17)}Z`);
  // the log goes with its file; SQLite would play a log that stays behind into the new file
  if ((statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0) copyFileSync(`${path}-wal`, `${aside}-wal`);
  renameSync(path, aside);
  finishReplacing(path);
  const message = `${damage.message}; set aside as ${aside}, ${counts.salvaged} rows salvaged, ${counts.lost} lost`;
  return new AppError('ARCHIVE_DAMAGED', message, { path, set_aside: aside, ...counts }, damage);
}

/** Puts a finished new archive in the place of the one that was moved aside; at an opening, also after a crash cut that short. */
export function finishReplacing(path: string): void {
  if (existsSync(path) || !existsSync(finished(path))) return;
  for (const suffix of beside) rmSync(`${path}${suffix}`, { force: true });
  renameSync(finished(path), path);
}

function removeArchive(path: string): void {
  for (const suffix of ['', ...beside]) rmSync(`${path}${suffix}`, { force: true });
}

function freeName(name: string): string {
  for (let i = 1; ; i++) {
    const tried = i === 1 ? name : `${name}-${i}`;
    if (!existsSync(tried)) return tried;
  }
}
