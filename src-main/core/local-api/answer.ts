/**
 * The local API: the read-only half of Prefect 3.8.8's REST API over one archive, in Prefect's own shapes, status codes
 * and error bodies, so that its clients take the archive for the server.
 */
import type { Entity } from '../../contract/fields.ts';
import { bodySchemas, limitSchema, type PrefectFilters } from '../../contract/prefect-filter.ts';
import { readUuid } from '../../contract/prefect-values.ts';
import type { Engine } from '../../query/engine.ts';
import { prefectCondition } from '../../query/prefect.ts';
import type { Reader } from '../../store/read.ts';
import { DEFAULT_LIMIT, fixedReplies } from './about.ts';
import { internalError, serverFailure } from './failures.ts';
import { jsonProblem } from './python-json.ts';
import { fullRun, paginatedTaskRun } from './run-rows.ts';
import { details, invalidJson, invalidRequest, missing, type Detail } from './validation.ts';
import { asksForPools, inPools, NotInArchive, type PoolFilters } from './work-pools.ts';

/** `now` in µs. */
export type ArchiveView = {
  engine: Pick<Engine, 'paginate' | 'ridOf' | 'isListed' | 'dialect'>;
  reader: Pick<Reader, 'json'>;
  now: number;
};
/** `path` begins with /api and may have a query string; `contentType` null: no such header. */
export type ApiRequest = { method: string; path: string; contentType: string | null; body: string };
export type ApiReply = { status: number; body: string };

type Action = 'paginate' | 'filter' | 'count';
type Body = PrefectFilters & PoolFilters & { limit?: number | null; page?: number; offset?: number; sort?: string };

const entityOf: Record<string, Entity> = {
  task_runs: 'task_run',
  flow_runs: 'flow_run',
  flows: 'flow',
  deployments: 'deployment',
};
const notFound: Record<Entity, string> = {
  task_run: 'Task not found',
  flow_run: 'Flow run not found',
  flow: 'Flow not found',
  deployment: 'Deployment not found',
};

const listPath = /^\/(task_runs|flow_runs|flows|deployments)\/(paginate|filter|count)$/;
const rowPath = /^\/(task_runs|flow_runs|flows|deployments)\/([^/]+)$/;
const namePath = /^\/(?:flows\/name\/([^/]+)|deployments\/name\/([^/]+)\/([^/]+))$/;
// paths that Prefect has for writing: there, and closed
const writePath =
  /^\/(task_runs|flow_runs|flows|deployments)\/(|bulk_delete|bulk_set_state|[0-9a-f-]{32,36}\/(set_state|resume|input|labels|schedules?|create_flow_run|create_flow_run\/bulk|pause_deployment|resume_deployment))$/i;
// a path's uuid as Starlette takes it
const pathUuid = /^\{?[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}\}?$/i;

