/** How each entity's columns travel in a Batch and where a row's JSON has them. */
import { entities, type Entity } from '../contract/fields.ts';
import { columns, type ColumnKind } from './columns.ts';
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

const inside = (row: JsonObject, object: string, key: string): unknown => {
  const found = row[object];
  return isObject(found) ? found[key] : undefined;
};

const state = {
  // servers before 3.x and the paginate reply do not copy the state's type and name into the row
  state_type: (row: JsonObject) => row.state_type ?? inside(row, 'state', 'type'),
  state_name: (row: JsonObject) => row.state_name ?? inside(row, 'state', 'name'),
};
const readers: Record<Entity, Record<string, (row: JsonObject) => unknown>> = {
  task_run: {
    ...state,
    flow_run: (row) => row.flow_run_id,
    state_timestamp: (row) => inside(row, 'state', 'timestamp'),
    failure: (row) => {
      const type = state.state_type(row);
      // most runs have not failed: their message is not looked at
      return isFailure(type) ? failureOf(type, inside(row, 'state', 'message')) : null;
    },
  },
  flow_run: {
    ...state,
    flow: (row) => row.flow_id,
    deployment: (row) => row.deployment_id,
    parent_task_run: (row) => row.parent_task_run_id,
    created_by_id: (row) => inside(row, 'created_by', 'id'),
    created_by_type: (row) => inside(row, 'created_by', 'type'),
    created_by: (row) => (isObject(row.created_by) ? true : null),
  },
  flow: {},
  deployment: { flow: (row) => row.flow_id },
};

export function isRef(kind: ColumnKind): kind is Entity {
  return (entities as readonly string[]).includes(kind);
}

function layoutOf(entity: Entity): Layout {
  let texts = 0;
  let numbers = 0;
  const list = Object.entries(columns[entity] as Record<string, ColumnKind>)
    .filter(([name]) => name !== 'id' && name !== 'known' && name !== 'gone')
    .map(([name, kind]): Column => ({
      name,
      kind,
      slot: kind === 'text' ? texts++ : numbers++,
      read: readers[entity][name] ?? ((row) => row[name]),
    }));
  return { columns: list, texts, numbers };
}

export const layouts: Record<Entity, Layout> = {
  task_run: layoutOf('task_run'),
  flow_run: layoutOf('flow_run'),
  flow: layoutOf('flow'),
  deployment: layoutOf('deployment'),
};

/** All column names of a table in the order of `columns`. */
export function columnNames(entity: Entity): string[] {
  return Object.keys(columns[entity]);
}
