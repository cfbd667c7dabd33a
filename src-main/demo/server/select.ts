/** Which rows a body asks for, in its order: filters over all four tables, sorts, offset and limit. Times in µs. */
import type { PrefectFilters } from '../../contract/prefect/filter.ts';
import type { DeploymentFacts, FlowFacts, FlowRunFacts, TaskFacts } from './facts.ts';
import {
  deploymentsOf,
  deploymentTest,
  flowRunChain,
  flowRunTest,
  flowTest,
  taskRunTest,
  type Scope,
} from './filters.ts';
import { namedOrder, runOrder } from './sorts.ts';
import type { Table } from './table.ts';

type Test<Row> = (row: Row) => boolean;
type Run = TaskFacts | FlowRunFacts;

function taskTest(filters: PrefectFilters, scope: Scope): Test<TaskFacts> {
  const own = filters.task_runs ? taskRunTest(filters.task_runs, scope) : () => true;
  if (!filters.flow_runs && !filters.flows && !filters.deployments) return own;
  const chain = flowRunChain(filters, scope);
  // the task runs of one flow run follow each other, so its answer is kept
  const known = new Map<string, boolean>();
  return (row) => {
    if (!own(row) || row.flowRunId === null) return false;
    let answer = known.get(row.flowRunId);
    if (answer === undefined) {
      const key = scope.database.flow_run.find(row.flowRunId, scope.now);
      answer = key !== null && chain(scope.database.flow_run.facts(key, scope.now));
      known.set(row.flowRunId, answer);
    }
    return answer;
  };
}

function hasTask(filters: PrefectFilters, scope: Scope): Test<FlowRunFacts> {
  if (!filters.task_runs) return () => true;
  const test = taskRunTest(filters.task_runs, scope);
  return (row) => scope.database.tasksOf(row.id, scope.now).some(test);
}

function runTest(filters: PrefectFilters, scope: Scope): Test<FlowRunFacts> {
  const chain = flowRunChain(filters, scope);
  const tasks = hasTask(filters, scope);
  return (row) => chain(row) && tasks(row);
}

/** True for a parent with at least one flow run that passes the filters. */
function someRun(
  filters: PrefectFilters,
  scope: Scope,
  parentOf: (run: FlowRunFacts) => string | null,
): Test<{ id: string }> {
  if (!filters.flow_runs && !filters.task_runs) return () => true;
  const own = filters.flow_runs ? flowRunTest(filters.flow_runs, scope) : () => true;
  const tasks = hasTask(filters, scope);
  const parents = new Set<string | null>();
  const table = scope.database.flow_run;
  for (const key of table.byTime().keys) {
    if (!table.exists(key, scope.now)) continue;
    const run = table.facts(key, scope.now);
    if (!parents.has(parentOf(run)) && own(run) && tasks(run)) parents.add(parentOf(run));
  }
  return (row) => parents.has(row.id);
}

function flowsTest(filters: PrefectFilters, scope: Scope): Test<FlowFacts> {
  const own = filters.flows ? flowTest(filters.flows, scope) : () => true;
  const runs = someRun(filters, scope, (run) => run.flowId);
  const deployment = filters.deployments ? deploymentTest(filters.deployments, scope) : null;
  return (row) =>
    own(row) && runs(row) && (!deployment || deploymentsOf(scope.database, row.id, scope.now).some(deployment));
}

function deploymentsTest(filters: PrefectFilters, scope: Scope): Test<DeploymentFacts> {
  const { database, now } = scope;
  const own = filters.deployments ? deploymentTest(filters.deployments, scope) : () => true;
  const runs = someRun(filters, scope, (run) => run.deploymentId);
  const flow = filters.flows ? flowTest(filters.flows, scope) : null;
  return (row) => {
    if (!own(row) || !runs(row)) return false;
    const key = flow ? database.flow.find(row.flowId, now) : null;
    return !flow || (key !== null && flow(database.flow.facts(key, now)));
  };
}

export type Span = { offset: number; limit: number };

type Candidates = { keys: Iterable<number>; inOrder: boolean };

function* slice(keys: Int32Array, from: number, to: number, descending: boolean): Generator<number> {
  if (descending) for (let i = to - 1; i >= from; i--) yield keys[i];
  else for (let i = from; i < to; i++) yield keys[i];
}

/** The rows that ids and expected start leave, in the sort's order where the table keeps that order. */
function candidates<Facts extends Run>(
  table: Table<Facts>,
  own: NonNullable<PrefectFilters['task_runs'] | PrefectFilters['flow_runs']> | null,
  sort: string,
  scope: Scope,
): Candidates {
  const every = own?.operator === 'and_' ? own : null;
  const ids = every?.id?.any_;
  if (ids) return { keys: [...new Set(ids)].flatMap((id) => table.find(id, scope.now) ?? []), inOrder: false };
  if (sort === 'ID_DESC') return { keys: table.byIdDescending(), inOrder: true };
  const { keys, nulls } = table.byTime();
  const bounds = every?.expected_start_time;
  const bounded = typeof bounds?.after_ === 'number' || typeof bounds?.before_ === 'number';
  const from = typeof bounds?.after_ === 'number' ? table.placeOf(bounds.after_, false) : bounded ? nulls : 0;
  const to = typeof bounds?.before_ === 'number' ? table.placeOf(bounds.before_, true) : keys.length;
  const descending = sort === 'EXPECTED_START_TIME_DESC';
  const inOrder = descending || sort === 'EXPECTED_START_TIME_ASC';
  // the table's order is SQLite's; PostgreSQL has the rows without a time at the other end
  if (inOrder && scope.dialect === 'postgres' && from < nulls) {
    const none = [...keys.subarray(0, nulls)];
    const rest = slice(keys, nulls, to, descending);
    return { keys: descending ? chain(none, rest) : chain(rest, none), inOrder };
  }
  return { keys: slice(keys, from, to, descending), inOrder };
}

