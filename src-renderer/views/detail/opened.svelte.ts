/**
 * The run in the pane and what was read for it. Stepping through runs must not flicker: the run before stays until the next is
 * complete, at most 150 ms; then what is there is shown, or a skeleton. A run that has not ended is read again by itself.
 */
import { toAppError, type AppError } from '../../../src-main/contract/errors.ts';
import { terminalStateTypes } from '../../../src-main/contract/fields.ts';
import type { Contract } from '../../../src-main/contract/calls.ts';
import {
  MOST_LINES,
  noActivity,
  type LogLine,
  type RunActivity,
  type TaskRunDetail,
} from '../../../src-main/contract/run.ts';
import type { Client } from '../../../src-main/contract/define.ts';
import { shownProblem } from '../../state/window/shown-problem.ts';

/** The old run stays at most this long, in ms. */
const HOLD_MS = 150;
/** Delay before logs and history are asked for, ms: they go to the server, and a held arrow key passes many runs. */
const SETTLE_MS = 80;
/** An unended run's logs are read again this often, in ms. */
const AGAIN_MS = 5_000;
/** How often it is read after its end was seen: its last lines come some seconds later. */
const READS_AFTER_END = 3;

/** Lines of a run up to which all of them are read by themselves; for more a person asks. */
const MOST_BY_ITSELF = 200_000;
/** µs before the last line from which on lines are asked for again: some come late. */
const LATE_LINES = 120_000_000;

export type Shown = {
  id: string;
  /** null: still on its way; the pane shows a skeleton */
  detail: TaskRunDetail | null;
  activity: RunActivity | null;
  problem: AppError | null;
};

/** The lines that were here, up to where the new ones begin. */
function before(lines: readonly LogLine[], from: number | null): LogLine[] {
  if (from === null) return [];
  const at = lines.findIndex(({ timestamp }) => timestamp >= from);
  return lines.slice(0, at < 0 ? lines.length : at);
}

export class Opened {
  shown = $state.raw<Shown | null>(null);
  /** lines that are missing are being read */
  filling = $state(false);
  private stop: (() => void) | null = null;
  private fillOn: (() => Promise<void>) | null = null;

  open(client: Client<Contract>, workspace: string, id: string): void {
    this.close();
    const abort = new AbortController();
    const { signal } = abort;
    const timers: ReturnType<typeof setTimeout>[] = [];
    const later = (task: () => void, millis: number) => void timers.push(setTimeout(task, millis));
    let next: Shown = { id, detail: null, activity: null, problem: null };
    let waits = this.shown !== null && this.shown.id !== id;

    const settle = (change: Partial<Shown>) => {
      if (signal.aborted) return;
      next = { ...next, ...change };
      if (waits && !(next.problem || (next.detail && next.activity))) return;
      waits = false;
      this.shown = next;
    };
    const release = () => {
      waits = false;
      settle({});
    };

    const readDetail = async () => {
      try {
        settle({ detail: await client['run.get']({ workspace, id }, { signal }), problem: null });
      } catch (thrown) {
        const problem = shownProblem(thrown);
        if (problem) settle({ problem });
      }
    };
    /** What is kept is here at once; the server may take its time. */
    const readKept = async () => {
      try {
        const kept = await client['run.activity']({ workspace, id, only_kept: true }, { signal });
        if (kept.fetched !== null && !next.activity) settle({ activity: kept });
      } catch {
        // the call that asks the server says what is wrong
      }
    };
    /** Asks for the lines that are not here: those after the last one, and with `rest` also some of those that are missing between. */
    const readActivity = async (rest = false) => {
      try {
        const known = next.activity;
        const last = known?.logs.at(-1);
        const gap = known?.logs.find((line) => line.id === known.gap);
        const from = gap?.timestamp ?? (last ? last.timestamp - LATE_LINES : null);
        const fresh = await client['run.activity']({ workspace, id, from, rest }, { signal });
        const logs = [...before(known?.logs ?? [], from), ...fresh.logs];
        // lines that are read between others are shown with those after them, or these would go and come back
        if (!rest) settle({ activity: { ...fresh, logs } });
        // an answer ends early when its lines are long, so only an empty one is the last
        for (let after = logs.at(-1); after && logs.length < fresh.kept;) {
          const page = await client['run.lines']({ workspace, id, after }, { signal });
          for (const line of page) logs.push(line);
          after = page.at(-1);
          if (after && !rest) settle({ activity: { ...fresh, logs: [...logs] } });
        }
        if (rest) settle({ activity: { ...fresh, logs } });
      } catch (thrown) {
        const problem = toAppError(thrown);
        if (problem.code === 'CANCELLED') return;
        settle({ activity: next.activity ?? noActivity(problem) });
      }
    };
    /** Reads what is missing, piece by piece; stops at the first that the server does not give. */
    const fill = async (most: number) => {
      if (this.filling) return;
      this.filling = true;
      try {
        for (let kept = -1; !signal.aborted && next.activity && next.activity.gap !== null;) {
          if (next.activity.problem || next.activity.kept >= most || next.activity.kept === kept) break;
          kept = next.activity.kept;
          await readActivity(true);
        }
      } finally {
        if (!signal.aborted) this.filling = false;
      }
    };
    this.filling = false;
    this.fillOn = () => fill(MOST_LINES);
    let left = 0;
    const again = async () => {
      if (!document.hidden && !this.filling) {
        left = this.unended(next) ? READS_AFTER_END : left - 1;
        if (left > 0) await readActivity();
      }
      if (!signal.aborted) later(() => void again(), AGAIN_MS);
    };
    const follow = async () => {
      try {
        for await (const { changed } of client['query.watch']({ workspace }, { signal }))
          if (changed.includes(id)) await readDetail();
      } catch {
        // the connection was lost or the run was closed; opening it again asks again
      }
    };

    if (waits) later(release, HOLD_MS);
    else settle({});
    void readDetail();
    later(() => {
      void readKept()
        .then(() => readActivity())
        .then(() => fill(MOST_BY_ITSELF));
      void follow();
    }, SETTLE_MS);
    later(() => void again(), AGAIN_MS);
    this.stop = () => {
      abort.abort();
      for (const timer of timers) clearTimeout(timer);
    };
  }

  /** A person asks for the lines that are missing. */
  fill(): void {
    void this.fillOn?.();
  }

  close(): void {
    this.stop?.();
    this.stop = null;
  }

  private unended({ detail }: Shown): boolean {
    const type = detail?.row.state_type ?? null;
    return detail !== null && (type === null || !terminalStateTypes.includes(type));
  }
}
