/**
 * Counts what a new answer would add to the one on screen, for the "12 new" pill. The list does not move by itself while sync writes:
 * its rows are read again in their places. The exception is the first sync, when the list fills by itself.
 */
import { untrack } from 'svelte';
import { toAppError, type AppError } from '../../../src-main/contract/errors.ts';
import { api, app } from '../window/app.svelte.ts';
import { question } from './question.svelte.ts';
import { selection } from '../window/selection.svelte.ts';
import { sync } from '../sync/sync.svelte.ts';

/** Between two counts while sync writes, in ms. */
const PACE_MS = 1000;
/** The last rows of the first sync may be told of this long after its end, in ms: they come over another stream. */
const LATE_MS = 3000;

class NewRows {
  problem = $state.raw<AppError | null>(null);
  /** `result`: the answer that `delta` was counted for */
  private seen = $state.raw<{ result: string; delta: number } | null>(null);
  /** runs a new answer would add (below 0: lose; 0: some changed in place); null: nothing changed */
  delta = $derived(this.seen !== null && this.seen.result === question.answer?.result ? this.seen.delta : null);

  private abort: AbortController | null = null;
  private latest = 0;
  /** the first sync is not yet shown whole */
  private first = false;
  private synced = $derived(sync.status !== null && sync.status.last_success !== null);

  /** Registers the effects; call while the window's component is made. */
  follow(): void {
    $effect(() => {
      if (!app.ready) return;
      const { workspace } = app.ready;
      untrack(() => void this.watch(workspace));
      return () => this.abort?.abort();
    });
    $effect(() => {
      if (!this.synced) return;
      const timer = setTimeout(() => (this.first = false), LATE_MS);
      return () => clearTimeout(timer);
    });
  }

  private async watch(workspace: string): Promise<void> {
    const abort = new AbortController();
    this.abort = abort;
    this.seen = null;
    this.problem = null;
    this.latest = 0;
    this.first = false;
    try {
      for await (const { version, total } of api['query.watch']({ workspace }, { signal: abort.signal })) {
        // no sync has succeeded yet: the first one may have begun before this window opened
        if ((this.latest === 0 && total === 0) || sync.status?.last_success === null) this.first = true;
        this.latest = version;
        // one failed count or reading must not end the watch: the next change is told all the same
        try {
          await this.settle(workspace, abort.signal);
          this.problem = null;
        } catch (thrown) {
          this.failed(thrown);
        }
      }
    } catch (thrown) {
      this.failed(thrown);
    }
  }

  /** CANCELLED: another question was asked meanwhile. */
  private failed(thrown: unknown): void {
    const problem = toAppError(thrown);
    if (problem.code !== 'CANCELLED' && problem.code !== 'DISCONNECTED') this.problem = problem;
  }

  private async settle(workspace: string, signal: AbortSignal): Promise<void> {
    while (question.busy && !signal.aborted) await pause(50);
    const answer = question.answer;
    if (signal.aborted || !answer || answer.version >= this.latest) return;
    const empty = answer.count === 0 && answer.total === 0;
    if (empty || (this.first && selection.id === null)) question.refresh();
    else {
      const [now] = await api['query.counts']({ workspace, queries: [question.query] }, { signal });
      if (now !== undefined) this.seen = { result: answer.result, delta: now - answer.count };
      if (question.answer === answer) await question.rows.renew();
    }
    await pause(PACE_MS);
  }
}

function pause(millis: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, millis));
}

export const newRows = new NewRows();
