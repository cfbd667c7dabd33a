/**
 * `work_pools` and `work_pool_queues` filters. Work pools are not in the archive; what flow runs and deployments say
 * of theirs is, so ids and names can be answered (a deployment names its pool only), types cannot.
 */
import type { WorkPoolFilter, WorkQueueFilter } from '../../contract/prefect-filter.ts';
import type { Dialect } from '../../contract/query.ts';
import { topLevel } from '../../prefect/members.ts';
import { valueOf } from './row-text.ts';

export type PoolFilters = { work_pools?: WorkPoolFilter | null; work_pool_queues?: WorkQueueFilter | null };

/** A question the archive cannot answer; the reply is 501 with the message. */
export class NotInArchive extends Error {}

export const asksForPools = (filters: PoolFilters): boolean =>
  (filters.work_pools ?? null) !== null || (filters.work_pool_queues ?? null) !== null;

/** Does the row (JSON of a flow run or deployment) satisfy both? A row without a queue satisfies neither, `{}` included. */
export function inPools(text: string, filters: PoolFilters, dialect: Dialect): boolean {
  const spans = topLevel(text);
  const value = (key: string): string | null => valueOf(text, spans, key) as string | null;
  const { work_pools: pools, work_pool_queues: queues } = filters;
  if (pools && !(value('work_pool_name') !== null && poolMatches(pools, value))) return false;
  return !queues || (value('work_queue_id') !== null && queueMatches(queues, value, dialect));
}

type Value = (key: string) => string | null;

function poolMatches(filter: WorkPoolFilter, value: Value): boolean {
  if (filter.type?.any_?.length) throw new NotInArchive('The archive does not hold the types of work pools.');
  const criteria: boolean[] = [];
  if (filter.id) criteria.push(!filter.id.any_ || filter.id.any_.includes(poolId(value)));
  if (filter.name) criteria.push(!filter.name.any_ || filter.name.any_.includes(value('work_pool_name') ?? ''));
  if (filter.type) criteria.push(!filter.type.any_);
  return combine(filter.operator, criteria);
}

function poolId(value: Value): string {
  const id = value('work_pool_id');
  if (id === null) throw new NotInArchive('The archive does not hold the ids of the work pools of deployments.');
  return id;
}

function queueMatches(filter: WorkQueueFilter, value: Value, dialect: Dialect): boolean {
  const criteria: boolean[] = [];
  if (filter.id) criteria.push(!filter.id.any_ || filter.id.any_.includes(value('work_queue_id') ?? ''));
  if (filter.name) {
    const { any_, startswith_ } = filter.name;
    const name = value('work_queue_name') ?? '';
    const started = !startswith_?.length || startswith_.some((start) => startsWith(name, start, dialect));
    // an empty startswith_ by itself is an OR of nothing: it is left out, and is not TRUE beside another criterion
    if (any_ || !startswith_ || startswith_.length > 0) criteria.push((!any_ || any_.includes(name)) && started);
  }
  return combine(filter.operator, criteria);
}

const combine = (operator: 'and_' | 'or_', criteria: boolean[]): boolean =>
  criteria.length === 0 || (operator === 'and_' ? criteria.every(Boolean) : criteria.some(Boolean));

/** `ILIKE 'start%'`, wildcards live. */
function startsWith(name: string, start: string, dialect: Dialect): boolean {
  const fold = (text: string) =>
    dialect === 'sqlite' ? text.replace(/[A-Z]/g, (letter) => letter.toLowerCase()) : text.toLowerCase();
  const pattern = [...fold(start)]
    .map((c) => (c === '%' ? '.*' : c === '_' ? '.' : c.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')))
    .join('');
  return new RegExp(`^${pattern}`, 'su').test(fold(name));
}
