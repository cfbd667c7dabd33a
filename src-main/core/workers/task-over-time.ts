/** One task over time, from the index: what its runs took, day by day, how they failed, and whether that has changed. */
import { attemptSeconds } from '../../contract/attempt.ts';
import { AppError } from '../../contract/errors.ts';
import { failureStateTypes, terminalStateTypes } from '../../contract/fields.ts';
import { MOST_DAYS, MOST_DOTS, type Task } from '../../contract/task.ts';
import { MICROS_PER_SECOND } from '../../contract/time.ts';
import { edgesOf } from '../../contract/zone.ts';
import { stretchOf } from '../../query/facets/groups.ts';
import { findShift } from '../../query/facets/duration-shift.ts';
import { MEDIAN, P95, percentile, percentiles } from '../../query/percentile.ts';
import type { Engine } from '../../query/engine.ts';
import type { NumberColumn, TermColumn } from '../../query/columns/columns.ts';
import { nextTurn } from './turn.ts';

const DAY = 86_400_000_000;
const MOST_FAILURES = 50;
const MOST_SLOWEST = 10;
/** Attempts that are counted one by one; more are counted together. */
const MOST_ATTEMPTS = 5;
const SHIFT_DAYS = 14;
const SHIFT_RUNS = 20_000;
/** Rows between two pauses, in which other questions are answered: about 10 ms. */
const AT_ONCE = 100_000;

/** What is read of the index, by the place of the run among the task's runs. */
type Runs = {
  rids: Uint32Array;
  /** µs; NaN: none */
  start: Float64Array;
  expected: Float64Array;
  end: Float64Array;
  /** seconds of one attempt; NaN: it has not run, or has not ended */
  seconds: Float64Array;
  state: Uint32Array;
  failure: Uint32Array;
  attempts: Float64Array;
  states: readonly string[];
  failures: readonly string[];
};

/**
 * `now`: µs; days end at the last start until then, so that a run dated years ahead does not empty them. `most`: dots. Between passes over
 * many runs other questions are answered and changes are taken in: which runs they are is of the moment of the call, and each is as it was when
 * it was read, once. Throws NOT_FOUND for a task without runs.
 */
export async function taskOverTime(
  engine: Engine,
  key: string,
  zone: string,
  signal: AbortSignal,
  now: number,
  most = MOST_DOTS,
): Promise<Task> {
  const pause = () => nextTurn(signal);
  const runs = await read(engine, key, pause);
  const marks = (types: readonly string[]) => Uint8Array.from(runs.states, (type) => Number(types.includes(type)));
  const [isFailed, isDone] = [marks(failureStateTypes), marks(['COMPLETED'])];
  await pause();
  const totals = new Totals(runs, isFailed, isDone, now);
  await inPieces(runs.rids.length, pause, (from, to) => totals.add(from, to));
  const { first, last, failed, retried, completed, waits, done, byAttempts } = totals;
  let { until } = totals;
  const [usual, long] = percentiles(waits, totals.waited, [MEDIAN, P95]);
  const wait = { median: usual, p95: long };
  await pause();
  const [median, p95] = percentiles(done, totals.timed, [MEDIAN, P95]);
  await pause();

  if (until === -Infinity) until = last; // this machine's clock is behind every run
  const edges =
    until === -Infinity ? [] : edgesOf(Math.max(first, until - MOST_DAYS * DAY), until, 'day', zone, MOST_DAYS + 2);
  const days = await byDay(runs, edges, isFailed, isDone, pause);
  await pause();
  const dots = await dotsOf(runs, isFailed, most, pause);
  await pause();
  const shift = await shiftOf(runs, isDone, days.edges, pause);
  await pause();
  const failures = failuresOf(runs, engine);
  await pause();
  const slowest = slowestOf(runs, engine);
  await pause();
  return {
    runs: runs.rids.length,
    failed,
    retried,
    completed,
    first: first === Infinity ? null : first,
    last: last === -Infinity ? null : last,
    last_success: lastSuccessOf(runs, isDone, engine),
    median,
    p95,
    wait,
    attempts: byAttempts.slice(0, byAttempts.findLastIndex((one) => one > 0) + 1),
    shift,
    days,
    dots,
    states: [...runs.states],
    ...failures,
    slowest,
  };
}

