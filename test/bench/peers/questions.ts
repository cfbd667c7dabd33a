/**
 * The same questions for everybody who answers them: as Prefect's body, and as conditions in SQL over the columns both databases have.
 * Values are drawn anew each time, so that nothing is answered from memory of the last.
 */
import type { Condition } from '../../../src-main/contract/query.ts';
import { formatTime } from '../../../src-main/contract/time.ts';
import {
  END,
  noise,
  SPAN,
  tagName,
  taskName,
  taskNames,
  type SyntheticSource,
} from '../../fixtures/synthetic-source.ts';

/** One criterion in SQL. `tag`: runs that have it (each database has its own way); else text over the columns of `peers/columns.ts`. */
export type Criterion = { field: string; sql: string; values: (string | number)[] } | { field: 'tags'; tag: string };
export type Question = { name: string; body: Record<string, unknown>; where: Condition; criteria: Criterion[] };

export function* questions(source: SyntheticSource, rounds: number): Generator<Question> {
  let salt = 0;
  const random = () => noise(++salt, 4242);
  const upTo = (n: number) => Math.floor(random() * n);
  const hex = (n: number) =>
    upTo(16 ** n)
      .toString(16)
      .padStart(n, '0');
  const piece = () => taskName(upTo(taskNames)).slice(0, 4 + upTo(4));
  const since = (days: number) => Math.round(END - random() * (SPAN - days * 86_400e6) - days * 86_400e6);
  const { flowRuns, deployments, taskRuns } = source.sizes;

  for (let round = 0; round < rounds; round++) {
    yield { name: 'no filter', body: {}, where: { and: [] }, criteria: [] };
    yield ask('state failed', [state('FAILED')]);
    yield ask('state completed', [state('COMPLETED')]);
    yield ask('failed or crashed, a week', [state('FAILED', 'CRASHED'), times('expected_start_time', since(7), 7)]);
    yield ask('state name cached', [stateName('Cached')]);
    yield ask('name like', [like(piece())]);
    yield ask('name like, rare', [like(`-${hex(3)}`)]);
    yield ask('name like, none', [like(`qq${hex(3)}`)]);
    yield ask('one tag', [tag(tagName(upTo(20)))]);
    yield ask('two tags', [tag(tagName(upTo(4))), tag(tagName(4 + upTo(20)))]);
    yield ask('started within a day', [times('start_time', since(1), 1)]);
    yield ask('not started', [notStarted]);
    yield ask('three flow runs', [inFlowRuns(Array.from({ length: 3 }, () => source.id('flow_run', 1 + upTo(flowRuns))))]);
    yield ask('no flow run', [noFlowRun]);
    yield ask('flow name like', [flowLike(piece())]);
    yield ask('one deployment', [deployment(source.id('deployment', 1 + upTo(deployments)))]);
    yield ask('four conditions', [flowLike(piece().slice(0, 4)), state('FAILED'), tag('prod'), times('expected_start_time', since(30), 30)]);
    yield ask('fifty ids', [ids(Array.from({ length: 50 }, () => source.id('task_run', 1 + upTo(taskRuns))))]);
  }
} // prettier-ignore

type Part = { body: Record<string, Record<string, unknown>>; where: Condition; criterion: Criterion };

function ask(name: string, parts: Part[]): Question {
  const body: Record<string, Record<string, unknown>> = {};
  for (const part of parts)
    for (const [entity, filter] of Object.entries(part.body)) body[entity] = merge(body[entity] ?? {}, filter);
  return {
    name,
    body,
    where: { and: parts.map(({ where }) => where) },
    criteria: parts.map(({ criterion }) => criterion),
  };
}

/** Two tags become one list, everything else stands side by side. */
function merge(a: Record<string, unknown>, b: Record<string, unknown>): Record<string, unknown> {
  const [before, after] = [a['tags'], b['tags']] as ({ all_: string[] } | undefined)[];
  return { ...a, ...b, ...(before && after ? { tags: { all_: [...before.all_, ...after.all_] } } : {}) };
}

const marks = (values: readonly unknown[]) => values.map(() => '?').join(', ');

const state = (...types: string[]): Part => ({
  body: { task_runs: { state: { type: { any_: types } } } },
  where: { field: 'state_type', in: types },
  criterion: { field: 'state_type', sql: `state_type IN (${marks(types)})`, values: types },
});
const stateName = (name: string): Part => ({
  body: { task_runs: { state: { name: { any_: [name] } } } },
  where: { field: 'state_name', in: [name] },
  criterion: { field: 'state_name', sql: 'state_name = ?', values: [name] },
});
const like = (text: string): Part => ({
  body: { task_runs: { name: { like_: text } } },
  where: { field: 'name', like: text },
  criterion: { field: 'name', sql: "name LIKE '%' || ? || '%'", values: [text] },
});
const tag = (name: string): Part => ({
  body: { task_runs: { tags: { all_: [name] } } },
  where: { field: 'tags', all: [name] },
  criterion: { field: 'tags', tag: name },
});
const times = (field: 'expected_start_time' | 'start_time', from: number, days: number): Part => {
  const to = from + days * 86_400e6;
  return {
    body: { task_runs: { [field]: { after_: formatTime(from), before_: formatTime(to) } } },
    where: { field, from, to },
    criterion: { field, sql: `${field} BETWEEN ? AND ?`, values: [from, to] },
  };
};
const notStarted: Part = {
  body: { task_runs: { start_time: { is_null_: true } } },
  where: { field: 'start_time', isNull: true },
  criterion: { field: 'start_time', sql: 'start_time IS NULL', values: [] },
};
const inFlowRuns = (list: string[]): Part => ({
  body: { task_runs: { flow_run_id: { any_: list } } },
  where: { field: 'flow_run_id', in: list },
  criterion: {
    field: 'flow_run',
    sql: `flow_run IN (SELECT rid FROM flow_run WHERE id IN (${marks(list)}))`,
    values: list,
  },
});
const noFlowRun: Part = {
  body: { task_runs: { flow_run_id: { is_null_: true } } },
  where: { field: 'flow_run_id', isNull: true },
  criterion: { field: 'flow_run', sql: 'flow_run IS NULL', values: [] },
};
const flowLike = (text: string): Part => ({
  body: { flows: { name: { like_: text } } },
  where: { field: 'flow_run.flow.name', like: text },
  criterion: { field: 'flow', sql: "flow IN (SELECT rid FROM flow WHERE name LIKE '%' || ? || '%')", values: [text] },
});
const deployment = (id: string): Part => ({
  body: { deployments: { id: { any_: [id] } } },
  where: { field: 'flow_run.deployment_id', in: [id] },
  criterion: { field: 'deployment', sql: 'deployment = (SELECT rid FROM deployment WHERE id = ?)', values: [id] },
});
const ids = (list: string[]): Part => ({
  body: { task_runs: { id: { any_: list } } },
  where: { field: 'id', in: list },
  criterion: { field: 'id', sql: `id IN (${marks(list)})`, values: list },
});
