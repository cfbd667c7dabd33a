/**
 * The request bodies of the list endpoints of Prefect 3.8.8 and later, field for field and in the server's order (errors come in it),
 * with the server's own parsing: lax booleans and integers, any UUID spelling, unknown keys refused inside a filter
 * and ignored at the top. Output: ids in canonical lower case, times in µs. `null` on any optional key means absent,
 * except `flow_run_id.is_null_`, whose explicit null has its own meaning.
 */
import { z } from 'zod';
import { stateTypes } from '../fields.ts';
import type { PrefectRules } from './versions.ts';
import { readTime } from './time.ts';
import { readBoolean, readInteger, readNumber, readUuid, type Scalar } from './values.ts';

/** What a leaf reads; test generators and the views ask the schema for it with `.meta()`. */
export type LeafKind = 'boolean' | 'integer' | 'number' | 'uuid' | 'time';

function leaf<T>(kind: LeafKind, read: (input: unknown) => Scalar<T>): z.ZodType<T> {
  const schema = z.unknown().transform((input, context) => {
    const result = read(input);
    if ('value' in result) return result.value;
    context.addIssue({ code: 'custom', message: result.type, params: result });
    return z.NEVER;
  });
  return schema.meta({ leaf: kind });
}

/** Absent and null are refused alike. */
const required = <T>(kind: LeafKind, read: (input: unknown) => Scalar<T>): z.ZodType<T> =>
  leaf(kind, (input) => (input === undefined || input === null ? { type: 'missing' } : read(input)));

const uuid = leaf('uuid', readUuid);
const time = leaf('time', readTime);
const boolean = leaf('boolean', readBoolean);
const integer = leaf('integer', readInteger);

const operator = z.enum(['and_', 'or_']).default('and_');
const strings = z.array(z.string()).nullish();
const uuids = z.array(uuid).nullish();
const text = z.string().nullish();
const flag = boolean.nullish();

const idAny = z.strictObject({ any_: uuids });
const idAnyNot = z.strictObject({ any_: uuids, not_any_: uuids });
const name = z.strictObject({ any_: strings, like_: text });
const nameAny = z.strictObject({ any_: strings });
const range = z.strictObject({ before_: time.nullish(), after_: time.nullish() });
const rangeOrNull = z.strictObject({ before_: time.nullish(), after_: time.nullish(), is_null_: flag });
const tagsAll = z.strictObject({ operator, all_: strings, is_null_: flag });
const tagsAnyAll = z.strictObject({ operator, all_: strings, any_: strings, is_null_: flag });
const types = z.array(z.enum(stateTypes)).nullish();

export const taskRunFilterSchema = z.strictObject({
  operator,
  id: idAny.nullish(),
  name: name.nullish(),
  tags: tagsAll.nullish(),
  state: z
    .strictObject({ operator, type: z.strictObject({ any_: types }).nullish(), name: nameAny.nullish() })
    .nullish(),
  start_time: rangeOrNull.nullish(),
  end_time: rangeOrNull.nullish(),
  expected_start_time: range.nullish(),
  subflow_runs: z.strictObject({ exists_: flag }).nullish(),
  flow_run_id: z.strictObject({ operator, any_: uuids, is_null_: boolean.nullable().default(false) }).nullish(),
});

const anyNotTypes = z.strictObject({ any_: types, not_any_: types });
const anyNotStrings = z.strictObject({ any_: strings, not_any_: strings });
const anyOrNull = z.strictObject({ operator, any_: uuids, is_null_: flag });

export const flowRunFilterSchema = z.strictObject({
  operator,
  id: idAnyNot.nullish(),
  name: name.nullish(),
  tags: tagsAnyAll.nullish(),
  deployment_id: anyOrNull.nullish(),
  work_queue_name: z.strictObject({ operator, any_: strings, is_null_: flag }).nullish(),
  state: z.strictObject({ operator, type: anyNotTypes.nullish(), name: anyNotStrings.nullish() }).nullish(),
  flow_version: nameAny.nullish(),
  start_time: rangeOrNull.nullish(),
  end_time: rangeOrNull.nullish(),
  expected_start_time: range.nullish(),
  next_scheduled_start_time: range.nullish(),
  parent_flow_run_id: z.strictObject({ operator, any_: uuids }).nullish(),
  parent_task_run_id: anyOrNull.nullish(),
  idempotency_key: anyNotStrings.nullish(),
  created_by: z.strictObject({ operator, id_: uuids, type_: strings, is_null_: flag }).nullish(),
});

export const flowFilterSchema = z.strictObject({
  operator,
  id: idAnyNot.nullish(),
  deployment: z.strictObject({ operator, is_null_: flag }).nullish(),
  name: name.nullish(),
  tags: tagsAll.nullish(),
});