/** Calls `work` with the places from 0 to `length`, AT_ONCE at a time. */
async function inPieces(
  length: number,
  pause: () => Promise<void>,
  work: (from: number, to: number) => void,
): Promise<void> {
  for (let from = 0; from < length; from += AT_ONCE) {
    work(from, Math.min(length, from + AT_ONCE));
    await pause();
  }
}

/** What is summed up over all runs. */
class Totals {
  first = Infinity;
  last = -Infinity;
  /** the last start until now */
  until = -Infinity;
  failed = 0;
  retried = 0;
  completed = 0;
  readonly byAttempts = new Array<number>(MOST_ATTEMPTS).fill(0);
  /** seconds; the first `waited` and the first `timed` are filled */
  readonly waits: Float64Array;
  readonly done: Float64Array;
  waited = 0;
  timed = 0;
  readonly #runs: Runs;
  readonly #isFailed: Uint8Array;
  readonly #isDone: Uint8Array;
  readonly #now: number;

  constructor(runs: Runs, isFailed: Uint8Array, isDone: Uint8Array, now: number) {
    this.waits = new Float64Array(runs.rids.length);
    this.done = new Float64Array(runs.rids.length);
    this.#runs = runs;
    this.#isFailed = isFailed;
    this.#isDone = isDone;
    this.#now = now;
  }

