/**
 * Runs in the shapes of Prefect 3.8.8's replies. A row is the text the server sent; only the two fields that the server computes as it
 * answers are written anew. Numbers too large for a Float64 and the order of keys survive, because nothing is parsed and written again.
 */
import { terminalStateTypes } from '../contract/fields.ts';
import { pageKeys } from '../contract/prefect/filter.ts';
import { memberSpans, type Span } from '../contract/json-text.ts';
import { parseTime } from '../contract/time.ts';
import { memberValue } from './member-value.ts';

const RUN_TIME = 'estimated_run_time';
const DELTA = 'estimated_start_time_delta';

/** The row as /filter and GET give it: its text with both estimates of the moment `now` (µs). Text that is no object stays as it is. */
export function wholeRow(text: string, now: number): string {
  if (!isObject(text)) return text;
  const spans = memberSpans(text);
  const estimates = estimatesOf(text, spans, now);
  const places = ([RUN_TIME, DELTA] as const)
    .flatMap((key) => {
      const span = spans.get(key);
      return span ? [{ from: span[0], to: span[1], value: estimates[key] }] : [];
    })
    .sort((a, b) => a.from - b.from);
  let row = '';
  let done = 0;
  for (const { from, to, value } of places) {
    row += text.slice(done, from) + value;
    done = to;
  }
  return row + text.slice(done);
}

/** The row of a task run as /paginate gives it: fewer fields in one order, null where the row lacks a field. `now` in µs. */
export function pageRow(text: string, now: number): string {
  if (!isObject(text)) return text;
  const spans = memberSpans(text);
  const estimates = estimatesOf(text, spans, now);
  let row = '';
  for (const key of pageKeys) {
    const value = key === RUN_TIME || key === DELTA ? estimates[key] : (memberText(text, spans, key) ?? 'null');
    row += `${row === '' ? '{' : ','}"${key}":${value}`;
  }
  return `${row}}`;
}

/** False for the `null` that stands for a row whose text is lost: one such row does not spoil a page. */
const isObject = (text: string): boolean => text.startsWith('{');

type Spans = ReadonlyMap<string, Span>;
type Estimates = Record<typeof RUN_TIME | typeof DELTA, string>;

function estimatesOf(text: string, spans: Spans, now: number): Estimates {
  const stateType = memberValue(text, spans, 'state_type');
  return {
    [RUN_TIME]: runTime(text, spans, stateType, now),
    [DELTA]: seconds(lateness(text, spans, stateType, now)),
  };
}

/** The stored run time, digit for digit; of a running run that plus the time since it began to run. */
function runTime(text: string, spans: Spans, stateType: unknown, now: number): string {
  const total = memberText(text, spans, 'total_run_time') ?? '0.0';
  if (stateType !== 'RUNNING') return total;
  const state = memberValue(text, spans, 'state') as { timestamp?: string } | null;
  const since = state?.timestamp ? parseTime(state.timestamp) : null;
  return since === null ? total : seconds(Number(total) * 1e6 + now - since);
}

/** When the run's present state began, µs; null for a run without a state, and for the text of no row. */
export function stateSince(text: string): number | null {
  const state = isObject(text) ? memberValue(text, memberSpans(text), 'state') : null;
  const { timestamp } = (state ?? {}) as { timestamp?: string };
  return timestamp === undefined ? null : parseTime(timestamp);
}

function lateness(text: string, spans: Spans, stateType: unknown, now: number): number {
  const expected = timeOf(text, spans, 'expected_start_time');
  return latenessOf(expected, timeOf(text, spans, 'start_time'), stateType, now);
}

/** µs between expected and actual start, or until `now` for a run that should have started. */
export function latenessOf(expected: number | null, started: number | null, stateType: unknown, now: number): number {
  if (expected === null) return 0;
  if (started !== null) return Math.max(0, started - expected);
  return expected < now && !terminalStateTypes.includes(String(stateType)) ? now - expected : 0;
}

function timeOf(text: string, spans: Spans, key: string): number | null {
  const value = memberValue(text, spans, key);
  return typeof value === 'string' ? parseTime(value) : null;
}

function memberText(text: string, spans: Spans, key: string): string | null {
  const span = spans.get(key);
  return span ? text.slice(...span) : null;
}

/** µs as seconds, written the way Python writes a float. */
function seconds(micros: number): string {
  const value = micros / 1e6;
  return Number.isInteger(value) ? `${value}.0` : String(value);
}