export const deploymentFilterSchema = z.strictObject({
  operator,
  id: idAnyNot.nullish(),
  name: name.nullish(),
  flow_or_deployment_name: z.strictObject({ like_: text }).nullish(),
  paused: z.strictObject({ eq_: flag }).nullish(),
  tags: tagsAnyAll.nullish(),
  work_queue_name: nameAny.nullish(),
  concurrency_limit: z.strictObject({ ge_: integer.nullish(), le_: integer.nullish(), is_null_: flag }).nullish(),
});

const workPoolFilterSchema = z.strictObject({
  operator,
  id: idAny.nullish(),
  name: nameAny.nullish(),
  type: nameAny.nullish(),
});

const workQueueFilterSchema = z.strictObject({
  operator,
  id: idAny.nullish(),
  name: z.strictObject({ any_: strings, startswith_: strings }).nullish(),
});

export const taskRunSorts = [
  'ID_DESC',
  'EXPECTED_START_TIME_ASC',
  'EXPECTED_START_TIME_DESC',
  'NAME_ASC',
  'NAME_DESC',
  'NEXT_SCHEDULED_START_TIME_ASC',
  'END_TIME_DESC',
] as const;
/** Where the server has them: `PrefectRules.durationSorts`. */
export const durationSorts = ['DURATION_DESC', 'DURATION_ASC'] as const;
export const flowRunSorts = [
  'ID_DESC',
  'START_TIME_ASC',
  'START_TIME_DESC',
  'EXPECTED_START_TIME_ASC',
  'EXPECTED_START_TIME_DESC',
  'NAME_ASC',
  'NAME_DESC',
  'NEXT_SCHEDULED_START_TIME_ASC',
  'END_TIME_DESC',
] as const;
export const namedSorts = ['CREATED_DESC', 'UPDATED_DESC', 'NAME_ASC', 'NAME_DESC'] as const;

const fourFilters = {
  flows: flowFilterSchema.nullish(),
  flow_runs: flowRunFilterSchema.nullish(),
  task_runs: taskRunFilterSchema.nullish(),
  deployments: deploymentFilterSchema.nullish(),
};
const pools = { work_pools: workPoolFilterSchema.nullish() };
const poolsAndQueues = { ...pools, work_pool_queues: workQueueFilterSchema.nullish() };

/** The four filters every list endpoint takes; joined by AND. `{}` is not the same as absent: it leaves out rows without that parent. */
export const prefectFiltersSchema = z.object(fourFilters);
export type PrefectFilters = z.output<typeof prefectFiltersSchema>;
export type TaskRunFilter = z.output<typeof taskRunFilterSchema>;
export type FlowRunFilter = z.output<typeof flowRunFilterSchema>;
export type FlowFilter = z.output<typeof flowFilterSchema>;
export type DeploymentFilter = z.output<typeof deploymentFilterSchema>;
export type WorkPoolFilter = z.output<typeof workPoolFilterSchema>;
export type WorkQueueFilter = z.output<typeof workQueueFilterSchema>;
type TaskRunSort = (typeof taskRunSorts)[number] | (typeof durationSorts)[number];
type FlowRunSort = (typeof flowRunSorts)[number];
export type NamedSort = (typeof namedSorts)[number];

const orElse =
  <T>(fallback: T) =>
  (value: T | null | undefined) =>
    value ?? fallback;
const atLeast = (minimum: number, fallback: number) =>
  integer.pipe(z.number().min(minimum)).nullish().transform(orElse(fallback));

const page = atLeast(1, 1);
const offset = atLeast(0, 0);
const taskRunSort = (sorts: readonly TaskRunSort[]) =>
  z.enum(sorts).nullish().transform(orElse<TaskRunSort>('ID_DESC'));
const flowRunSort = z.enum(flowRunSorts).nullish().transform(orElse<FlowRunSort>('ID_DESC'));
const namedSort = z.enum(namedSorts).nullish().transform(orElse<NamedSort>('NAME_ASC'));

/** The limit's bounds are the server's setting, so the caller checks them. */
export const limitSchema = integer.nullish();
const limit = limitSchema;

