/** Checks the runs on screen with the server, on demand, and remembers which question the result is about. */
import { toAppError, type AppError } from '../../../src-main/contract/errors.ts';
import type { Condition, Query } from '../../../src-main/contract/query.ts';
import type { Check } from '../../../src-main/contract/sync.ts';
import { api } from '../window/app.svelte.ts';
import { sameCondition } from '../filters/conditions.ts';
import { question } from '../question/question.svelte.ts';

class CheckNow {
  busy = $state(false);
  result = $state.raw<Check | null>(null);
  problem = $state.raw<AppError | null>(null);
  /** the question that was checked */
  private asked = $state.raw<{ workspace: string; query: Query } | null>(null);
  /** one of the result's links was clicked: only those runs are on screen */
  private only = $state.raw<Condition | null>(null);
  private abort: AbortController | null = null;

  away = $derived(this.only !== null && sameCondition(this.only, question.where));

  /** Another question makes the result old news. */
  shown(workspace: string | null): boolean {
    const { asked } = this;
    if (!asked || asked.workspace !== workspace) return false;
    return this.away || sameCondition(asked.query.where, question.where);
  }

  async run(workspace: string): Promise<void> {
    this.abort?.abort();
    const abort = new AbortController();
    this.abort = abort;
    const { query } = question;
    this.asked = { workspace, query };
    this.only = null;
    this.result = null;
    this.problem = null;
    this.busy = true;
    try {
      const check = await api['sync.check']({ workspace, query }, { signal: abort.signal });
      if (this.abort !== abort) return;
      this.result = check;
      if (
        check.added.length + check.changed.length + check.gone.length > 0 &&
        sameCondition(query.where, question.where)
      )
        question.refresh();
    } catch (thrown) {
      const problem = toAppError(thrown);
      if (this.abort === abort && problem.code !== 'CANCELLED') this.problem = problem;
    } finally {
      if (this.abort === abort) this.busy = false;
    }
  }

  /** Also ends a check under way; what it has already read anew stays. */
  close(): void {
    this.abort?.abort();
    this.abort = null;
    this.busy = false;
    this.result = null;
    this.problem = null;
    this.asked = null;
    this.only = null;
  }

  showOnly(ids: string[]): void {
    this.only = { and: [{ field: 'id', in: ids }] };
    question.set(this.only);
  }

  back(): void {
    if (this.asked) question.load(this.asked.query);
    this.only = null;
  }
}

export const checkNow = new CheckNow();