function* chain(first: Iterable<number>, second: Iterable<number>): Generator<number> {
  yield* first;
  yield* second;
}

function select<Facts extends { id: string }>(
  table: Table<Facts>,
  found: Candidates,
  test: Test<Facts>,
  compare: (a: Facts, b: Facts) => number,
  span: Span,
  now: number,
): number[] {
  const end = span.offset + span.limit;
  if (found.inOrder) {
    const matched: number[] = [];
    for (const key of found.keys) {
      if (matched.length >= end) break;
      if (table.exists(key, now) && test(table.facts(key, now))) matched.push(key);
    }
    return matched.slice(span.offset);
  }
  type Row = { key: number; facts: Facts };
  const order = (a: Row, b: Row) => compare(a.facts, b.facts) || (a.facts.id < b.facts.id ? 1 : -1);
  // keeps at most about twice the rows asked for: the facts of a million rows would take a gigabyte
  let best: Row[] = [];
  let worst: Row | null = null;
  const settle = () => {
    best = best.sort(order).slice(0, end);
    worst = best.length === end ? (best.at(-1) ?? null) : null;
  };
  for (const key of found.keys) {
    if (!table.exists(key, now)) continue;
    const row = { key, facts: table.facts(key, now) };
    if (!test(row.facts) || (worst && order(row, worst) > 0)) continue;
    best.push(row);
    if (best.length >= 2 * end + 1000) settle();
  }
  settle();
  return best.slice(span.offset).map((row) => row.key);
}

function count<Facts extends { id: string }>(
  table: Table<Facts>,
  keys: Iterable<number>,
  test: Test<Facts>,
  now: number,
): number {
  let sum = 0;
  for (const key of keys) if (table.exists(key, now) && test(table.facts(key, now))) sum += 1;
  return sum;
}

type ListEntity = 'task_run' | 'flow_run' | 'flow' | 'deployment';

/** Rows of one entity that the filters let through, in the order of `sort`; ties by id descending. */
export function selectRows(
  entity: ListEntity,
  filters: PrefectFilters,
  sort: string,
  span: Span,
  scope: Scope,
): number[] {
  const { database, dialect, now } = scope;
  switch (entity) {
    case 'task_run': {
      const found = candidates(database.task_run, filters.task_runs ?? null, sort, scope);
      return select(database.task_run, found, taskTest(filters, scope), runOrder(sort, dialect), span, now);
    }
    case 'flow_run': {
      const found = candidates(database.flow_run, filters.flow_runs ?? null, sort, scope);
      return select(database.flow_run, found, runTest(filters, scope), runOrder(sort, dialect), span, now);
    }
    case 'flow':
      return select(database.flow, all(database.flow), flowsTest(filters, scope), namedOrder(sort, dialect), span, now);
    case 'deployment':
      return select(
        database.deployment,
        all(database.deployment),
        deploymentsTest(filters, scope),
        namedOrder(sort, dialect),
        span,
        now,
      );
  }
}

function all<Facts extends { id: string }>(table: Table<Facts>): Candidates {
  return { keys: table.byTime().keys, inOrder: false };
}

export function countRows(entity: ListEntity, filters: PrefectFilters, scope: Scope): number {
  const { database, now } = scope;
  // any sort will do: it only decides how `candidates` reads the rows
  const sort = 'EXPECTED_START_TIME_ASC';
  switch (entity) {
    case 'task_run': {
      const { keys } = candidates(database.task_run, filters.task_runs ?? null, sort, scope);
      return count(database.task_run, keys, taskTest(filters, scope), now);
    }
    case 'flow_run': {
      const { keys } = candidates(database.flow_run, filters.flow_runs ?? null, sort, scope);
      return count(database.flow_run, keys, runTest(filters, scope), now);
    }
    case 'flow':
      return count(database.flow, all(database.flow).keys, flowsTest(filters, scope), now);
    case 'deployment':
      return count(database.deployment, all(database.deployment).keys, deploymentsTest(filters, scope), now);
  }
}

/** POST /ui/task_runs/count: one number per state type; runs without a state are not counted. */
export function countByState(filters: PrefectFilters, scope: Scope): Record<string, number> {
  const table = scope.database.task_run;
  const test = taskTest(filters, scope);
  const counts: Record<string, number> = {};
  for (const key of candidates(table, filters.task_runs ?? null, 'EXPECTED_START_TIME_ASC', scope).keys) {
    if (!table.exists(key, scope.now)) continue;
    const row = table.facts(key, scope.now);
    if (row.stateType !== null && test(row)) counts[row.stateType] = (counts[row.stateType] ?? 0) + 1;
  }
  return counts;
}