/** Bodies of POST /{entity}s/{action}; keys are in the order in which the server reports their errors. */
const taskRunBodies = (sort: ReturnType<typeof taskRunSort>) => ({
  /** POST /task_runs/paginate */
  paginate: z.object({ limit, sort, page, ...fourFilters }),
  filter: z.object({ limit, sort, offset, ...fourFilters }),
  count: prefectFiltersSchema,
});
const parentBodies = {
  flow_run: {
    paginate: z.object({ limit, sort: flowRunSort, page, ...fourFilters, ...poolsAndQueues }),
    filter: z.object({ limit, sort: flowRunSort, offset, ...fourFilters, ...poolsAndQueues }),
    count: z.object({ ...fourFilters, ...poolsAndQueues }),
  },
  flow: {
    paginate: z.object({ limit, page, ...fourFilters, ...pools, sort: namedSort }),
    filter: z.object({ limit, offset, ...fourFilters, ...pools, sort: namedSort }),
    count: z.object({ ...fourFilters, ...pools }),
  },
  deployment: {
    paginate: z.object({ limit, page, ...fourFilters, ...poolsAndQueues, sort: namedSort }),
    filter: z.object({ limit, offset, ...fourFilters, ...poolsAndQueues, sort: namedSort }),
    count: z.object({ ...fourFilters, ...poolsAndQueues }),
  },
} as const;
const withoutDuration = { task_run: taskRunBodies(taskRunSort(taskRunSorts)), ...parentBodies };
const withDuration = { task_run: taskRunBodies(taskRunSort([...taskRunSorts, ...durationSorts])), ...parentBodies };
export const bodySchemas = (rules: PrefectRules): typeof withDuration =>
  rules.durationSorts ? withDuration : withoutDuration;

/** The fields of a task run in the reply of POST /task_runs/paginate (TaskRunResponse of 3.8.8), in the server's order: it leaves out the others. */
export const pageKeys = [
  ...[
    'id',
    'created',
    'updated',
    'name',
    'flow_run_id',
    'task_key',
    'state_id',
    'state',
    'task_version',
    'task_inputs',
  ],
  ...['empirical_policy', 'tags', 'start_time', 'end_time', 'total_run_time', 'estimated_run_time'],
  'estimated_start_time_delta',
];

/** POST /{entity}s/history. `history_interval_seconds` may have a fraction. */
const history = {
  history_start: required('time', readTime),
  history_end: required('time', readTime),
  history_interval_seconds: required('number', readNumber),
  ...fourFilters,
};
export const historySchemas = {
  task_run: z.object(history),
  flow_run: z.object({ ...history, ...pools, work_queues: workQueueFilterSchema.nullish() }),
} as const;

const MOST_SEARCHED = 200; // characters of Unicode
const logFilterSchema = z.strictObject({
  operator,
  level: z.strictObject({ ge_: integer.nullish(), le_: integer.nullish() }).nullish(),
  timestamp: range.nullish(),
  flow_run_id: idAny.nullish(),
  task_run_id: z.strictObject({ any_: uuids, is_null_: flag }).nullish(),
  text: z
    .strictObject({
      query: z.string().refine((text) => [...text].length <= MOST_SEARCHED, { params: { type: 'string_too_long' } }),
    })
    .nullish(),
});
export type LogFilter = z.output<typeof logFilterSchema>;
const logSorts = ['TIMESTAMP_ASC', 'TIMESTAMP_DESC'] as const;
/** Body of POST /logs/filter. */
export const logsSchema = z.object({
  limit,
  offset,
  logs: logFilterSchema.nullish(),
  sort: z.enum(logSorts).nullish().transform(orElse<(typeof logSorts)[number]>('TIMESTAMP_ASC')),
});

const artifactFilterSchema = z.strictObject({
  operator,
  id: idAny.nullish(),
  key: z.strictObject({ any_: strings, like_: text, exists_: flag }).nullish(),
  flow_run_id: idAny.nullish(),
  task_run_id: idAny.nullish(),
  type: z.strictObject({ any_: strings, not_any_: strings }).nullish(),
});
export type ArtifactFilter = z.output<typeof artifactFilterSchema>;
const artifactSorts = ['CREATED_DESC', 'UPDATED_DESC', 'ID_DESC', 'KEY_DESC', 'KEY_ASC'] as const;
export type ArtifactSort = (typeof artifactSorts)[number];
const { flow_runs, task_runs, flows, deployments } = fourFilters;
const aboutArtifacts = { artifacts: artifactFilterSchema.nullish(), flow_runs, task_runs, flows, deployments };
/** Bodies of POST /artifacts/filter and /artifacts/count. */
export const artifactSchemas = {
  filter: z.object({
    limit,
    sort: z.enum(artifactSorts).nullish().transform(orElse<ArtifactSort>('ID_DESC')),
    offset,
    ...aboutArtifacts,
  }),
  count: z.object(aboutArtifacts),
} as const;

const workQueues = { work_queues: workQueueFilterSchema.nullish() };
/** Bodies of POST /work_pools/filter and /count, /work_queues/filter and /work_pools/{name}/queues/filter; keys as above. They have no sort. */
export const poolBodySchemas = {
  pools: z.object({ limit, ...pools, offset }),
  pool_count: z.object(pools),
  queues: z.object({ limit, offset, ...workQueues }),
  queues_of_pool: z.object({ limit, ...workQueues, offset }),
} as const;
