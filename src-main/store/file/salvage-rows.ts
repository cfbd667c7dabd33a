/** Finds every row that a damaged archive still gives. */
import type { Database, Statement } from 'better-sqlite3';
import { entities, type Entity } from '../../contract/fields.ts';
import { jsonTable } from '../json/json-table.ts';
import { dictionaryOf, rowText, type Dictionary } from '../json/row-json.ts';

/** `gone`: µs; null as well when the entity's table cannot be read. */
export type FoundRow = { entity: Entity; rid: number; json: string; gone: number | null };

const ROWS_PER_READ = 256;
/** No row number comes near. */
const LAST = 2 ** 42;
/** More than a leaf page holds, of 4096 bytes. */
const ROWS_PER_LEAF = 256;
/** Rows without a readable page above them come by the thousand, so that some are met at this distance. */
const STRIDE = 256;
const limited = `LIMIT ${ROWS_PER_READ}`;

/** Whether it is an archive at all. */
export const isArchive = (source: Database): boolean =>
  (source.prepare('SELECT count(*) FROM sqlite_schema WHERE name = ?').pluck().get(jsonTable('task_run')) as number) >
  0;

/** Every row whose JSON can be opened, but for those that the entity's table says were deleted. `onRead`: before each read. */
export function* foundRows(source: Database, entity: Entity, onRead: () => void): Generator<FoundRow> {
  const place = source.prepare(`SELECT known, gone FROM ${entity} WHERE rid = ?`).raw();
  const textOf = opener(source);
  const rows = source
    .prepare(`SELECT rid, z FROM ${jsonTable(entity)} WHERE rid BETWEEN ? AND ? ORDER BY rid ${limited}`)
    .raw();
  for (const [rid, z] of readable<[number, Buffer]>(rows, likelyLast(source, entity), onRead)) {
    const found = attempt(() => (place.get(rid) as [known: number, gone: number | null] | undefined) ?? null);
    // null: the table can be read and does not have the row, so it was deleted on purpose
    if (found === null || found?.[0] === 0) continue;
    const json = textOf(z);
    if (json !== undefined) yield { entity, rid, json, gone: found?.[1] ?? null };
  }
}

/** Row numbers that the entity's table has, of rows that are known. */
export function* knownRows(source: Database, entity: Entity, onRead: () => void): Generator<number> {
  const sql = `SELECT rid FROM ${entity} WHERE rid BETWEEN ? AND ? AND known = 1 ORDER BY rid ${limited}`;
  for (const [rid] of readable<[number]>(source.prepare(sql).raw(), likelyLast(source, entity), onRead)) yield rid;
}

/** Ids of task runs whose activity can be reached, with their stamps. */
export function* activityRuns(
  source: Database,
  onRead: () => void,
): Generator<{ run: Uint8Array; stamp: number | null }> {
  const sql = `SELECT rid, run, stamp FROM activity WHERE rid BETWEEN ? AND ? ORDER BY rid ${limited}`;
  for (const [, run, stamp] of readable<[number, Uint8Array, number | null]>(
    source.prepare(sql).raw(),
    likelyLast(source, 'activity'),
    onRead,
  ))
    yield { run, stamp };
}

/** Opens a row with its dictionary or with the dictionary's copy: zlib tells a damaged one from a sound one by its Adler-32. */
function opener(source: Database): (z: Buffer) => string | undefined {
  const tables = ['dictionary', 'dictionary_copy'].map((table) =>
    source.prepare(`SELECT adler, bytes FROM ${table} WHERE adler = ?`),
  );
  const kept = new Map<number, Dictionary[]>();
  const copies = (adler: number): Dictionary[] => {
    const known =
      kept.get(adler) ?? tables.flatMap((one) => attempt(() => one.get(adler) as Dictionary | undefined) ?? []);
    kept.set(adler, known);
    return known;
  };
  return (z) => {
    const adler = dictionaryOf(z);
    if (adler === null) return attempt(() => rowText(z, missing));
    for (const dictionary of copies(adler)) {
      const text = attempt(() => rowText(z, () => dictionary));
      if (text !== undefined) return text;
    }
    return undefined;
  };
}

function missing(): never {
  throw new Error('made without a dictionary');
}

/** undefined when it cannot be read */
export function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

/**
 * Every row that a `BETWEEN ? AND ?` over an integer key can still reach, first cell = key. What cannot be read is narrowed down to single
 * numbers, so that a bad leaf page costs its own rows only. More unreadable numbers in a row than a leaf page holds mean that a page above
 * the leaves is bad: then only every STRIDEth number is tried, up to `likely`, and ever fewer beyond it. `likely`: the number up to which
 * rows are likely.
 */
function* readable<T extends [number, ...unknown[]]>(
  range: Statement,
  likely: number,
  onRead: () => void,
): Generator<T> {
  const read = (from: number, to: number) => {
    onRead();
    return attempt(() => range.all(from, to) as T[]);
  };
  let at = 1;
  let width = LAST;
  let unreadable = 0;
  while (at <= LAST) {
    const rows = read(at, Math.min(at + width - 1, LAST));
    if (rows) {
      yield* rows;
      at = rows.length < ROWS_PER_READ ? at + width : (rows.at(-1) as T)[0] + 1;
      width = Math.min(width * 2, LAST);
      unreadable = 0;
    } else if (width > 1) width = Math.ceil(width / 2);
    else if (++unreadable < ROWS_PER_LEAF) at++;
    else at = firstReadable(at, likely, (number) => read(number, number) !== undefined);
  }
}

/** The first readable number after `from`, as far as tries of every STRIDEth tell; past LAST when there is none. */
function firstReadable(from: number, likely: number, isReadable: (number: number) => boolean): number {
  let low = from;
  let high = from;
  do {
    if (high > LAST) return high;
    low = high;
    high = high < likely ? high + STRIDE : high * 2;
  } while (!isReadable(high));
  while (low + 1 < high) {
    const middle = Math.floor((low + high) / 2);
    if (isReadable(middle)) high = middle;
    else low = middle;
  }
  return high;
}

/** Bytes that a row takes at least, in all tables together. */
const BYTES_PER_ROW = 128;

/** The number up to which an entity's rows are likely: the largest that its tables still tell; without one, by the size of the file. */
function likelyLast(source: Database, entity: Entity | 'activity'): number {
  const pages = attempt(() => source.pragma('page_count', { simple: true }) as number) ?? 0;
  return toldLast(source, entity) || (pages * 4096) / BYTES_PER_ROW;
}

/** The largest row number that an entity's tables still tell, 0 when they are empty; null: neither can be read that far. */
function toldLast(source: Database, entity: Entity | 'activity'): number | null {
  const tables = entity === 'activity' ? [entity] : [entity, jsonTable(entity)];
  const told = tables.flatMap(
    (table) =>
      attempt(() => [(source.prepare(`SELECT max(rid) FROM ${table}`).pluck().get() as number | null) ?? 0]) ?? [],
  );
  return told.length === 0 ? null : Math.max(...told);
}

/** About how many rows all entities have together; null when the tables of one of them cannot be read that far. */
export function likelyRows(source: Database): number | null {
  let sum = 0;
  for (const entity of entities) {
    const last = toldLast(source, entity);
    if (last === null) return null;
    sum += last;
  }
  return sum;
}
