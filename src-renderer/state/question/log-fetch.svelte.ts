/** Fetches the logs of the question's runs, so that they can be searched, and asks the question again when it is through. */
import { toAppError, type AppError } from '../../../src-main/contract/errors.ts';
import { api } from '../window/app.svelte.ts';
import { question } from './question.svelte.ts';

class LogFetch {
  /** null: nothing is being fetched */
  progress = $state.raw<{ done: number; of: number } | null>(null);
  problem = $state.raw<AppError | null>(null);
  private abort: AbortController | null = null;

  async start(workspace: string): Promise<void> {
    this.stop();
    const abort = new AbortController();
    this.abort = abort;
    this.problem = null;
    this.progress = { done: 0, of: 0 };
    try {
      const { signal } = abort;
      for await (const progress of api['run.fetch']({ workspace, query: question.query }, { signal }))
        if (this.abort === abort) this.progress = progress;
    } catch (thrown) {
      const problem = toAppError(thrown);
      if (this.abort === abort && problem.code !== 'CANCELLED') this.problem = problem;
    }
    if (this.abort === abort) this.stop();
    question.refresh();
  }

  /** What was fetched stays. */
  stop(): void {
    this.abort?.abort();
    this.abort = null;
    this.progress = null;
  }
}

export const logFetch = new LogFetch();
