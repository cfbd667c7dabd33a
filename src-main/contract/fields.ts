/**
 * The names a query may use. Fields are Prefect's own column names; a path such as
 * `flow_run.flow.name` walks relations first. The index, the filter panel, the columns of the grid
 * and of an export all read this one list.
 */
export const entities = ['task_run', 'flow_run', 'flow', 'deployment'] as const;
export type Entity = (typeof entities)[number];

/** Numbers the server computes at the moment of each answer: they differ in every reply although the row does not. */
export const computedKeys = ['estimated_run_time', 'estimated_start_time_delta'] as const;

/** Rows that are few and no question's root: kept whole beside the tables, without columns in the index. */
export const documentKinds = ['work_pool', 'work_queue'] as const;
export type DocumentKind = (typeof documentKinds)[number];

/** text: many distinct strings; term: few; time: µs; number: as Prefect's unit; tags: a list of strings. */
export type FieldKind = 'uuid' | 'text' | 'term' | 'time' | 'number' | 'boolean' | 'tags';

export const fields = {
  task_run: {
    id: 'uuid',
    name: 'text',
    task_key: 'term',
    flow_run_id: 'uuid',
    state_type: 'term',
    state_name: 'term',
    /** what a failed or crashed run says of it, without what differs from run to run: alike for the same failure. Computed. */
    failure: 'term',
    tags: 'tags',
    expected_start_time: 'time',
    next_scheduled_start_time: 'time',
    start_time: 'time',
    end_time: 'time',
    state_timestamp: 'time',
    created: 'time',
    updated: 'time',
    run_count: 'number',
    /** seconds, as stored by the server */
    total_run_time: 'number',
    /** seconds from start to end; null until ended. Computed. */
    duration: 'number',
    /** seconds from expected start to start; null until started. Computed. */
    wait: 'number',
    /** when the server was first seen to have lost the row; null while it is there */
    gone: 'time',
  },
  flow_run: {
    id: 'uuid',
    name: 'text',
    flow_id: 'uuid',
    deployment_id: 'uuid',
    parent_task_run_id: 'uuid',
    state_type: 'term',
    state_name: 'term',
    tags: 'tags',
    work_queue_name: 'term',
    flow_version: 'term',
    idempotency_key: 'text',
    created_by_id: 'term',
    created_by_type: 'term',
    /** true when the row names a creator, else null */
    created_by: 'boolean',
    expected_start_time: 'time',
    next_scheduled_start_time: 'time',
    start_time: 'time',
    end_time: 'time',
    /** COALESCE(start_time, expected_start_time), what Prefect's flow_runs.start_time filter compares. Computed. */
    start_or_expected_time: 'time',
    created: 'time',
    updated: 'time',
    run_count: 'number',
    total_run_time: 'number',
    gone: 'time',
  },
  flow: { id: 'uuid', name: 'text', tags: 'tags', created: 'time', updated: 'time', gone: 'time' },
  deployment: {
    id: 'uuid',
    name: 'text',
    flow_id: 'uuid',
    tags: 'tags',
    paused: 'boolean',
    work_queue_name: 'term',
    created: 'time',
    updated: 'time',
    gone: 'time',
  },
} as const satisfies Record<Entity, Record<string, FieldKind>>;

/** `one`: this row holds the other's id. `many`: the other rows hold this row's id. */
export type Relation = { to: Entity; kind: 'one' | 'many' };

export const relations = {
  task_run: {
    flow_run: { to: 'flow_run', kind: 'one' },
    subflow_runs: { to: 'flow_run', kind: 'many' },
  },
  flow_run: {
    flow: { to: 'flow', kind: 'one' },
    deployment: { to: 'deployment', kind: 'one' },
    parent_task_run: { to: 'task_run', kind: 'one' },
    task_runs: { to: 'task_run', kind: 'many' },
  },
  flow: {
    flow_runs: { to: 'flow_run', kind: 'many' },
    deployments: { to: 'deployment', kind: 'many' },
  },
  deployment: {
    flow: { to: 'flow', kind: 'one' },
    flow_runs: { to: 'flow_run', kind: 'many' },
  },
} as const satisfies Record<Entity, Record<string, Relation>>;

export type ResolvedField = {
  /** relation names walked from the starting entity, all of kind `one` */
  via: string[];
  entity: Entity;
  field: string;
  kind: FieldKind;
};

/** `flow_run.flow.name` from `task_run` → where it lives and what kind it is; null when there is no such field. */
export function resolveField(from: Entity, path: string): ResolvedField | null {
  const parts = path.split('.');
  const field = parts.pop() as string;
  let entity: Entity = from;
  for (const name of parts) {
    const known: Record<string, Relation> = relations[entity];
    const relation = Object.hasOwn(known, name) ? known[name] : undefined;
    if (!relation || relation.kind !== 'one') return null;
    entity = relation.to;
  }
  const known: Record<string, FieldKind> = fields[entity];
  const kind = Object.hasOwn(known, field) ? known[field] : undefined;
  return kind ? { via: parts, entity, field, kind } : null;
}

export const stateTypes = [
  'SCHEDULED',
  'PENDING',
  'RUNNING',
  'COMPLETED',
  'FAILED',
  'CANCELLED',
  'CRASHED',
  'PAUSED',
  'CANCELLING',
] as const;
export type StateType = (typeof stateTypes)[number];

export const terminalStateTypes: readonly string[] = ['COMPLETED', 'FAILED', 'CANCELLED', 'CRASHED'];
