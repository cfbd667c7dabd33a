/**
 * A condition tree as the filters of one Prefect request, for comparing counts with the server. Only conditions that Prefect can be asked
 * with the same meaning: an `and` of plain comparisons, each criterion once. `prefect.ts` is the other direction.
 */
import { instantAt, type Condition, type Instant } from '../../contract/query.ts';
import { formatTime } from '../../contract/time.ts';

type Filters = Record<string, Record<string, unknown>>;
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
  const filters: Filters = {};
  const add = ({ path }: Place, criteria: Record<string, unknown>): boolean => {
    let at: Record<string, unknown> = filters;
    for (const step of path) at = (at[step] ??= {}) as Record<string, unknown>;
    if (Object.keys(criteria).some((key) => key in at)) return false;
    Object.assign(at, criteria);
    return true;
  };
  const take = (one: Condition): boolean => {
    if ('and' in one) return one.and.every(take);
    if ('has' in one) return one.has === 'subflow_runs' && isTrue(one.where) && add(subflows, { exists_: true });
    const place = 'field' in one && Object.hasOwn(places, one.field) ? places[one.field] : undefined;
    const criteria = place && criteriaOf(one, place, now);
    return place !== undefined && !!criteria && add(place, criteria);
  };
  return take(condition) ? filters : null;
}

const subflows: Place = { path: ['task_runs', 'subflow_runs'], kind: 'terms' };
const isTrue = (one: Condition): boolean => 'and' in one && one.and.length === 0;

function criteriaOf(one: Condition, { path, kind }: Place, now: number): Record<string, unknown> | null {
  const own = path[0] === 'task_runs';
  if ('in' in one) return kind === 'tags' || kind === 'time' ? null : { any_: one.in };
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
  return {
    ...(from === undefined ? {} : { after_: formatTime(instantAt(from, now)) }),
    ...(to === undefined ? {} : { before_: formatTime(instantAt(to, now)) }),
  };
}
