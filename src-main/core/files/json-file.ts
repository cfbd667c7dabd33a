/**
 * A small JSON file that is always whole: written beside and renamed, so a crash leaves the old or the new one. A file that
 * cannot be read back is set aside, never overwritten: it may be a person's work from a newer version.
 */
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { z } from 'zod';
import { AppError } from '../../contract/errors.ts';

export type JsonFile<T> = {
  get(): T;
  /**
   * Stored when the promise settles; changes go one after another, each from what the one before has left, so that of two at once none
   * is lost. Throws DISK_FULL, FOLDER_READ_ONLY, and what `next` throws. The value is kept only if stored.
   */
  change(next: (value: T) => T): Promise<void>;
  /** where an unreadable file was set aside at opening, else null */
  readonly setAside: string | null;
};

/** Opens (and does not create) the file. `mode` is for files with secrets: 0o600. */
export async function openJsonFile<S extends z.ZodType>(
  path: string,
  schema: S,
  empty: z.output<S>,
  options: { mode?: number; readOnly?: boolean } = {},
): Promise<JsonFile<z.output<S>>> {
  let value: z.output<S> = empty;
  let setAside: string | null = null;
  const text = await readFile(path, 'utf8').catch((thrown: NodeJS.ErrnoException) => {
    if (thrown.code === 'ENOENT') return null;
    throw fileError(thrown, path);
  });
  if (text !== null) {
    const parsed = schema.safeParse(parseJson(text));
    if (parsed.success) value = parsed.data;
    else if (!options.readOnly) {
      setAside = `${path}.unreadable-${Date.now()}`;
      await rename(path, setAside).catch((thrown: NodeJS.ErrnoException) => {
        throw fileError(thrown, path);
      });
    }
  }

  let last: Promise<void> = Promise.resolve();
  const store = async (next: z.output<S>) => {
    const partial = `${path}.${process.pid}.partial`;
    try {
      await mkdir(dirname(path), { recursive: true });
      const file = await open(partial, 'w', options.mode ?? 0o644);
      try {
        await file.writeFile(JSON.stringify(next, null, 2) + '\n');
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(partial, path);
      value = next;
    } catch (thrown) {
      await rm(partial, { force: true }).catch(() => undefined); // the write's own error is the one to tell
      throw fileError(thrown as NodeJS.ErrnoException, path);
    }
  };

  return {
    get: () => value,
    change: (next) => {
      if (options.readOnly) return Promise.reject(new AppError('FOLDER_READ_ONLY', `read-only: ${path}`, { path }));
      last = last.catch(() => undefined).then(() => store(next(value)));
      return last;
    },
    setAside,
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A file system error as a code: no room, not allowed, or INTERNAL. */
export function fileError(thrown: NodeJS.ErrnoException, path: string): AppError {
  if (thrown.code === 'ENOSPC' || thrown.code === 'EDQUOT' || thrown.code === 'EFBIG')
    return new AppError('DISK_FULL', `no room to write ${path}`, { path }, thrown);
  if (thrown.code === 'EACCES' || thrown.code === 'EPERM' || thrown.code === 'EROFS')
    return new AppError('FOLDER_READ_ONLY', `not allowed to write ${path}`, { path }, thrown);
  return new AppError('INTERNAL', `${path}: ${thrown.message}`, { path }, thrown);
}
