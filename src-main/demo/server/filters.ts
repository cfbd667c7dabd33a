/**
 * Prefect's filters as plain predicates over one row. They share no code with the query engine, which the tests compare with them.
 * A clause that yields no SQL on the server is left out, under and_ and under or_ alike.
 */
import type {
  DeploymentFilter,
  FlowFilter,
  FlowRunFilter,
  PrefectFilters,
  TaskRunFilter,
} from '../../contract/prefect/filter.ts';
import type { Dialect } from '../../contract/query.ts';
import type { Database } from './database.ts';
import type { DeploymentFacts, FlowFacts, FlowRunFacts, TaskFacts } from './facts.ts';

type Test<Row> = (row: Row) => boolean;
type Maybe<T> = T | null | undefined;
export type Scope = { database: Database; dialect: Dialect; now: number };

const isSet = <T>(value: Maybe<T>): value is T => value !== null && value !== undefined;
const always = () => true;

function join<Row>(operator: 'and_' | 'or_', tests: Test<Row>[]): Test<Row> {
  if (tests.length === 0) return always;
  return operator === 'or_' ? (row) => tests.some((test) => test(row)) : (row) => tests.every((test) => test(row));
}

function anyNotAny<Row>(
  get: (row: Row) => string | null,
  given: Maybe<{ any_?: Maybe<string[]>; not_any_?: Maybe<string[]> }>,
): Test<Row>[] {
  if (!given) return [];
  const tests: Test<Row>[] = [];
  if (isSet(given.any_)) {
    const wanted = new Set(given.any_);
    tests.push((row) => {
      const value = get(row);
      return value !== null && wanted.has(value);
    });
  }
  if (isSet(given.not_any_) && given.not_any_.length > 0) {
    const unwanted = new Set(given.not_any_);
    tests.push((row) => {
      const value = get(row);
      return value !== null && !unwanted.has(value);
    });
  }
  return [join('and_', tests)];
}

const lowerAscii = (text: string) => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());

/** ILIKE '%pattern%' with live wildcards, as each database does it. */
function likeTest(pattern: string, dialect: Dialect): (text: string) => boolean {
  const fold = dialect === 'sqlite' ? lowerAscii : (text: string) => text.toLowerCase();
  const whole = fold(`%${pattern}%`);
  let source = '';
  for (let i = 0; i < whole.length; i++) {
    const letter = whole[i];
    if (letter === '\\' && dialect === 'postgres') {
      i += 1;
      source += quote(whole[i] ?? '\\');
    } else if (letter === '%') source += '[\\s\\S]*';
    else if (letter === '_') source += '[\\s\\S]';
    else source += quote(letter);
  }
  const expression = new RegExp(`^${source}$`, 'u');
  return (text) => expression.test(fold(text));
}
const quote = (letter: string) => (/[\\^$.*+?()[\]{}|/]/.test(letter) ? `\\${letter}` : letter);

function name<Row extends { name: string }>(
  given: Maybe<{ any_?: Maybe<string[]>; like_?: Maybe<string> }>,
  dialect: Dialect,
): Test<Row>[] {
  if (!given) return [];
  const tests = anyNotAny<Row>((row) => row.name, { any_: given.any_ });
  if (given.like_) {
    const like = likeTest(given.like_, dialect);
    tests.push((row) => like(row.name));
  }
  return [join('and_', tests)];
}

type TagsFilter = {
  operator: 'and_' | 'or_';
  all_?: Maybe<string[]>;
  any_?: Maybe<string[]>;
  is_null_?: Maybe<boolean>;
};
function tags<Row extends { tags: string[] }>(given: Maybe<TagsFilter>): Test<Row>[] {
  if (!given) return [];
  const tests: Test<Row>[] = [];
  const { all_, any_, is_null_ } = given;
  if (all_ && all_.length > 0) tests.push((row) => all_.every((tag) => row.tags.includes(tag)));
  if (isSet(any_)) tests.push((row) => any_.some((tag) => row.tags.includes(tag)));
  if (isSet(is_null_)) tests.push((row) => (row.tags.length === 0) === is_null_);
  return [join(given.operator, tests)];
}

