/**
 * The index as a file, so that opening an archive reads some 130 bytes a row instead of every row. The file names the archive it was made
 * from and the last commit in it; the caller applies newer commits.
 */
import { entities, type Entity } from '../../contract/fields.ts';
import { columns } from '../../store/columns.ts';
import type { StoredColumn } from '../columns/columns.ts';
import { readNumbers, readSections, writeSections, type Data, type Room } from './section-file.ts';
import type { Table } from '../columns/table.ts';
import type { Tables } from '../columns/table.ts';

/** To be raised when the meaning of a section changes. Changed columns need no new number: they are part of the stamp. */
const FORMAT = 1;

/** `archive`: an identity that no other archive has. */
const stampOf = (archive: string): string => JSON.stringify([FORMAT, archive, columns]);

/** Orders that are kept beside the tables: rows by name. */
type KeptOrders = ReadonlyMap<string, Uint32Array>;
type Snapshot = { batch: number; tables: Tables; orders: Map<string, Uint32Array> };

/** false when `valid` turned false while the file was written; then the old file stays. Throws the file system's errors. */
export function saveSnapshot(
  path: string,
  archive: string,
  batch: number,
  tables: Tables,
  orders: KeptOrders,
  valid: () => boolean,
): Promise<boolean> {
  const sections = new Map<string, Data>([['batch', Float64Array.of(batch)]]);
  for (const entity of entities) dumpTable(tables[entity], sections);
  for (const [name, rows] of orders) sections.set(`order ${name}`, rows);
  return writeSections(path, stampOf(archive), sections, valid);
}

/** Fills empty tables; null when there is no whole snapshot of this archive. */
export async function loadSnapshot(path: string, archive: string, empty: () => Tables): Promise<Snapshot | null> {
  const tables = empty();
  const sections = await readSections(path, stampOf(archive), roomIn(tables));
  if (!sections) return null;
  for (const entity of entities) restoreTable(tables[entity], sections);
  const orders = new Map<string, Uint32Array>();
  for (const [name, data] of sections)
    if (name.startsWith('order ')) orders.set(name.slice('order '.length), data as Uint32Array);
  return { batch: (sections.get('batch') as Float64Array)[0], tables, orders };
}

/** How many task runs the archive of this index had, whichever archive that was; null when there is no index, or none that is whole. */
export async function indexedRuns(path: string): Promise<number | null> {
  return (await readNumbers(path, 'task_run'))?.[1] ?? null;
}

/** Columns are read into the memory of the kernels, all else into plain memory. */
function roomIn(tables: Tables): Room {
  return (name, type, length) => {
    const [path, part] = name.split(' ');
    const entity = entities.find((one) => path.startsWith(`${one}.`));
    if (entity && (part === undefined || part === SUFFIX)) return tables[entity].arena.room<Data>(type, length);
    return new type(length);
  };
}
const SUFFIX = 'suffix';

function dumpTable(table: Table, into: Map<string, Data>): void {
  const { entity } = table;
  into.set(`${entity}`, Float64Array.of(table.size, table.count, table.capacity));
  into.set(`${entity} present`, table.present);
  into.set(`${entity} alive`, table.alive);
  for (const [name, column] of table.columns) dumpColumn(`${entity}.${name}`, column, into);
}

function restoreTable(table: Table, from: Map<string, Data>): void {
  const entity: Entity = table.entity;
  const take = (name: string): Data => {
    const data = from.get(name);
    if (!data) throw new Error(`snapshot without ${name}`);
    return data;
  };
  const [size, count, capacity] = take(entity);
  table.adopt(
    size,
    count,
    capacity,
    take(`${entity} present`) as Int32Array<ArrayBuffer>,
    take(`${entity} alive`) as Int32Array<ArrayBuffer>,
  );
  for (const [name, column] of table.columns) restoreColumn(`${entity}.${name}`, column, take);
}

function dumpColumn(name: string, column: StoredColumn, into: Map<string, Data>): void {
  switch (column.kind) {
    case 'number':
      into.set(name, column.values);
      break;
    case 'term':
    case 'tags':
      into.set(name, column.codes);
      into.set(`${name} texts`, pack(column.dictionary.texts));
      into.set(`${name} terms`, Uint32Array.from(column.dictionary.terms));
      break;
    case 'boolean':
    case 'ref':
      into.set(name, column.codes);
      break;
    case 'text':
      into.set(name, column.heads);
      into.set(`${name} ${SUFFIX}`, column.suffixes);
      into.set(`${name} heads`, pack(column.names.heads));
      into.set(`${name} suffixes`, pack(column.names.suffixes));
      break;
    case 'id':
      into.set(name, column.words);
      break;
  }
}

function restoreColumn(name: string, column: StoredColumn, take: (name: string) => Data): void {
  switch (column.kind) {
    case 'number':
      column.values = take(name) as Float64Array;
      break;
    case 'term':
      column.codes = take(name) as Uint16Array | Uint32Array;
      column.dictionary.restore(unpack(take(`${name} texts`)), take(`${name} terms`));
      break;
    case 'tags':
      column.codes = take(name) as Uint32Array;
      column.dictionary.restore(unpack(take(`${name} texts`)), take(`${name} terms`));
      break;
    case 'boolean':
      column.codes = take(name) as Uint16Array;
      break;
    case 'ref':
      column.codes = take(name) as Uint32Array;
      break;
    case 'text':
      column.heads = take(name) as Uint32Array;
      column.suffixes = take(`${name} ${SUFFIX}`) as Uint16Array;
      column.names.restore(unpack(take(`${name} heads`)), unpack(take(`${name} suffixes`)));
      break;
    case 'id':
      column.words = take(name) as Uint32Array;
      break;
  }
}

const pack = (texts: readonly string[]): Uint8Array<ArrayBuffer> => new Uint8Array(Buffer.from(JSON.stringify(texts)));
const unpack = (data: Data): string[] =>
  JSON.parse(Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('utf8')) as string[];
