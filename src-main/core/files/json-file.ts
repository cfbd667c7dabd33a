/**
 * A small JSON file that is always whole: written beside its place and renamed, so a crash leaves the old file or the new one. A file
 * that cannot be understood is set aside, never overwritten: it may be a person's work, from a newer version or edited by hand.
 */
import { open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { z } from 'zod';
import { AppError, isNoRoom } from '../../contract/errors.ts';
import { makePrivate, makePrivateFolder, PRIVATE_FILE } from '../../store/file/private.ts';

export type JsonFile<T> = {
  get(): T;
  /**
   * Stored when the promise settles. Changes go one after another, each from what the one before has left, so that of two at once none
   * is lost. Throws DISK_FULL, FOLDER_READ_ONLY, why the file is read-only, and what `next` throws. The value is kept only if stored.
   */
  change(next: (value: T) => T): Promise<void>;
  /** FILE_SET_ASIDE when the file was there and could not be understood, else null */
  readonly setAside: AppError | null;
};

type JsonFileOptions = {
  /** what the file holds, in the plural, for a person: `presets` */
  holds: string;
  /** why nothing may be written; null: it may */
  readOnly?: AppError | null;
};

/** Opens the file and does not create it; an existing one is made readable by its owner only. Throws FOLDER_READ_ONLY, INTERNAL. */
export async function openJsonFile<S extends z.ZodType>(
  path: string,
  schema: S,
  empty: z.output<S>,
  { holds, readOnly = null }: JsonFileOptions,
): Promise<JsonFile<z.output<S>>> {
  let value: z.output<S> = empty;
  let setAside: AppError | null = null;
  const text = await textOf(path);
  if (readOnly === null) makePrivate(path);
  if (text !== null) {
    const json = parseJson(text);
    const parsed = schema.safeParse(json);
    if (parsed.success) value = parsed.data;
    else setAside = await putAside(path, contents(json, text, holds), readOnly !== null);
  }

  let last: Promise<void> = Promise.resolve();
  const store = async (next: z.output<S>) => {
    const partial = `${path}.${process.pid}.partial`;
    try {
      makePrivateFolder(dirname(path));
      const file = await open(partial, 'w', PRIVATE_FILE);
      try {
        await file.writeFile(JSON.stringify(next, null, 2) + '\n');
        await file.sync();
      } finally {
        await file.close();
      }
      makePrivate(partial);
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
      if (readOnly !== null) return Promise.reject(readOnly);
      last = last.catch(() => undefined).then(() => store(next(value)));
      return last;
    },
    setAside,
  };
}

/** null when there is no such file; '' for a folder in its place. */
async function textOf(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException;
    if (code === 'ENOENT') return null;
    if (code === 'EISDIR') return '';
    if (code === 'EACCES' || code === 'EPERM')
      throw new AppError('FOLDER_READ_ONLY', `not allowed to read ${path}`, { path, reading: 1 }, thrown);
    throw fileError(thrown as NodeJS.ErrnoException, path);
  }
}

/** A file in a folder that is only read stays where it is. Throws FOLDER_READ_ONLY, DISK_FULL. */
async function putAside(path: string, content: string, stays: boolean): Promise<AppError> {
  if (stays) return new AppError('FILE_SET_ASIDE', `${path} cannot be understood: ${content}`, { path, content });
  const aside = `${path}.unreadable-${Date.now()}`;
  await rename(path, aside).catch((thrown: NodeJS.ErrnoException) => {
    throw fileError(thrown, path);
  });
  return new AppError('FILE_SET_ASIDE', `${path} cannot be understood: set aside as ${aside}, ${content}`, {
    path,
    set_aside: aside,
    content,
  });
}

/** What the file held, as far as it can be known: `3 workspaces`, or its size. */
function contents(json: unknown, text: string, holds: string): string {
  if (typeof json === 'object' && json !== null) return `${Object.keys(json).length} ${holds}`;
  return `${holds}: ${Buffer.byteLength(text)} bytes that are not JSON`;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A file system error as a code: DISK_FULL, FOLDER_READ_ONLY, FILE_NOT_WRITABLE for a path that cannot be, else INTERNAL. */
export function fileError(thrown: NodeJS.ErrnoException, path: string): AppError {
  const { code } = thrown;
  if (isNoRoom(code)) return new AppError('DISK_FULL', `no room to write ${path}`, { path }, thrown);
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS')
    return new AppError('FOLDER_READ_ONLY', `not allowed to write ${path}`, { path }, thrown);
  if (code === 'ENAMETOOLONG' || code === 'EISDIR' || code === 'ENOTDIR' || code === 'EEXIST')
    return new AppError('FILE_NOT_WRITABLE', `${path}: ${thrown.message}`, { path, reason: code }, thrown);
  return new AppError('INTERNAL', `${path}: ${thrown.message}`, { path }, thrown);
}
