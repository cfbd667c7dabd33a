/** Work pools and work queues as Prefect 3.8.8 lists them, from what was last read of them. `active_slots` is of that moment too. */
import type { DocumentKind } from '../contract/fields.ts';
import { poolBodySchemas, type WorkPoolFilter, type WorkQueueFilter } from '../contract/prefect-filter.ts';
import { readUuid } from '../contract/prefect-values.ts';
import type { Dialect } from '../contract/query.ts';
import { textOrder } from '../query/language/collation.ts';
import type { Reader } from '../store/read/reader.ts';
import { decode, detail, json, limitOf, methodNotAllowed, readBody, refused, type ApiRequest } from './bodies.ts';
import { serverFailure, type ApiReply } from './failures.ts';
import { details, missing } from './validation.ts';
import { asConditions, poolMatches, queueMatches } from './work-pools.ts';

type View = { engine: { dialect: Dialect }; reader: Pick<Reader, 'documents'> };
type Shown = {
  id: string;
  name: string;
  json: string;
  gone: number | null;
  value: { type: string; priority: number; work_pool_id: string | null; work_pool_name: string | null };
};

const poolPath = /^\/work_pools(?:\/([^/]*))?$/;
const queuePath = /^\/work_pools\/([^/]+)\/queues(?:\/([^/]+))?$/;
const otherPath = /^\/work_pools\/[^/]+\/(?:concurrency_status|get_scheduled_flow_runs|workers\/(?:filter|heartbeat))$/;
const flatQueuePath = /^\/work_queues(?:\/([^/]*)|\/name\/([^/]+))?$/;
// a path's uuid as Starlette takes it
const pathUuid = /^\{?[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}\}?$/i;
/** what Prefect calls the pool of agents, where queues by name alone are looked for first */
const AGENT_POOL = 'default-agent-pool';

/** null: a path that is none of theirs. */
export function answerPools(view: View, request: ApiRequest, path: string): ApiReply | null {
  const { method } = request;
  // the server undoes the escape before it looks at the path
  if (/^\/work_(?:pools|queues)\/.*%2f/i.test(path)) return detail(404, 'Not Found');
  const pool = poolPath.exec(path);
  if (pool) {
    const [, name = ''] = pool;
    if (method === 'POST' && name === 'filter') return list(view, request, 'pools', shown(view, 'work_pool'));
    if (method === 'POST' && name === 'count') return list(view, request, 'pool_count', shown(view, 'work_pool'));
    if (method !== 'GET' || name === '') return methodNotAllowed;
    const found = named(shown(view, 'work_pool'), decode(name));
    return found ? { status: 200, body: found.json } : noPool(decode(name));
  }
  const queue = queuePath.exec(path);
  if (queue) {
    const [, of = '', name] = queue.map((part) => (part === undefined ? undefined : decode(part)));
    if (method === 'POST' && name === 'filter') return list(view, request, 'queues_of_pool', null, of);
    if (method !== 'GET' || name === undefined) return methodNotAllowed;
    const found = named(queuesOf(view, of), name);
    return found ? { status: 200, body: found.json } : detail(404, `Work pool queue '${of}/${name}' not found.`);
  }
  if (otherPath.test(path)) return methodNotAllowed;
  const flat = flatQueuePath.exec(path);
  return flat ? answerFlat(view, request, flat[1] ?? '', flat[2]) : null;
}

function answerFlat(view: View, request: ApiRequest, part: string, name: string | undefined): ApiReply {
  const all = shown(view, 'work_queue');
  if (part === 'filter' && request.method === 'POST') return list(view, request, 'queues', all);
  if (part !== '' && part !== 'filter' && !pathUuid.test(part)) return detail(404, 'Not Found');
  if (request.method !== 'GET' || (part === '' && name === undefined) || part === 'filter') return methodNotAllowed;
  const byName = () => {
    const agents = named(shown(view, 'work_pool'), AGENT_POOL);
    return named(agents ? queuesOf(view, AGENT_POOL) : all, decode(name ?? ''));
  };
  const id = readUuid(part.replace(/[{}-]/g, ''));
  const found = name === undefined ? all.find((one) => 'value' in id && one.id === id.value) : byName();
  return found ? { status: 200, body: found.json } : detail(404, 'work queue not found');
}

const noPool = (name: string): ApiReply => detail(404, `Work pool "${name}" not found.`);

/** Those that are kept whole, gone ones too, as for every other kind of row. */
function shown({ reader }: View, kind: DocumentKind): Shown[] {
  return reader
    .documents(kind)
    .flatMap(({ json: text, ...rest }) =>
      text === null ? [] : [{ ...rest, json: text, value: JSON.parse(text) as Shown['value'] }],
    );
}

/** A name may have been used again: the one that is there, else the last to go. */
const named = (all: readonly Shown[], name: string): Shown | undefined =>
  all.filter((one) => one.name === name).sort((a, b) => (b.gone ?? Infinity) - (a.gone ?? Infinity) || 0)[0];

function queuesOf(view: View, poolName: string): Shown[] {
  const pool = named(shown(view, 'work_pool'), poolName);
  return shown(view, 'work_queue').filter(({ value }) => pool !== undefined && value.work_pool_id === pool.id);
}

type Asked = keyof typeof poolBodySchemas;

/** `rows` null: the queues of pool `of`, which is looked for after the body has been read. */
function list(view: View, request: ApiRequest, asked: Asked, rows: Shown[] | null, of = ''): ApiReply {
  const schema = poolBodySchemas[asked];
  const read = readBody(request);
  if ('status' in read) return read;
  if (typeof read.body !== 'object' || Array.isArray(read.body))
    return refused(missing(Object.keys(schema.shape)), read.body);
  const body = read.body ?? {};
  const limit = asked === 'pool_count' ? Infinity : limitOf(body);
  if (typeof limit === 'string') return detail(422, limit);
  const parsed = schema.safeParse(body);
  if (!parsed.success) return refused(details(parsed.error.issues, body), body);
  const { work_pools: pools, work_queues: queues, offset = 0 } = parsed.data as Body;
  if (rows === null && !named(shown(view, 'work_pool'), of)) return noPool(of);
  const { dialect } = view.engine;
  const failure = serverFailure(
    { and: asConditions({ work_pools: pools, work_pool_queues: queues }) },
    offset,
    dialect,
  );
  if (failure) return failure;
  const fitting = (rows ?? queuesOf(view, of)).filter(
    (one) =>
      (!pools || poolMatches(pools, { ...one, type: one.value.type })) &&
      (!queues || queueMatches(queues, one, dialect)),
  );
  if (asked === 'pool_count') return json(200, fitting.length);
  const order = textOrder(dialect);
  fitting.sort(asked === 'queues_of_pool' ? byPriority : (a, b) => order(a.name, b.name));
  const page = fitting.slice(offset, offset + limit);
  return { status: 200, body: `[${page.map((one) => one.json).join(',')}]` };
}

type Body = { work_pools?: WorkPoolFilter | null; work_queues?: WorkQueueFilter | null; offset?: number };

const byPriority = (a: Shown, b: Shown): number => a.value.priority - b.value.priority;
