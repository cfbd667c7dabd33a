/**
 * The states of a run, made from its plan. Row, history and logs all follow from this list, so they agree. States later than now are
 * left out. Times in µs.
 */
import { flows } from './catalog.ts';
import { tellFailure } from './failures.ts';
import { hash, unit } from './random.ts';
import type { Story } from './story.ts';

export type State = {
  type: string;
  name: string;
  at: number;
  message: string | null;
  /** SCHEDULED only: the time the run is scheduled for. */
  scheduled: number | null;
  /** what the task returned, or the exception it raised */
  data: unknown;
};

function state(type: string, name: string, at: number, more: Partial<State> = {}): State {
  return { type, name, at, message: null, scheduled: null, data: null, ...more };
}

/** The file and line of a task's code, for tracebacks and log lines. */
export function codeOf(story: Story, task: number): { file: string; function: string } {
  const run = story.tasks.at.run[task];
  const flow = run < 0 ? 'background' : (flows[story.runs.at.flow[run]]?.name ?? '');
  return {
    file: `/opt/flows/${flow.replaceAll('-', '_')}.py`,
    function: story.taskSpec(task).name.replaceAll('-', '_'),
  };
}

/** When attempt `n`, from 0, began and ended: its share of the planned span. */
function attemptTimes(story: Story, task: number): { from: number; to: number }[] {
  const { start, end, attempts } = story.tasks.at;
  const count = attempts[task];
  if (count === 0) return [];
  const from = start[task];
  const to = end[task];
  if (!(to >= from)) return [{ from, to: NaN }];
  const pause = story.taskSpec(task).retryDelay * 1e6;
  const busy = Math.max(to - from - pause * (count - 1), 0);
  const gap = (to - from - busy) / Math.max(count - 1, 1);
  const weights = Array.from({ length: count }, (_, n) => 0.2 + unit(story.seed, task, n, 21));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let at = from;
  return weights.map((weight, n) => {
    const ends = n === count - 1 ? to : at + Math.round((busy * weight) / total);
    const span = { from: at, to: ends };
    at = Math.min(ends + Math.round(gap), to);
    return span;
  });
}

function result(story: Story, task: number): unknown {
  // one result in three is persisted, the others stay in memory
  if (hash(story.seed, task, 31) % 3 !== 0) return null;
  return {
    type: 'reference',
    storage_key:
      hash(story.seed, task, 32).toString(16).padStart(8, '0') +
      hash(story.seed, task, 33).toString(16).padStart(8, '0'),
    expiration: null,
    serializer: { type: 'pickle', picklelib: 'cloudpickle', picklelib_version: null },
    prefect_version: '3.8.8',
    storage_block_id: null,
  };
}

/** All states of a task run, oldest first, future ones included. */
export function taskHistory(story: Story, task: number): State[] {
  const c = story.tasks.at;
  const outcome = story.outcome(c.outcome[task]);
  const expected = c.expected[task];
  const created = c.created[task];
  const end = c.end[task];
  const spec = story.taskSpec(task);
  const states: State[] = [];
  const sent = c.run[task] < 0;
  if (sent) states.push(state('SCHEDULED', 'Scheduled', Math.min(created, expected), { scheduled: expected }));
  if (!sent || c.attempts[task] > 0) states.push(state('PENDING', 'Pending', expected + (sent ? 20_000 : 0)));
  if (outcome === 'NotReady') {
    const message = "Upstream task run did not reach a 'COMPLETED' state.";
    return [
      ...states,
      state('PENDING', 'NotReady', expected + 4000 + (hash(story.seed, task, 34) % 40_000), { message }),
    ];
  }
  const attempts = attemptTimes(story, task);
  const child = story.child(task) >= 0;
  for (const [n, { from, to }] of attempts.entries()) {
    states.push(state('RUNNING', n === 0 ? 'Running' : 'Retrying', from));
    if (n === attempts.length - 1) break;
    const told = tellFailure(c.failure[task], hash(story.seed, task, n), codeOf(story, task));
    const { message, data } = failureWords(told, 'Task run encountered an exception');
    states.push(state('SCHEDULED', 'AwaitingRetry', to, { scheduled: attempts[n + 1]?.from ?? to, message, data }));
  }
  switch (outcome) {
    case 'Completed':
      return [...states, state('COMPLETED', 'Completed', end, { data: child ? null : result(story, task) })];
    case 'Cached':
      return [...states, state('COMPLETED', 'Cached', end, { message: 'Cache hit', data: result(story, task) })];
    case 'Failed': {
      if (child) return [...states, state('FAILED', 'Failed', end, { message: childMessage(story, task) })];
      const told = tellFailure(c.failure[task], hash(story.seed, task, 99), codeOf(story, task));
      return [...states, state('FAILED', 'Failed', end, failureWords(told, 'Task run encountered an exception'))];
    }
    case 'TimedOut': {
      const message = `Task run exceeded timeout of ${(spec.timeout ?? 60).toFixed(1)} second(s)`;
      return [...states, state('FAILED', 'TimedOut', end, { message })];
    }
    case 'Crashed':
      return [...states, state('CRASHED', 'Crashed', end, { message: crashMessage(story, task) })];
    case 'Cancelled':
      return [...states, state('CANCELLED', 'Cancelled', end, { message: 'Run was cancelled by its flow run.' })];
    case 'Lost':
      return states;
  }
}

