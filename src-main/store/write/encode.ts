/**
 * Turns rows as the server sent them into columns, ready to be written. Runs in the sync thread, in two steps: the keys that
 * tell whether a row has changed cost a quarter of the rest, and in most syncs most rows have not.
 */
import { AppError } from '../../contract/errors.ts';
import type { Entity } from '../../contract/fields.ts';
import type { ServerRow } from '../../contract/server-row.ts';
import { parseTime } from '../../contract/time.ts';
import { dashed, isUuid } from '../../contract/uuid.ts';
import type { RowTexts } from '../json/json-table.ts';
import { isObject, isRef, layouts, type Column } from '../layout.ts';
import { rowWords } from '../search/texts.ts';
import { hashText } from './row-hash.ts';
import { uuidText, writeUuid } from '../uuid.ts';

/** What tells whether rows have changed. Can be posted between threads. */
export type Keys = {
  entity: Entity;
  rows: number;
  /** 16 bytes a row */
  ids: Uint8Array;
  /** CRC-32 of each row's text without what the server computes anew for every answer */
  hashes: Int32Array;
  /** `updated` in µs, NaN for null */
  stamps: Float64Array;
};

/** Can be posted between threads. */
export type Batch = Keys &
  RowTexts & {
    /** rows left out because they have not changed */
    skipped: number;
    /** rows × numbers of the layout; NaN is null; a term or tags is a position in `terms`, a ref one in `refs` */
    numbers: Float64Array;
    /** rows × texts of the layout */
    texts: (string | null)[];
    /** by row: its words for the full-text index, null when it has none */
    words: (string | null)[];
    /** distinct within the batch */
    terms: string[];
    /** distinct ids within the batch, in lower case with dashes */
    refs: Partial<Record<Entity, string[]>>;
  };

/** Both steps for all rows; see there. */
export function encodeRows(entity: Entity, source: readonly ServerRow[]): Batch {
  return encode(prepare(entity, source), null);
}

export type Prepared = { keys: Keys; rows: readonly Row[] };

/** A row that occurs twice is taken once, as it was last. Throws SERVER_BAD_REPLY when a row is not an object with a UUID as id. */
export function prepare(entity: Entity, source: readonly ServerRow[]): Prepared {
  const rows = lastOfEach(source);
  const count = rows.length;
  const keys: Keys = {
    entity,
    rows: count,
    ids: new Uint8Array(count * 16),
    hashes: new Int32Array(count),
    stamps: new Float64Array(count),
  };
  for (let i = 0; i < count; i++) {
    const row = rows[i];
    writeUuid(row.value.id, keys.ids, i * 16);
    keys.hashes[i] = hashText(row);
    keys.stamps[i] = timeOf(row.value.updated);
  }
  return { keys, rows };
}

/** `needed`: 1 for each row to be written, null for all. A field of an unexpected type is null in its column and whole in the JSON. */
export function encode(prepared: Prepared, needed: Uint8Array | null): Batch {
  const { keys, rows } = needed ? only(prepared, needed) : prepared;
  const { entity, rows: count } = keys;
  const layout = layouts[entity];
  const batch: Batch = {
    ...keys,
    skipped: prepared.keys.rows - count,
    numbers: new Float64Array(count * layout.numbers),
    texts: new Array<string | null>(count * layout.texts).fill(null),
    words: rows.map(({ value }) => rowWords(entity, value)),
    terms: [],
    refs: {},
    ...textsOf(rows),
  };
  const terms = new Positions(batch.terms);
  const refs = new Map<Entity, Positions>();
  for (const { kind } of layout.columns) {
    if (isRef(kind) && !refs.has(kind)) refs.set(kind, new Positions((batch.refs[kind] = [])));
  }

  /** by slot, of the row before: rows often share the same string or list object, which then has the same number */
  const last = Array.from({ length: layout.numbers }, (): { found: unknown; number: number } => ({
    found: null,
    number: NaN,
  }));
  rows.forEach((row, i) => {
    for (const column of layout.columns) {
      const found = column.read(row.value);
      if (column.kind === 'text') {
        batch.texts[i * layout.texts + column.slot] = typeof found === 'string' ? found : null;
        continue;
      }
      const before = last[column.slot];
      if (found !== before.found) {
        before.found = found;
        before.number = found === null || found === undefined ? NaN : toNumber(column, found, terms, refs);
      }
      batch.numbers[i * layout.numbers + column.slot] = before.number;
    }
  });
  return batch;
}

