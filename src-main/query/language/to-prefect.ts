/**
 * A condition tree as the filters of one Prefect request, for comparing counts with the server and for asking it outside of this program.
 * Only conditions that Prefect can be asked with the same meaning: an `and` of plain comparisons, each criterion once. `prefect.ts` is the
 * other direction.
 */
import { stateTypes } from '../../contract/fields.ts';
import { taskRunSorts } from '../../contract/prefect/filter.ts';
import { instantAt, type Condition, type Instant, type Query, type SortKey } from '../../contract/query.ts';
import { formatTime } from '../../contract/time.ts';
import { isUuid } from '../../contract/uuid.ts';
import { prefectSort } from './prefect.ts';

export type Filters = Record<string, Record<string, unknown>>;
type Kind = 'id' | 'name' | 'tags' | 'state' | 'time' | 'terms';
/** Where the criteria of a field stand in the filters, and which criteria it has. */
type Place = { path: [group: string, ...string[]]; kind: Kind };

const runPlaces = (group: string, prefix: string): Record<string, Place> => ({
  [`${prefix}id`]: { path: [group, 'id'], kind: 'id' },
  [`${prefix}name`]: { path: [group, 'name'], kind: 'name' },
  [`${prefix}tags`]: { path: [group, 'tags'], kind: 'tags' },
  [`${prefix}state_type`]: { path: [group, 'state', 'type'], kind: 'state' },
  [`${prefix}state_name`]: { path: [group, 'state', 'name'], kind: 'state' },
  [`${prefix}expected_start_time`]: { path: [group, 'expected_start_time'], kind: 'time' },
  [`${prefix}end_time`]: { path: [group, 'end_time'], kind: 'time' },
});
const places: Record<string, Place> = {
  ...runPlaces('task_runs', ''),
  start_time: { path: ['task_runs', 'start_time'], kind: 'time' },
  flow_run_id: { path: ['task_runs', 'flow_run_id'], kind: 'id' },
  ...runPlaces('flow_runs', 'flow_run.'),
  'flow_run.start_or_expected_time': { path: ['flow_runs', 'start_time'], kind: 'time' },
  'flow_run.deployment_id': { path: ['flow_runs', 'deployment_id'], kind: 'id' },
  'flow_run.work_queue_name': { path: ['flow_runs', 'work_queue_name'], kind: 'terms' },
  'flow_run.flow_version': { path: ['flow_runs', 'flow_version'], kind: 'terms' },
  'flow_run.flow_id': { path: ['flows', 'id'], kind: 'id' },
  'flow_run.flow.name': { path: ['flows', 'name'], kind: 'name' },
  'flow_run.flow.tags': { path: ['flows', 'tags'], kind: 'tags' },
  'flow_run.deployment.name': { path: ['deployments', 'name'], kind: 'name' },
  'flow_run.deployment.tags': { path: ['deployments', 'tags'], kind: 'tags' },
};

/** Filters for POST /task_runs/count and /filter of Prefect 3.8.8; null when no filters mean the same. `now` in µs. */
export function toPrefectFilters(condition: Condition, now: number): Filters | null {
  const { filters, lost } = nearestFilters(condition, now);
  return lost.length === 0 ? filters : null;
}

/** A request to Prefect that says as much of a question as it can. */
export type PrefectRequest = {
  filters: Filters;
  sort: (typeof taskRunSorts)[number];
  /** conditions that the filters leave out: the request also gives runs for which these are false */
  lost: Condition[];
  /** Prefect has no such order; `sort` is the nearest one */
  orderLost: boolean;
};

/** `leavesOut`: filters that the asking program has no words for, as `task_runs.expected_start_time`. `now` in µs. */
export function toPrefectRequest(
  { where, sort }: Query,
  now: number,
  leavesOut: readonly string[] = [],
): PrefectRequest {
  const same = taskRunSorts.find((name) => sameKeys(prefectSort('task_run', name), sort));
  return { ...nearestFilters(where, now, leavesOut), sort: same ?? nearestSort(sort), orderLost: same === undefined };
}

