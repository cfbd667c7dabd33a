/**
 * How versions 1 to 3 kept the rows' JSON: some thirty to a block, in zstd frames. Version 1: one frame and no header; 2 and 3:
 * number of frames (1 byte), for each its rows (1 byte) and its bytes (4, little-endian), then the frames, made against a dictionary.
 * In a frame each row's UTF-8 is followed by an ASCII record separator, which JSON may not hold raw.
 */
import { zstdDecompressSync } from 'node:zlib';
import type { Database } from 'better-sqlite3';
import { AppError } from '../../contract/errors.ts';
import { entities, type Entity } from '../../contract/fields.ts';
import { unpackRids } from '../write/rid-list.ts';

const SEPARATOR = 0x1e;
const NO_DICTIONARY = 0;
/** No frame holds more: a block was full at 96 kB, but for a single row that is longer. */
const MOST = 2 ** 28;

/** What a block may have been made against: none, or one of these (a dictionary and its copy). `version 1`: a frame without a header. */
export type Opener = { dictionary: Uint8Array | null } | 'version 1';
export type BlockRow = { entity: Entity; rid: number; row: Buffer };

/** The rows that are current, in the order they were written. Throws ARCHIVE_DAMAGED. */
export function* blockRows(db: Database): Generator<BlockRow> {
  const dictionary = db.prepare('SELECT bytes FROM block_dictionary WHERE id = ?').pluck();
  const blocks = db.prepare('SELECT entity, rids, z, dict FROM block WHERE blk = ?').raw();
  const places = entities.map((entity) => db.prepare(`SELECT blk, bix FROM ${entity} WHERE rid = ?`).raw());
  for (const blk of db.prepare('SELECT blk FROM block ORDER BY blk').pluck().all() as number[]) {
    const [position, rids, z, id] = blocks.get(blk) as [number, Buffer, Buffer, number | null];
    const rows = blockTexts(z, id === null ? 'version 1' : { dictionary: dictionaryOf(id) });
    for (const [bix, rid] of unpackRids(rids).entries()) {
      const place = places[position].get(rid) as [number | null, number] | undefined;
      if (place?.[0] !== blk || place[1] !== bix) continue;
      const row = rows[bix] as Buffer | undefined;
      if (!row) throw damaged();
      yield { entity: entities[position], rid, row };
    }
  }
  function dictionaryOf(id: number): Uint8Array | null {
    if (id === NO_DICTIONARY) return null;
    const bytes = dictionary.get(id) as Uint8Array | undefined;
    if (!bytes) throw damaged();
    return bytes;
  }
}

/** All rows of a block. Throws ARCHIVE_DAMAGED. */
export function blockTexts(z: Uint8Array, opener: Opener): Buffer[] {
  try {
    return opener === 'version 1'
      ? frameTexts(z, null)
      : framesOf(z).flatMap((one) => frameTexts(one, opener.dictionary));
  } catch (thrown) {
    throw damaged(thrown);
  }
}

function framesOf(z: Uint8Array): Uint8Array[] {
  const view = new DataView(z.buffer, z.byteOffset, z.byteLength);
  const frames = view.getUint8(0);
  let at = 1 + frames * 5;
  const found: Uint8Array[] = [];
  for (let i = 0; i < frames; i++) found.push(z.subarray(at, (at += view.getUint32(2 + i * 5, true))));
  if (frames === 0 || at !== z.length) throw damaged();
  return found;
}

function frameTexts(z: Uint8Array, dictionary: Uint8Array | null): Buffer[] {
  const raw = zstdDecompressSync(z, { maxOutputLength: MOST, ...(dictionary ? { dictionary } : {}) });
  const rows: Buffer[] = [];
  for (let from = 0; from < raw.length;) {
    const end = raw.indexOf(SEPARATOR, from);
    if (end < 0) throw damaged();
    rows.push(raw.subarray(from, end));
    from = end + 1;
  }
  return rows;
}

/** For salvaging: what a block may have been made against, whichever can be read. `isFirst`: of version 1, which has no dictionaries. */
export function openers(source: Database, isFirst: boolean): (id: number | null) => Opener[] {
  if (isFirst) return () => ['version 1'];
  const statements = ['dictionary', 'dictionary_copy'].map((table) =>
    source.prepare(`SELECT bytes FROM ${table} WHERE id = ?`).pluck(),
  );
  return (id) => {
    if (id === null) return ['version 1'];
    if (id === NO_DICTIONARY) return [{ dictionary: null }];
    return statements.flatMap((statement) => {
      try {
        const dictionary = statement.get(id) as Uint8Array | undefined;
        return dictionary ? { dictionary } : [];
      } catch {
        return [];
      }
    });
  };
}

const damaged = (cause?: unknown) => new AppError('ARCHIVE_DAMAGED', 'a block of rows cannot be read', {}, cause);
