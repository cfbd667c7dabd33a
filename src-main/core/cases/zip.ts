/**
 * The zip of a case file: two entries and nothing else. What is read comes from a stranger, so every length is bounded before a byte is
 * inflated, names are never used as paths, and what does not fit is refused with CASE_REFUSED and why.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { openPromise, type Entry, type ZipFile } from 'yauzl';
import { ZipFile as NewZip } from 'yazl';
import { caseManifestSchema, CASE_VERSION, type CaseManifest } from '../../contract/case-file.ts';
import { AppError, isNoRoom } from '../../contract/errors.ts';
import { writeFile, type WriteOptions } from '../../export/file.ts';

const MANIFEST = 'manifest.json';
const ARCHIVE = 'archive.sqlite';
const names: readonly string[] = [MANIFEST, ARCHIVE];

/** Bytes. A view of 2,000 ids takes 100 kB. */
const MOST_MANIFEST = 8_000_000;
/** Bytes of the archive, and how often longer than in the zip it may be: rows are packed already, so 2 to 8 times is usual. */
const MOST_ARCHIVE = 16_000_000_000;
const MOST_RATIO = 200;
/** Bytes of which the ratio is not asked: small archives have empty pages. */
const RATIO_FROM = 4_000_000;
const OWNER_ONLY = 0o600;

const refused = (why: string, cause?: unknown): AppError => new AppError('CASE_REFUSED', why, { why }, cause);

/** SHA-256 of a file, hex, and its length in bytes. */
export async function digestOf(path: string): Promise<CaseManifest['archive']> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { bytes, sha256: hash.digest('hex') };
}

/** Writes the case file beside its place and renames it at the end; returns its bytes. Throws what `writeFile` throws. */
export async function writeCase(
  path: string,
  manifest: CaseManifest,
  archive: string,
  options: WriteOptions,
): Promise<number> {
  const zip = new NewZip();
  zip.addBuffer(Buffer.from(JSON.stringify(manifest, null, 2)), MANIFEST);
  const file = await open(archive, 'r');
  const content = file.createReadStream();
  const { size } = await file.stat();
  zip.addReadStream(content, ARCHIVE, { size });
  zip.end();
  const output = zip.outputStream as Readable;
  zip.on('error', (thrown: Error) => output.destroy(thrown));
  content.on('error', (thrown) => output.destroy(thrown));
  output.on('error', () => undefined); // who reads it, later, is told
  let bytes = 0;
  try {
    for await (const written of writeFile(path, chunksOf(output), options)) bytes = written.bytes;
    return bytes;
  } finally {
    content.destroy(); // closes the file, also when the save was cancelled
  }
}

async function* chunksOf(stream: AsyncIterable<Uint8Array>) {
  for await (const chunk of stream) yield { chunk, rows: 0, total: null };
}

/**
 * Puts the archive into `folder`, which is this process's own; returns its path and the manifest. What the archive holds is not looked at.
 * Throws CASE_REFUSED, CASE_NEWER, NOT_FOUND, DISK_FULL.
 */
export async function readCase(path: string, folder: string): Promise<{ manifest: CaseManifest; archive: string }> {
  const target = join(folder, ARCHIVE);
  let zip: ZipFile | null = null;
  try {
    // yauzl refuses names that lead out of a folder, and ends a stream that is longer than its entry says
    zip = await openPromise(path, { strictFileNames: true, validateEntrySizes: true, autoClose: false });
    const { manifest, archive } = await listed(zip);
    const told = parseManifest(await readText(zip, manifest));
    await extract(zip, archive, told.archive, target);
    return { manifest: told, archive: target };
  } catch (thrown) {
    await rm(target, { force: true });
    throw caseError(thrown, path, folder);
  } finally {
    zip?.close();
  }
}

function caseError(thrown: unknown, path: string, folder: string): AppError {
  if (thrown instanceof AppError) return thrown;
  const { code, message } = thrown as NodeJS.ErrnoException;
  if (code === 'ENOENT') return new AppError('NOT_FOUND', `no file at ${path}`, { path }, thrown);
  if (isNoRoom(code)) return new AppError('DISK_FULL', message, { path: folder }, thrown);
  return refused(`it is cut off, or no case file (${message})`, thrown);
}

/** Every entry is checked before one is read. */
async function listed(zip: ZipFile): Promise<{ manifest: Entry; archive: Entry }> {
  const entries = new Map<string, Entry>();
  if (zip.entryCount !== names.length) throw refused(`it holds ${zip.entryCount} files, and a case file holds two`);
  for await (const entry of zip.eachEntry()) {
    const { fileName, uncompressedSize, compressedSize } = entry;
    if (!names.includes(fileName) || entries.has(fileName))
      throw refused(`it holds ${JSON.stringify(fileName.slice(0, 100))}, which has no place in a case file`);
    if (entry.isEncrypted()) throw refused('it is encrypted');
    if (uncompressedSize > (fileName === MANIFEST ? MOST_MANIFEST : MOST_ARCHIVE)) throw refused('it is too long');
    if (uncompressedSize > RATIO_FROM && uncompressedSize > compressedSize * MOST_RATIO)
      throw refused('a few bytes in it claim to be very many');
    entries.set(fileName, entry);
  }
  const [manifest, archive] = names.map((name) => entries.get(name));
  if (!manifest || !archive) throw refused('its manifest or its archive is missing');
  return { manifest, archive };
}

async function readText(zip: ZipFile, entry: Entry): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of (await zip.openReadStreamPromise(entry)) as AsyncIterable<Buffer>) parts.push(part);
  return Buffer.concat(parts).toString('utf8');
}

function parseManifest(text: string): CaseManifest {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (thrown) {
    throw refused('its manifest is not JSON', thrown);
  }
  const { format, version } = (value ?? {}) as { format?: unknown; version?: unknown };
  if (format !== 'taskscope-case') throw refused('its manifest is not one of a case file');
  if (typeof version === 'number' && version > CASE_VERSION)
    throw new AppError('CASE_NEWER', `a case file of version ${version}`, { version });
  const parsed = caseManifestSchema.safeParse(value);
  if (!parsed.success) throw refused('its manifest lacks something, or has what does not belong there', parsed.error);
  return parsed.data;
}

async function extract(zip: ZipFile, entry: Entry, told: CaseManifest['archive'], target: string): Promise<void> {
  if (entry.uncompressedSize !== told.bytes) throw refused('its archive has another length than it should have');
  const folder = join(target, '..');
  const { bavail, bsize } = await statfs(folder);
  if (told.bytes > bavail * bsize) throw new AppError('DISK_FULL', `${told.bytes} bytes do not fit`, { path: folder });
  const file = await open(target, 'wx', OWNER_ONLY);
  const hash = createHash('sha256');
  try {
    for await (const chunk of (await zip.openReadStreamPromise(entry)) as AsyncIterable<Buffer>) {
      hash.update(chunk);
      await file.writeFile(chunk);
    }
  } finally {
    await file.close();
  }
  if (hash.digest('hex') !== told.sha256) throw refused('its archive was changed after it was made');
}
