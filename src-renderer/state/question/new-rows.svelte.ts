/**
 * Counts what a new answer would add to the one on screen, for the "12 new, 2 failed" pill. The list does not move by itself while sync writes:
 * its rows are read again in their places. The exception is the first sync, when the list fills by itself.
 */
import { untrack } from 'svelte';
import { toAppError, type AppError } from '../../../src-main/contract/errors.ts';
import { pause } from '../../../src-main/contract/time.ts';
import { api, app } from '../window/app.svelte.ts';
import { question } from './question.svelte.ts';
import { selection } from '../window/selection.svelte.ts';
import type { News } from './news-words.ts';
import { sync } from '../sync/sync.svelte.ts';
import { shownProblem } from '../window/shown-problem.ts';

/** Between two counts while sync writes, in ms. */
const PACE_MS = 1000;
/** The last rows of the first sync may be told of this long after its end, in ms: they come over another stream. */
const LATE_MS = 3000;

class NewRows {
  problem = $state.raw<AppError | null>(null);
  /** grows whenever the index or a note has changed; 0: not known yet */
  version = $state(0);
  /** `result`: the answer that the news are about */
  private told = $state.raw<{ result: string; news: News } | null>(null);
  /** what a new answer would change; null: nothing has changed */
  news = $derived(this.told !== null && this.told.result === question.answer?.result ? this.told.news : null);

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
      let timer = setTimeout(() => end(), LATE_MS);
      // on a slow machine its last rows are still on their way into the list
      const end = () => {
        const taken = !question.busy && (question.answer?.version ?? 0) >= this.latest;
        if (taken) this.first = false;
        else timer = setTimeout(end, PACE_MS);
      };
      return () => clearTimeout(timer);
    });
  }

  private async watch(workspace: string): Promise<void> {
    const abort = new AbortController();
    this.abort = abort;
    this.told = null;
    this.problem = null;
    this.latest = 0;
    this.first = false;
    try {
      for await (const { version, total } of api['query.watch']({ workspace }, { signal: abort.signal })) {
        // no sync has succeeded yet: the first one may have begun before this window opened
        if ((this.latest === 0 && total === 0) || sync.status?.last_success === null) this.first = true;
        // a first sync reads parents before runs: a look that finds none would put off by PACE_MS the one that finds some
        if (total === 0 && question.answer?.total === 0) continue;
        this.latest = version;
        this.version = version;
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

  private failed(thrown: unknown): void {
    const problem = shownProblem(thrown);
    if (problem) this.problem = problem;
  }

  private async settle(workspace: string, signal: AbortSignal): Promise<void> {
    while (question.busy && !signal.aborted) await pause(50);
    const answer = question.answer;
    if (signal.aborted || !answer || answer.version >= this.latest) return;
    const empty = answer.count === 0 && answer.total === 0;
    if (empty || (this.first && selection.id === null)) question.refresh();
    else {
      const { result } = answer;
      this.told = { result, news: await this.compared(workspace, result, signal) };
      if (question.answer === answer) await question.rows.renew();
    }
    await pause(PACE_MS);
  }

  /** 'lost': the core no longer keeps the result, so nothing can be counted against it. */
  private async compared(workspace: string, result: string, signal: AbortSignal): Promise<News> {
    try {
      return await api['query.news']({ workspace, result, query: question.query }, { signal });
    } catch (thrown) {
      if (toAppError(thrown).code === 'NOT_FOUND') return 'lost';
      throw thrown;
    }
  }
}

export const newRows = new NewRows();
