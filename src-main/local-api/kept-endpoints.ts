/**
 * Log lines, artifacts and state histories, from what is kept of single runs: of those that a person opened or the workspace's rule names. What
 * is not kept of them is null: when a line was stored, the metadata of an artifact, and the data of a state that is over.
 */
import { artifactSchemas, logsSchema, type ArtifactFilter, type LogFilter } from '../contract/prefect/filter.ts';
import type { PrefectFilters } from '../contract/prefect/filter.ts';
import { memberSpans } from '../contract/json-text.ts';
import type { StateHistory } from '../contract/run.ts';
import { readUuid } from '../contract/prefect/values.ts';
import { prefectRules } from '../contract/prefect/versions.ts';
import { formatTimeLikePrefect, parseTime } from '../contract/time.ts';
import { likeMatcher } from '../query/language/like.ts';
import { textOrder } from '../query/language/collation.ts';
import type { ArtifactData, KeptArtifact, KeptLine, LineClause } from '../store/read/kept-lists.ts';
import { moment, type ArchiveView } from './archive-view.ts';
import { json, methodNotAllowed, readQuestion, refused, tooFar } from './bodies.ts';
import type { ApiReply, ApiRequest } from './bodies.ts';
import { searchClauses } from './log-search.ts';
import { observedStates } from './observed-states.ts';

const writePath = /^\/(?:logs\/|artifacts\/|artifacts\/[0-9a-f-]{32,36})$/i;

/** null: not a path of these. `path`: without the query string. */
export function answerKept(view: ArchiveView, request: ApiRequest, path: string): ApiReply | null {
  const { method } = request;
  switch (path) {
    case '/logs/filter':
      return method === 'POST' ? logs(view, request) : methodNotAllowed;
    case '/artifacts/filter':
    case '/artifacts/count':
      return method === 'POST' ? artifacts(view, request, path === '/artifacts/count') : methodNotAllowed;
    // the server redirects to the path with the slash
    case '/task_run_states':
    case '/task_run_states/':
      return method === 'GET' ? states(view, request) : methodNotAllowed;
    case '/observed-states':
      if (!prefectRules(view.prefect).observedStates) return null;
      return method === 'GET' ? observedStates(view, searchOf(request)) : methodNotAllowed;
    default:
      return writePath.test(path) && method !== 'GET' ? methodNotAllowed : null;
  }
}

