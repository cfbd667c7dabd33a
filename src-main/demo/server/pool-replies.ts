/** The demo server's answers about work pools and work queues. */
import { poolBodySchemas, type WorkPoolFilter, type WorkQueueFilter } from '../../contract/prefect/filter.ts';
import type { Pools } from './pools.ts';
import { invalidBody, limitProblem, noRoute, reply, wrongMethod, type Reply } from './replies.ts';
import type { JsonRow } from '../json.ts';

type Asked = { method: string; path: string; body(): { body: unknown } | { problem: Reply } };

/** Null for a path of something else. `largest`: rows of a page at most. */
export function poolReply(pools: Pools, largest: number, { method, path, body }: Asked): Reply | null {
  const parts = path.split('/').filter(Boolean).map(decodeURIComponent);
  const [root, first = '', second, third] = parts;
  if (root !== 'work_pools' && root !== 'work_queues') return null;
  const post = (answer: (body: unknown) => Reply): Reply => {
    if (method !== 'POST') return wrongMethod();
    const parsed = body();
    return 'problem' in parsed ? parsed.problem : answer(parsed.body);
  };
  if (root === 'work_queues') {
    if (first === 'filter') return post((asked) => list(poolBodySchemas.queues, pools.queues(), asked, largest));
    const queue = pools.queues().find(({ id }) => id === first);
    return queue ? reply(200, queue) : reply(404, { detail: 'work queue not found' });
  }
  if (parts.length === 2) {
    if (method === 'POST' && first === 'filter')
      return post((asked) => list(poolBodySchemas.pools, pools.pools(), asked, largest));
    if (method === 'POST' && first === 'count') return post((asked) => count(pools, asked));
    if (method !== 'GET') return wrongMethod();
    const pool = pools.pools().find(({ name }) => name === first);
    return pool ? reply(200, pool) : unknownPool(first);
  }
  if (second !== 'queues' || third !== 'filter') return noRoute();
  return post((asked) => {
    const pool = pools.pools().find(({ name }) => name === first);
    if (!pool) return unknownPool(first);
    return list(poolBodySchemas.queues_of_pool, pools.queues(pool.id), asked, largest);
  });
}

const unknownPool = (name: string): Reply => reply(404, { detail: `Work pool "${name}" not found.` });

type ListSchema = (typeof poolBodySchemas)['pools' | 'queues' | 'queues_of_pool'];

function list(schema: ListSchema, rows: readonly JsonRow[], body: unknown, largest: number): Reply {
  const parsed = schema.safeParse(body);
  if (!parsed.success) return invalidBody(parsed.error.issues);
  const { limit: asked, offset } = parsed.data;
  const filter = 'work_pools' in parsed.data ? parsed.data.work_pools : (parsed.data as Queues).work_queues;
  const limit = asked ?? largest;
  const problem = limitProblem(limit, largest);
  if (problem) return problem;
  return reply(200, rows.filter((row) => matches(row, filter)).slice(offset, offset + limit));
}

function count(pools: Pools, body: unknown): Reply {
  const parsed = poolBodySchemas.pool_count.safeParse(body);
  if (!parsed.success) return invalidBody(parsed.error.issues);
  return reply(200, pools.pools().filter((row) => matches(row, parsed.data.work_pools)).length);
}

type Queues = { work_queues?: WorkQueueFilter | null };
type Criterion = { any_?: string[] | null; startswith_?: string[] | null } | null | undefined;

/** A criterion without `any_` and `startswith_` is true. */
function matches(row: JsonRow, filter: WorkPoolFilter | WorkQueueFilter | null | undefined): boolean {
  const { operator, ...fields } = filter ?? { operator: 'and_' };
  const criteria = Object.entries(fields as Record<string, Criterion>).flatMap(([field, criterion]) => {
    if (!criterion) return [];
    const value = String(row[field]);
    const started = criterion.startswith_?.some((start) => value.toLowerCase().startsWith(start.toLowerCase())) ?? true;
    return [(criterion.any_?.includes(value) ?? true) && started];
  });
  if (criteria.length === 0) return true;
  return operator === 'or_' ? criteria.some(Boolean) : criteria.every(Boolean);
}
