/** How each entity's columns travel in a Batch and where a row's JSON has them. */
import { entities, fieldsOf, perEntity, type Entity } from '../contract/fields.ts';
import { columnOf, columns, type ColumnKind } from './columns.ts';
import { failureOf, isFailure } from './failure.ts';

export type JsonObject = Record<string, unknown>;
export type Column = {
  name: string;
  kind: ColumnKind;
  /** position among the entity's texts or among its numbers, whichever the kind is kept in */
  slot: number;
  /** undefined when the row does not have it, as from an older server */
  read: (row: JsonObject) => unknown;
};
/** The columns that come out of a row's JSON, in the order of `columns`; `id`, `known` and `gone` are not among them. */
export type Layout = { columns: readonly Column[]; texts: number; numbers: number };

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value at a path such as `state.timestamp`; undefined where the row has none. */
function valueAt(row: JsonObject, path: readonly string[]): unknown {
  let at: unknown = row;
  for (const key of path) at = isObject(at) ? at[key] : undefined;
  return at;
}

const at = (path: string) => {
  const keys = path.split('.');
  const [key] = keys;
  return keys.length === 1 ? (row: JsonObject) => row[key] : (row: JsonObject) => valueAt(row, keys);
};

const state = {
  // servers before 3.x and the paginate reply do not copy the state's type and name into the row
  state_type: (row: JsonObject) => row.state_type ?? valueAt(row, ['state', 'type']),
  state_name: (row: JsonObject) => row.state_name ?? valueAt(row, ['state', 'name']),
};
/** Fields that are more than one value of the row. */
const makers: Partial<Record<Entity, Record<string, (row: JsonObject) => unknown>>> = {
  task_run: {
    ...state,
    failure: (row) => {
      const type = state.state_type(row);
      return isFailure(type) ? failureOf(type, valueAt(row, ['state', 'message'])) : null;
    },
  },
  flow_run: { ...state, created_by: (row) => (isObject(row.created_by) ? true : null) },
};

export function isRef(kind: ColumnKind): kind is Entity {
  return (entities as readonly string[]).includes(kind);
}

function layoutOf(entity: Entity): Layout {
  let texts = 0;
  let numbers = 0;
  const list = fieldsOf(entity)
    .filter(([name, { stored }]) => stored !== false && name !== 'id' && name !== 'gone')
    .map(([field, info]): Column => {
      const name = columnOf(field, info);
      const kind = columns[entity][name];
      const read = makers[entity]?.[field] ?? at(info.json ?? field);
      return { name, kind, slot: kind === 'text' ? texts++ : numbers++, read };
    });
  return { columns: list, texts, numbers };
}

export const layouts: Record<Entity, Layout> = perEntity(layoutOf);

/** All column names of a table in the order of `columns`. */
export function columnNames(entity: Entity): string[] {
  return Object.keys(columns[entity]);
}
