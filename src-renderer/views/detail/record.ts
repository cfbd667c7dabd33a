/** What a run's own JSON says beyond the columns of the grid, ready to show. Absent and null are the same: not shown. */
import { attemptSeconds } from '../../../src-main/contract/attempt.ts';
import { jsonTexts } from '../../../src-main/contract/texts-in-json.ts';
import type { RunLink, TaskRunDetail, TaskRunRow } from '../../../src-main/contract/run.ts';
import { parseTime } from '../../../src-main/contract/time.ts';
import { formatCount, formatDuration, plural, secondsBetween } from '../../format.ts';
import { member, readJson, scalar, writeJson, type JsonNode } from '../../ui/text/json-tree.ts';

/** One thing passed to a parameter. `link` null: a run that the archive does not hold, named by its id. */
export type InputItem =
  | { kind: 'run'; link: RunLink | null; id: string; entity: string }
  | { kind: 'parameter'; name: string }
  | { kind: 'constant'; type: string }
  | { kind: 'other'; text: string };

export type Input = { parameter: string; items: InputItem[] };

export type RunRecord = {
  /** the state's message, with the traceback where there is one */
  message: string | null;
  inputs: Input[];
  policy: string;
  cacheKey: string | null;
  /** µs */
  cacheExpiration: number | null;
  taskVersion: string | null;
  dynamicKey: string | null;
  flowRunAttempt: number | null;
  labels: { key: string; value: string }[];
  /** what the state says of the result: where it is kept and how, never the result itself */
  result: { key: string; value: string }[];
};

const nothing: RunRecord = {
  message: null,
  inputs: [],
  policy: 'not known',
  cacheKey: null,
  cacheExpiration: null,
  taskVersion: null,
  dynamicKey: null,
  flowRunAttempt: null,
  labels: [],
  result: [],
};

export function readRecord(detail: TaskRunDetail): RunRecord {
  let root: JsonNode;
  try {
    root = readJson(detail.json);
  } catch {
    return nothing; // the raw text is still shown as it is
  }
  const text = (key: string) => scalar(member(root, key)) || null;
  const time = text('cache_expiration');
  const attempts = Number(text('flow_run_run_count') ?? NaN);
  return {
    message: scalar(member(member(root, 'state'), 'message')) || null,
    inputs: readInputs(member(root, 'task_inputs'), detail.upstream),
    policy: policyWords(member(root, 'empirical_policy')),
    cacheKey: text('cache_key'),
    cacheExpiration: time === null ? null : parseTime(time),
    taskVersion: text('task_version'),
    dynamicKey: text('dynamic_key'),
    flowRunAttempt: Number.isFinite(attempts) ? attempts : null,
    labels: readEntries(member(root, 'labels')),
    result: readEntries(member(member(root, 'state'), 'data')).filter(({ value }) => value !== 'null'),
  };
}

/** Parameters of the run's flow run as JSON text; null when it has none. */
export function parametersOf({ flow_run_json }: TaskRunDetail): string | null {
  try {
    const node = flow_run_json === null ? null : member(readJson(flow_run_json), 'parameters');
    return node?.kind === 'object' && node.entries.length > 0 ? writeJson(node) : null;
  } catch {
    return null; // too deep to be shown
  }
}

/** What is searched of them. */
export function parameterTexts({ flow_run_json }: TaskRunDetail): string[] {
  try {
    const row = JSON.parse(flow_run_json ?? 'null') as { parameters?: unknown } | null;
    return jsonTexts(row?.parameters);
  } catch {
    return []; // NaN, which Python writes
  }
}

function readEntries(node: JsonNode | null): { key: string; value: string }[] {
  return node?.kind === 'object' ? node.entries.map(({ key, value }) => ({ key, value: scalar(value) ?? 'null' })) : [];
}

function readInputs(node: JsonNode | null, upstream: readonly RunLink[]): Input[] {
  if (node?.kind !== 'object') return [];
  return node.entries.map(({ key, value }) => ({
    parameter: key,
    items: value.kind === 'array' ? value.items.map((item) => readInput(item, upstream)) : [],
  }));
}

function readInput(node: JsonNode, upstream: readonly RunLink[]): InputItem {
  const type = scalar(member(node, 'input_type'));
  const id = scalar(member(node, 'id'));
  if (id !== null)
    return { kind: 'run', id, entity: type ?? 'task_run', link: upstream.find((link) => link.id === id) ?? null };
  if (type === 'parameter') return { kind: 'parameter', name: scalar(member(node, 'name')) ?? '' };
  if (type === 'constant') return { kind: 'constant', type: scalar(member(node, 'type')) ?? '' };
  return { kind: 'other', text: scalar(node) ?? '' };
}

/**
 * The retry policy in words. `retries` and `retry_delay` are Prefect's present names; `max_retries` and
 * `retry_delay_seconds` are what servers before 2.7 wrote, and all still send them.
 */
export function policyWords(policy: JsonNode | null): string {
  const number = (key: string) => {
    const text = scalar(member(policy, key));
    return text === null || Number.isNaN(Number(text)) ? null : Number(text);
  };
  const retries = number('retries') ?? number('max_retries') ?? 0;
  if (retries <= 0) return 'no retries';
  const delay = member(policy, 'retry_delay');
  const delays = delay?.kind === 'array' ? delay.items.map((item) => Number(scalar(item) ?? 0)) : [];
  const single = number('retry_delay') ?? number('retry_delay_seconds') ?? 0;
  const first = delays[0] ?? single;
  const even = delays.every((one) => one === first);
  const words = [`up to ${plural(retries, 'retry', 'retries')}`];
  if (even) words.push(first > 0 ? `after ${formatDuration(first)}` : 'at once');
  else words.push(`after ${delays.slice(0, 5).map(formatDuration).join(', ')}${delays.length > 5 ? ' …' : ''}`);
  const jitter = number('retry_jitter_factor');
  if (jitter !== null && jitter > 0) words.push(`up to ${formatCount(Math.round(jitter * 100))} % longer by chance`);
  return words.join(', ');
}

/**
 * Seconds of one attempt: of the one under way, or the mean of those that are over. The time from a run's start to its end also holds the
 * waits between attempts, so it says nothing of how fast the task is. `now` in µs. null: it has not run.
 */
export function attemptOf(row: TaskRunRow, now: number): number | null {
  if (row.state_type === 'RUNNING') return secondsBetween(row.state_timestamp ?? row.start_time, now);
  return (
    attemptSeconds(row.total_run_time, row.run_count) ??
    (row.run_count > 1 ? null : secondsBetween(row.start_time, row.end_time))
  );
}

/** `2.9 times the median`: said only when it is worth a thought. Both are seconds of one attempt. */
export function comparedToMedian(attempt: number, median: number): string | null {
  if (median <= 0 || attempt < 1) return null;
  const times = attempt / median;
  if (times < 1.5) return null;
  // a median of milliseconds makes any number of times of it
  if (times >= 100) return 'more than 100 times the median';
  return `${times >= 10 ? formatCount(Math.round(times)) : times.toFixed(1)} times the median`;
}
