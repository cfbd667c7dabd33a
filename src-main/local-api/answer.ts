/**
 * The local API: the read-only half of Prefect's REST API over one archive, in the shapes and status codes of the server's own version, so that
 * its clients take the archive for the server. Where Prefect itself fails with 500 or 503, the answer here is a 422.
 */
import { entityOf, type Entity } from '../contract/fields.ts';
import { bodySchemas, type PrefectFilters } from '../contract/prefect/filter.ts';
import { prefectRules } from '../contract/prefect/versions.ts';
import { fixedReply } from './about.ts';
import { moment, type ArchiveView } from './archive-view.ts';
import { decode, detail, json, methodNotAllowed, readQuestion, tooFar } from './bodies.ts';
import type { ApiReply, ApiRequest } from './bodies.ts';
import { answerKept } from './kept-endpoints.ts';
import { countsByState, runHistory } from './histories.ts';
import { pathId } from './path-id.ts';
import { answerPools } from './pool-endpoints.ts';
import { queueIds, type Pooled } from './queue-ids.ts';
import { pageRow, wholeRow } from './run-rows.ts';
import { asksForPools, PoolFilter, type PoolFilters } from './work-pools.ts';

export type { ArchiveView } from './archive-view.ts';
export type { ApiReply, ApiRequest } from './bodies.ts';

type Action = 'paginate' | 'filter' | 'count';
type Body = PrefectFilters & PoolFilters & { limit?: number | null; page?: number; offset?: number; sort?: string };

const notFound: Record<Entity, string> = {
  task_run: 'Task not found',
  flow_run: 'Flow run not found',
  flow: 'Flow not found',
  deployment: 'Deployment not found',
};

const listPath = /^\/(task_runs|flow_runs|flows|deployments)\/(paginate|filter|count)$/;
const countPath = /^\/(?:(task_runs|flow_runs)\/history|ui\/task_runs\/count)$/;
const rowPath = /^\/(task_runs|flow_runs|flows|deployments)\/([^/]+)$/;
const namePath = /^\/(?:flows\/name\/([^/]+)|deployments\/name\/([^/]+)\/([^/]+))$/;
/** Paths that Prefect has for writing: known here, and refused with 405. */
const writePath =
  /^\/(task_runs|flow_runs|flows|deployments)\/(|bulk_delete|bulk_set_state|[0-9a-f-]{32,36}\/(set_state|resume|input|labels|schedules?|create_flow_run|create_flow_run\/bulk|pause_deployment|resume_deployment))$/i;
/** A request that cannot be answered gets a reply that says so. Throws only for an archive that cannot be read. */
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
  const fixed = fixedReply(path, view.prefect);
  if (fixed) return request.method === 'GET' ? json(fixed.status, fixed.body) : methodNotAllowed;
  const kept = answerKept(view, request, path) ?? answerPools(view, request, path);
  if (kept) return kept;
  const counted = countPath.exec(path);
  if (counted) {
    if (request.method !== 'POST') return methodNotAllowed;
    const entity = entityOf(counted[1] ?? '');
    return entity === 'task_run' || entity === 'flow_run'
      ? runHistory(view, request, entity, select)
      : countsByState(view, request);
  }
  const name = namePath.exec(path);
  if (name) return request.method === 'GET' ? answerName(view, name.slice(1)) : methodNotAllowed;
  const row = rowPath.exec(path);
  const id = row && pathId(row[2] ?? '');
  if (row && id)
    return request.method === 'GET' ? answerRow(view, entityOf(row[1] ?? '') ?? 'flow', id) : methodNotAllowed;
  if (writePath.test(path)) return methodNotAllowed;
  return detail(404, 'Not Found');
}

function answerRow(view: ArchiveView, entity: Entity, id: string): ApiReply {
  const rid = view.engine.ridOf(entity, id);
  // a row that other rows refer to and that was never read has an rid and no text
  const row = rid !== null && view.engine.isListed(entity, rid) ? view.reader.json(entity, [rid])[0] : undefined;
  return row ? { status: 200, body: whole(entity, row, view.now) } : detail(404, notFound[entity]);
}