  add(from: number, to: number): void {
    const { start, expected, seconds, state, attempts } = this.#runs;
    const [isFailed, isDone, now, { waits, done }] = [this.#isFailed, this.#isDone, this.#now, this];
    let { first, last, until, failed, retried, completed, waited, timed } = this;
    for (let i = from; i < to; i++) {
      if (start[i] < first) first = start[i];
      if (start[i] > last) last = start[i];
      if (start[i] > until && start[i] <= now) until = start[i];
      failed += isFailed[state[i]];
      if (attempts[i] > 1) retried++;
      if (attempts[i] >= 1) this.byAttempts[Math.min(attempts[i], MOST_ATTEMPTS) - 1]++;
      completed += isDone[state[i]];
      const wait = start[i] - expected[i];
      if (wait === wait) waits[waited++] = wait / MICROS_PER_SECOND;
      if (isDone[state[i]] === 1 && seconds[i] === seconds[i]) done[timed++] = seconds[i];
    }
    Object.assign(this, { first, last, until, failed, retried, completed, waited, timed });
  }
}

async function read(engine: Engine, key: string, pause: () => Promise<void>): Promise<Runs> {
  const rids = engine.rows('task_run', { field: 'task_key', in: [key] }, 0);
  const { length } = rids;
  if (length === 0) throw new AppError('NOT_FOUND', `no runs of task ${key}`, { task: key });
  const runs = {
    ...{ rids, start: new Float64Array(length), expected: new Float64Array(length), end: new Float64Array(length) },
    ...{ seconds: new Float64Array(length), attempts: new Float64Array(length) },
    ...{ state: new Uint32Array(length), failure: new Uint32Array(length) },
  };
  await inPieces(length, pause, (from, to) => take(engine, runs, from, to));
  const texts = (name: string) => (engine.column(name).column as TermColumn).dictionary.texts.slice();
  return { ...runs, states: texts('state_type'), failures: texts('failure') };
}

/** The runs at places [from, to). Columns are looked up each time: one that grows moves. */
function take(engine: Engine, runs: Omit<Runs, 'states' | 'failures'>, from: number, to: number): void {
  const { rids, seconds, attempts, state } = runs;
  const numbers = (own: Float64Array, name: string) => {
    const { values } = engine.column(name).column as NumberColumn;
    // a column without any value has no array
    if (values.length === 0) own.fill(NaN, from, to);
    else for (let i = from; i < to; i++) own[i] = values[rids[i]];
  };
  numbers(runs.start, 'start_time');
  numbers(runs.expected, 'expected_start_time');
  numbers(runs.end, 'end_time');
  numbers(seconds, 'total_run_time');
  numbers(attempts, 'run_count');
  const codes = (own: Uint32Array, { codes }: TermColumn) => {
    for (let i = from; i < to; i++) own[i] = codes[rids[i]];
  };
  const states = engine.column('state_type').column as TermColumn;
  codes(state, states);
  codes(runs.failure, engine.column('failure').column as TermColumn);
  // from the total run time to the seconds of one attempt
  const isOver = Uint8Array.from(states.dictionary.texts, (type) => Number(terminalStateTypes.includes(type)));
  for (let i = from; i < to; i++)
    seconds[i] = isOver[state[i]] === 0 ? NaN : (attemptSeconds(seconds[i], attempts[i]) ?? NaN);
}

async function byDay(
  { start, expected, seconds, state, attempts }: Runs,
  edges: number[],
  isFailed: Uint8Array,
  isDone: Uint8Array,
  pause: () => Promise<void>,
): Promise<Task['days']> {
  const count = Math.max(0, edges.length - 1);
  const [runs, failed, retried] = [0, 0, 0].map(() => new Array<number>(count).fill(0));
  const [median, p95, wait] = [0, 0, 0].map(() => new Array<number | null>(count).fill(null));
  if (count === 0) return { edges: [], runs, failed, retried, median, p95, wait };
  const dayOf = stretchOf(edges);
  const [done, waits] = [new Lists(count), new Lists(count)];
  const days = new Int32Array(start.length);
  await inPieces(start.length, pause, (from, to) => {
    for (let i = from; i < to; i++) {
      const day = (days[i] = dayOf(start[i]));
      if (day < 0) continue;
      runs[day]++;
      failed[day] += isFailed[state[i]];
      if (attempts[i] > 1) retried[day]++;
      if (isDone[state[i]] === 1 && seconds[i] === seconds[i]) done.count(day);
      if (expected[i] === expected[i]) waits.count(day);
    }
  });
  done.reserve();
  waits.reserve();
  await inPieces(start.length, pause, (from, to) => {
    for (let i = from; i < to; i++) {
      const day = days[i];
      if (day < 0) continue;
      if (isDone[state[i]] === 1 && seconds[i] === seconds[i]) done.add(day, seconds[i]);
      if (expected[i] === expected[i]) waits.add(day, (start[i] - expected[i]) / MICROS_PER_SECOND);
    }
  });
  for (let day = 0, since = 0; day < count; day++) {
    const [took, waited] = [done.of(day), waits.of(day)];
    since += took.length + waited.length;
    if (since > AT_ONCE) {
      await pause();
      since = 0;
    }
    [median[day], p95[day]] = percentiles(took, took.length, [MEDIAN, P95]);
    wait[day] = percentile(waited, waited.length, MEDIAN);
  }
  return { edges, runs, failed, retried, median, p95, wait };
}

/** Numbers by list, in one array: first counted, then added. */
class Lists {
  readonly #lengths: Uint32Array;
  readonly #ends: Uint32Array;
  #values = new Float64Array(0);

  constructor(lists: number) {
    this.#lengths = new Uint32Array(lists);
    this.#ends = new Uint32Array(lists);
  }

  count(list: number): void {
    this.#lengths[list]++;
  }

  reserve(): void {
    let at = 0;
    this.#lengths.forEach((length, list) => {
      this.#ends[list] = at;
      at += length;
    });
    this.#values = new Float64Array(at);
  }

  add(list: number, value: number): void {
    this.#values[this.#ends[list]++] = value;
  }

  /** Once all were added. */
  of(list: number): Float64Array {
    return this.#values.subarray(this.#ends[list] - this.#lengths[list], this.#ends[list]);
  }
}

/** The last days that had completed runs, and a sample of these runs. */
async function shiftOf(
  { start, seconds, state }: Runs,
  isDone: Uint8Array,
  edges: readonly number[],
  pause: () => Promise<void>,
): Promise<Task['shift']> {
  if (edges.length < 3) return null;
  const recent = edges.slice(-SHIFT_DAYS - 1);
  const dayOf = stretchOf(recent);
  const isOne = (i: number) => start[i] >= recent[0] && isDone[state[i]] === 1 && seconds[i] === seconds[i];
  let found = 0;
  for (let i = 0; i < start.length; i++) if (isOne(i)) found++;
  const step = Math.ceil(found / SHIFT_RUNS) || 1;
  const sample: number[] = [];
  found = 0;
  for (let i = 0; i < start.length; i++) if (isOne(i) && found++ % step === 0) sample.push(i);
  await pause();
  return findShift(
    sample.map((i) => seconds[i]),
    sample.map((i) => dayOf(start[i])),
    recent.slice(0, -1),
  );
}

