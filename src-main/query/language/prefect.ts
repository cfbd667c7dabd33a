/**
 * Prefect's filter bodies and sorts as condition trees, for any of the four entities as the root. Which criteria yield no clause follows
 * `filters.py` of 3.8.8, and of later versions where `PrefectRules` says so.
 */
import type { Entity } from '../../contract/fields.ts';
import { AppError } from '../../contract/errors.ts';
import type {
  DeploymentFilter,
  FlowFilter,
  FlowRunFilter,
  PrefectFilters,
  TaskRunFilter,
} from '../../contract/prefect/filter.ts';
import type { PrefectRules } from '../../contract/prefect/versions.ts';
import { TRUE, type Condition, type SortKey } from '../../contract/query.ts';

type Operator = 'and_' | 'or_';
/** null: the criterion yields no SQL, so it takes no part in an AND or OR. */
type Clause = Condition | null;
type Strings = string[] | null | undefined;
type Flag = boolean | null | undefined;
type Time = number | null | undefined;

/** The clauses that are not null, joined. No clause is TRUE, under `or_` too. */
function join(clauses: readonly Clause[], operator: Operator = 'and_'): Condition {
  const present = clauses.filter((clause) => clause !== null);
  if (present.length === 0) return TRUE;
  if (present.length === 1) return present[0];
  return operator === 'or_' ? { or: present } : { and: present };
}

const within = <T>(filter: T | null | undefined, toCondition: (filter: T) => Condition): Clause =>
  filter === null || filter === undefined ? null : toCondition(filter);

const any = (field: string, values: Strings): Clause => (values ? { field, in: values } : null);

/** SQL's NOT IN: rows without a value are left out. An empty list is no clause. */
const notAny = (field: string, values: Strings): Clause =>
  values && values.length > 0 ? { and: [{ field, isNull: false }, { not: { field, in: values } }] } : null;

const like = (field: string, text: string | null | undefined): Clause => (text ? { field, like: text } : null);
const isNull = (field: string, flag: Flag): Clause =>
  flag === null || flag === undefined ? null : { field, isNull: flag };
const before = (field: string, to: Time): Clause => (to === null || to === undefined ? null : { field, to });
const after = (field: string, from: Time): Clause => (from === null || from === undefined ? null : { field, from });

type Id = { any_?: Strings; not_any_?: Strings };
const id = (filter: Id, field = 'id') => join([any(field, filter.any_), notAny(field, filter.not_any_)]);

type Name = { any_?: Strings; like_?: string | null };
const name = (filter: Name) => join([any('name', filter.any_), like('name', filter.like_)]);

type Tags = { operator: Operator; all_?: Strings; any_?: Strings; is_null_?: Flag };
const tags = (filter: Tags) =>
  join(
    [
      filter.all_ && filter.all_.length > 0 ? { field: 'tags', all: filter.all_ } : null,
      filter.any_ ? { field: 'tags', any: filter.any_ } : null,
      isNull('tags', filter.is_null_),
    ],
    filter.operator,
  );

type Range = { before_?: Time; after_?: Time; is_null_?: Flag };
/** `before_` and `after_` compare `compared`, `is_null_` looks at `field`: for flow runs only the first falls back to the expected start. */
const range = (field: string, filter: Range, compared = field) =>
  join([before(compared, filter.before_), after(compared, filter.after_), isNull(field, filter.is_null_)]);

type AnyOrNull = { operator: Operator; any_?: Strings; is_null_?: Flag };
const anyOrNull = (field: string, filter: AnyOrNull) =>
  join([any(field, filter.any_), isNull(field, filter.is_null_)], filter.operator);

/** The clause of a part of `state`; null without a comparison. Older servers leave out a part that has both any_ and not_any_. */
function stateClause(field: string, filter: Id | null | undefined, { stateAnyAndNotAny }: PrefectRules): Clause {
  if (!filter) return null;
  const clauses = [any(field, filter.any_), notAny(field, filter.not_any_)].filter((clause) => clause !== null);
  if (clauses.length > 1 && stateAnyAndNotAny) return { and: clauses };
  return clauses.length === 1 ? clauses[0] : null;
}

type State = { operator: Operator; type?: Id | null; name?: Id | null };
const state = (filter: State, rules: PrefectRules) =>
  join([stateClause('state_type', filter.type, rules), stateClause('state_name', filter.name, rules)], filter.operator);

