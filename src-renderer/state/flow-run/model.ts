/** A flow run and its task runs as the views of it read them, put together from the pieces in which they come. */
import { terminalStateTypes } from '../../../src-main/contract/fields.ts';
import type { FlowRunHead, FlowRunLinks, FlowRunRuns, Subflow } from '../../../src-main/contract/flow-run.ts';
import type { StateHistory } from '../../../src-main/contract/run.ts';

export type TaskRun = {
  /** place among the task runs of its flow run */
  place: number;
  id: string;
  name: string;
  task_key: string | null;
  state_type: string | null;
  state_name: string | null;
  /** µs */
  state_timestamp: number | null;
  expected_start_time: number | null;
  start_time: number | null;
  end_time: number | null;
  run_count: number;
  /** seconds */
  total_run_time: number;
  dynamic_key: string | null;
  /** places of the task runs whose results it was given */
  upstream: readonly number[];
  /** results it was given of runs that are not here */
  outside: number;
  /** kept states; none: only the row is known */
  states: StateHistory;
  subflows: readonly Subflow[];
};

/** One flow run, read so far. A new object with every step. */
export type Part = {
  head: FlowRunHead;
  runs: readonly TaskRun[];
  /** all task runs are here */
  whole: boolean;
  /** task runs whose inputs and kept states are here: the first ones */
  linked: number;
  /** of these, those whose states and logs are kept */
  kept: number;
};

export class PartBuilder {
  private readonly runs: TaskRun[] = [];
  private readonly byParent = new Map<string, Subflow[]>();
  private linked = 0;
  private kept = 0;
  private readonly head: FlowRunHead;
  private readonly before: Part | null;

  /** `before`: an earlier reading, whose links are taken over for `linked` task runs. */
  constructor(head: FlowRunHead, before: Part | null) {
    this.head = head;
    this.before = before;
    for (const one of head.subflows) {
      const list = this.byParent.get(one.parent_task_run_id);
      if (list) list.push(one);
      else this.byParent.set(one.parent_task_run_id, [one]);
    }
  }

  addRuns(piece: FlowRunRuns): void {
    piece.id.forEach((id, i) => {
      const place = piece.from + i;
      const old = this.before?.runs[place];
      const same = old?.id === id ? old : null;
      this.runs.push({
        place,
        id,
        name: piece.name[i] ?? '',
        task_key: piece.task_key[i] ?? null,
        state_type: piece.state_type[i] ?? null,
        state_name: piece.state_name[i] ?? null,
        state_timestamp: piece.state_timestamp[i] ?? null,
        expected_start_time: piece.expected_start_time[i] ?? null,
        start_time: piece.start_time[i] ?? null,
        end_time: piece.end_time[i] ?? null,
        run_count: piece.run_count[i] ?? 0,
        total_run_time: piece.total_run_time[i] ?? 0,
        dynamic_key: same?.dynamic_key ?? null,
        upstream: same?.upstream ?? [],
        outside: same?.outside ?? 0,
        states: same?.states ?? [],
        subflows: this.byParent.get(id) ?? [],
      });
    });
  }

  addLinks(piece: FlowRunLinks): void {
    const states: StateHistory[] = piece.upstream.map(() => []);
    for (const [place, type, name, timestamp] of piece.states)
      states[place - piece.from]?.push({ id: '', type, name, timestamp, message: null });
    piece.upstream.forEach((upstream, i) => {
      const run = this.runs[piece.from + i];
      if (!run) return;
      run.dynamic_key = piece.dynamic_key[i] ?? null;
      run.upstream = upstream;
      run.outside = piece.outside[i] ?? 0;
      run.states = states[i] ?? [];
    });
    // a reading that goes on where an earlier one ended begins later
    if (this.linked === 0 && piece.from > 0 && this.before) this.kept = this.before.kept;
    this.linked = piece.from + piece.upstream.length;
    this.kept += piece.kept;
  }

  /** `done`: nothing more comes. */
  part(done = false): Part {
    const { head, runs } = this;
    const whole = runs.length >= head.runs;
    const linked = done ? runs.length : this.linked;
    const kept = done && this.linked === 0 && this.before ? this.before.kept : this.kept;
    return { head, runs, whole, linked, kept };
  }
}

export const isOver = ({ state_type: type }: { state_type: string | null }): boolean =>
  type !== null && terminalStateTypes.includes(type);

/**
 * µs, up to which what has not ended is drawn; null: up to now. Runs that never ended, of a flow run that has, would otherwise stretch a minute
 * to the days since.
 */
export function lastMoment(part: Part, opened: Iterable<Part>): number | null {
  let last: number | null = null;
  for (const { head, runs } of [part, ...opened]) {
    if (!isOver(head)) return null;
    last = Math.max(last ?? 0, endOf({ ...head, state_timestamp: null }, 0) ?? 0);
    if (head.id === part.head.id) for (const run of runs) if (isOver(run)) last = Math.max(last, endOf(run, 0) ?? 0);
  }
  return last;
}

type Times = Pick<TaskRun, 'state_type' | 'state_timestamp' | 'expected_start_time' | 'start_time' | 'end_time'>;

/** µs, when it was first wanted; null: nothing says when */
export function beginOf(run: Times): number | null {
  const { expected_start_time: expected, start_time: start } = run;
  if (expected === null || start === null) return expected ?? start ?? run.end_time ?? run.state_timestamp;
  return Math.min(expected, start);
}

/** µs, when it was over; of a run that is not, `now`. null: nothing says when */
export function endOf(run: Times, now: number): number | null {
  if (run.end_time !== null) return run.end_time;
  if (isOver(run)) return run.state_timestamp ?? run.start_time;
  const begin = beginOf(run);
  return begin === null ? null : Math.max(now, begin);
}

/** From the first to the last moment of the flow run and all its task runs, µs; null: nothing has a time. */
export function boundsOf({ head, runs }: Part, now: number): { from: number; to: number } | null {
  let [from, to] = [Infinity, -Infinity];
  const take = (begin: number | null, end: number | null) => {
    if (begin !== null && begin < from) from = begin;
    if (end !== null && end > to) to = end;
  };
  for (const run of runs) take(beginOf(run), endOf(run, now));
  take(head.start_time, head.end_time ?? (head.start_time !== null && !isOver(head) ? now : null));
  return from <= to ? { from, to: Math.max(to, from + 1000) } : null;
}
