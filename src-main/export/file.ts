/**
 * Chunks to a file. A file is written beside its target, synced and renamed, so that a file under the target's name is always whole.
 * A symbolic link stays and what it points to is replaced. FIFOs and devices are written into: their reader waits for the bytes.
 */
import { constants, fstatSync, write } from 'node:fs';
import {
  chmod,
  link,
  lstat,
  mkdir,
  open,
  readdir,
  readlink,
  rename,
  rm,
  stat,
  statfs,
  type FileHandle,
} from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { setImmediate, setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import { AppError, isNoRoom } from '../contract/errors.ts';
import { clearOwn, clearStale, partialOf, replacedOf } from './partials.ts';

/**
 * `rows`: rows up to the end of this chunk. `total`: rows of the whole file, null while it is not known. `file`: of an export that makes a
 * folder, the path in it that the chunk belongs to; the chunks of one file come one after the other. `cut`: cells that were too long
 * for the format, in the last chunk.
 */
export type Chunk = { chunk: Uint8Array; rows: number; total: number | null; file?: string; cut?: number };
export type Written = { rows: number; total: number | null; bytes: number; cut: number };
export type WriteOptions = {
  signal?: AbortSignal;
  /** false: FILE_EXISTS when a file is there, before the first byte and after the last */
  overwrite?: boolean;
  /** the path is a folder that is made; one that is there is replaced only if it is empty or all in it has a name like this */
  folder?: { ours: RegExp } | null;
};

/** The path of standard output. */
export const STDOUT = '-';
const writeTo: (fd: number, bytes: Uint8Array, at: number) => Promise<{ bytesWritten: number }> = promisify(write);
/** Links that are followed, as Linux does. */
const MOST_LINKS = 40;
/** ms between two tries while nobody reads the other end of a FIFO, or its 64 kB are full. */
const FIFO_PAUSE = 2;
/** Bytes between two looks at the free space, and rows from which on it can be told how long the file gets. */
const LOOK_EVERY = 8 * 1024 * 1024;
const ENOUGH_ROWS = 10_000;
const OWNER_ONLY = 0o600;
const OWNER_ONLY_FOLDER = 0o700;
const ORDINARY_FOLDER = 0o777;
const ORDINARY = 0o666;

/**
 * Yields after every chunk; the file is there under its name when the generator ends. Ending it early, or `signal`, removes what was
 * written. Throws DISK_FULL (also when the rest will not fit), FILE_NOT_WRITABLE, FILE_EXISTS, CANCELLED (the signal, or a source that ends
 * before its last row), and the source's errors.
 */
export async function* writeFile(
  path: string,
  source: AsyncIterable<Chunk> | Iterable<Chunk>,
  { signal = new AbortController().signal, overwrite = true, folder = null }: WriteOptions = {},
): AsyncGenerator<Written, void, undefined> {
  let output: Output | null = null;
  let writing: Promise<void> = Promise.resolve();
  const ended = new AbortController();
  const either = AbortSignal.any([signal, ended.signal]);
  try {
    output = folder ? await openFolder(path, overwrite, folder.ours) : await openOutput(path, signal, overwrite);
    let bytes = 0;
    let rows = 0;
    let total: number | null = 0;
    let cut = 0;
    let look = LOOK_EVERY;
    for await (const piece of source) {
      await writing;
      // the next chunk is made while this one is written
      writing = output.write(piece, either);
      writing.catch(() => undefined); // awaited before the next chunk
      bytes += piece.chunk.byteLength;
      ({ rows, total, cut = 0 } = piece);
      if (bytes >= look) {
        look = bytes + LOOK_EVERY;
        if (output.disk !== null && total !== null) await checkRoom(output.disk, path, { bytes, rows, total });
      }
      yield { rows, total, bytes, cut };
      signal.throwIfAborted();
    }
    await writing;
    if (total !== null && rows !== total) throw new AppError('CANCELLED', 'the export was ended before its last row');
    const whole = output;
    output = null;
    await whole.finish();
  } catch (thrown) {
    throw signal.aborted ? new AppError('CANCELLED', 'the export was cancelled') : writeError(thrown, path);
  } finally {
    ended.abort(); // a pipe that nobody reads would be waited for
    await writing.catch(() => undefined);
    await output?.discard();
  }
}

/** A file that would fill the disk is not finished: at a fifth more than there is room for, by what its rows have taken so far. */
async function checkRoom(
  disk: string,
  path: string,
  { bytes, rows, total }: { bytes: number; rows: number; total: number },
): Promise<void> {
  if (rows < ENOUGH_ROWS) return;
  const needed = Math.round((bytes / rows) * (total - rows));
  const found = await statfs(disk).catch(() => null);
  if (!found) return;
  const free = found.bavail * found.bsize;
  if (needed * 0.8 > free) throw new AppError('DISK_FULL', `no room for all of ${path}`, { path, needed, free });
}

type Writable = { write(bytes: Uint8Array, at: number): Promise<{ bytesWritten: number }> };
/** One of `finish` and `discard` is called, once. A `finish` that throws has discarded. `disk`: a folder on it; null for pipes and devices. */
type Output = {
  disk: string | null;
  write(piece: Chunk, signal: AbortSignal): Promise<void>;
  finish(): Promise<void>;
  discard(): Promise<void>;
};

async function openOutput(path: string, signal: AbortSignal, overwrite: boolean): Promise<Output> {
  if (path === STDOUT) return openStdout();
  const target = await followLinks(path);
  const found = await stat(target).catch(() => null);
  if (found?.isFIFO()) return intoPlace(await openFifo(target, signal));
  if (found?.isCharacterDevice()) return intoPlace(await open(target, 'w'));
  if (found?.isDirectory()) throw Object.assign(new Error(`${target} is a folder`), { code: 'EISDIR' });
  if (found && !overwrite) throw exists(path);
  await clearStale(target);
  return besideTarget(target, found?.mode ?? null, overwrite);
}

function intoPlace(file: FileHandle): Output {
  const close = () => file.close();
  return { disk: null, write: ({ chunk }, signal) => writeAll(file, chunk, signal), finish: close, discard: close };
}

/** `mode`: that of the file which is replaced, null when there is none. */
async function besideTarget(target: string, mode: number | null, overwrite: boolean): Promise<Output> {
  const partial = partialOf(target);
  const file = await open(partial, 'wx', OWNER_ONLY);
  const discard = async () => {
    await file.close().catch(() => undefined);
    await rm(partial, { force: true });
  };
  const finish = async () => {
    try {
      // a new file is as shared as any other that the person saves
      await file.chmod(mode === null ? ORDINARY & ~process.umask() : mode & 0o777);
      await file.sync();
      await file.close();
      await (overwrite ? rename(partial, target) : moveBeside(partial, target));
    } catch (thrown) {
      await discard();
      throw thrown;
    }
    await syncFolder(dirname(target));
  };
  return { disk: dirname(target), write: ({ chunk }, signal) => writeAll(file, chunk, signal), finish, discard };
}

/** A folder of files: whole under its name, or not there, as a file is. */
async function openFolder(path: string, overwrite: boolean, ours: RegExp): Promise<Output> {
  const target = await followLinks(path);
  await clearStale(target); // before the check: it may bring back the folder that an export was about to replace
  await checkFolder(target, overwrite, ours);
  const partial = partialOf(target);
  await mkdir(partial, { mode: OWNER_ONLY_FOLDER });
  let current: { name: string; file: FileHandle } | null = null;
  const close = async () => {
    const { file } = current ?? {};
    current = null;
    await file?.sync();
    await file?.close();
  };
  const discard = async () => {
    await current?.file.close().catch(() => undefined);
    await rm(partial, { recursive: true, force: true });
  };
  return {
    disk: dirname(target),
    write: async ({ chunk, file: name }, signal) => {
      if (name === undefined) return;
      if (current?.name !== name) {
        await close();
        await mkdir(dirname(join(partial, name)), { recursive: true });
        current = { name, file: await open(join(partial, name), 'wx') };
      }
      await writeAll(current.file, chunk, signal);
    },
    finish: async () => {
      try {
        await close();
        await checkFolder(target, overwrite, ours);
        await chmod(partial, ORDINARY_FOLDER & ~process.umask());
        const old = replacedOf(target);
        const replaced = await rename(target, old).then(
          () => true,
          (thrown: unknown) => {
            if (codeOf(thrown) !== 'ENOENT') throw thrown;
            return false;
          },
        );
        try {
          await rename(partial, target);
        } catch (thrown) {
          if (replaced) await rename(old, target);
          throw thrown;
        }
        if (replaced) await rm(old, { recursive: true, force: true });
      } catch (thrown) {
        await discard();
        throw thrown;
      }
      await syncFolder(dirname(target));
    },
    discard,
  };
}

/** Throws FILE_EXISTS unless nothing is there, an empty folder, or, when it may be overwritten, a folder that an export made. */
async function checkFolder(target: string, overwrite: boolean, ours: RegExp): Promise<void> {
  if (!(await lstat(target).catch(() => null))) return;
  const names = await readdir(target).catch(() => null);
  if (names?.length === 0) return;
  if (!overwrite || names === null || !names.every((name) => ours.test(name))) throw exists(target);
}

/** Gives a file its name unless another has it by now: a link is refused then, a rename is not. Some disks (FAT) know no links. */
async function moveBeside(partial: string, target: string): Promise<void> {
  try {
    await link(partial, target);
  } catch (thrown) {
    if (codeOf(thrown) === 'EEXIST' || (await lstat(target).catch(() => null))) throw exists(target);
    return rename(partial, target);
  }
  await rm(partial, { force: true });
}

const exists = (path: string): AppError => new AppError('FILE_EXISTS', `${path} is there already`, { path });

/**
 * Standard output, which is not closed. A pipe is opened anew, so that writing does not block a thread that could not be stopped; a file
 * is not, since the place where the shell has it go on would be lost.
 */
async function openStdout(): Promise<Output> {
  const pipe = fstatSync(1).isFIFO()
    ? await open('/dev/stdout', constants.O_WRONLY | constants.O_NONBLOCK).catch(() => null)
    : null;
  if (pipe) return intoPlace(pipe);
  const file: Writable = { write: (bytes, at) => writeTo(1, bytes, at) };
  const done = () => Promise.resolve();
  return { disk: null, write: ({ chunk }, signal) => writeAll(file, chunk, signal), finish: done, discard: done };
}

/** Clears away what an export to `path` has left whose thread has died. Never throws. */
export const discardUnfinished = (path: string): Promise<void> => followLinks(path).then(clearOwn, () => undefined);

/** Where the last link of a chain points, also when nothing is there yet. */
export async function followLinks(path: string): Promise<string> {
  let at = resolve(path);
  for (let links = 0; links < MOST_LINKS; links++) {
    const found = await lstat(at).catch(() => null);
    if (!found?.isSymbolicLink()) return at;
    at = resolve(dirname(at), await readlink(at));
  }
  throw Object.assign(new Error(`too many links from ${path}`), { code: 'ELOOP' });
}

/** Opening a FIFO blocks a thread until somebody reads it, and could not be cancelled: it is tried without blocking instead. */
async function openFifo(path: string, signal: AbortSignal): Promise<FileHandle> {
  for (;;) {
    try {
      return await open(path, constants.O_WRONLY | constants.O_NONBLOCK);
    } catch (thrown) {
      if (codeOf(thrown) !== 'ENXIO') throw thrown;
      await setTimeout(FIFO_PAUSE, undefined, { signal });
    }
  }
}

/**
 * A short write is legal on a full disk; the next attempt then gives the error. A full FIFO is tried again: at once while its reader takes
 * all there is, later and later while it does not.
 */
async function writeAll(file: Writable, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
  let waited = 0;
  for (let at = 0; at < bytes.byteLength;) {
    try {
      const { bytesWritten } = await file.write(bytes, at);
      at += bytesWritten;
      waited = 0;
    } catch (thrown) {
      if (codeOf(thrown) !== 'EAGAIN') throw thrown;
      if (++waited > 50) await setTimeout(FIFO_PAUSE, undefined, { signal });
      else await setImmediate(undefined, { signal });
    }
  }
}

/** Makes the rename survive a power cut. Some systems cannot sync a folder; the file itself is on the disk by then. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r').catch(() => null);
  await folder?.sync().catch(() => undefined);
  await folder?.close();
}

const codeOf = (thrown: unknown): unknown => (thrown instanceof Error && 'code' in thrown ? thrown.code : null);

function writeError(thrown: unknown, path: string): unknown {
  const code = codeOf(thrown);
  if (isNoRoom(code)) return new AppError('DISK_FULL', `no room to write ${path}`, { path }, thrown);
  const refused = [
    'EACCES',
    'EPERM',
    'EROFS',
    'ENOENT',
    'ENOTDIR',
    'EISDIR',
    'ELOOP',
    'EPIPE',
    'ENAMETOOLONG',
    'ENXIO',
  ];
  if (typeof code === 'string' && refused.includes(code))
    return new AppError('FILE_NOT_WRITABLE', `cannot write ${path}`, { path, reason: code }, thrown);
  return thrown;
}
