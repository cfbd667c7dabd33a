/** Every row that a damaged archive still gives, as far as it can be read. */
import type { Database, Statement } from 'better-sqlite3';
import { entities, type Entity } from '../../contract/fields.ts';
import type { Dictionary } from '../coder/dictionary.ts';
import { blockTexts, openers } from '../migrations/block-rows.ts';
import { unpackRids } from '../write/rid-list.ts';
import { rowText } from '../json/row-json.ts';

/** `gone`: µs; null as well when the table cannot be read. */
export type FoundRow = { entity: Entity; rid: number; json: string; gone: number | null };

const ROWS_PER_READ = 256;
/** No row number and no block number comes near. */
const LAST = 2 ** 42;
/** Unreadable numbers after which a table is given up: its upper pages are gone and nothing more will come. */
const MAX_UNREADABLE = 200_000;
const limited = `LIMIT ${ROWS_PER_READ}`;

const has = (source: Database, table: string, column?: string): boolean =>
  (source
    .prepare(
      column === undefined
        ? 'SELECT count(*) FROM sqlite_schema WHERE name = ?'
        : 'SELECT count(*) FROM pragma_table_info(?) WHERE name = ?',
    )
    .pluck()
    .get(...(column === undefined ? [table] : [table, column])) as number) > 0;

/** Whether it is an archive at all. */
export const isArchive = (source: Database): boolean => has(source, 'row_json') || has(source, 'block');

export function* foundRows(source: Database): Generator<FoundRow> {
  yield* has(source, 'row_json') ? ofRows(source) : ofBlocks(source);
}

/** Row numbers that the entity's table has, of rows that are known. */
export function* knownRows(source: Database, entity: Entity): Generator<number> {
  const sql = `SELECT rid FROM ${entity} WHERE rid BETWEEN ? AND ? AND known = 1 ORDER BY rid ${limited}`;
  for (const [rid] of readable<[number]>(source.prepare(sql).raw())) yield rid;
}

function* ofRows(source: Database): Generator<FoundRow> {
  const places = entities.map((entity) => source.prepare(`SELECT known, gone FROM ${entity} WHERE rid = ?`).raw());
  const dictionaries = ['dictionary', 'dictionary_copy'].map((table) =>
    source.prepare(`SELECT id, bytes FROM ${table} WHERE id = ?`),
  );
  const kept = new Map<number, (Dictionary | undefined)[]>();
  const copies = (id: number) => {
    const known = kept.get(id) ?? dictionaries.map((one) => attempt(() => one.get(id) as Dictionary | undefined));
    kept.set(id, known);
    return known;
  };
  const rows = source.prepare(`SELECT key, z FROM row_json WHERE key BETWEEN ? AND ? ORDER BY key ${limited}`).raw();
  for (const [key, z] of readable<[number, Buffer]>(rows)) {
    const rid = Math.floor(key / 4);
    const place = attempt(() => (places[key % 4].get(rid) as [number, number | null] | undefined) ?? null);
    // the table can be read and does not have it: it was removed on purpose
    if (place === null || place?.[0] === 0) continue;
    // the row's checksum tells a damaged dictionary from a sound one
    const texts = copies(z[0]).map((dictionary) =>
      attempt(() =>
        rowText(z, () => {
          if (!dictionary) throw new Error('it cannot be read');
          return dictionary;
        }),
      ),
    );
    const json = texts.find((text) => text !== undefined);
    if (json !== undefined) yield { entity: entities[key % 4], rid, json, gone: place?.[1] ?? null };
  }
}

/** Versions 1 to 3. */
function* ofBlocks(source: Database): Generator<FoundRow> {
  const isFirst = !has(source, 'block', 'dict');
  const places = entities.map((entity) => source.prepare(`SELECT blk, bix, gone FROM ${entity} WHERE rid = ?`).raw());
  const madeWith = openers(source, isFirst);
  const blocks = source
    .prepare(
      `SELECT blk, entity, rids, z, ${isFirst ? 'NULL' : 'dict'} FROM block WHERE blk BETWEEN ? AND ? ORDER BY blk ${limited}`,
    )
    .raw();
  for (const [blk, position, packed, z, id] of readable<[number, number, Buffer, Buffer, number | null]>(blocks)) {
    const texts = madeWith(id)
      .map((opener) => attempt(() => blockTexts(z, opener)))
      .find((found) => found !== undefined);
    if (!texts || !entities[position]) continue;
    for (const [bix, rid] of unpackRids(packed).entries()) {
      type Place = [blk: number | null, bix: number | null, gone: number | null];
      const place = attempt(() => (places[position].get(rid) as Place | undefined) ?? null);
      const text = texts[bix] as Buffer | undefined;
      // what the table says is no longer here: an older version, or a row that was removed on purpose
      if (!text || place === null || (place && (place[0] !== blk || place[1] !== bix))) continue;
      yield { entity: entities[position], rid, json: text.toString('utf8'), gone: place?.[2] ?? null };
    }
  }
}

/** undefined when it cannot be read */
function attempt<T>(read: () => T): T | undefined {
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
