/** Chunks to a file: written beside the target and renamed at the end, so a file with that name is always whole. */
import { open, rename, rm, type FileHandle } from 'node:fs/promises';
import { AppError } from '../contract/errors.ts';
import { partialOf, removeStale } from './partials.ts';

const OWNER_ONLY = 0o600;
const ORDINARY = 0o666;

export type Chunk = { chunk: Uint8Array; rows: number; total: number };
export type Written = { rows: number; total: number; bytes: number };

/**
 * Yields after every chunk; the file is there under its name when the generator ends. Ending it early removes what was
 * written. Throws DISK_FULL, FILE_NOT_WRITABLE, and what the source throws.
 */
export async function* writeFile(path: string, source: AsyncIterable<Chunk>): AsyncGenerator<Written, void, undefined> {
  const partial = partialOf(path);
  await removeStale(path);
  let whole = false;
  let file;
  try {
    file = await open(partial, 'w', OWNER_ONLY);
    let bytes = 0;
    let rows = 0;
    let total = 0;
    for await (const piece of source) {
      await writeAll(file, piece.chunk);
      bytes += piece.chunk.byteLength;
      ({ rows, total } = piece);
      yield { rows, total, bytes };
    }
    if (rows !== total) throw new AppError('CANCELLED', 'the export was ended before its last row');
    await file.sync();
    await file.chmod(ORDINARY & ~process.umask()); // a whole file is as shared as any other the person saves
    await file.close();
    file = undefined;
    await rename(partial, path);
    whole = true;
  } catch (thrown) {
    throw writeError(thrown, path);
  } finally {
    await file?.close();
    if (!whole) await rm(partial, { force: true }).catch(() => undefined); // the first error is the one to tell
  }
}

/** A short write is legal on a full disk; the next attempt then gives the error. */
async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.byteLength;) {
    const { bytesWritten } = await file.write(bytes, at);
    at += bytesWritten;
  }
}

function writeError(thrown: unknown, path: string): unknown {
  const code = thrown instanceof Error && 'code' in thrown ? thrown.code : null;
  if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG')
    return new AppError('DISK_FULL', `no room to write ${path}`, { path }, thrown);
  const refused = ['EACCES', 'EPERM', 'EROFS', 'ENOENT', 'ENOTDIR', 'EISDIR', 'ENAMETOOLONG'];
  if (typeof code === 'string' && refused.includes(code))
    return new AppError('FILE_NOT_WRITABLE', `cannot write ${path}`, { path, reason: code }, thrown);
  return thrown;
}
