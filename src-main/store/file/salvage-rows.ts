/** Finds every row that a damaged archive still gives. */
import type { Database, Statement } from 'better-sqlite3';
import type { Entity } from '../../contract/fields.ts';
import { jsonTable } from '../json/json-table.ts';
import { dictionaryOf, rowText, type Dictionary } from '../json/row-json.ts';

/** `gone`: µs; null as well when the entity's table cannot be read. */
export type FoundRow = { entity: Entity; rid: number; json: string; gone: number | null };

const ROWS_PER_READ = 256;
/** No row number comes near. */
const LAST = 2 ** 42;
/** Unreadable numbers after which a table is given up: its upper pages are gone, and nothing more will come. */
const MAX_UNREADABLE = 200_000;
const limited = `LIMIT ${ROWS_PER_READ}`;

/** Whether it is an archive at all. */
export const isArchive = (source: Database): boolean =>
  (source.prepare('SELECT count(*) FROM sqlite_schema WHERE name = ?').pluck().get(jsonTable('task_run')) as number) >
  0;

/** Every row whose JSON can be opened, but for those that the entity's table says were deleted. */
export function* foundRows(source: Database, entity: Entity): Generator<FoundRow> {
  const place = source.prepare(`SELECT known, gone FROM ${entity} WHERE rid = ?`).raw();
  const textOf = opener(source);
  const rows = source
    .prepare(`SELECT rid, z FROM ${jsonTable(entity)} WHERE rid BETWEEN ? AND ? ORDER BY rid ${limited}`)
    .raw();
  for (const [rid, z] of readable<[number, Buffer]>(rows)) {
    const found = attempt(() => (place.get(rid) as [known: number, gone: number | null] | undefined) ?? null);
    // null: the table can be read and does not have the row, so it was deleted on purpose
    if (found === null || found?.[0] === 0) continue;
    const json = textOf(z);
    if (json !== undefined) yield { entity, rid, json, gone: found?.[1] ?? null };
  }
}

/** Row numbers that the entity's table has, of rows that are known. */
export function* knownRows(source: Database, entity: Entity): Generator<number> {
  const sql = `SELECT rid FROM ${entity} WHERE rid BETWEEN ? AND ? AND known = 1 ORDER BY rid ${limited}`;
  for (const [rid] of readable<[number]>(source.prepare(sql).raw())) yield rid;
}

/** Ids of task runs whose activity can be reached, with their stamps. */
export function* activityRuns(source: Database): Generator<{ run: Uint8Array; stamp: number | null }> {
  const sql = `SELECT rid, run, stamp FROM activity WHERE rid BETWEEN ? AND ? ORDER BY rid ${limited}`;
  for (const [, run, stamp] of readable<[number, Uint8Array, number | null]>(source.prepare(sql).raw()))
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

/** Every row that a `BETWEEN ? AND ?` over an integer key can still reach, first cell = key: around a bad page by halving. */
function* readable<T extends [number, ...unknown[]]>(range: Statement): Generator<T> {
  let unreadable = 0;
  function* between(low: number, high: number): Generator<T> {
    while (low <= high && unreadable < MAX_UNREADABLE) {
      let rows: T[];
      try {
        rows = range.all(low, high) as T[];
      } catch {
        if (low === high) {
          unreadable++;
          return;
        }
        const middle = Math.floor((low + high) / 2);
        yield* between(low, middle);
        low = middle + 1;
        continue;
      }
      yield* rows;
      if (rows.length < ROWS_PER_READ) return;
      low = (rows.at(-1) as T)[0] + 1;
    }
  }
  yield* between(1, LAST);
}
