/** Runs counted by state, altogether and by spans of their expected start. */
import type { StateType } from '../contract/fields.ts';
import { bodySchemas, historySchemas, type PrefectFilters } from '../contract/prefect/filter.ts';
import { prefectRules } from '../contract/prefect/versions.ts';
import { formatTimeLikePrefect, MICROS_PER_SECOND } from '../contract/time.ts';
import { moment, type ArchiveView } from './archive-view.ts';
import { detail, json, readQuestion } from './bodies.ts';
import type { ApiReply, ApiRequest } from './bodies.ts';
import { latenessOf, stateSince } from './run-rows.ts';
import type { PoolFilters } from './work-pools.ts';

type RunEntity = 'task_run' | 'flow_run';
/** All runs of an entity that satisfy the filters, in any order. */
export type SelectRuns = (
  view: ArchiveView,
  entity: RunEntity,
  filters: PrefectFilters & PoolFilters,
  sort: string,
  offset: number,
  limit: number,
) => { rids: Iterable<number> };

/** Prefect answers at most so many spans. */
const MOST_SPANS = 500;

type Counted = {
  state_type: string;
  state_name: string;
  count_runs: number;
  sum_estimated_run_time: number;
  sum_estimated_lateness: number;
};

/** POST /{entity}s/history. */
export function runHistory(view: ArchiveView, request: ApiRequest, entity: RunEntity, select: SelectRuns): ApiReply {
  const { engine, reader, now } = view;
  const { dialect } = engine;
  const read = readQuestion(request, historySchemas[entity], { dialect, isLimited: false });
  if ('status' in read) return read;
  const { history_start: from, history_end: to, history_interval_seconds: seconds, ...filters } = read.question;
  const step = Math.round(seconds * MICROS_PER_SECOND);
  if (step < MICROS_PER_SECOND) return detail(422, 'History interval must not be less than 1 second.');
  const spans = Math.max(0, Math.min(Math.ceil((to - from) / step), MOST_SPANS));
  const states = Array.from({ length: spans }, () => new Map<string, Counted>());
  const end = from + spans * step;
  const field = (name: string) => engine.accessor(name, entity);
  const [expectedStart, start, type, name, total] = [
    'expected_start_time',
    'start_time',
    'state_type',
    'state_name',
    'total_run_time',
  ].map(field);
  const { work_queues, ...others } = filters as typeof filters & { work_queues?: PoolFilters['work_pool_queues'] };
  const asked: PrefectFilters & PoolFilters = { ...others, work_pool_queues: work_queues ?? null };
  // SQLite computes with milliseconds and takes whole seconds out of a span of time
  const rounded = (at: number | null) => (at === null || dialect !== 'sqlite' ? at : Math.round(at / 1000) * 1000);
  const counted = (micros: number) => {
    const seconds = (rounded(micros) ?? 0) / MICROS_PER_SECOND;
    return Math.max(0, dialect === 'sqlite' ? Math.floor(seconds) : seconds);
  };
  for (const rid of select(view, entity, asked, 'ID_DESC', 0, Number.MAX_SAFE_INTEGER).rids) {
    const expected = expectedStart(rid) as number | null;
    const stateType = type(rid) as string | null;
    if (expected === null || expected < from || expected >= end || stateType === null) continue;
    const since = stateType === 'RUNNING' ? stateSince(reader.json(entity, [rid])[0] ?? '') : null;
    const runTime = ((total(rid) as number | null) ?? 0) * MICROS_PER_SECOND + (since === null ? 0 : now - since);
    const lateness = latenessOf(rounded(expected), rounded(start(rid) as number | null), stateType, now);
    const at = Math.floor((rounded(expected - from) ?? 0) / step);
    const stateName = (name(rid) as string | null) ?? '';
    const key = JSON.stringify([stateType, stateName]);
    const known = states[at]?.get(key) ?? {
      state_type: stateType,
      state_name: stateName,
      count_runs: 0,
      sum_estimated_run_time: 0,
      sum_estimated_lateness: 0,
    };
    known.count_runs += 1;
    known.sum_estimated_run_time += counted(runTime);
    known.sum_estimated_lateness += counted(lateness);
    states[at]?.set(key, known);
  }
  return json(
    200,
    states.map((counts, i) => ({
      interval_start: formatTimeLikePrefect(from + i * step),
      interval_end: formatTimeLikePrefect(from + (i + 1) * step),
      states: [...counts.values()],
    })),
  );
}

/** The order of the server's reply. */
const countedTypes: readonly StateType[] = [
  'COMPLETED',
  'PENDING',
  'RUNNING',
  'FAILED',
  'CANCELLED',
  'CRASHED',
  'PAUSED',
  'CANCELLING',
  'SCHEDULED',
];

/** POST /ui/task_runs/count: runs without a state are in no count. */
export function countsByState(view: ArchiveView, request: ApiRequest): ApiReply {
  const { engine, prefect } = view;
  const schema = bodySchemas(prefectRules(prefect)).task_run.count;
  const read = readQuestion(request, schema, { dialect: engine.dialect, isLimited: false });
  if ('status' in read) return read;
  const counts = Object.fromEntries(countedTypes.map((type) => [type, 0]));
  const type = engine.accessor('state_type', 'task_run');
  const all = [read.question, 'ID_DESC', 0, Number.MAX_SAFE_INTEGER, moment(view)] as const;
  for (const rid of engine.paginate('task_run', ...all).rids) {
    const found = type(rid) as string | null;
    if (found !== null && Object.hasOwn(counts, found)) counts[found] += 1;
  }
  return json(200, counts);
}