/** Failed runs are kept before others, up to half of the dots: they are few, and what is looked for. */
async function dotsOf(
  { start, seconds, state }: Runs,
  isFailed: Uint8Array,
  most: number,
  pause: () => Promise<void>,
): Promise<Task['dots']> {
  const isDot = (i: number) => start[i] === start[i] && seconds[i] === seconds[i];
  let [others, failed] = [0, 0];
  for (let i = 0; i < start.length; i++) {
    if (!isDot(i)) continue;
    if (isFailed[state[i]] === 1) failed++;
    else others++;
  }
  await pause();
  const every_failed = Math.ceil(failed / Math.max(most / 2, most - others)) || 1;
  const every = Math.ceil(others / (most - Math.ceil(failed / every_failed))) || 1;
  const dots: Task['dots'] = { at: [], seconds: [], state: [], of: others + failed, every, every_failed };
  [others, failed] = [0, 0];
  for (let i = 0; i < start.length; i++) {
    if (!isDot(i) || (isFailed[state[i]] === 1 ? failed++ % every_failed : others++ % every) !== 0) continue;
    dots.at.push(start[i]);
    dots.seconds.push(seconds[i]);
    dots.state.push(state[i]);
  }
  return dots;
}

function failuresOf(
  { rids, expected, failure, failures }: Runs,
  engine: Engine,
): Pick<Task, 'failures' | 'failure_count'> {
  type Found = { code: number; runs: number; first: number; last: number; rid: number };
  const found = new Map<number, Found>();
  for (let i = 0; i < rids.length; i++) {
    const code = failure[i];
    if (code === 0) continue;
    const one = found.get(code) ?? { code, runs: 0, first: Infinity, last: -Infinity, rid: rids[i] };
    one.runs++;
    if (expected[i] < one.first) one.first = expected[i];
    if (expected[i] > one.last) [one.last, one.rid] = [expected[i], rids[i]];
    found.set(code, one);
  }
  const list = [...found.values()].sort((a, b) => b.runs - a.runs || a.code - b.code);
  const number = (at: number) => (Number.isFinite(at) ? at : null);
  return {
    failure_count: list.length,
    failures: list.slice(0, MOST_FAILURES).map(({ code, runs, first, last, rid }) => ({
      failure: failures[code],
      runs,
      first: number(first),
      last: number(last),
      id: engine.idOf('task_run', rid),
    })),
  };
}

function slowestOf({ rids, seconds, start, state, states }: Runs, engine: Engine): Task['slowest'] {
  /** places, longest first; of equal ones the first that was met */
  const top: number[] = [];
  for (let i = 0; i < rids.length; i++) {
    if (!(top.length < MOST_SLOWEST ? seconds[i] === seconds[i] : seconds[i] > seconds[top[top.length - 1]])) continue;
    let at = top.length;
    while (at > 0 && seconds[top[at - 1]] < seconds[i]) at--;
    top.splice(at, 0, i);
    if (top.length > MOST_SLOWEST) top.pop();
  }
  const name = engine.accessor('name');
  return top.map((i) => ({
    id: engine.idOf('task_run', rids[i]),
    name: String(name(rids[i]) ?? ''),
    state_type: state[i] === 0 ? null : states[state[i]],
    at: Number.isNaN(start[i]) ? null : start[i],
    seconds: seconds[i],
  }));
}

function lastSuccessOf({ rids, state, end: ends }: Runs, isDone: Uint8Array, engine: Engine): Task['last_success'] {
  let [last, end] = [0, -Infinity];
  for (let i = 0; i < rids.length; i++) {
    if (isDone[state[i]] === 1 && ends[i] > end) [last, end] = [rids[i], ends[i]];
  }
  return last === 0 ? null : { id: engine.idOf('task_run', last), end_time: end };
}
