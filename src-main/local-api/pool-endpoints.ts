/** Work pools and work queues as Prefect 3.8.8 lists them, from the last sync. `active_slots` too is the number of that moment. */
import type { DocumentKind } from '../contract/fields.ts';
import { poolBodySchemas, type WorkPoolFilter, type WorkQueueFilter } from '../contract/prefect/filter.ts';
import type { Dialect } from '../contract/query.ts';
import { textOrder } from '../query/language/collation.ts';
import type { Reader } from '../store/read/reader.ts';
import { decode, detail, json, methodNotAllowed, readQuestion, tooFar } from './bodies.ts';
import type { ApiReply, ApiRequest } from './bodies.ts';
import { pathId } from './path-id.ts';
import { poolMatches, queueMatches } from './work-pools.ts';

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
/** Prefect's pool of agents: a queue asked for by name alone is looked for there first. */
const AGENT_POOL = 'default-agent-pool';

/** null: not a path of pools or queues. */
export function answerPools(view: View, request: ApiRequest, path: string): ApiReply | null {
  const { method } = request;
  // the server undoes the escape before it matches the path, so that the name ends there
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
  const id = pathId(part);
  if (part !== '' && part !== 'filter' && id === null) return detail(404, 'Not Found');
  if (request.method !== 'GET' || (part === '' && name === undefined) || part === 'filter') return methodNotAllowed;
  const byName = () => {
    const agents = named(shown(view, 'work_pool'), AGENT_POOL);
    return named(agents ? queuesOf(view, AGENT_POOL) : all, decode(name ?? ''));
  };
  const found = name === undefined ? all.find((one) => one.id === id) : byName();
  return found ? { status: 200, body: found.json } : detail(404, 'work queue not found');
}

const noPool = (name: string): ApiReply => detail(404, `Work pool "${name}" not found.`);

/** All whose JSON is kept, also those that the server has deleted, as for every other kind of row. */
function shown({ reader }: View, kind: DocumentKind): Shown[] {
  return reader
    .documents(kind)
    .flatMap(({ json: text, ...rest }) =>
      text === null ? [] : [{ ...rest, json: text, value: JSON.parse(text) as Shown['value'] }],
    );
}

/** A name may have been used again: the pool or queue the server still has, else the last one it deleted. */
const named = (all: readonly Shown[], name: string): Shown | undefined =>
  all.filter((one) => one.name === name).sort((a, b) => (b.gone ?? Infinity) - (a.gone ?? Infinity) || 0)[0];

function queuesOf(view: View, poolName: string): Shown[] {
  const pool = named(shown(view, 'work_pool'), poolName);
  return shown(view, 'work_queue').filter(({ value }) => pool !== undefined && value.work_pool_id === pool.id);
}

type Asked = keyof typeof poolBodySchemas;

/** `rows` null: the queues of the pool named `of`; as in the server, a wrong body is refused before an unknown pool. */
function list(view: View, request: ApiRequest, asked: Asked, rows: Shown[] | null, of = ''): ApiReply {
  const { dialect } = view.engine;
  const read = readQuestion(request, poolBodySchemas[asked], { dialect, isLimited: asked !== 'pool_count' });
  if ('status' in read) return read;
  const { work_pools: pools, work_queues: queues, offset = 0 }: Body = read.question;
  if (rows === null && !named(shown(view, 'work_pool'), of)) return noPool(of);
  const refusal = tooFar(offset, 'offset');
  if (refusal) return refusal;
  const fitting = (rows ?? queuesOf(view, of)).filter(
    (one) =>
      (!pools || poolMatches(pools, { ...one, type: one.value.type })) &&
      (!queues || queueMatches(queues, one, dialect)),
  );
  if (asked === 'pool_count') return json(200, fitting.length);
  const order = textOrder(dialect);
  fitting.sort(asked === 'queues_of_pool' ? byPriority : (a, b) => order(a.name, b.name));
  const page = fitting.slice(offset, offset + read.limit);
  return { status: 200, body: `[${page.map((one) => one.json).join(',')}]` };
}

type Body = { work_pools?: WorkPoolFilter | null; work_queues?: WorkQueueFilter | null; offset?: number };

const byPriority = (a: Shown, b: Shown): number => a.value.priority - b.value.priority;
