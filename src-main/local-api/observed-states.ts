/**
 * GET /observed-states, which newer servers have: every state type and name with the first and last time it was entered. Of task runs whose
 * history is kept all states count, of other runs the present one.
 */
import type { Dialect } from '../contract/query.ts';
import type { Entity } from '../contract/fields.ts';
import { readInteger } from '../contract/prefect/values.ts';
import { formatTimeLikePrefect } from '../contract/time.ts';
import { textOrder } from '../query/language/collation.ts';
import { moment, type ArchiveView } from './archive-view.ts';
import { json, refused } from './bodies.ts';
import type { ApiReply } from './bodies.ts';
import type { Problem } from '../contract/prefect/problems.ts';
import { stateSince } from './run-rows.ts';

type Observed = { state_type: string; state_name: string; first: number; last: number };

const sorts = ['NAME_ASC', 'LAST_SEEN_DESC'];
const MOST = 200;
const LONGEST = 100; // characters of `query`
/** Rows whose text is read at once. */
const ROWS = 500;

/** `search`: the query string of the address. */
export function observedStates(view: ArchiveView, search: URLSearchParams): ApiReply {
  const order = search.get('order_by') ?? 'LAST_SEEN_DESC';
  const limit = readInteger(search.get('limit') ?? MOST);
  const prefix = search.get('query') ?? '';
  const problems: Problem[] = [];
  const refuse = (name: string, type: string, msg: string) => problems.push({ type, loc: ['query', name], msg });
  if ([...prefix].length > LONGEST) refuse('query', 'string_too_long', `longer than ${LONGEST} characters`);
  if (!sorts.includes(order)) refuse('order_by', 'enum', `not one of ${sorts.join(', ')}`);
  if (!('value' in limit)) refuse('limit', limit.type, 'not an integer');
  else if (limit.value < 1) refuse('limit', 'greater_than_equal', 'smaller than 1');
  else if (limit.value > MOST) refuse('limit', 'less_than_equal', `larger than ${MOST}`);
  if (problems.length > 0 || !('value' in limit)) return refused(problems);
  const { dialect } = view.engine;
  const found = [...seen(view).values()].filter((one) => startsWith(one, prefix.trim(), dialect));
  const text = textOrder(dialect);
  found.sort(
    (a, b) =>
      (order === 'NAME_ASC' ? 0 : b.last - a.last) ||
      text(a.state_type, b.state_type) ||
      text(a.state_name, b.state_name),
  );
  return json(
    200,
    found.slice(0, limit.value).map(({ first, last, ...names }) => ({
      ...names,
      first_seen: formatTimeLikePrefect(first),
      last_seen: formatTimeLikePrefect(last),
    })),
  );
}

function startsWith(one: Observed, prefix: string, dialect: Dialect): boolean {
  const fold = (text: string) =>
    dialect === 'postgres' ? text.toLowerCase() : text.replace(/[A-Z]+/g, (capitals) => capitals.toLowerCase());
  return [one.state_type, one.state_name].some((text) => fold(text).startsWith(fold(prefix)));
}

function seen(view: ArchiveView): Map<string, Observed> {
  const { engine, reader } = view;
  const all = new Map<string, Observed>();
  const note = (type: unknown, name: unknown, first: number | null, last: number | null): void => {
    if (typeof type !== 'string' || typeof name !== 'string' || first === null || last === null) return;
    const key = JSON.stringify([type, name]);
    const known = all.get(key) ?? { state_type: type, state_name: name, first, last };
    all.set(key, { ...known, first: Math.min(known.first, first), last: Math.max(known.last, last) });
  };
  const rids = (entity: Entity) => {
    const { rids: found } = engine.paginate(entity, {}, 'ID_DESC', 0, Number.MAX_SAFE_INTEGER, moment(view));
    return [...found];
  };
  const since = engine.accessor('state_timestamp', 'task_run');
  const of = (entity: Entity) =>
    [engine.accessor('state_type', entity), engine.accessor('state_name', entity)] as const;
  const [taskType, taskName] = of('task_run');
  for (const rid of rids('task_run')) {
    const at = since(rid) as number | null;
    note(taskType(rid), taskName(rid), at, at);
  }
  const [flowType, flowName] = of('flow_run');
  const flowRuns = rids('flow_run');
  for (let from = 0; from < flowRuns.length; from += ROWS) {
    const some = flowRuns.slice(from, from + ROWS);
    for (const [i, text] of reader.json('flow_run', some).entries()) {
      const at = stateSince(text);
      note(flowType(some[i] ?? 0), flowName(some[i] ?? 0), at, at);
    }
  }
  for (const { type, name, first, last } of reader.kept((lists) => lists.stateSpans())) note(type, name, first, last);
  return all;
}
