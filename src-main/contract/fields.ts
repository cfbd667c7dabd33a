/**
 * The fields of runs and their parents, under Prefect's own column names. A query, a column or an export names a field by its path from a
 * task run: `flow_run.flow.name` walks relations first.
 */
export const entities = ['task_run', 'flow_run', 'flow', 'deployment'] as const;
export type Entity = (typeof entities)[number];

/** Numbers the server computes at the moment of each answer: they differ in every reply although the row does not. */
export const computedKeys = ['estimated_run_time', 'estimated_start_time_delta'] as const;

/** Rows that are few and no question's root: kept whole beside the tables, without columns in the index. */
export const documentKinds = ['work_pool', 'work_queue'] as const;
export type DocumentKind = (typeof documentKinds)[number];

/** text: many distinct strings; term: few; time: µs; number: in Prefect's unit; tags: a list of strings. */
export type FieldKind = 'uuid' | 'text' | 'term' | 'time' | 'number' | 'boolean' | 'tags';

/** How the grid shows a field. Left out: the field is no column. */
export type ColumnInfo = {
  /** the head of the column; default: `title` */
  title?: string;
  /** group in the column chooser */
  group: 'Run' | 'Times' | 'Flow' | 'Ids';
  /** default by kind, see ui/grid/grid-columns.ts */
  cell?: 'name' | 'state' | 'duration' | 'wait' | 'flow-run';
  /** px; default by kind. With this width the column shares what is left over by `grow`, and gives way down to `min` */
  width?: number;
  min?: number;
  grow?: number;
};

/**
 * One field, declared once. The archive's columns and views, the rows that are encoded, the index, the rows of a list, exports, the query
 * language, the filter panel and the grid derive from it; CONTRIBUTING.md has the recipe for a new one.
 */
export type FieldInfo = {
  kind: FieldKind;
  /** what the window calls it */
  title: string;
  /** shorter, for a chip; default: `title` with a small first letter */
  chip?: string;
  /** its short word in the query language, from a task run */
  word?: string;
  /** path in the server's row; default: the field's own name. null: store/layout.ts makes it of the row */
  json?: string | null;
  /** default: by kind, a number as REAL. false: the index computes it (query/columns/table.ts, run-rules.ts, note-columns.ts) */
  stored?: 'int' | false;
  /** what a list shows where the archive has no value; default: null */
  absent?: string | number;
  column?: ColumnInfo;
};

const ids = { group: 'Ids' } as const;
const times = { group: 'Times' } as const;
const gone = (title: string) => ({ kind: 'time', title, json: null }) as const;