function answerName(view: ArchiveView, parts: (string | undefined)[]): ApiReply {
  const [flow, deploymentFlow, deployment] = parts.map((part) => (part === undefined ? undefined : decode(part)));
  const entity = flow === undefined ? 'deployment' : 'flow';
  const named = (name: string | undefined) => ({ operator: 'and_' as const, name: { any_: [name ?? ''] } });
  const filters =
    entity === 'flow' ? { flows: named(flow) } : { flows: named(deploymentFlow), deployments: named(deployment) };
  const { rids } = view.engine.paginate(entity, filters, 'NAME_ASC', 0, 1, moment(view));
  const row = view.reader.json(entity, [...rids])[0];
  return row ? { status: 200, body: whole(entity, row, view.now) } : detail(404, notFound[entity]);
}

function answerList(view: ArchiveView, request: ApiRequest, plural = '', act = ''): ApiReply {
  const entity = entityOf(plural) ?? 'task_run';
  const action = act as Action;
  const { dialect } = view.engine;
  const schema = bodySchemas(prefectRules(view.prefect))[entity][action];
  const read = readQuestion(request, schema, { dialect, isLimited: action !== 'count' });
  if ('status' in read) return read;
  const { question, limit }: { question: Body; limit: number } = read;
  const page = question.page ?? 1;
  const offset = question.offset ?? (page - 1) * limit;
  const refusal = tooFar(offset, action === 'paginate' ? 'page' : 'offset');
  if (refusal) return refusal;
  const { count, rids } = select(view, entity, question, question.sort ?? anySort(entity), offset, limit);
  if (action === 'count') return { status: 200, body: String(count) };
  const rows = view.reader.json(entity, [...rids]);
  if (action === 'filter')
    return { status: 200, body: `[${rows.map((row) => whole(entity, row, view.now)).join(',')}]` };
  const shaped = rows.map((row) => (entity === 'task_run' ? pageRow(row, view.now) : whole(entity, row, view.now)));
  const pages = limit > 0 ? Math.ceil(count / limit) : 0;
  const body = `{"results":[${shaped.join(',')}],"count":${count},"limit":${limit},"pages":${pages},"page":${page}}`;
  return { status: 200, body };
}

/** A row as GET and /filter give it. Only runs have fields that are computed at the moment of the answer. */
const whole = (entity: Entity, text: string, now: number): string =>
  entity === 'task_run' || entity === 'flow_run' ? wholeRow(text, now) : text;

type Selection = { count: number; rids: Iterable<number> };

/** A sort for questions whose order does not matter. */
const anySort = (entity: Entity): string => (entity === 'flow' || entity === 'deployment' ? 'NAME_ASC' : 'ID_DESC');

function select(view: ArchiveView, entity: Entity, body: Body, sort: string, offset: number, limit: number): Selection {
  const { engine, reader } = view;
  const at = moment(view);
  if (entity === 'task_run' || !asksForPools(body)) return engine.paginate(entity, body, sort, offset, limit, at);
  const filter = new PoolFilter(reader, body, engine.dialect);
  const fitting = (of: Pooled, rids: Uint32Array): number[] => {
    const queues = queueIds(view, of, rids);
    const gone = engine.accessor('gone', of);
    const text = (rid: number) => reader.json(of, [rid])[0] ?? '{}';
    return [...rids].filter((rid) => filter.accepts(queues.get(rid) ?? null, gone(rid) !== null, () => text(rid)));
  };
  const everything = (of: Entity, filters: PrefectFilters) =>
    engine.paginate(of, filters, of === entity ? sort : anySort(of), 0, Number.MAX_SAFE_INTEGER, at).rids;
  if (entity === 'flow') {
    // one deployment must satisfy both filters: name the ones that do
    const rids = fitting('deployment', everything('deployment', { deployments: body.deployments ?? null }));
    const ids = rids.map((rid) => engine.idOf('deployment', rid));
    const deployments = { operator: 'and_' as const, id: { any_: ids } };
    return engine.paginate(entity, { ...body, deployments }, sort, offset, limit, at);
  }
  const rids = fitting(entity, everything(entity, body));
  return { count: rids.length, rids: rids.slice(offset, offset + limit) };
}
