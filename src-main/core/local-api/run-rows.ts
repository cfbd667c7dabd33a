/** Runs in the shapes of Prefect 3.8.8's replies, with the two fields the server computes as it answers. */
import { terminalStateTypes } from '../../contract/fields.ts';
import { parseTime } from '../../contract/time.ts';
import { topLevel } from '../../prefect/members.ts';
import { pick, valueOf, withValues } from './row-text.ts';

/** TaskRunResponse of 3.8.8: what /task_runs/paginate gives of a row. */
const paginateKeys = [
  'id',
  'created',
  'updated',
  'name',
  'flow_run_id',
  'task_key',
  'state_id',
  'state',
  'task_version',
  'task_inputs',
  'empirical_policy',
  'tags',
  'start_time',
  'end_time',
  'total_run_time',
  'estimated_run_time',
  'estimated_start_time_delta',
] as const;

/** A task or flow run as /filter and GET give it. `now` in µs. */
export function fullRun(text: string, now: number): string {
  const spans = topLevel(text);
  return withValues(text, spans, estimates(text, spans, now));
}

/** A task run as /paginate gives it: fewer fields. `now` in µs. */
export function paginatedTaskRun(text: string, now: number): string {
  const spans = topLevel(text);
  return pick(text, spans, paginateKeys, estimates(text, spans, now));
}

type Spans = ReturnType<typeof topLevel>;

function estimates(text: string, spans: Spans, now: number): Record<string, string> {
  const total = spans.get('total_run_time');
  const totalText = total ? text.slice(...total) : '0.0';
  const stateType = valueOf(text, spans, 'state_type');
  const running = stateType === 'RUNNING' ? stateTime(text, spans) : null;
  return {
    estimated_run_time: running === null ? totalText : seconds(Number(totalText) * 1e6 + now - running),
    estimated_start_time_delta: seconds(lateness(text, spans, stateType, now)),
  };
}

function stateTime(text: string, spans: Spans): number | null {
  const state = valueOf(text, spans, 'state') as { timestamp?: string } | null;
  return state?.timestamp ? parseTime(state.timestamp) : null;
}

/** µs between expected and actual start, or until now for a run that should have started. */
function lateness(text: string, spans: Spans, stateType: unknown, now: number): number {
  const expected = timeOf(text, spans, 'expected_start_time');
  const started = timeOf(text, spans, 'start_time');
  if (expected === null) return 0;
  if (started !== null) return Math.max(0, started - expected);
  return expected < now && !terminalStateTypes.includes(String(stateType)) ? now - expected : 0;
}

function timeOf(text: string, spans: Spans, key: string): number | null {
  const value = valueOf(text, spans, key);
  return typeof value === 'string' ? parseTime(value) : null;
}

/** µs as seconds, written the way Python writes a float. */
function seconds(micros: number): string {
  const value = micros / 1e6;
  return Number.isInteger(value) ? `${value}.0` : String(value);
}