/** Never throws for what a request holds. */
export function answerApi(view: ArchiveView, request: ApiRequest): ApiReply {
  // the server redirects `/task_runs/paginate/` to the path without the slash; `/task_runs/` is a path of its own
  const path = request.path
    .replace(/[?#].*$/s, '')
    .replace(/^\/api(?=\/|$)/, '')
    .replace(/^(\/[^/]+\/.*[^/])\/$/, '$1');
  try {
    return route(view, request, path);
  } catch (thrown) {
    if (thrown instanceof NotInArchive) return detail(501, thrown.message);
    throw thrown;
  }
}

function route(view: ArchiveView, request: ApiRequest, path: string): ApiReply {
  const list = listPath.exec(path);
  if (list) return request.method === 'POST' ? answerList(view, request, list[1], list[2]) : methodNotAllowed;
  if (Object.hasOwn(fixedReplies, path)) {
    const fixed = fixedReplies[path];
    if (request.method !== 'GET' || !fixed) return methodNotAllowed;
    return json(fixed.status, fixed.body);
  }
  const name = namePath.exec(path);
  if (name) return request.method === 'GET' ? answerName(view, name.slice(1)) : methodNotAllowed;
  const row = rowPath.exec(path);
  if (row && pathUuid.test(row[2] ?? ''))
    return request.method === 'GET'
      ? answerRow(view, entityOf[row[1] ?? ''] ?? 'flow', row[2] ?? '')
      : methodNotAllowed;
  if (writePath.test(path)) return methodNotAllowed;
  return detail(404, 'Not Found');
}

const json = (status: number, body: unknown): ApiReply => ({ status, body: JSON.stringify(body) });
const detail = (status: number, text: string): ApiReply => json(status, { detail: text });
/** Half of a surrogate pair, which JSON.stringify escapes. The server repeats the body in its reply, and cannot write that. */
const halfPair = /(?<!\\)(?:\\\\)*\\ud[89a-f][0-9a-f]{2}/;
const refused = (problems: Detail[], body: unknown): ApiReply => {
  const text = invalidRequest(problems, body);
  return halfPair.test(text) ? internalError : { status: 422, body: text };
};
const methodNotAllowed = detail(405, 'Method Not Allowed');

function answerRow(view: ArchiveView, entity: Entity, text: string): ApiReply {
  const id = readUuid(text.replace(/[{}-]/g, ''));
  const rid = 'value' in id ? view.engine.ridOf(entity, id.value) : null;
  // a row that is only referred to has an rid and no text
  const row = rid !== null && view.engine.isListed(entity, rid) ? view.reader.json(entity, [rid])[0] : undefined;
  return row ? { status: 200, body: rowText(entity, row, view.now) } : detail(404, notFound[entity]);
}

function answerName(view: ArchiveView, parts: (string | undefined)[]): ApiReply {
  const [flow, deploymentFlow, deployment] = parts.map((part) => (part === undefined ? undefined : decode(part)));
  const entity = flow === undefined ? 'deployment' : 'flow';
  const named = (name: string | undefined) => ({ operator: 'and_' as const, name: { any_: [name ?? ''] } });
  const filters =
    entity === 'flow' ? { flows: named(flow) } : { flows: named(deploymentFlow), deployments: named(deployment) };
  const { rids } = view.engine.paginate(entity, filters, 'NAME_ASC', 0, 1);
  const row = view.reader.json(entity, [...rids])[0];
  return row ? { status: 200, body: rowText(entity, row, view.now) } : detail(404, notFound[entity]);
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function answerList(view: ArchiveView, request: ApiRequest, plural = '', act = ''): ApiReply {
  const entity = entityOf[plural] ?? 'task_run';
  const action = act as Action;
  const read = readBody(request);
  if ('status' in read) return read;
  const schema = bodySchemas[entity][action];
  const keys = Object.keys(schema.shape);
  if (typeof read.body !== 'object' || Array.isArray(read.body)) return refused(missing(keys), read.body);
  const body = read.body ?? {};
  const limit = action === 'count' ? 0 : limitOf(body);
  if (typeof limit === 'string') return detail(422, limit);
  const parsed = schema.safeParse(body);
  if (!parsed.success) return refused(details(parsed.error.issues, body), body);
  return answer(view, entity, action, parsed.data, limit);
}

/** The server checks the limit before everything else in the body. A limit that is no integer is left to the schema. */
function limitOf(body: object): number | string {
  const asked = limitSchema.safeParse('limit' in body ? body.limit : null);
  const limit = asked.data ?? DEFAULT_LIMIT;
  if (limit < 0) return 'Invalid limit: must be greater than or equal to 0.';
  if (limit > DEFAULT_LIMIT) return `Invalid limit: must be less than or equal to ${DEFAULT_LIMIT}.`;
  return limit;
}

/** A body that is not said to be JSON is ignored, as is an empty one: the defaults are answered. */
function readBody(request: ApiRequest): { body: unknown } | ApiReply {
  const type = /^\s*application\/(?:[^;\s]+\+)?json\s*(?:;|$)/i;
  if (request.body === '' || (request.contentType && !type.test(request.contentType))) return { body: null };
  try {
    return { body: JSON.parse(request.body) as unknown };
  } catch {
    const problem = jsonProblem(request.body);
    // NaN and Infinity: Python reads them, then cannot write them back
    if (!problem) return internalError;
    return refused([invalidJson(problem.message, problem.position)], request.body);
  }
}

function answer(view: ArchiveView, entity: Entity, action: Action, body: Body, limit: number): ApiReply {
  const page = body.page ?? 1;
  const offset = body.offset ?? (page - 1) * limit;
  const failure = serverFailure(prefectCondition(entity, body), offset, view.engine.dialect);
  if (failure) return failure;
  const { count, rids } = select(view, entity, body, body.sort ?? anySort(entity), offset, limit);
  if (action === 'count') return { status: 200, body: String(count) };
  const thin = entity === 'task_run' && action === 'paginate';
  const rows = view.reader
    .json(entity, [...rids])
    .map((text) => (thin ? paginatedTaskRun(text, view.now) : rowText(entity, text, view.now)));
  const results = `[${rows.join(',')}]`;
  if (action === 'filter') return { status: 200, body: results };
  const pages = limit > 0 ? Math.ceil(count / limit) : 0;
  return {
    status: 200,
    body: `{"results":${results},"count":${count},"limit":${limit},"pages":${pages},"page":${page}}`,
  };
}

const rowText = (entity: Entity, text: string, now: number): string =>
  entity === 'task_run' || entity === 'flow_run' ? fullRun(text, now) : text;

type Selection = { count: number; rids: Iterable<number> };

/** where order does not matter */
const anySort = (entity: Entity): string => (entity === 'flow' || entity === 'deployment' ? 'NAME_ASC' : 'ID_DESC');

function select(view: ArchiveView, entity: Entity, body: Body, sort: string, offset: number, limit: number): Selection {
  const { engine, reader } = view;
  if (entity === 'task_run' || !asksForPools(body)) return engine.paginate(entity, body, sort, offset, limit);
  const everything = (of: Entity, filters: PrefectFilters): number[] => {
    const rids = [...engine.paginate(of, filters, anySort(of), 0, Number.MAX_SAFE_INTEGER).rids];
    const texts = reader.json(of, rids);
    return rids.filter((_, i) => inPools(texts[i] ?? '{}', body, engine.dialect));
  };
  if (entity === 'flow') {
    // one deployment must satisfy both filters: name the ones that do
    const fitting = reader.json('deployment', everything('deployment', { deployments: body.deployments ?? null }));
    const ids = fitting.map((text) => (JSON.parse(text) as { id: string }).id);
    const deployments = { operator: 'and_' as const, id: { any_: ids } };
    return engine.paginate(entity, { ...body, deployments }, sort, offset, limit);
  }
  const fitting = new Set(everything(entity, body));
  const all = [...engine.paginate(entity, body, sort, 0, Number.MAX_SAFE_INTEGER).rids];
  const rids = all.filter((rid) => fitting.has(rid));
  return { count: rids.length, rids: rids.slice(offset, offset + limit) };
}