/** `is_null_` decides first and defaults to false. There is at most one clause, so the operator does not matter. */
function flowRunId(filter: NonNullable<TaskRunFilter['flow_run_id']>): Condition {
  if (filter.is_null_ === true) return { field: 'flow_run_id', isNull: true };
  if (filter.is_null_ === false && !filter.any_) return { field: 'flow_run_id', isNull: false };
  return join([any('flow_run_id', filter.any_)]);
}

const hasSubflow: Condition = { has: 'subflow_runs', where: TRUE };

function taskRunCondition(filter: TaskRunFilter, rules: PrefectRules): Condition {
  return join(
    [
      within(filter.id, (f) => id(f)),
      within(filter.name, name),
      within(filter.tags, tags),
      within(filter.state, (f) => state(f, rules)),
      within(filter.start_time, (f) => range('start_time', f)),
      within(filter.end_time, (f) => range('end_time', f)),
      within(filter.expected_start_time, (f) => range('expected_start_time', f)),
      within(filter.subflow_runs, ({ exists_ }) =>
        exists_ === null || exists_ === undefined ? TRUE : exists_ ? hasSubflow : { not: hasSubflow },
      ),
      within(filter.flow_run_id, flowRunId),
    ],
    filter.operator,
  );
}

function createdBy(filter: NonNullable<FlowRunFilter['created_by']>): Condition {
  return join(
    [any('created_by_id', filter.id_), any('created_by_type', filter.type_), isNull('created_by', filter.is_null_)],
    filter.operator,
  );
}

function flowRunCondition(filter: FlowRunFilter, rules: PrefectRules): Condition {
  return join(
    [
      within(filter.id, (f) => id(f)),
      within(filter.name, name),
      within(filter.tags, tags),
      within(filter.deployment_id, (f) => anyOrNull('deployment_id', f)),
      within(filter.work_queue_name, (f) => anyOrNull('work_queue_name', f)),
      within(filter.flow_version, (f) => join([any('flow_version', f.any_)])),
      within(filter.state, (f) => state(f, rules)),
      within(filter.start_time, (f) => range('start_time', f, 'start_or_expected_time')),
      within(filter.end_time, (f) => range('end_time', f)),
      within(filter.expected_start_time, (f) => range('expected_start_time', f)),
      within(filter.next_scheduled_start_time, (f) => range('next_scheduled_start_time', f)),
      // the parent flow run is that of the parent task run
      within(filter.parent_flow_run_id, (f) =>
        f.any_ ? { has: 'parent_task_run', where: { field: 'flow_run_id', in: f.any_ } } : TRUE,
      ),
      within(filter.parent_task_run_id, (f) => anyOrNull('parent_task_run_id', f)),
      within(filter.idempotency_key, (f) => id(f, 'idempotency_key')),
      within(filter.created_by, createdBy),
    ],
    filter.operator,
  );
}

const hasDeployment: Condition = { has: 'deployments', where: TRUE };

function flowCondition(filter: FlowFilter): Condition {
  return join(
    [
      within(filter.id, (f) => id(f)),
      // asks for deployments of the flow, not for the deployment of a run
      within(filter.deployment, ({ is_null_ }) =>
        is_null_ === null || is_null_ === undefined ? TRUE : is_null_ ? { not: hasDeployment } : hasDeployment,
      ),
      within(filter.name, name),
      within(filter.tags, tags),
    ],
    filter.operator,
  );
}

function deploymentCondition(filter: DeploymentFilter): Condition {
  return join(
    [
      within(filter.id, (f) => id(f)),
      within(filter.name, name),
      within(filter.flow_or_deployment_name, ({ like_ }) =>
        like_
          ? {
              or: [
                { field: 'name', like: like_ },
                { has: 'flow', where: { field: 'name', like: like_ } },
              ],
            }
          : TRUE,
      ),
      within(filter.paused, (f) => (typeof f.eq_ === 'boolean' ? { field: 'paused', in: [f.eq_] } : TRUE)),
      within(filter.tags, tags),
      within(filter.work_queue_name, (f) => join([any('work_queue_name', f.any_)])),
      // concurrency_limit is accepted and contributes nothing, not even TRUE under or_
    ],
    filter.operator,
  );
}