export const fields = {
  task_run: {
    id: { kind: 'uuid', title: 'Task run id', absent: '', column: ids },
    name: {
      kind: 'text',
      title: 'Task run name',
      chip: 'name',
      absent: '',
      column: { title: 'Task run', group: 'Run', cell: 'name' },
    },
    task_key: { kind: 'term', title: 'Task', word: 'task', column: { group: 'Run' } },
    flow_run_id: { kind: 'uuid', title: 'Flow run', word: 'flow_run', column: { title: 'Flow run id', group: 'Ids' } },
    state_type: { kind: 'term', title: 'State', word: 'state' },
    state_name: {
      kind: 'term',
      title: 'State name',
      chip: 'state',
      column: { title: 'State', group: 'Run', cell: 'state' },
    },
    /** What a failed or crashed run says of it, without what differs from run to run: alike for the same failure. */
    failure: { kind: 'term', title: 'Failure', json: null, column: { group: 'Run', width: 300, min: 150, grow: 2.2 } },
    /** What a person has kept with the run and with its failure (note.ts). */
    note: { kind: 'term', title: 'Note', stored: false, column: { group: 'Run', width: 240, min: 100, grow: 1.4 } },
    failure_note: {
      kind: 'term',
      title: 'Note on the failure',
      stored: false,
      column: { group: 'Run', width: 240, min: 100, grow: 1.4 },
    },
    bookmarked: { kind: 'boolean', title: 'Bookmarked', stored: false, column: { group: 'Run', width: 90 } },
    seen: { kind: 'boolean', title: 'Seen', stored: false },
    seen_at: { kind: 'time', title: 'Seen at', stored: false, column: times },
    tags: { kind: 'tags', title: 'Tags', word: 'tag', column: { group: 'Run' } },
    expected_start_time: {
      kind: 'time',
      title: 'Expected start',
      word: 'expected',
      column: { title: 'Expected', group: 'Times' },
    },
    next_scheduled_start_time: {
      kind: 'time',
      title: 'Next scheduled start',
      column: { title: 'Next scheduled', group: 'Times' },
    },
    start_time: { kind: 'time', title: 'Started', chip: 'start', word: 'started', column: times },
    end_time: { kind: 'time', title: 'Ended', chip: 'end', word: 'ended', column: times },
    state_timestamp: { kind: 'time', title: 'State since', json: 'state.timestamp' },
    created: { kind: 'time', title: 'Created', column: times },
    updated: { kind: 'time', title: 'Updated', column: times },
    run_count: {
      kind: 'number',
      title: 'Attempts',
      word: 'attempts',
      stored: 'int',
      absent: 0,
      column: { group: 'Run' },
    },
    /** Which attempt of its flow run it belongs to, from 1 on; 0: none, or it has not begun. */
    flow_run_run_count: {
      kind: 'number',
      title: 'Attempt of the flow run',
      word: 'flow_attempt',
      stored: 'int',
      absent: 0,
      column: { title: 'Flow attempt', group: 'Flow' },
    },
    /** false: its flow run has begun another attempt since. */
    latest_attempt: {
      kind: 'boolean',
      title: 'Of the flow run’s latest attempt',
      chip: 'latest attempt',
      stored: false,
    },
    /** Not finished, and probably never will be: why (left-behind.ts). null for all others. */
    left_behind: { kind: 'term', title: 'Left behind', stored: false },
    /**
     * Its attempts took longer, on average, than the p95 of its task: by the numbers of left-behind.ts, of the newest completed runs that are kept.
     * null: it has not run, or too few of its task have completed.
     */
    over_p95: { kind: 'boolean', title: 'Longer than its p95', chip: 'longer than its p95', stored: false },
    /** When the first kept run with the same failure was expected to start: a failure is new when that is not long ago. null without a failure. */
    failure_since: { kind: 'time', title: 'Failure first seen', stored: false },
    /** Seconds, as the server stores it. */
    total_run_time: {
      kind: 'number',
      title: 'Total run time',
      absent: 0,
      column: { group: 'Times', cell: 'duration', width: 104 },
    },
    /** Seconds from start to end; null until ended. */
    duration: {
      kind: 'number',
      title: 'Duration',
      stored: false,
      column: { group: 'Times', cell: 'duration', min: 82 },
    },
    /** Seconds from expected start to start; null until started. */
    wait: {
      kind: 'number',
      title: 'Waited',
      stored: false,
      column: { group: 'Times', cell: 'wait' },
    },
    /** Seconds, as Prefect estimates it: the total run time, and of a RUNNING run also the time since it began to run. */
    estimated_run_time: { kind: 'number', title: 'Run time so far', stored: false },
    /** When a sync first saw that the server no longer has the row; null while the server has it. */
    gone: gone('Gone from server'),
  },
  flow_run: {
    id: { kind: 'uuid', title: 'Flow run id' },
    name: {
      kind: 'text',
      title: 'Flow run name',
      column: { title: 'Flow run', group: 'Flow', cell: 'flow-run' },
    },
    flow_id: { kind: 'uuid', title: 'Flow', word: 'flow', column: { title: 'Flow id', group: 'Ids' } },
    deployment_id: {
      kind: 'uuid',
      title: 'Deployment',
      word: 'deployment',
      column: { title: 'Deployment id', group: 'Ids' },
    },
    parent_task_run_id: { kind: 'uuid', title: 'Parent task run' },
    note: {
      kind: 'term',
      title: 'Flow run note',
      stored: false,
      column: { title: 'Note on the flow run', group: 'Flow', width: 240, min: 100, grow: 1.4 },
    },
    bookmarked: { kind: 'boolean', title: 'Flow run bookmarked', stored: false },
    seen: { kind: 'boolean', title: 'Flow run seen', stored: false },
    state_type: { kind: 'term', title: 'Flow run state', word: 'flow_state' },
    state_name: { kind: 'term', title: 'Flow run state name' },
    tags: { kind: 'tags', title: 'Flow run tags' },
    work_queue_name: { kind: 'term', title: 'Flow run work queue' },
    flow_version: { kind: 'term', title: 'Flow run flow version' },
    idempotency_key: { kind: 'text', title: 'Flow run idempotency key' },
    created_by_id: { kind: 'term', title: 'Creator id', json: 'created_by.id' },
    created_by_type: { kind: 'term', title: 'Creator type', json: 'created_by.type' },
    /** true when the row names a creator, else null */
    created_by: { kind: 'boolean', title: 'Has a creator', json: null },
    expected_start_time: { kind: 'time', title: 'Flow run expected start time' },
    next_scheduled_start_time: { kind: 'time', title: 'Flow run next scheduled start time' },
    start_time: { kind: 'time', title: 'Flow run start time' },
    end_time: { kind: 'time', title: 'Flow run end time' },
    /** COALESCE(start_time, expected_start_time): what Prefect's flow_runs.start_time filter compares. */
    start_or_expected_time: { kind: 'time', title: 'Flow run start or expected', stored: false },
    created: { kind: 'time', title: 'Flow run created' },
    updated: { kind: 'time', title: 'Flow run updated' },
    run_count: { kind: 'number', title: 'Flow run attempts', stored: 'int' },
    total_run_time: { kind: 'number', title: 'Flow run total run time' },
    gone: gone('Flow run gone from server'),
  },
  flow: {
    id: { kind: 'uuid', title: 'Flow id' },
    name: { kind: 'text', title: 'Flow name', column: { title: 'Flow', group: 'Flow', width: 150 } },
    tags: { kind: 'tags', title: 'Flow tags' },
    created: { kind: 'time', title: 'Flow created' },
    updated: { kind: 'time', title: 'Flow updated' },
    gone: gone('Flow gone from server'),
  },
  deployment: {
    id: { kind: 'uuid', title: 'Deployment id' },
    name: {
      kind: 'text',
      title: 'Deployment name',
      column: { title: 'Deployment', group: 'Flow', width: 150 },
    },
    flow_id: { kind: 'uuid', title: 'Deployment’s flow' },
    tags: { kind: 'tags', title: 'Deployment tags' },
    paused: { kind: 'boolean', title: 'Deployment paused' },
    work_queue_name: { kind: 'term', title: 'Deployment work queue' },
    created: { kind: 'time', title: 'Deployment created' },
    updated: { kind: 'time', title: 'Deployment updated' },
    gone: gone('Deployment gone from server'),
  },
} as const satisfies Record<Entity, Record<string, FieldInfo>>;