const searchOf = ({ path }: ApiRequest): URLSearchParams => new URLSearchParams(/\?([^#]*)/.exec(path)?.[1] ?? '');

function logs(view: ArchiveView, request: ApiRequest): ApiReply {
  const { dialect } = view.engine;
  const read = readQuestion(request, logsSchema, { dialect, isLimited: true });
  if ('status' in read) return read;
  const { logs: filter, sort, offset } = read.question;
  const refusal = tooFar(offset, 'offset');
  if (refusal) return refusal;
  const lines = view.reader.kept((lists) =>
    lists.lines({
      clauses: filter ? lineClauses(filter) : [],
      any: filter?.operator === 'or_',
      newestFirst: sort === 'TIMESTAMP_DESC',
      offset,
      limit: read.limit,
      foldsUnicode: dialect === 'postgres',
    }),
  );
  return json(200, lines.map(lineShape));
}

/** A criterion that is empty is TRUE, also under `or_`; a search without words is no criterion. */
function lineClauses({ level, timestamp, flow_run_id, task_run_id, text }: LogFilter): LineClause[] {
  const clauses: LineClause[] = [];
  if (level) clauses.push({ column: 'level', range: { from: level.ge_, to: level.le_ } });
  if (timestamp) clauses.push({ column: 'timestamp', range: { from: timestamp.after_, to: timestamp.before_ } });
  if (flow_run_id) clauses.push(flow_run_id.any_ ? { flowRuns: flow_run_id.any_ } : true);
  if (task_run_id) {
    const { any_, is_null_ } = task_run_id;
    if (is_null_ === true) clauses.push(any_ ? false : 'flow_runs_own');
    else clauses.push(any_ ? { taskRuns: any_ } : true);
  }
  if (text) clauses.push(...searchClauses(text.query));
  return clauses;
}

const lineShape = ({ id, name, level, message, timestamp, flow_run_id, task_run_id }: KeptLine) => ({
  id,
  created: null,
  updated: null,
  name,
  level,
  message,
  timestamp: formatTimeLikePrefect(timestamp),
  flow_run_id,
  task_run_id,
});

function artifacts(view: ArchiveView, request: ApiRequest, onlyCount: boolean): ApiReply {
  const { dialect } = view.engine;
  const read = readQuestion(request, onlyCount ? artifactSchemas.count : artifactSchemas.filter, {
    dialect,
    isLimited: !onlyCount,
  });
  if ('status' in read) return read;
  const question: Question = read.question;
  const { offset = 0, sort = 'ID_DESC' } = question;
  const refusal = tooFar(offset, 'offset');
  if (refusal) return refusal;
  const flowRunOf = flowRunsOf(view);
  return view.reader.kept((lists) => {
    const own = question.artifacts;
    const runs = runsOf(view, question);
    const found = lists
      .artifacts()
      .map((artifact) => ({ ...artifact, flow_run_id: flowRunOf(artifact.task_run_id) }))
      .filter((one) => (!own || fits(one, own, dialect)) && (!runs || runs(one.task_run_id)));
    if (onlyCount) return json(200, found.length);
    found.sort(orderOf(sort, view));
    const page = found.slice(offset, offset + read.limit);
    const shapes = page.map((one) => artifactShape(one, lists.data(one.rid)));
    return { status: 200, body: `[${shapes.join(',')}]` };
  });
}

type Question = PrefectFilters & {
  artifacts?: ArtifactFilter | null | undefined;
  offset?: number;
  sort?: string;
};
type Found = KeptArtifact & { flow_run_id: string | null };

/** The flow run of a task run, by ids. */
function flowRunsOf({ engine }: ArchiveView): (taskRun: string) => string | null {
  const read = engine.accessor('flow_run_id', 'task_run');
  return (taskRun) => {
    const rid = engine.ridOf('task_run', taskRun);
    return rid === null ? null : (read(rid) as string | null);
  };
}

/** Whether a task run, by its id, satisfies the filters that are not about artifacts; null when there are none. */
function runsOf(view: ArchiveView, { flows, flow_runs, task_runs, deployments }: Question) {
  if (!flows && !flow_runs && !task_runs && !deployments) return null;
  const filters = { flows, flow_runs, task_runs, deployments };
  const { rids } = view.engine.paginate('task_run', filters, 'ID_DESC', 0, Number.MAX_SAFE_INTEGER, moment(view));
  const fitting = new Set(rids);
  return (taskRun: string) => {
    const rid = view.engine.ridOf('task_run', taskRun);
    return rid !== null && fitting.has(rid);
  };
}

function fits(one: Found, filter: ArtifactFilter, dialect: ArchiveView['engine']['dialect']): boolean {
  const within = (values: readonly string[] | null | undefined, value: string | null) =>
    !values || (value !== null && values.includes(value));
  const { id, key, flow_run_id, task_run_id, type } = filter;
  const criteria: boolean[] = [];
  if (id) criteria.push(within(id.any_, one.id));
  if (key) {
    const like = !key.like_ || (one.key !== null && likeMatcher(key.like_, dialect).test(one.key));
    const exists = typeof key.exists_ !== 'boolean' || (one.key !== null) === key.exists_;
    criteria.push(within(key.any_, one.key) && like && exists);
  }
  if (flow_run_id) criteria.push(within(flow_run_id.any_, one.flow_run_id));
  if (task_run_id) criteria.push(within(task_run_id.any_, one.task_run_id));
  if (type) {
    const { any_, not_any_ } = type;
    const not = !not_any_?.length || (one.type !== null && !not_any_.includes(one.type));
    criteria.push(within(any_, one.type) && not);
  }
  if (criteria.length === 0) return true;
  return filter.operator === 'or_' ? criteria.some(Boolean) : criteria.every(Boolean);
}

/** Ties by id, descending. */
function orderOf(sort: string, { engine }: ArchiveView): (a: Found, b: Found) => number {
  const descending = sort.endsWith('_DESC');
  const text = textOrder(engine.dialect);
  const byId = (a: Found, b: Found) => (a.id < b.id ? 1 : -1);
  if (sort === 'ID_DESC') return byId;
  const nulls = (engine.dialect === 'sqlite') === descending ? 1 : -1;
  const field = sort.startsWith('KEY') ? 'key' : sort === 'CREATED_DESC' ? 'created' : 'updated';
  return (a, b) => {
    const [x, y] = [a[field], b[field]];
    if (x === y) return byId(a, b);
    if (x === null || y === null) return x === null ? nulls : -nulls;
    const order = typeof x === 'string' ? text(x, y as string) : x - (y as number);
    return (descending ? -order : order) || byId(a, b);
  };
}

/** The data are the server's own text; those that were cut are left out, since they are no JSON. */
function artifactShape(one: Found, { description, data, truncated }: ArtifactData): string {
  const time = (at: number | null) => (at === null ? null : formatTimeLikePrefect(at));
  const head = { id: one.id, created: time(one.created), updated: time(one.updated), key: one.key, type: one.type };
  const tail = { metadata_: null, flow_run_id: one.flow_run_id, task_run_id: one.task_run_id };
  const members = `${JSON.stringify({ ...head, description }).slice(0, -1)},"data":${truncated ? 'null' : data}`;
  return `${members},${JSON.stringify(tail).slice(1)}`;
}

function states(view: ArchiveView, request: ApiRequest): ApiReply {
  const asked = searchOf(request).get('task_run_id');
  const loc = ['query', 'task_run_id'];
  if (asked === null) return refused([{ type: 'missing', loc, msg: 'missing' }]);
  const run = readUuid(asked);
  if (!('value' in run)) return refused([{ type: run.type, loc, msg: 'not the text of a UUID' }]);
  const { engine, reader } = view;
  const rid = engine.ridOf('task_run', run.value);
  const row = rid !== null && engine.isListed('task_run', rid) ? reader.json('task_run', [rid])[0] : undefined;
  const current = row === undefined ? null : currentState(row);
  const kept = reader.kept((lists) => lists.states(run.value));
  const past = kept.filter((state) => state.id !== current?.id);
  const details = stateDetails(run.value, rid === null ? null : flowRunsOf(view)(run.value));
  const all = [
    ...past.map((state) => ({ at: state.timestamp, text: stateShape(state, details) })),
    ...(current ? [{ at: current.at, text: current.text }] : []),
  ].sort((a, b) => a.at - b.at);
  return { status: 200, body: `[${all.map(({ text }) => text).join(',')}]` };
}

/** The last state stands whole in the run's own row. */
function currentState(row: string): { id: string; at: number; text: string } | null {
  const span = memberSpans(row).get('state');
  const text = span ? row.slice(...span) : 'null';
  const state = JSON.parse(text) as { id: string; timestamp: string } | null;
  return state && { id: state.id, at: parseTime(state.timestamp) ?? 0, text };
}

/** Of a state that is over only the runs it belongs to are known. */
function stateDetails(taskRun: string, flowRun: string | null): Record<string, string | null> {
  return { flow_run_id: flowRun, task_run_id: taskRun };
}

const stateShape = (
  { id, type, name, timestamp, message }: StateHistory[number],
  state_details: Record<string, string | null>,
): string =>
  JSON.stringify({ id, type, name, timestamp: formatTimeLikePrefect(timestamp), message, data: null, state_details });
