/**
 * The request body of Prefect 3.8.8's list endpoints, field for field, with the server's own parsing: lax booleans
 * and integers, any UUID spelling, inclusive times, unknown keys refused inside a filter and ignored at the top.
 * Output: ids in canonical lower case, times in µs. `null` on any optional key means absent and is removed,
 * except `flow_run_id.is_null_`, whose explicit null has its own meaning.
 */
import { z } from 'zod';
import { stateTypes } from './fields.ts';
import { parseTime } from './time.ts';

const uuid = z.string().transform((text, context) => {
  const hex = text
    .trim()
    .replace(/^urn:uuid:/i, '')
    .replace(/[{}-]/g, '')
    .toLowerCase();
  if (!/^[0-9a-f]{32}$/.test(hex)) {
    context.addIssue({ code: 'custom', message: 'uuid', params: { type: 'uuid_parsing' } });
    return z.NEVER;
  }
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
});

const time = z.union([z.string(), z.number()]).transform((value, context) => {
  const micros = typeof value === 'string' ? parseTime(value) : value * 1e6;
  if (micros === null) {
    context.addIssue({ code: 'custom', message: 'time', params: { type: 'datetime_parsing' } });
    return z.NEVER;
  }
  return micros;
});

const lax = new Map<unknown, boolean>([
  [1, true], [0, false], ['1', true], ['0', false], ['true', true], ['false', false], ['yes', true], ['no', false],
  ['on', true], ['off', false], ['t', true], ['f', false], ['y', true], ['n', false],
]);
const boolean = z.preprocess(
  (value) => lax.get(typeof value === 'string' ? value.toLowerCase() : value) ?? value,
  z.boolean(),
);

const operator = z.enum(['and_', 'or_']).default('and_');
const strings = z.array(z.string()).nullish();
const uuids = z.array(uuid).nullish();
const text = z.string().nullish();
const flag = boolean.nullish();

const idAny = z.strictObject({ any_: uuids });
const idAnyNot = z.strictObject({ any_: uuids, not_any_: uuids });
const name = z.strictObject({ any_: strings, like_: text });
const range = z.strictObject({ before_: time.nullish(), after_: time.nullish() });
const rangeOrNull = z.strictObject({ before_: time.nullish(), after_: time.nullish(), is_null_: flag });
const tagsAll = z.strictObject({ operator, all_: strings, is_null_: flag });
const tagsAnyAll = z.strictObject({ operator, all_: strings, any_: strings, is_null_: flag });
const stateType = z.enum(stateTypes);

export const taskRunFilterSchema = z.strictObject({
  operator,
  id: idAny.nullish(),
  name: name.nullish(),
  tags: tagsAll.nullish(),
  state: z
    .strictObject({
      operator,
      type: z.strictObject({ any_: z.array(stateType).nullish() }).nullish(),
      name: z.strictObject({ any_: strings }).nullish(),
    })
    .nullish(),
  start_time: rangeOrNull.nullish(),
  end_time: rangeOrNull.nullish(),
  expected_start_time: range.nullish(),
  subflow_runs: z.strictObject({ exists_: flag }).nullish(),
  flow_run_id: z.strictObject({ operator, any_: uuids, is_null_: boolean.nullable().default(false) }).nullish(),
});

const anyNotStates = z.strictObject({ any_: z.array(stateType).nullish(), not_any_: z.array(stateType).nullish() });
const anyNotStrings = z.strictObject({ any_: strings, not_any_: strings });
const anyOrNull = z.strictObject({ operator, any_: uuids, is_null_: flag });

export const flowRunFilterSchema = z.strictObject({
  operator,
  id: idAnyNot.nullish(),
  name: name.nullish(),
  tags: tagsAnyAll.nullish(),
  deployment_id: anyOrNull.nullish(),
  work_queue_name: z.strictObject({ operator, any_: strings, is_null_: flag }).nullish(),
  state: z.strictObject({ operator, type: anyNotStates.nullish(), name: anyNotStrings.nullish() }).nullish(),
  flow_version: z.strictObject({ any_: strings }).nullish(),
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

const number = z.number().int();
export const deploymentFilterSchema = z.strictObject({
  operator,
  id: idAnyNot.nullish(),
  name: name.nullish(),
  flow_or_deployment_name: z.strictObject({ like_: text }).nullish(),
  paused: z.strictObject({ eq_: flag }).nullish(),
  tags: tagsAnyAll.nullish(),
  work_queue_name: z.strictObject({ any_: strings }).nullish(),
  concurrency_limit: z.strictObject({ ge_: number.nullish(), le_: number.nullish(), is_null_: flag }).nullish(),
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
export const flowRunSorts = [...taskRunSorts, 'START_TIME_ASC', 'START_TIME_DESC'] as const;
export const namedSorts = ['CREATED_DESC', 'UPDATED_DESC', 'NAME_ASC', 'NAME_DESC'] as const;

/** The four filters every list endpoint takes; joined by AND. `{}` is not the same as absent (facts §1.7). */
export const prefectFiltersSchema = z.object({
  flows: flowFilterSchema.nullish(),
  flow_runs: flowRunFilterSchema.nullish(),
  task_runs: taskRunFilterSchema.nullish(),
  deployments: deploymentFilterSchema.nullish(),
});
export type PrefectFilters = z.output<typeof prefectFiltersSchema>;
export type TaskRunFilter = z.output<typeof taskRunFilterSchema>;
export type FlowRunFilter = z.output<typeof flowRunFilterSchema>;
export type FlowFilter = z.output<typeof flowFilterSchema>;
export type DeploymentFilter = z.output<typeof deploymentFilterSchema>;
export type TaskRunSort = (typeof taskRunSorts)[number];
export type FlowRunSort = (typeof flowRunSorts)[number];
export type NamedSort = (typeof namedSorts)[number];

/** pydantic's lax integer: 2.0, "5" and true are integers, 2.5 is not. */
const integer = z.preprocess((value) => {
  if (typeof value === 'boolean') return Number(value);
  if (typeof value === 'string' && /^\s*[+-]?\d+(\.0*)?\s*$/.test(value)) return Number(value);
  return value;
}, z.number().int());

/** Body of POST /task_runs/paginate. The limit's upper bound is the server's setting, so the caller checks it. */
export const taskRunPaginateSchema = prefectFiltersSchema.extend({
  sort: z.enum(taskRunSorts).nullish().transform((sort) => sort ?? 'ID_DESC'),
  limit: integer.nullish(),
  page: z.preprocess((v) => v ?? 1, integer.pipe(z.number().min(1))),
});
export type TaskRunPaginate = z.output<typeof taskRunPaginateSchema>;
