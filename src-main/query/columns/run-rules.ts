/**
 * Fields of a task run that follow from other rows too: from its flow run, from other runs of its task, and from the clock. Their columns are computed
 * when they are asked for after a change (`latest_attempt` about 6 ms at a million rows, `left_behind` about 2 ms, `failure_since` 6 ms,
 * `over_p95` 8 ms and more when the runs of many tasks have changed), and kept until the next one.
 * A list asks for the rows that it shows, not for a column: with the clock, every question would compute it anew. It asks for `over_p95` after it is
 * drawn: finding what is usual for the tasks took 8 of the 14 ms of a click while rows come in.
 */
import { attemptSeconds } from '../../contract/attempt.ts';
import { stateTypes, terminalStateTypes, type Entity } from '../../contract/fields.ts';
import { GRACE, GRACE_SLOW, leftBehind, P95_FROM, P95_OF, SLOW_TIMES } from '../../contract/left-behind.ts';
import { MICROS_PER_SECOND } from '../../contract/time.ts';
import { P95, percentile } from '../percentile.ts';
import { NEW } from './row-log.ts';
import { byCode } from '../language/masks.ts';
import { BooleanColumn, NumberColumn, TermColumn, type RefColumn } from './columns.ts';
import * as rowSet from './row-set.ts';
import type { Table } from './table.ts';

export const LATEST_ATTEMPT = 'latest_attempt';
export const LEFT_BEHIND = 'left_behind';

export const OVER_P95 = 'over_p95';
export const FAILURE_SINCE = 'failure_since';

const rules: readonly string[] = [LATEST_ATTEMPT, LEFT_BEHIND, OVER_P95, FAILURE_SINCE];
export const isRule = (field: string): boolean => rules.includes(field);
/** Fields that follow from so many other rows that SQL over the archive's views does not say them. */
export const followsFromMany = (field: string): boolean => field !== LATEST_ATTEMPT && isRule(field);

/** Codes of a boolean column. */
const [NO, YES] = [1, 2];
const unfinished = stateTypes.filter((type) => !terminalStateTypes.includes(type));

type Moment = { runs: number; flowRuns: number; now: number };

export class RunRules {
  readonly #runs: Table;
  readonly #flowRuns: Table;
  readonly #newest: () => Uint32Array;
  readonly #latest: { column: BooleanColumn; at: Moment | null };
  readonly #behind: { column: TermColumn; at: Moment | null; marked: Map<number, number> };
  /** `limits`: seconds by code of the task, as the column has them */
  readonly #over: { column: BooleanColumn; at: Moment | null; limits: Float64Array };
  /** `times`: µs by code of the failure, as the column has them */
  readonly #since: { column: NumberColumn; at: Moment | null; times: Float64Array };
  /** By code of the task; of the rows as they were at one place of the log. */
  #p95 = { at: 0, of: new Map<number, number>() };

  /** `newest`: all listed task runs, by expected start from the last on. */
  constructor(tables: Record<Entity, Table>, newest: () => Uint32Array) {
    this.#runs = tables.task_run;
    this.#flowRuns = tables.flow_run;
    this.#newest = newest;
    // they grow when they are first asked for
    const { arena } = this.#runs;
    this.#latest = { column: new BooleanColumn(arena, 32), at: null };
    this.#behind = { column: new TermColumn(arena, 32), at: null, marked: new Map() };
    this.#over = { column: new BooleanColumn(arena, 32), at: null, limits: new Float64Array(0) };
    this.#since = { column: new NumberColumn(arena, 32), at: null, times: new Float64Array(0) };
  }

  has(field: string): boolean {
    return isRule(field);
  }

