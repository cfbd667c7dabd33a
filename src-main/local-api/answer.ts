/**
 * The local API: the read-only half of Prefect 3.8.8's REST API over one archive, in Prefect's own shapes, status codes
 * and error bodies, so that its clients take the archive for the server.
 */
import type { Entity } from '../contract/fields.ts';
import { bodySchemas, type PrefectFilters } from '../contract/prefect-filter.ts';
import { readUuid } from '../contract/prefect-values.ts';
import type { Engine } from '../query/engine.ts';
import { prefectCondition } from '../query/language/prefect.ts';
import type { Reader } from '../store/read/reader.ts';
import { fixedReplies } from './about.ts';
import { decode, detail, json, limitOf, methodNotAllowed, readBody, refused, type ApiRequest } from './bodies.ts';
import { serverFailure, type ApiReply } from './failures.ts';
import { answerPools } from './pool-endpoints.ts';
import { queueIds, type Pooled } from './queue-ids.ts';
import { RunRows } from './run-rows.ts';
import { details, missing } from './validation.ts';
import { asConditions, asksForPools, PoolFilter, type PoolFilters } from './work-pools.ts';

export type { ApiRequest } from './bodies.ts';
export type { ApiReply } from './failures.ts';

/** `now` in µs. */
export type ArchiveView = {
  engine: Pick<Engine, 'paginate' | 'ridOf' | 'idOf' | 'isListed' | 'accessor' | 'dialect' | 'version'>;
  reader: Pick<Reader, 'eachJson' | 'json' | 'documents'>;
  now: number;
};

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
  return route(view, request, path);
}

function route(view: ArchiveView, request: ApiRequest, path: string): ApiReply {
  const list = listPath.exec(path);
  if (list) return request.method === 'POST' ? answerList(view, request, list[1], list[2]) : methodNotAllowed;
  if (Object.hasOwn(fixedReplies, path)) {
    const fixed = fixedReplies[path];
    if (request.method !== 'GET' || !fixed) return methodNotAllowed;
    return json(fixed.status, fixed.body);
  }
  const pools = answerPools(view, request, path);
  if (pools) return pools;
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

function answerRow(view: ArchiveView, entity: Entity, text: string): ApiReply {
  const id = readUuid(text.replace(/[{}-]/g, ''));
  const rid = 'value' in id ? view.engine.ridOf(entity, id.value) : null;
  // a row that is only referred to has an rid and no text
  const row = rid !== null && view.engine.isListed(entity, rid) ? view.reader.json(entity, [rid])[0] : undefined;
  return row ? { status: 200, body: whole(entity, row, view.now) } : detail(404, notFound[entity]);
}

function answerName(view: ArchiveView, parts: (string | undefined)[]): ApiReply {
  const [flow, deploymentFlow, deployment] = parts.map((part) => (part === undefined ? undefined : decode(part)));
  const entity = flow === undefined ? 'deployment' : 'flow';
  const named = (name: string | undefined) => ({ operator: 'and_' as const, name: { any_: [name ?? ''] } });
  const filters =
    entity === 'flow' ? { flows: named(flow) } : { flows: named(deploymentFlow), deployments: named(deployment) };
  const { rids } = view.engine.paginate(entity, filters, 'NAME_ASC', 0, 1);
  const row = view.reader.json(entity, [...rids])[0];
  return row ? { status: 200, body: whole(entity, row, view.now) } : detail(404, notFound[entity]);
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

function answer(view: ArchiveView, entity: Entity, action: Action, body: Body, limit: number): ApiReply {
  const page = body.page ?? 1;
  const offset = body.offset ?? (page - 1) * limit;
  const where = { and: [prefectCondition(entity, body), ...asConditions(entity === 'task_run' ? {} : body)] };
  const failure = serverFailure(where, offset, view.engine.dialect);
  if (failure) return failure;
  const { count, rids } = select(view, entity, body, body.sort ?? anySort(entity), offset, limit);
  if (action === 'count') return { status: 200, body: String(count) };
  const list = [...rids];
  const pages = limit > 0 ? Math.ceil(count / limit) : 0;
  const isPage = action === 'paginate';
  const before = isPage ? '{"results":[' : '[';
  const after = isPage ? `],"count":${count},"limit":${limit},"pages":${pages},"page":${page}}` : ']';
  if (!isRun(entity)) return { status: 200, body: `${before}${view.reader.json(entity, list).join(',')}${after}` };
  const rows = new RunRows(isPage && entity === 'task_run' ? 'paginated' : 'full', view.now);
  view.reader.eachJson(entity, list, (row) => rows.add(row));
  return { status: 200, body: rows.reply(before, after) };
}

const isRun = (entity: Entity): boolean => entity === 'task_run' || entity === 'flow_run';

/** One row as GET gives it. */
function whole(entity: Entity, text: string, now: number): string | Uint8Array<ArrayBuffer> {
  if (!isRun(entity)) return text;
  const rows = new RunRows('full', now);
  rows.add(Buffer.from(text));
  return rows.reply('', '');
}

type Selection = { count: number; rids: Iterable<number> };

/** where order does not matter */
const anySort = (entity: Entity): string => (entity === 'flow' || entity === 'deployment' ? 'NAME_ASC' : 'ID_DESC');

function select(view: ArchiveView, entity: Entity, body: Body, sort: string, offset: number, limit: number): Selection {
  const { engine, reader } = view;
  if (entity === 'task_run' || !asksForPools(body)) return engine.paginate(entity, body, sort, offset, limit);
  const filter = new PoolFilter(reader, body, engine.dialect);
  const fitting = (of: Pooled, rids: Uint32Array): number[] => {
    const queues = queueIds(view, of, rids);
    const gone = engine.accessor('gone', of);
    const text = (rid: number) => reader.json(of, [rid])[0] ?? '{}';
    return [...rids].filter((rid) => filter.accepts(queues.get(rid) ?? null, gone(rid) !== null, () => text(rid)));
  };
  const everything = (of: Entity, filters: PrefectFilters) =>
    engine.paginate(of, filters, of === entity ? sort : anySort(of), 0, Number.MAX_SAFE_INTEGER).rids;
  if (entity === 'flow') {
    // one deployment must satisfy both filters: name the ones that do
    const rids = fitting('deployment', everything('deployment', { deployments: body.deployments ?? null }));
    const ids = rids.map((rid) => engine.idOf('deployment', rid));
    const deployments = { operator: 'and_' as const, id: { any_: ids } };
    return engine.paginate(entity, { ...body, deployments }, sort, offset, limit);
  }
  const rids = fitting(entity, everything(entity, body));
  return { count: rids.length, rids: rids.slice(offset, offset + limit) };
}