/** Plural names, as Prefect's paths and filter bodies and the archive's views have them. */
export const plural = {
  task_run: 'task_runs',
  flow_run: 'flow_runs',
  flow: 'flows',
  deployment: 'deployments',
} as const;
/** Undoes `plural`; undefined for a text that is none of them. */
export const entityOf = (name: string): Entity | undefined => entities.find((entity) => plural[entity] === name);

/** One value for each entity. */
export const perEntity = <T>(make: (entity: Entity) => T): Record<Entity, T> =>
  Object.fromEntries(entities.map((entity) => [entity, make(entity)])) as Record<Entity, T>;

/** The fields of an entity, in the order of the archive's columns. */
export function fieldsOf(entity: Entity): [name: string, info: FieldInfo][] {
  return Object.entries(fields[entity]);
}

/** The entities that a question about task runs reaches by relations of kind `one`, and the path that leads there. */
export const pathsFromTaskRun: readonly { entity: Entity; prefix: string }[] = [
  { entity: 'task_run', prefix: '' },
  { entity: 'flow_run', prefix: 'flow_run.' },
  { entity: 'flow', prefix: 'flow_run.flow.' },
  { entity: 'deployment', prefix: 'flow_run.deployment.' },
];

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

type ResolvedField = {
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
  const known: Record<string, FieldInfo> = fields[entity];
  const info = Object.hasOwn(known, field) ? known[field] : undefined;
  return info ? { via: parts, entity, field, kind: info.kind } : null;
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
/** What counts as a failure everywhere: the task raised or timed out, or its process went away. */
export const failureStateTypes: readonly string[] = ['FAILED', 'CRASHED'];
