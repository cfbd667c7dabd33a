/**
 * A file of named arrays. A head says what each array is and where it lies; the arrays follow, aligned to 8 bytes, so that they are used
 * where they were read, without a copy. A file whose magic, length or checksums do not match is ignored as a whole: it only holds data that
 * can be built again.
 */
import { open, rename, rm, type FileHandle } from 'node:fs/promises';
import { checksum } from '../kernels/checksum.ts';

const OWNER_ONLY = 0o600; // it holds the names and tags of every run
const MAGIC = 0x32_49_53_54; // TSI2
const kinds = { u8: Uint8Array, u16: Uint16Array, u32: Uint32Array, i32: Int32Array, f64: Float64Array };
type Kind = keyof typeof kinds;
export type Data = Uint8Array | Uint16Array | Uint32Array | Int32Array | Float64Array;
/** Allocates the array that a section is read into, of this type and length. */
export type Room = (name: string, type: (typeof kinds)[Kind], length: number) => Data;

type Entry = { name: string; kind: Kind; at: number; bytes: number; sum: number };
type Head = { stamp: string; size: number; sections: Entry[] };

/** Bytes written between two questions: some 2 ms. */
const SLICE = 4_194_304;
/** Sections read at once. Most of the work is page faults while the system copies, which two cores share. */
const READERS = 2;
const align = (n: number): number => (n + 7) & ~7;
/** Bytes before the head: magic, length of the head, checksum of the head, zero. */
const PREFIX = 16;

function kindOf(data: Data): Kind {
  if (data instanceof Uint8Array) return 'u8';
  if (data instanceof Uint16Array) return 'u16';
  if (data instanceof Uint32Array) return 'u32';
  return data instanceof Int32Array ? 'i32' : 'f64';
}

const bytesOf = (data: Data): Uint8Array => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

/**
 * Writes beside the target, syncs and renames. Other work goes on between slices. When `valid` says then that the arrays have changed, the
 * partial file is removed and the result is false. Throws the file system's errors.
 */
export async function writeSections(
  path: string,
  stamp: string,
  sections: ReadonlyMap<string, Data>,
  valid: () => boolean,
): Promise<boolean> {
  const partial = `${path}.partial`;
  let file: FileHandle | null = null;
  try {
    file = await open(partial, 'w', OWNER_ONLY);
    const entries: Entry[] = [];
    // the head is written last and its room kept: lengths are known, checksums are not
    const room = align(JSON.stringify({ stamp, sections: [...sections.keys()] }).length + sections.size * 96 + 256);
    let at = PREFIX + room;
    for (const [name, data] of sections) {
      const bytes = bytesOf(data);
      let sum = 0;
      for (let from = 0; from < bytes.length; from += SLICE) {
        const slice = bytes.subarray(from, from + SLICE);
        sum = checksum(slice, sum);
        await file.write(slice, 0, slice.length, at + from);
        if (!valid()) return false;
      }
      entries.push({ name, kind: kindOf(data), at, bytes: bytes.length, sum });
      at = align(at + bytes.length);
    }
    const head: Head = { stamp, size: at, sections: entries };
    const text = Buffer.alloc(room, ' ');
    const written = Buffer.from(JSON.stringify(head));
    if (written.length > room) throw new RangeError('more sections than the head has room for');
    text.set(written);
    await file.write(text, 0, text.length, PREFIX);
    await file.write(Buffer.from(Uint32Array.of(MAGIC, room, checksum(text), 0).buffer), 0, PREFIX, 0);
    await file.truncate(at);
    await file.sync();
    await file.close();
    file = null;
    if (!valid()) return false;
    await rename(partial, path);
    return true;
  } finally {
    await file?.close();
    await rm(partial, { force: true });
  }
}

/** null when there is no such file, or when it is not as it was written. `room` is called once for each section. */
export async function readSections(path: string, stamp: string, room: Room): Promise<Map<string, Data> | null> {
  let file: FileHandle;
  try {
    file = await open(path, 'r');
  } catch {
    return null; // no snapshot, or none that can be read: the index is built from the archive
  }
  try {
    const head = await readHead(file).catch(() => null);
    if (head?.stamp !== stamp) return null;
    const sections = new Map<string, Data>();
    const waiting = head.sections.values();
    const read = async (): Promise<boolean> => {
      for (const { name, kind, at, bytes, sum } of waiting) {
        const type = kinds[kind];
        const data = room(name, type, bytes / type.BYTES_PER_ELEMENT);
        if (!(await readInto(file, at, bytesOf(data))) || sumOf(data) !== sum) return false;
        sections.set(name, data);
      }
      return true;
    };
    // a read error means, as a wrong checksum does, that the file is not whole
    const whole = await Promise.all(Array.from({ length: READERS }, () => read().catch(() => false)));
    return whole.every(Boolean) ? sections : null;
  } finally {
    await file.close();
  }
}

/** One section of whatever was saved here, as float64; null when there is none or the file is not whole. */
export async function readNumbers(path: string, name: string): Promise<Float64Array | null> {
  const file = await open(path, 'r').catch(() => null);
  if (!file) return null;
  try {
    const entry = (await readHead(file))?.sections.find((one) => one.name === name && one.kind === 'f64');
    if (!entry) return null;
    const data = new Float64Array(entry.bytes / Float64Array.BYTES_PER_ELEMENT);
    return (await readInto(file, entry.at, bytesOf(data))) && sumOf(data) === entry.sum ? data : null;
  } catch {
    return null;
  } finally {
    await file.close();
  }
}

async function readHead(file: FileHandle): Promise<Head | null> {
  const prefix = new Uint32Array(PREFIX / 4);
  if (!(await readInto(file, 0, bytesOf(prefix)))) return null;
  const [magic, length, sum] = prefix;
  const { size } = await file.stat();
  if (magic !== MAGIC || PREFIX + length > size) return null;
  const text = Buffer.alloc(length);
  if (!(await readInto(file, PREFIX, text)) || checksum(text) !== sum) return null;
  const head = JSON.parse(text.toString('utf8')) as Head;
  return head.size === size ? head : null;
}

/** The checksum of an array, slice by slice as when it was written. */
function sumOf(data: Data): number {
  const bytes = bytesOf(data);
  let sum = 0;
  for (let from = 0; from < bytes.length; from += SLICE) sum = checksum(bytes.subarray(from, from + SLICE), sum);
  return sum;
}

/** Fills `bytes` from the file; false when the file ends before. */
async function readInto(file: FileHandle, from: number, bytes: Uint8Array): Promise<boolean> {
  for (let at = 0; at < bytes.length;) {
    const { bytesRead } = await file.read(bytes, at, bytes.length - at, from + at);
    if (bytesRead === 0) return false;
    at += bytesRead;
  }
  return true;
}
