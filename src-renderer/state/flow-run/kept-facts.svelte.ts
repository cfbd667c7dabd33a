/* eslint-disable svelte/prefer-svelte-reactivity -- views read `own` alone, which is replaced whole at each change */
/**
 * What is kept of flow runs besides their rows: their own states and lines, and the history, logs and artifacts of their task runs. Opening
 * the view fetches what is missing, within the server's request budget; what was fetched is kept.
 */
import type { AppError } from '../../../src-main/contract/errors.ts';
import { failureStateTypes } from '../../../src-main/contract/fields.ts';
import { MOST_FETCHED } from '../../../src-main/contract/calls.ts';
import { TRUE, type Condition } from '../../../src-main/contract/query.ts';
import type { RunActivity } from '../../../src-main/contract/run.ts';
import { pause } from '../../../src-main/contract/time.ts';
import { sync } from '../sync/sync.svelte.ts';
import { api, app } from '../window/app.svelte.ts';
import { clock } from '../window/clock.svelte.ts';
import { shownProblem } from '../window/shown-problem.ts';

/** Task runs that opening the view fetches by itself: some 240 requests, 2 s of a near server. For more a person asks. */
const MOST_BY_ITSELF = 200;
/** While the flow run goes on, the runs that have ended meanwhile are fetched this often, ms. */
const AGAIN_MS = 20_000;
/** µs after its end until a run's last lines have arrived. */
const SETTLE = 10_000_000;
/** Their rows tell least of how they went. */
const HARD: Condition = {
  or: [
    { field: 'run_count', from: 2 },
    { field: 'state_type', in: [...failureStateTypes] },
  ],
};

export class KeptFacts {
  /** of the flow run itself, by its id; none: not read yet */
  own = $state.raw<ReadonlyMap<string, RunActivity>>(new Map());
  /** task runs fetched so far; null: nothing is being fetched */
  fetched = $state<number | null>(null);
  problem = $state.raw<AppError | null>(null);
  private readonly abort = new AbortController();
  private fetch: AbortController | null = null;
  private readonly ids: string[] = [];
  private left = MOST_BY_ITSELF;
  private readonly workspace: string;
  private readonly onkept: () => void;

  /** `onkept`: more is kept than before. */
  constructor(workspace: string, onkept: () => void) {
    this.workspace = workspace;
    this.onkept = onkept;
  }

  /** The flow run, or a subflow in it, was opened. */
  open(id: string): void {
    if (this.ids.includes(id)) return;
    this.ids.push(id);
    void this.readOwn(id);
    void this.fetchByItself();
  }

  /** Called while the flow run is not over: what has ended is fetched now and then. */
  async follow(isOver: () => boolean): Promise<void> {
    const { signal } = this.abort;
    for (let over = isOver(); !signal.aborted && !over; over = isOver()) {
      await pause(AGAIN_MS, signal);
      if (signal.aborted || document.hidden) continue;
      const [id] = this.ids;
      if (id !== undefined) await this.readOwn(id);
      await this.fetchByItself();
    }
  }

  /** All that is missing, for a person who asks. */
  fetchMissing(): Promise<void> {
    return this.fetchSome(MOST_FETCHED);
  }

  /** What was fetched stays. */
  stop(): void {
    this.fetch?.abort();
  }

  close(): void {
    this.abort.abort();
    this.stop();
  }

  private async readOwn(id: string): Promise<void> {
    const asked = { workspace: this.workspace, id, of: 'flow_run' } as const;
    const take = (activity: RunActivity) => {
      this.own = new Map([...this.own, [id, activity]]);
    };
    try {
      take(await api['run.activity']({ ...asked, only_kept: true }, { signal: this.abort.signal }));
      if (sync.cannot) return;
      take(await api['run.activity'](asked, { signal: this.abort.signal }));
      this.onkept();
    } catch (thrown) {
      this.failed(thrown);
    }
  }

  private async fetchByItself(): Promise<void> {
    if (this.left <= 0 || sync.cannot || app.current?.metered) return;
    const before = this.left;
    await this.fetchSome(this.left, (count) => (this.left = before - count));
  }

  private async fetchSome(most: number, count: (fetched: number) => void = () => undefined): Promise<void> {
    if (this.fetch) return;
    const abort = (this.fetch = new AbortController());
    this.problem = null;
    this.fetched = 0;
    let before = 0;
    try {
      for (const these of [HARD, TRUE]) {
        if (before >= most) break;
        let of = 0;
        for await (const progress of api['run.fetch'](this.asked(these, most - before), { signal: abort.signal })) {
          ({ of } = progress);
          this.fetched = before + progress.done;
          count(this.fetched);
        }
        before += of;
      }
    } catch (thrown) {
      this.failed(thrown);
    }
    const any = this.fetched > 0;
    this.fetched = null;
    this.fetch = null;
    if (any && !this.abort.signal.aborted) this.onkept();
  }

  private asked(these: Condition, most: number) {
    const over: Condition = { field: 'end_time', to: clock.read() - SETTLE };
    const where: Condition = { and: [{ field: 'flow_run_id', in: [...this.ids] }, over, these] };
    return { workspace: this.workspace, query: { where, sort: [] }, most };
  }

  private failed(thrown: unknown): void {
    const problem = shownProblem(thrown);
    if (problem) this.problem = problem;
  }
}