type TimeFilter = { before_?: Maybe<number>; after_?: Maybe<number>; is_null_?: Maybe<boolean> };
function time<Row>(given: Maybe<TimeFilter>, get: (row: Row) => number | null, raw = get): Test<Row>[] {
  if (!given) return [];
  const { before_, after_, is_null_ } = given;
  const tests: Test<Row>[] = [];
  if (isSet(before_)) tests.push((row) => (get(row) ?? Infinity) <= before_);
  if (isSet(after_)) tests.push((row) => (get(row) ?? -Infinity) >= after_);
  if (isSet(is_null_)) tests.push((row) => (raw(row) === null) === is_null_);
  return [join('and_', tests)];
}

function nullable<Row>(
  get: (row: Row) => string | null,
  given: Maybe<{ operator: 'and_' | 'or_'; any_?: Maybe<string[]>; is_null_?: Maybe<boolean> }>,
): Test<Row>[] {
  if (!given) return [];
  const { is_null_ } = given;
  const tests = isSet(given.any_) ? anyNotAny(get, { any_: given.any_ }) : [];
  if (isSet(is_null_)) tests.push((row) => (get(row) === null) === is_null_);
  return [join(given.operator, tests)];
}

type Comparison = Maybe<{ any_?: Maybe<string[]>; not_any_?: Maybe<string[]> }>;
type StateFilter = { operator: 'and_' | 'or_'; type?: Comparison; name?: Comparison };
function state<Row extends { stateType: string | null; stateName: string | null }>(
  given: Maybe<StateFilter>,
): Test<Row>[] {
  if (!given) return [];
  // Prefect drops a sub-filter that is not exactly one comparison
  const single = (one: Comparison) => {
    const yields = Number(isSet(one?.any_)) + Number((one?.not_any_?.length ?? 0) > 0);
    return yields === 1 ? one : null;
  };
  return [
    join(given.operator, [
      ...anyNotAny<Row>((row) => row.stateType, single(given.type)),
      ...anyNotAny<Row>((row) => row.stateName, single(given.name)),
    ]),
  ];
}

export function taskRunTest(filter: TaskRunFilter, { database, dialect, now }: Scope): Test<TaskFacts> {
  const tests: Test<TaskFacts>[] = [
    ...anyNotAny<TaskFacts>((row) => row.id, filter.id),
    ...name<TaskFacts>(filter.name, dialect),
    ...tags<TaskFacts>(filter.tags),
    ...state<TaskFacts>(filter.state),
    ...time<TaskFacts>(filter.start_time, (row) => row.start),
    ...time<TaskFacts>(filter.end_time, (row) => row.end),
    ...time<TaskFacts>(filter.expected_start_time, (row) => row.expected),
  ];
  const exists = filter.subflow_runs?.exists_;
  if (isSet(exists)) tests.push((row) => database.hasSubflow(row.id, now) === exists);
  else if (filter.subflow_runs) tests.push(always);
  const flowRun = filter.flow_run_id;
  if (flowRun) {
    if (flowRun.is_null_ === true) tests.push((row) => row.flowRunId === null);
    else if (isSet(flowRun.any_)) tests.push(...anyNotAny<TaskFacts>((row) => row.flowRunId, { any_: flowRun.any_ }));
    else if (flowRun.is_null_ === false) tests.push((row) => row.flowRunId !== null);
    else tests.push(always);
  }
  return join(filter.operator, tests);
}

