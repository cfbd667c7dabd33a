/** A zip file that is written as its contents come: sizes and checksums stand behind each of them, and in the directory at the end. */
import { constants, crc32, deflateRawSync } from 'node:zlib';
import { AppError } from '../contract/errors.ts';

type Entry = { name: Buffer; at: number; crc: number; packed: number; size: number };

/** Sizes are 32 bits. */
const MOST = 2 ** 32 - 1;
/** The checksum and sizes follow; the name is UTF-8. */
const FLAGS = 0x0808;
const DEFLATE = 8;
const VERSION = 20;
/** 1 January 1980: the same rows make the same bytes. */
const DATE = 0x21;

export class ZipStream {
  readonly #entries: Entry[] = [];
  #at = 0;
  #open: Entry | null = null;

  /** A file in one piece. */
  whole(name: string, bytes: Uint8Array): Buffer {
    return Buffer.concat([this.open(name), this.add(bytes), this.close()]);
  }

  open(name: string): Buffer {
    const entry = { name: Buffer.from(name), at: this.#at, crc: 0, packed: 0, size: 0 };
    this.#open = entry;
    this.#entries.push(entry);
    const head = Buffer.alloc(30);
    head.writeUInt32LE(0x04034b50, 0);
    head.writeUInt16LE(VERSION, 4);
    head.writeUInt16LE(FLAGS, 6);
    head.writeUInt16LE(DEFLATE, 8);
    head.writeUInt16LE(DATE, 12);
    head.writeUInt16LE(entry.name.length, 26);
    return this.#give(Buffer.concat([head, entry.name]));
  }

  /** Each piece is packed for itself and ends on a whole byte, so that the pieces are one stream. Throws BAD_INPUT past 4 GB. */
  add(bytes: Uint8Array): Buffer {
    const entry = this.#open as Entry;
    entry.crc = crc32(bytes, entry.crc);
    entry.size += bytes.length;
    const packed = deflateRawSync(bytes, { level: 1, finishFlush: constants.Z_SYNC_FLUSH });
    return this.#packed(packed);
  }

  close(): Buffer {
    const last = this.#packed(deflateRawSync(Buffer.alloc(0)));
    const { crc, packed, size } = this.#open as Entry;
    this.#open = null;
    const tail = Buffer.alloc(16);
    tail.writeUInt32LE(0x08074b50, 0);
    tail.writeUInt32LE(crc, 4);
    tail.writeUInt32LE(packed, 8);
    tail.writeUInt32LE(size, 12);
    return Buffer.concat([last, this.#give(tail)]);
  }

  /** The directory. */
  end(): Buffer {
    const heads = this.#entries.map(({ name, at, crc, packed, size }) => {
      const head = Buffer.alloc(46);
      head.writeUInt32LE(0x02014b50, 0);
      head.writeUInt16LE(VERSION, 4);
      head.writeUInt16LE(VERSION, 6);
      head.writeUInt16LE(FLAGS, 8);
      head.writeUInt16LE(DEFLATE, 10);
      head.writeUInt16LE(DATE, 14);
      head.writeUInt32LE(crc, 16);
      head.writeUInt32LE(packed, 20);
      head.writeUInt32LE(size, 24);
      head.writeUInt16LE(name.length, 28);
      head.writeUInt32LE(at, 42);
      return Buffer.concat([head, name]);
    });
    const directory = Buffer.concat(heads);
    const end = Buffer.alloc(22);
    end.writeUInt32LE(0x06054b50, 0);
    end.writeUInt16LE(heads.length, 8);
    end.writeUInt16LE(heads.length, 10);
    end.writeUInt32LE(directory.length, 12);
    end.writeUInt32LE(this.#at, 16);
    return Buffer.concat([directory, end]);
  }

  #packed(bytes: Buffer): Buffer {
    (this.#open as Entry).packed += bytes.length;
    return this.#give(bytes);
  }

  #give(bytes: Buffer): Buffer {
    this.#at += bytes.length;
    if (this.#at > MOST || (this.#open?.size ?? 0) > MOST)
      throw new AppError('BAD_INPUT', 'a sheet of more than 4 GB', {
        advice: 'Export fewer columns or rows, or CSV or Parquet.',
      });
    return bytes;
  }
}
