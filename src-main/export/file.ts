/**
 * Chunks to a file. A file is written beside its target, synced and renamed, so that a file under the target's name is always whole.
 * A symbolic link stays and what it points to is replaced. FIFOs and devices are written into: their reader waits for the bytes.
 */
import { constants, fstatSync, write } from 'node:fs';
import { link, lstat, open, readlink, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import { AppError } from '../contract/errors.ts';
import { partialOf, removeStale } from './partials.ts';

/** `rows`: rows up to the end of this chunk. `total`: rows of the whole file, null while it is not known. */
export type Chunk = { chunk: Uint8Array; rows: number; total: number | null };
export type Written = { rows: number; total: number | null; bytes: number };
export type WriteOptions = {
  signal?: AbortSignal;
  /** false: FILE_EXISTS when a file is there, before the first byte and after the last */
  overwrite?: boolean;
};

/** The path of standard output. */
export const STDOUT = '-';
const writeTo: (fd: number, bytes: Uint8Array, at: number) => Promise<{ bytesWritten: number }> = promisify(write);
/** Links that are followed, as Linux does. */
const MOST_LINKS = 40;
/** ms between two tries while nobody reads the other end of a FIFO, or its 64 kB are full. */
const FIFO_PAUSE = 2;
const OWNER_ONLY = 0o600;
const ORDINARY = 0o666;

/**
 * Yields after every chunk; the file is there under its name when the generator ends. Ending it early, or `signal`, removes what was
 * written. Throws DISK_FULL, FILE_NOT_WRITABLE, CANCELLED (the signal, or a source that ends before its last row), and the source's errors.
 */
export async function* writeFile(
  path: string,
  source: AsyncIterable<Chunk> | Iterable<Chunk>,
  { signal = new AbortController().signal, overwrite = true }: WriteOptions = {},
): AsyncGenerator<Written, void, undefined> {
  let output: Output | null = null;
  try {
    output = await openOutput(path, signal, overwrite);
    let bytes = 0;
    let rows = 0;
    let total: number | null = 0;
    for await (const piece of source) {
      await writeAll(output.file, piece.chunk, signal);
      bytes += piece.chunk.byteLength;
      ({ rows, total } = piece);
      yield { rows, total, bytes };
      signal.throwIfAborted();
    }
    if (total !== null && rows !== total) throw new AppError('CANCELLED', 'the export was ended before its last row');
    const whole = output;
    output = null;
    await whole.finish();
  } catch (thrown) {
    throw signal.aborted ? new AppError('CANCELLED', 'the export was cancelled') : writeError(thrown, path);
  } finally {
    await output?.discard();
  }
}

/** One of `finish` and `discard` is called, once. A `finish` that throws has discarded. */
type Writable = { write(bytes: Uint8Array, at: number): Promise<{ bytesWritten: number }> };
type Output = { file: Writable; finish(): Promise<void>; discard(): Promise<void> };

async function openOutput(path: string, signal: AbortSignal, overwrite: boolean): Promise<Output> {
  if (path === STDOUT) return openStdout();
  const target = await followLinks(path);
  const found = await stat(target).catch(() => null);
  if (found?.isFIFO()) return intoPlace(await openFifo(target, signal));
  if (found?.isCharacterDevice()) return intoPlace(await open(target, 'w'));
  if (found?.isDirectory()) throw Object.assign(new Error(`${target} is a folder`), { code: 'EISDIR' });
  if (found && !overwrite) throw exists(path);
  await removeStale(target);
  return besideTarget(target, found?.mode ?? null, overwrite);
}

function intoPlace(file: FileHandle): Output {
  const close = () => file.close();
  return { file, finish: close, discard: close };
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
  return { file, finish, discard };
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
  const done = () => Promise.resolve();
  return { file: { write: async (bytes, at) => writeTo(1, bytes, at) }, finish: done, discard: done };
}

/** Where the last link of a chain points, also when nothing is there yet. */
async function followLinks(path: string): Promise<string> {
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

/** A short write is legal on a full disk; the next attempt then gives the error. A full FIFO is tried again. */
async function writeAll(file: Writable, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
  for (let at = 0; at < bytes.byteLength;) {
    try {
      const { bytesWritten } = await file.write(bytes, at);
      at += bytesWritten;
    } catch (thrown) {
      if (codeOf(thrown) !== 'EAGAIN') throw thrown;
      await setTimeout(FIFO_PAUSE, undefined, { signal });
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
  if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG')
    return new AppError('DISK_FULL', `no room to write ${path}`, { path }, thrown);
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