export function flowRunTest(filter: FlowRunFilter, { database, dialect, now }: Scope): Test<FlowRunFacts> {
  const tests: Test<FlowRunFacts>[] = [
    ...anyNotAny<FlowRunFacts>((row) => row.id, filter.id),
    ...name<FlowRunFacts>(filter.name, dialect),
    ...tags<FlowRunFacts>(filter.tags),
    ...nullable<FlowRunFacts>((row) => row.deploymentId, filter.deployment_id),
    ...nullable<FlowRunFacts>((row) => row.workQueue, filter.work_queue_name),
    ...state<FlowRunFacts>(filter.state),
    ...anyNotAny<FlowRunFacts>((row) => row.flowVersion, filter.flow_version),
    ...time<FlowRunFacts>(
      filter.start_time,
      (row) => row.start ?? row.expected,
      (row) => row.start,
    ),
    ...time<FlowRunFacts>(filter.end_time, (row) => row.end),
    ...time<FlowRunFacts>(filter.expected_start_time, (row) => row.expected),
    ...time<FlowRunFacts>(filter.next_scheduled_start_time, (row) => row.next),
    ...nullable<FlowRunFacts>((row) => row.parentTaskRunId, filter.parent_task_run_id),
    ...anyNotAny<FlowRunFacts>((row) => row.idempotencyKey, filter.idempotency_key),
  ];
  const parents = filter.parent_flow_run_id;
  if (parents) {
    const wanted = parents.any_ ? new Set(parents.any_) : null;
    tests.push((row) => {
      if (!wanted) return true;
      const key = row.parentTaskRunId === null ? null : database.task_run.find(row.parentTaskRunId, now);
      return key !== null && wanted.has(database.task_run.facts(key, now).flowRunId ?? '');
    });
  }
  const creator = filter.created_by;
  if (creator) {
    const { id_, type_, is_null_ } = creator;
    const some: Test<FlowRunFacts>[] = [];
    if (isSet(id_)) some.push((row) => id_.includes(row.createdBy?.id ?? ''));
    if (isSet(type_)) some.push((row) => type_.includes(row.createdBy?.type ?? ''));
    if (isSet(is_null_)) some.push((row) => (row.createdBy === null) === is_null_);
    tests.push(join(creator.operator, some));
  }
  return join(filter.operator, tests);
}

export function flowTest(filter: FlowFilter, { database, dialect, now }: Scope): Test<FlowFacts> {
  const tests: Test<FlowFacts>[] = [
    ...anyNotAny<FlowFacts>((row) => row.id, filter.id),
    ...name<FlowFacts>(filter.name, dialect),
    ...tags<FlowFacts>(filter.tags),
  ];
  if (filter.deployment) {
    const wanted = filter.deployment.is_null_;
    tests.push((row) => !isSet(wanted) || (deploymentsOf(database, row.id, now).length === 0) === wanted);
  }
  return join(filter.operator, tests);
}

export function deploymentTest(filter: DeploymentFilter, { database, dialect, now }: Scope): Test<DeploymentFacts> {
  const tests: Test<DeploymentFacts>[] = [
    ...anyNotAny<DeploymentFacts>((row) => row.id, filter.id),
    ...name<DeploymentFacts>(filter.name, dialect),
    ...tags<DeploymentFacts>(filter.tags),
    ...anyNotAny<DeploymentFacts>((row) => row.workQueue, filter.work_queue_name),
  ];
  const either = filter.flow_or_deployment_name;
  if (either) {
    const like = either.like_ ? likeTest(either.like_, dialect) : always;
    tests.push((row) => {
      const flow = database.flow.find(row.flowId, now);
      return like(row.name) || (flow !== null && like(database.flow.facts(flow, now).name));
    });
  }
  const paused = filter.paused?.eq_;
  if (filter.paused) tests.push((row) => !isSet(paused) || row.paused === paused);
  return join(filter.operator, tests);
}

export function deploymentsOf(database: Database, flowId: string, now: number): DeploymentFacts[] {
  return [...database.deployment.byTime().keys]
    .filter((key) => database.deployment.exists(key, now))
    .map((key) => database.deployment.facts(key, now))
    .filter((one) => one.flowId === flowId);
}

/** True for a flow run that passes the filters on itself, its flow and its deployment. A filter on a missing parent is false. */
export function flowRunChain(filters: PrefectFilters, scope: Scope): Test<FlowRunFacts> {
  const { database, now } = scope;
  const run = filters.flow_runs ? flowRunTest(filters.flow_runs, scope) : always;
  const flow = filters.flows ? flowTest(filters.flows, scope) : null;
  const deployment = filters.deployments ? deploymentTest(filters.deployments, scope) : null;
  return (row) => {
    if (!run(row)) return false;
    if (flow) {
      const key = database.flow.find(row.flowId, now);
      if (key === null || !flow(database.flow.facts(key, now))) return false;
    }
    if (deployment) {
      const key = row.deploymentId === null ? null : database.deployment.find(row.deploymentId, now);
      if (key === null || !deployment(database.deployment.facts(key, now))) return false;
    }
    return true;
  };
}