/** One row of a batch as a batch of its own. */
export function single(batch: Batch, i: number): Batch {
  const { entity, jsonEnds } = batch;
  const layout = layouts[entity];
  const part = <T>(list: { slice(from: number, to: number): T }, width: number) =>
    list.slice(i * width, (i + 1) * width);
  const json = batch.json.subarray(jsonEnds[i - 1] ?? 0, jsonEnds[i]);
  const one: Batch = {
    ...{ entity, rows: 1, skipped: 0, terms: [], refs: {}, json, jsonEnds: [json.length] },
    ids: part(batch.ids, 16),
    hashes: part(batch.hashes, 1),
    stamps: part(batch.stamps, 1),
    numbers: part(batch.numbers, layout.numbers),
    texts: part(batch.texts, layout.texts),
    words: part(batch.words, 1),
  };
  for (const { kind, slot } of layout.columns) {
    const number = one.numbers[slot];
    if (kind === 'text' || Number.isNaN(number)) continue;
    if (kind === 'term' || kind === 'tags') one.numbers[slot] = one.terms.push(batch.terms[number]) - 1;
    else if (isRef(kind)) one.numbers[slot] = (one.refs[kind] ??= []).push(batch.refs[kind]?.[number] as string) - 1;
  }
  return one;
}

/** The rows that are needed, with keys in memory of their own. */
function only({ keys, rows }: Prepared, needed: Uint8Array): Prepared {
  const kept = rows.flatMap((_, i) => (needed[i] === 1 ? i : []));
  const ids = new Uint8Array(kept.length * 16);
  kept.forEach((from, to) => ids.set(keys.ids.subarray(from * 16, from * 16 + 16), to * 16));
  return {
    keys: {
      entity: keys.entity,
      rows: kept.length,
      ids,
      hashes: Int32Array.from(kept, (i) => keys.hashes[i]),
      stamps: Float64Array.from(kept, (i) => keys.stamps[i]),
    },
    rows: kept.map((i) => rows[i]),
  };
}

type Row = ServerRow & { value: { id: string } };

function lastOfEach(source: readonly ServerRow[]): Row[] {
  const seen = new Map<string, Row>();
  for (const row of source) {
    const id = isObject(row.value) ? row.value.id : undefined;
    if (typeof id !== 'string' || !isUuid(id)) throw new AppError('SERVER_BAD_REPLY', 'a row without a UUID as id');
    const plain = id.toLowerCase();
    const key = id.length === 36 ? plain : dashed(plain); // without dashes it is the same id
    seen.delete(key);
    seen.set(key, row as Row);
  }
  return [...seen.values()];
}

/** Numbers the distinct texts of a batch. */
class Positions {
  readonly #list: string[];
  readonly #known = new Map<string, number>();

  constructor(list: string[]) {
    this.#list = list;
  }

  of(text: string): number {
    const known = this.#known.get(text);
    if (known !== undefined) return known;
    this.#known.set(text, this.#list.length);
    return this.#list.push(text) - 1;
  }
}

const spare = new Uint8Array(16);

const timeOf = (found: unknown): number => (typeof found === 'string' ? (parseTime(found) ?? NaN) : NaN);

/** Gives a text or an id its number. */
type Numbering = { of(text: string): number };

/** A value as its column keeps it; NaN is null. `found`: neither null nor undefined. */
export function toNumber(
  { kind }: Column,
  found: unknown,
  terms: Numbering,
  refs: ReadonlyMap<Entity, Numbering>,
): number {
  switch (kind) {
    case 'time':
      return timeOf(found);
    case 'term':
      return typeof found === 'string' ? terms.of(found) : NaN;
    case 'tags':
      return Array.isArray(found) ? terms.of(JSON.stringify(found)) : NaN;
    case 'real':
      return typeof found === 'number' ? found : NaN;
    case 'int':
      return Number.isSafeInteger(found) ? (found as number) : NaN;
    case 'bool':
      return typeof found === 'boolean' ? Number(found) : NaN;
    case 'uuid':
    case 'text':
      return NaN;
    default:
      return typeof found === 'string' && writeUuid(found, spare, 0)
        ? (refs.get(kind)?.of(uuidText(spare)) ?? NaN)
        : NaN;
  }
}

function textsOf(rows: readonly Row[]): RowTexts {
  let end = 0;
  const jsonEnds = rows.map(({ json }) => (end += Buffer.byteLength(json, 'utf8')));
  const json = Buffer.allocUnsafeSlow(end); // memory of its own: posting a view of a shared piece would copy the whole piece
  rows.forEach((row, i) => json.write(row.json, jsonEnds[i - 1] ?? 0, 'utf8'));
  return { json, jsonEnds };
}