  /** The column as of now, and of the moment of the question. Rows with another value than before are in the log, so that orders by it move them. */
  column(name: string): BooleanColumn | TermColumn | NumberColumn {
    const { kept, find } = this.#rule(name);
    const { column, at } = kept;
    const now = name === LEFT_BEHIND ? this.#runs.now : 0;
    const [runs, flowRuns] = [this.#runs.log.end, this.#flowRuns.log.end];
    if (at?.runs === runs && at.flowRuns === flowRuns && at.now === now) return column;
    if ((column.kind === 'number' ? column.values : column.codes).length < this.#runs.capacity)
      column.grow(this.#runs.capacity);
    const moved = find(now);
    if (at !== null) {
      const bit = this.#runs.bitOf(this.#term('state_type'));
      for (const rid of moved) this.#runs.log.add(rid, bit);
      this.#runs.log.trim();
    }
    kept.at = { runs: this.#runs.log.end, flowRuns, now };
    return column;
  }

  #rule(name: string): {
    kept: { column: BooleanColumn | TermColumn | NumberColumn; at: Moment | null };
    find: (now: number) => number[];
  } {
    switch (name) {
      case LATEST_ATTEMPT:
        return { kept: this.#latest, find: () => this.#findLatest() };
      case LEFT_BEHIND:
        return { kept: this.#behind, find: (now) => this.#findBehind(now) };
      case OVER_P95:
        return { kept: this.#over, find: () => this.#findOver() };
      default:
        return { kept: this.#since, find: () => this.#findSince() };
    }
  }

  #term(name: string): TermColumn {
    return this.#runs.columns.get(name) as TermColumn;
  }

  #number(name: string, table = this.#runs): NumberColumn {
    return table.columns.get(name) as NumberColumn;
  }

  /** A run whose attempt, or whose flow run, is not known counts as of the latest attempt: nothing newer is known. */
  #findLatest(): number[] {
    const { codes } = this.#latest.column;
    const flowRun = (this.#runs.columns.get('flow_run') as RefColumn).codes;
    // the arrays themselves: a call for each of a million rows takes 60 ms until it is compiled
    const of = this.#number('flow_run_run_count').values;
    const attempts = this.#number('run_count', this.#flowRuns).values;
    const { alive } = this.#flowRuns;
    const moved: number[] = [];
    for (let rid = 1; rid < this.#runs.size; rid++) {
      // a column without any value has no array
      const older = of[rid] >= 1 && of[rid] < attempts[flowRun[rid]] && rowSet.has(alive, flowRun[rid]);
      const code = older ? NO : YES;
      if (codes[rid] === code) continue;
      codes[rid] = code;
      moved.push(rid);
    }
    return moved;
  }

  #findOver(): number[] {
    const { column, at, limits: before } = this.#over;
    const tasks = this.#term('task_key');
    const usual = this.#p95s(new Set(tasks.dictionary.texts.keys()));
    const limits = Float64Array.from(tasks.dictionary.texts, (_, task) =>
      task === 0 ? NaN : (usual.get(task) ?? NaN),
    );
    const over = this.#overLimit((task) => limits[task]);
    const moved: number[] = [];
    this.#eachConcerned(
      at,
      ['task_key', 'total_run_time', 'run_count'],
      tasks.codes,
      differing(before, limits),
      (rid) => {
        const code = over(rid);
        if (column.codes[rid] === code) return;
        column.codes[rid] = code;
        moved.push(rid);
      },
    );
    this.#over.limits = limits;
    return moved;
  }

  /**
   * Calls `look` for each run whose value may be another one than at the moment `at`: one of `fields` has changed, or its code in `codes` is marked. For
   * all runs when `at` is null. At a million runs `over_p95` took 60 to 100 ms after 200 changed rows by looking at all, and takes 21 to 64.
   */
  #eachConcerned(
    at: Moment | null,
    fields: readonly string[],
    codes: TermColumn['codes'],
    marked: Uint8Array,
    look: (rid: number) => void,
  ): void {
    const bits = fields.reduce((sum, name) => sum | this.#runs.bitOf(this.#runs.columns.get(name)!), NEW);
    const changed = at === null ? null : this.#runs.log.since(at.runs, bits);
    const { size } = this.#runs;
    if (changed === null) for (let rid = 1; rid < size; rid++) look(rid);
    else {
      for (const rid of changed) look(rid);
      if (marked.includes(1)) for (let rid = 1; rid < size; rid++) if (marked[codes[rid]] === 1) look(rid);
    }
  }

  /** Whether these runs took longer than the p95 of their tasks; null where that is not known. */
  overP95(rids: ArrayLike<number>): (boolean | null)[] {
    const tasks = this.#term('task_key').codes;
    const total = this.#number('total_run_time').values;
    // what is usual is looked for only where something has run
    const ran = Array.from(rids).filter((rid) => total[rid] > 0);
    const over = this.#overIn(new Set(ran.map((rid) => tasks[rid])));
    return Array.from(rids, (rid) => {
      const code = over(rid);
      return code === 0 ? null : code === YES;
    });
  }

  /** The code of a run of one of these tasks. */
  #overIn(wanted: ReadonlySet<number>): (rid: number) => number {
    const usual = this.#p95s(wanted);
    return this.#overLimit((task) => (task === 0 ? NaN : (usual.get(task) ?? NaN)));
  }

  /** The code of a run whose task has this limit, in seconds; NaN: it has none. */
  #overLimit(limitOf: (task: number) => number): (rid: number) => number {
    const { codes } = this.#term('task_key');
    const [total, attempts] = [this.#number('total_run_time').values, this.#number('run_count').values];
    return (rid) => {
      const seconds = attemptSeconds(total[rid], attempts[rid]); // null also of a column without any value
      const limit = limitOf(codes[rid]);
      return seconds !== null && limit > 0 ? (seconds > limit ? YES : NO) : 0;
    };
  }

  #findSince(): number[] {
    const { column, at, times: before } = this.#since;
    const failures = this.#term('failure');
    const { codes } = failures;
    const count = failures.dictionary.texts.length;
    const first = this.#runs.firstTimes.by(failures, this.#number('expected_start_time'), this.#runs.listed(), count);
    const times = Float64Array.from({ length: count }, (_, code) =>
      code === 0 || first[code] === Infinity ? NaN : first[code],
    );
    const moved: number[] = [];
    this.#eachConcerned(at, ['failure'], codes, differing(before, times), (rid) => {
      const time = times[codes[rid]];
      const kept = column.values[rid]; // a column without any value has no array
      if (Number.isNaN(time) ? !(kept <= Infinity) : kept === time) return;
      column.set(rid, time);
      moved.push(rid);
    });
    this.#since.times = times;
    return moved;
  }

  #findBehind(now: number): number[] {
    const { column, marked: before } = this.#behind;
    const marked = this.#marks(now, this.#unfinished());
    const moved: number[] = [];
    for (const [rid, code] of marked) if (before.get(rid) !== code) moved.push(rid);
    for (const rid of before.keys()) if (!marked.has(rid)) moved.push(rid);
    for (const rid of moved) column.codes[rid] = marked.get(rid) ?? 0;
    this.#behind.marked = marked;
    return moved;
  }

  /** By run, why it is left behind; null where it is not. As of the moment of the question. */
  leftBehind(rids: ArrayLike<number>): (string | null)[] {
    const { texts } = this.#behind.column.dictionary;
    const marks = this.#marks(this.#runs.now, Array.from(rids));
    return Array.from(rids, (rid) => {
      const code = marks.get(rid);
      return code === undefined ? null : texts[code];
    });
  }

  /** Listed runs that have not ended. */
  #unfinished(): Uint32Array {
    const { codes, isOpen } = this.#states();
    const open = rowSet.and(this.#runs.listed(), byCode(codes, isOpen, this.#runs.words));
    return rowSet.rowsOf(open, rowSet.count(open));
  }

  #states(): { codes: TermColumn['codes']; isOpen: Uint8Array; find: (type: string) => number } {
    const { codes, dictionary } = this.#term('state_type');
    const isOpen = Uint8Array.from(dictionary.texts, (text) => Number((unfinished as string[]).includes(text)));
    return { codes, isOpen, find: (type) => dictionary.find(type) };
  }

  /** The code of each of these runs that is left behind. */
  #marks(now: number, rids: Iterable<number>): Map<number, number> {
    const { dictionary } = this.#behind.column;
    const [ended, slow, late] = [leftBehind.ended, leftBehind.slow, leftBehind.late].map((text) =>
      dictionary.ofText(text),
    );
    const { codes, isOpen, find } = this.#states();
    const [running, scheduled] = [find('RUNNING'), find('SCHEDULED')];
    const names = this.#term('state_name');
    const [lateName, notReady] = ['Late', 'NotReady'].map((name) => names.dictionary.find(name));
    const [since, start] = [this.#number('state_timestamp'), this.#number('start_time')];
    const [next, expected] = [this.#number('next_scheduled_start_time'), this.#number('expected_start_time')];
    const tasks = this.#term('task_key').codes;
    const flowRunEnded = this.#endedFlowRuns(now);
    const marks = new Map<number, number>();
    /** RUNNING runs, with the seconds of the attempt under way */
    const long: [rid: number, seconds: number][] = [];
    for (const rid of rids) {
      const state = codes[rid];
      if (isOpen[state] === 0) continue;
      if (notReady !== 0 && names.codes[rid] === notReady) continue;
      if (flowRunEnded(rid)) marks.set(rid, ended);
      else if (state === running) {
        const from = Number.isNaN(since.get(rid)) ? start.get(rid) : since.get(rid);
        const seconds = (now - from) / MICROS_PER_SECOND;
        if (tasks[rid] !== 0 && seconds > GRACE_SLOW) long.push([rid, seconds]);
      } else if (state === scheduled) {
        const due = Number.isNaN(next.get(rid)) ? expected.get(rid) : next.get(rid);
        if ((lateName !== 0 && names.codes[rid] === lateName) || due <= now - GRACE) marks.set(rid, late);
      }
    }
    if (long.length === 0) return marks;
    const usual = this.#p95s(new Set(long.map(([rid]) => tasks[rid])));
    for (const [rid, seconds] of long) if (isFarBeyond(seconds, usual.get(tasks[rid]) ?? NaN)) marks.set(rid, slow);
    return marks;
  }

  #endedFlowRuns(now: number): (rid: number) => boolean {
    const flowRun = (this.#runs.columns.get('flow_run') as RefColumn).codes;
    const states = this.#flowRuns.columns.get('state_type') as TermColumn;
    const isFinal = Uint8Array.from(states.dictionary.texts, (text) => Number(terminalStateTypes.includes(text)));
    const ends = this.#number('end_time', this.#flowRuns);
    const { alive } = this.#flowRuns;
    return (rid) => {
      const parent = flowRun[rid];
      if (parent === 0 || isFinal[states.codes[parent]] === 0 || !rowSet.has(alive, parent)) return false;
      return !(ends.get(parent) > now - GRACE); // one without an end is not waited for
    };
  }

  /** Those of tasks that have no changed run. */
  #keptP95s(): Map<number, number> {
    const { at, of } = this.#p95;
    const { log } = this.#runs;
    const bit = (name: string) => this.#runs.bitOf(this.#runs.columns.get(name)!);
    const changed = log.since(
      at,
      bit('state_type') | bit('total_run_time') | bit('run_count') | bit('expected_start_time') | NEW,
    );
    const tasks = this.#term('task_key').codes;
    // a run that was removed, or that has another task than before
    const moved = log.since(at, bit('task_key'));
    if (changed === null || moved === null || moved.length > 0) of.clear();
    else for (const rid of changed) of.delete(tasks[rid]);
    this.#p95.at = log.end;
    return of;
  }

  /** Seconds by code of the task; NaN: too few runs have completed. */
  #p95s(wanted: ReadonlySet<number>): ReadonlyMap<number, number> {
    const of = this.#keptP95s();
    const wantedTasks = [...wanted].filter((task) => !of.has(task));
    let open = wantedTasks.length;
    if (open === 0) return of;
    const { codes: tasks, dictionary } = this.#term('task_key');
    const { codes: states, dictionary: types } = this.#term('state_type');
    const completed = types.find('COMPLETED');
    const [total, attempts] = [this.#number('total_run_time').values, this.#number('run_count').values];
    /** By task, where its seconds begin, P95_OF of them; -1: not wanted, or enough are found */
    const places = new Int32Array(dictionary.texts.length).fill(-1);
    const seconds = new Float64Array(open * P95_OF);
    const counts = new Uint32Array(dictionary.texts.length);
    for (const [i, task] of wantedTasks.entries()) places[task] = i * P95_OF;
    const newest = completed === 0 ? new Uint32Array(0) : this.#newest();
    for (let i = 0; i < newest.length && open > 0; i++) {
      const rid = newest[i];
      const task = tasks[rid];
      if (places[task] < 0 || states[rid] !== completed) continue;
      const one = attemptSeconds(total[rid], attempts[rid]);
      if (one === null) continue;
      seconds[places[task] + counts[task]++] = one;
      if (counts[task] < P95_OF) continue;
      places[task] = -1;
      open--;
    }
    for (const [i, task] of wantedTasks.entries()) {
      const own = seconds.subarray(i * P95_OF, (i + 1) * P95_OF);
      of.set(task, (counts[task] < P95_FROM ? null : percentile(own, counts[task], P95)) ?? NaN);
    }
    return of;
  }
}

const isFarBeyond = (seconds: number, p95: number): boolean => seconds > SLOW_TIMES * p95 && seconds > p95 + GRACE_SLOW;

/** 1 for each code whose value is another one than before; NaN is like NaN. */
const differing = (before: Float64Array, now: Float64Array): Uint8Array =>
  Uint8Array.from(now, (value, code) => (Object.is(value, code < before.length ? before[code] : NaN) ? 0 : 1));
