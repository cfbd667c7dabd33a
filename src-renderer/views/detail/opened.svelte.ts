/**
 * The run in the pane and what was read for it. Stepping through runs must not flicker: the run before stays until the next is
 * complete, at most 150 ms; then what is there is shown, or a skeleton. A run that has not ended is read again by itself.
 */
import { toAppError, type AppError } from '../../../src-main/contract/errors.ts';
import { terminalStateTypes } from '../../../src-main/contract/fields.ts';
import type { Contract } from '../../../src-main/contract/calls.ts';
import { noActivity, type RunActivity, type TaskRunDetail } from '../../../src-main/contract/run.ts';
import type { Client } from '../../../src-main/contract/define.ts';

/** The old run stays at most this long, in ms. */
const HOLD_MS = 150;
/** Delay before logs and history are asked for, ms: they go to the server, and a held arrow key passes many runs. */
const SETTLE_MS = 80;
/** An unended run's logs are read again this often, in ms. */
const AGAIN_MS = 5_000;

export type Shown = {
  id: string;
  /** null: still on its way; the pane shows a skeleton */
  detail: TaskRunDetail | null;
  activity: RunActivity | null;
  problem: AppError | null;
};

export class Opened {
  shown = $state.raw<Shown | null>(null);
  private stop: (() => void) | null = null;

  open(client: Client<Contract>, workspace: string, id: string): void {
    this.close();
    const abort = new AbortController();
    const { signal } = abort;
    const timers: ReturnType<typeof setTimeout>[] = [];
    const later = (task: () => void, millis: number) => void timers.push(setTimeout(task, millis));
    let next: Shown = { id, detail: null, activity: null, problem: null };
    let held = this.shown !== null && this.shown.id !== id;

    const settle = (change: Partial<Shown>) => {
      if (signal.aborted) return;
      next = { ...next, ...change };
      if (held && !(next.problem || (next.detail && next.activity))) return;
      held = false;
      this.shown = next;
    };
    const release = () => {
      held = false;
      settle({});
    };

    const readDetail = async () => {
      try {
        settle({ detail: await client['run.get']({ workspace, id }, { signal }), problem: null });
      } catch (thrown) {
        const problem = toAppError(thrown);
        if (problem.code !== 'CANCELLED' && problem.code !== 'DISCONNECTED') settle({ problem });
      }
    };
    const readActivity = async () => {
      try {
        settle({ activity: await client['run.activity']({ workspace, id }, { signal }) });
      } catch (thrown) {
        const problem = toAppError(thrown);
        if (problem.code === 'CANCELLED') return;
        settle({ activity: next.activity ?? noActivity(problem) });
      }
    };
    const again = async () => {
      if (!document.hidden && this.unended(next)) await readActivity();
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

    if (held) later(release, HOLD_MS);
    else settle({});
    void readDetail();
    later(() => {
      void readActivity();
      void follow();
    }, SETTLE_MS);
    later(() => void again(), AGAIN_MS);
    this.stop = () => {
      abort.abort();
      for (const timer of timers) clearTimeout(timer);
    };
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