/** The server skips the join when nothing but flow run ids is asked for; a task run then needs no row of its flow run. */
function onlyFlowRunIds({ flows, flow_runs, deployments }: PrefectFilters): string[] | null {
  if (flows || deployments || !flow_runs) return null;
  const { id: ids, operator: _, ...others } = flow_runs;
  if (!ids?.any_?.length || ids.not_any_?.length) return null;
  return Object.values(others).some((other) => other !== null && other !== undefined) ? null : ids.any_;
}

/** The rows that the list endpoint of `root` selects. A filter that is present joins its table, even an empty filter. */
export function prefectCondition(root: Entity, filters: PrefectFilters, rules: PrefectRules): Condition {
  const flows = within(filters.flows, flowCondition);
  const flowRuns = within(filters.flow_runs, (filter) => flowRunCondition(filter, rules));
  const taskRuns = within(filters.task_runs, (filter) => taskRunCondition(filter, rules));
  const deployments = within(filters.deployments, deploymentCondition);
  const has = (relation: string, clauses: Clause[]): Clause =>
    clauses.every((clause) => clause === null) ? null : { has: relation, where: join(clauses) };
  const through = (relation: string, clause: Clause): Clause => (clause ? { has: relation, where: clause } : null);
  switch (root) {
    case 'task_run': {
      const ids = onlyFlowRunIds(filters);
      if (ids) return join([taskRuns, { field: 'flow_run_id', in: ids }]);
      return join([taskRuns, has('flow_run', [flowRuns, through('flow', flows), through('deployment', deployments)])]);
    }
    case 'flow_run':
      return join([
        flowRuns,
        through('deployment', deployments),
        through('flow', flows),
        through('task_runs', taskRuns),
      ]);
    case 'flow':
      return join([
        flows,
        through('deployments', deployments),
        has('flow_runs', [flowRuns, through('task_runs', taskRuns)]),
      ]);
    case 'deployment':
      return join([deployments, through('flow', flows), has('flow_runs', [flowRuns, through('task_runs', taskRuns)])]);
  }
}

const runSorts: Record<string, SortKey[]> = {
  ID_DESC: [],
  EXPECTED_START_TIME_ASC: [{ field: 'expected_start_time', dir: 'asc' }],
  EXPECTED_START_TIME_DESC: [{ field: 'expected_start_time', dir: 'desc' }],
  NAME_ASC: [{ field: 'name', dir: 'asc' }],
  NAME_DESC: [{ field: 'name', dir: 'desc' }],
  NEXT_SCHEDULED_START_TIME_ASC: [{ field: 'next_scheduled_start_time', dir: 'asc' }],
  END_TIME_DESC: [{ field: 'end_time', dir: 'desc' }],
};
const namedSorts: Record<string, SortKey[]> = {
  CREATED_DESC: [{ field: 'created', dir: 'desc' }],
  UPDATED_DESC: [{ field: 'updated', dir: 'desc' }],
  NAME_ASC: [{ field: 'name', dir: 'asc' }],
  NAME_DESC: [{ field: 'name', dir: 'desc' }],
};
/** Prefect orders equal durations by expected start, whichever way the durations go. */
const byDuration = (dir: 'asc' | 'desc'): SortKey[] => [
  { field: 'estimated_run_time', dir },
  { field: 'expected_start_time', dir: 'desc' },
];
const sorts: Record<Entity, Record<string, SortKey[]>> = {
  task_run: { ...runSorts, DURATION_DESC: byDuration('desc'), DURATION_ASC: byDuration('asc') },
  flow_run: {
    ...runSorts,
    START_TIME_ASC: [{ field: 'start_or_expected_time', dir: 'asc' }],
    START_TIME_DESC: [{ field: 'start_or_expected_time', dir: 'desc' }],
  },
  flow: namedSorts,
  deployment: namedSorts,
};

/** Throws BAD_INPUT for a sort the entity does not have; names are case-sensitive. */
export function prefectSort(root: Entity, sort: string): SortKey[] {
  const keys = Object.hasOwn(sorts[root], sort) ? sorts[root][sort] : undefined;
  if (!keys) throw new AppError('BAD_INPUT', `${root} has no sort ${sort}`, { sort });
  return keys;
}
