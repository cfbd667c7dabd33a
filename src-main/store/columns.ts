/**
 * The narrow columns of each table, in the order every reader and the writer use. The whole row is also kept as the
 * server's own JSON; these are what a query, a list or an export needs without opening it. They follow from contract/fields.ts.
 *
 * Stored as: uuid BLOB(16) · text TEXT · term, tags INTEGER into `term` (tags: the JSON text of the list) ·
 * ref INTEGER rid of the named table · time INTEGER µs · int INTEGER · real REAL · bool INTEGER 0/1. All but id and known may be NULL.
 */
import type { SearchTable } from './search/search-tables.ts';
import { fieldsOf, perEntity, relations, type Entity, type FieldInfo, type Relation } from '../contract/fields.ts';

export type ColumnKind = 'uuid' | 'text' | 'term' | 'tags' | 'time' | 'int' | 'real' | 'bool' | Entity;

/** Each field that is stored, and `known`. 0: only the row's id has been seen, in another row; it is in no list and satisfies no relation. */
export const columns: Record<Entity, Record<string, ColumnKind>> = perEntity(columnsOf);

function columnsOf(entity: Entity): Record<string, ColumnKind> {
  const stored = fieldsOf(entity).filter(([, info]) => info.stored !== false);
  const kinds = stored.map(([name, info]): [string, ColumnKind] => [columnOf(name, info), kindOf(entity, name, info)]);
  const [id, ...rest] = kinds;
  return Object.fromEntries([id, ['known', 'int'], ...rest]);
}

/** A field that holds another row's id, `flow_run_id`, is the column `flow_run`: the number of that row. */
export function columnOf(field: string, { kind }: FieldInfo): string {
  return kind === 'uuid' && field !== 'id' ? field.slice(0, -'_id'.length) : field;
}

function kindOf(entity: Entity, field: string, info: FieldInfo): ColumnKind {
  if (info.kind === 'number') return info.stored || 'real';
  if (info.kind === 'boolean') return 'bool';
  if (info.kind !== 'uuid' || field === 'id') return info.kind;
  const known: Record<string, Relation> = relations[entity];
  return known[columnOf(field, info)].to;
}

/** One stored value: Uint8Array(16) for a uuid, a number for term, tags, ref, time, int, real and bool, text for text. */
export type Cell = Uint8Array | string | number | null;

/** Where the index reads rows from. Synchronous: it runs in the query worker, on its own connection. */
export type ColumnSource = {
  /** largest rid in use, 0 when empty; rids are dense enough to be array positions */
  maxRid(entity: Entity): number;
  /** rows with from ≤ rid ≤ to, ascending: [rid, ...cells in the order of `columns[entity]`]. The array may be reused between steps. */
  rows(entity: Entity, from: number, to: number): IterableIterator<[number, ...Cell[]]>;
  /** the same for single rids; rids that no longer exist are left out */
  rowsByRid(entity: Entity, rids: readonly number[]): [number, ...Cell[]][];
  /** Numbers of the rows in which FTS5's `match` finds something; none where the source has no full-text index; a number may come several times. `among`: only these rows are asked about; others may come too. */
  search?(table: SearchTable, match: string, among?: readonly number[]): Uint32Array;
  /** numbers of the task runs whose logs are kept; `among`: only these runs are asked about; others may come too */
  withLogs?(among?: readonly number[]): Uint32Array;
  /** every interned text with id > after, ascending by id */
  terms(after: number): IterableIterator<[number, string]>;
};

/** Which rows a commit touched: the writer sends one after each commit, and the query worker's index takes it in. */
export type Change = {
  /** number of the commit: grows by one with every commit that touches rows, kept in the file */
  batch: number;
  changed: Partial<Record<Entity, number[]>>;
  removed: Partial<Record<Entity, number[]>>;
  /** the task runs whose kept logs, states or artifacts have changed; 'all': of any run, or more of them are indexed */
  texts?: number[] | 'all';
};
