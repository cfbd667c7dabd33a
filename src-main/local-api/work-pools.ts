/**
 * `work_pools` and `work_pool_queues` filters. A flow run or deployment names its queue by id, and the queue names its pool. Names and
 * types are those of the kept pools and queues, as the server joins them, not those in the row's own text. A row that the server still
 * has is in no queue that the server has deleted; a row that the server has deleted is in the queue it was in.
 */
import type { WorkPoolFilter, WorkQueueFilter } from '../contract/prefect/filter.ts';
import type { Dialect } from '../contract/query.ts';
import { memberSpans } from '../contract/json-text.ts';
import { startsMatcher } from '../query/language/like.ts';
import type { Reader } from '../store/read/reader.ts';
import { memberValue } from './member-value.ts';

export type PoolFilters = { work_pools?: WorkPoolFilter | null; work_pool_queues?: WorkQueueFilter | null };

export const asksForPools = (filters: PoolFilters): boolean =>
  (filters.work_pools ?? null) !== null || (filters.work_pool_queues ?? null) !== null;

/** `type` null: unknown, because the server has no endpoint for pools. */
type Pool = { id: string | null; name: string | null; type: string | null };
type Queue = { id: string; name: string | null; pool: Pool | null };
type Kept<T> = T & { gone: boolean };

export class PoolFilter {
  readonly #filters: PoolFilters;
  readonly #dialect: Dialect;
  readonly #pools = new Map<string, Kept<Pool>>();
  /** null: only the id of the queue is kept */
  readonly #queues = new Map<string, Kept<Queue> | null>();
  /** Answers by queue id, for rows that the server has and for rows that it has deleted. */
  readonly #known = { there: new Map<string, boolean>(), gone: new Map<string, boolean>() };

  constructor(reader: Pick<Reader, 'documents'>, filters: PoolFilters, dialect: Dialect) {
    this.#filters = filters;
    this.#dialect = dialect;
    for (const { id, name, gone, json } of reader.documents('work_pool')) {
      if (json === null) continue;
      const { type } = JSON.parse(json) as { type?: string };
      this.#pools.set(id, { id, name, type: type ?? null, gone: gone !== null });
    }
    for (const { id, name, gone, json } of reader.documents('work_queue')) {
      if (json === null) this.#queues.set(id, null);
      else this.#queues.set(id, { id, name, pool: this.#poolOf(JSON.parse(json) as Words), gone: gone !== null });
    }
  }

  /** Whether a flow run or deployment in queue `id` satisfies both filters. A row in no queue satisfies neither, not even `{}`. `text`: the row's JSON. */
  accepts(id: string | null, rowIsGone: boolean, text: () => string): boolean {
    if (id === null) return false;
    if (!this.#queues.has(id)) return this.#matches(this.#told(text(), id), true);
    const known = rowIsGone ? this.#known.gone : this.#known.there;
    let answer = known.get(id);
    if (answer === undefined) {
      const queue = this.#queues.get(id) ?? null;
      answer = queue !== null && (rowIsGone || !queue.gone) && this.#matches(queue, rowIsGone);
      known.set(id, answer);
    }
    return answer;
  }

  /** A queue that is not kept, because pools could not be read: the row's own text names it. */
  #told(text: string, id: string): Queue {
    const spans = memberSpans(text);
    const value = (key: string): string | null => memberValue(text, spans, key) as string | null;
    const words = { work_pool_id: value('work_pool_id'), work_pool_name: value('work_pool_name') };
    return { id, name: value('work_queue_name'), pool: this.#poolOf(words) };
  }

  /** The kept pool by id, or by name for rows that have no id of it (deployments); else a pool of the given id and name. */
  #poolOf({ work_pool_id: id = null, work_pool_name: name = null }: Words): Pool | null {
    if (id === null && name === null) return null;
    const named = id === null ? [...this.#pools.values()].find((one) => one.name === name && !one.gone) : undefined;
    return (id === null ? named : this.#pools.get(id)) ?? { id, name, type: null };
  }

  #matches({ id, name, pool }: Queue, goneToo: boolean): boolean {
    const { work_pools: pools, work_pool_queues: queues } = this.#filters;
    const isThere = pool !== null && (goneToo || !('gone' in pool && pool.gone));
    if (pools && !(isThere && poolMatches(pools, pool))) return false;
    return !queues || queueMatches(queues, { id, name }, this.#dialect);
  }
}

type Words = { work_pool_id?: string | null; work_pool_name?: string | null };

export function poolMatches(filter: WorkPoolFilter, pool: Pool): boolean {
  const criteria: boolean[] = [];
  for (const field of ['id', 'name', 'type'] as const) {
    const any = filter[field];
    if (any) criteria.push(!any.any_ || any.any_.includes(pool[field] ?? ''));
  }
  return combine(filter.operator, criteria);
}

export function queueMatches(filter: WorkQueueFilter, queue: Omit<Queue, 'pool'>, dialect: Dialect): boolean {
  const criteria: boolean[] = [];
  if (filter.id) criteria.push(!filter.id.any_ || filter.id.any_.includes(queue.id));
  if (filter.name) {
    const { any_, startswith_ } = filter.name;
    const name = queue.name ?? '';
    const started = !startswith_?.length || startswith_.some((start) => startsMatcher(start, dialect).test(name));
    // an empty startswith_ by itself is an OR of nothing: the server leaves it out, so beside another criterion it is not TRUE
    if (any_ || !startswith_ || startswith_.length > 0) criteria.push((!any_ || any_.includes(name)) && started);
  }
  return combine(filter.operator, criteria);
}

const combine = (operator: 'and_' | 'or_', criteria: boolean[]): boolean =>
  criteria.length === 0 || (operator === 'and_' ? criteria.every(Boolean) : criteria.some(Boolean));