const sameKeys = (a: readonly SortKey[], b: readonly SortKey[]): boolean =>
  a.length === b.length && a.every(({ field, dir }, i) => field === b[i].field && dir === b[i].dir);

/** Runs begin in about the order in which they were expected to. */
function nearestSort([first]: readonly SortKey[]): PrefectRequest['sort'] {
  if (first === undefined || !['start_time', 'expected_start_time', 'created'].includes(first.field)) return 'ID_DESC';
  return first.dir === 'asc' ? 'EXPECTED_START_TIME_ASC' : 'EXPECTED_START_TIME_DESC';
}

function nearestFilters(
  condition: Condition,
  now: number,
  leavesOut: readonly string[] = [],
): { filters: Filters; lost: Condition[] } {
  const filters: Filters = {};
  const lost: Condition[] = [];
  const add = ({ path }: Place, criteria: Record<string, unknown>): boolean => {
    const there = path.reduce<Record<string, unknown>>(
      (at, step) => (at[step] ?? {}) as Record<string, unknown>,
      filters,
    );
    if (Object.keys(criteria).some((key) => key in there)) return false;
    let at: Record<string, unknown> = filters;
    for (const step of path) at = (at[step] ??= {}) as Record<string, unknown>;
    Object.assign(at, criteria);
    return true;
  };
  const taken = (one: Condition): boolean => {
    if ('has' in one) return one.has === 'subflow_runs' && isTrue(one.where) && add(subflows, { exists_: true });
    const place = 'field' in one && Object.hasOwn(places, one.field) ? places[one.field] : undefined;
    if (place === undefined || leavesOut.includes(place.path.join('.'))) return false;
    const criteria = criteriaOf(one, place, now);
    return criteria !== null && add(place, criteria);
  };
  const take = (one: Condition): void => {
    if ('and' in one) one.and.forEach(take);
    else if (!taken(one)) lost.push(one);
  };
  take(condition);
  return { filters, lost };
}

const subflows: Place = { path: ['task_runs', 'subflow_runs'], kind: 'terms' };
const isTrue = (one: Condition): boolean => 'and' in one && one.and.length === 0;

/** A value that Prefect reads; it refuses a request with any other. */
const takes =
  (path: Place['path'], kind: Kind) =>
  (value: unknown): boolean => {
    if (typeof value !== 'string') return false;
    if (kind === 'id') return isUuid(value);
    return path.at(-1) !== 'type' || (stateTypes as readonly string[]).includes(value);
  };

function criteriaOf(one: Condition, { path, kind }: Place, now: number): Record<string, unknown> | null {
  const own = path[0] === 'task_runs';
  if ('in' in one)
    return kind === 'tags' || kind === 'time' || !one.in.every(takes(path, kind)) ? null : { any_: one.in };
  if ('like' in one) return kind === 'name' && one.like !== '' ? { like_: one.like } : null;
  // without Prefect's wildcards and within ASCII, the two compare alike in both its databases
  if ('contains' in one)
    return kind === 'name' && /^[ -$&-[\]^`-~]+$/.test(one.contains) ? { like_: one.contains } : null;
  if ('all' in one) return kind === 'tags' && one.all.length > 0 ? { all_: one.all } : null;
  if ('any' in one) return kind === 'tags' && path[0] !== 'flows' && !own ? { any_: one.any } : null;
  if ('isNull' in one) {
    // of another table, a missing row is null here and no match there
    if (!own) return null;
    const has = kind === 'tags' || path[1] === 'start_time' || path[1] === 'end_time' || path[1] === 'flow_run_id';
    return has ? { is_null_: one.isNull } : null;
  }
  if (kind !== 'time' || !('from' in one || 'to' in one)) return null;
  const { from, to } = one as { from?: Instant; to?: Instant };
  const criteria = {
    ...(from === undefined ? {} : { after_: formatTime(instantAt(from, now)) }),
    ...(to === undefined ? {} : { before_: formatTime(instantAt(to, now)) }),
  };
  // Prefect knows the years 1 to 9999
  return Object.values(criteria).every((time) => /^\d{4}-/.test(time)) ? criteria : null;
}