function failureWords(told: ReturnType<typeof tellFailure>, lead: string): Pick<State, 'message' | 'data'> {
  const message = `${lead} ${told.exception}: ${told.message}\n\n${told.traceback}`;
  return { message, data: null };
}

function childMessage(story: Story, task: number): string {
  const child = story.child(task);
  const failed = child >= 0 ? countBad(story, child) : 1;
  return `${failed}/${story.runs.at.count[child] ?? failed} states failed.`;
}

function countBad(story: Story, run: number): number {
  const first = story.runs.at.first[run];
  let bad = 0;
  for (let task = first; task < first + story.runs.at.count[run]; task++)
    if (['Failed', 'TimedOut', 'Crashed', 'NotReady'].includes(story.outcome(story.tasks.at.outcome[task]))) bad += 1;
  return bad;
}

const crashes = [
  'Execution was interrupted by an unexpected exception: RuntimeError: The pod was evicted: node had condition [MemoryPressure].',
  'Execution was cancelled by the runtime environment.',
  'Execution was aborted by a termination signal: SIGTERM.',
];
function crashMessage(story: Story, key: number): string {
  return crashes[hash(story.seed, key, 41) % crashes.length];
}

/** All states of a flow run, oldest first, future ones included. */
export function runHistory(story: Story, run: number): State[] {
  const c = story.runs.at;
  const trigger = story.trigger(run);
  const expected = c.expected[run];
  const start = c.start[run];
  const end = c.end[run];
  const states: State[] = [];
  if (trigger === 'schedule' || trigger === 'automation') {
    states.push(
      state('SCHEDULED', 'Scheduled', c.created[run], {
        scheduled: expected,
        message: trigger === 'schedule' ? 'Flow run scheduled' : null,
      }),
    );
    // Prefect marks a run as Late 15 s after its scheduled time
    const LATE = 15e6;
    if (start - expected > LATE + 2e6)
      states.push(state('SCHEDULED', 'Late', expected + LATE, { scheduled: expected }));
  }
  states.push(state('PENDING', 'Pending', Math.max(start - 1_400_000, expected)));
  states.push(state('RUNNING', 'Running', start));
  switch (story.outcome(c.outcome[run])) {
    case 'Failed':
    case 'TimedOut':
    case 'NotReady':
      return [...states, state('FAILED', 'Failed', end, { message: flowFailure(story, run) })];
    case 'Crashed':
      return [...states, state('CRASHED', 'Crashed', end, { message: crashMessage(story, run + 1_000_003) })];
    case 'Cancelled':
      return [
        ...states,
        state('CANCELLING', 'Cancelling', Math.max(start, end - 4_000_000)),
        state('CANCELLED', 'Cancelled', end, { message: 'Cancelled from the UI' }),
      ];
    case 'Lost':
      return states;
    case 'Completed':
    case 'Cached':
      return [...states, state('COMPLETED', 'Completed', end, { message: 'All states completed.' })];
  }
}

/** The message of a failed flow: the first failure, or how many states failed, as the flow's code has it. */
function flowFailure(story: Story, run: number): string {
  return `${countBad(story, run)}/${story.runs.at.count[run]} states failed.`;
}

export type Seen = {
  states: State[];
  current: State | null;
  start: number | null;
  end: number | null;
  next: number | null;
  runs: number;
  /** seconds in RUNNING, of spans that have ended */
  seconds: number;
};

const terminal = ['COMPLETED', 'FAILED', 'CRASHED', 'CANCELLED'];

/** The row's fields that follow from a history at `now`. */
export function seenAt(all: State[], now: number): Seen {
  const states = all.filter((one) => one.at <= now);
  const current = states.at(-1) ?? null;
  const ended = current !== null && terminal.includes(current.type);
  let runs = 0;
  let micros = 0;
  let start: number | null = null;
  for (const [i, one] of states.entries()) {
    if (one.type !== 'RUNNING') continue;
    runs += 1;
    start ??= one.at;
    const next = states[i + 1];
    if (next) micros += next.at - one.at;
  }
  return {
    states,
    current,
    start: start ?? (ended ? current.at : null),
    end: ended ? current.at : null,
    next: current?.type === 'SCHEDULED' ? current.scheduled : null,
    runs,
    seconds: micros / 1e6,
  };
}
