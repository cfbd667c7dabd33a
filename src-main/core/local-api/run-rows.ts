/**
 * Runs in the shapes of Prefect 3.8.8's replies, with the two fields the server computes as it answers. Values are cut from the text
 * the server sent and never parsed and written again, so numbers too large for a Float64 and the order of keys survive.
 */
import { terminalStateTypes } from '../../contract/fields.ts';
import { parseTime } from '../../contract/time.ts';
import { MemberFinder } from '../../prefect/members.ts';

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

/** What the two estimates are made of, besides. */
const estimateKeys = ['state_type', 'expected_start_time'] as const;
const names = [...paginateKeys, ...estimateKeys];
const finder = new MemberFinder(names);
const slotOf = (key: (typeof names)[number]): number => names.indexOf(key);
const [STATE, START, TOTAL, RUN_TIME, DELTA, TYPE, EXPECTED] = [
  slotOf('state'),
  slotOf('start_time'),
  slotOf('total_run_time'),
  slotOf('estimated_run_time'),
  slotOf('estimated_start_time_delta'),
  slotOf('state_type'),
  slotOf('expected_start_time'),
];
/** `"key":` of each of the fields that /paginate gives, with what goes before it */
const labels = paginateKeys.map((key, i) => `${i === 0 ? '{' : ','}"${key}":`);

/** A task or flow run as /filter and GET give it. `now` in µs. */
export function fullRun(text: string, now: number): string {
  const spans = finder.find(text);
  const { runTime, delta } = estimates(text, spans, now);
  const changes = [
    { slot: RUN_TIME, value: runTime },
    { slot: DELTA, value: delta },
  ]
    .filter(({ slot }) => spans[slot * 2] >= 0)
    .sort((a, b) => spans[a.slot * 2] - spans[b.slot * 2]);
  let result = '';
  let at = 0;
  for (const { slot, value } of changes) {
    result += text.slice(at, spans[slot * 2]) + value;
    at = spans[slot * 2 + 1];
  }
  return result + text.slice(at);
}

/** A task run as /paginate gives it: fewer fields, in one order; one that the row lacks is null. `now` in µs. */
export function paginatedTaskRun(text: string, now: number): string {
  const spans = finder.find(text);
  const { runTime, delta } = estimates(text, spans, now);
  let result = '';
  for (let slot = 0; slot < labels.length; slot++) {
    result += labels[slot];
    if (slot === RUN_TIME) result += runTime;
    else if (slot === DELTA) result += delta;
    else result += cut(text, spans, slot) ?? 'null';
  }
  return `${result}}`;
}

/** Of each: the text of a JSON number. */
type Estimates = { runTime: string; delta: string };

function estimates(text: string, spans: Int32Array, now: number): Estimates {
  const total = cut(text, spans, TOTAL) ?? '0.0';
  const stateType = stringOf(text, spans, TYPE);
  const running = stateType === 'RUNNING' ? stateTime(text, spans) : null;
  return {
    runTime: running === null ? total : seconds(Number(total) * 1e6 + now - running),
    delta: seconds(lateness(text, spans, stateType, now)),
  };
}

function stateTime(text: string, spans: Int32Array): number | null {
  const state = JSON.parse(cut(text, spans, STATE) ?? 'null') as { timestamp?: string } | null;
  return state?.timestamp ? parseTime(state.timestamp) : null;
}

/** µs between expected and actual start, or until now for a run that should have started. */
function lateness(text: string, spans: Int32Array, stateType: string | null, now: number): number {
  const expected = timeOf(text, spans, EXPECTED);
  const started = timeOf(text, spans, START);
  if (expected === null) return 0;
  if (started !== null) return Math.max(0, started - expected);
  return expected < now && !terminalStateTypes.includes(String(stateType)) ? now - expected : 0;
}

function timeOf(text: string, spans: Int32Array, slot: number): number | null {
  const value = stringOf(text, spans, slot);
  return value === null ? null : parseTime(value);
}

/** The value's text; null when the row does not have it. */
function cut(text: string, spans: Int32Array, slot: number): string | null {
  const from = spans[slot * 2];
  return from < 0 ? null : text.slice(from, spans[slot * 2 + 1]);
}

/** null when it is no string or not there */
function stringOf(text: string, spans: Int32Array, slot: number): string | null {
  const from = spans[slot * 2];
  if (from < 0 || text.charCodeAt(from) !== 34) return null;
  const inside = text.slice(from + 1, spans[slot * 2 + 1] - 1);
  return inside.includes('\\') ? (JSON.parse(`"${inside}"`) as string) : inside;
}

/** µs as seconds, written the way Python writes a float. */
function seconds(micros: number): string {
  const value = micros / 1e6;
  return Number.isInteger(value) ? `${value}.0` : String(value);
}
