/** What the archive holds, span by span, for the sync view. Read when it opens and when a sync has moved it on. */
import type { AppError } from '../../../src-main/contract/errors.ts';
import type { Coverage } from '../../../src-main/contract/sync.ts';
import { api } from '../window/app.svelte.ts';
import { shownProblem } from '../window/shown-problem.ts';

export class ArchiveCoverage {
  coverage = $state.raw<Coverage | null>(null);
  problem = $state.raw<AppError | null>(null);
  private abort: AbortController | null = null;

  /** The last answer stays on screen until the next is there. */
  async read(workspace: string): Promise<void> {
    this.abort?.abort();
    const abort = new AbortController();
    this.abort = abort;
    try {
      const coverage = await api['sync.coverage']({ workspace }, { signal: abort.signal });
      if (this.abort !== abort) return;
      this.coverage = coverage;
      this.problem = null;
    } catch (thrown) {
      const problem = shownProblem(thrown);
      if (this.abort === abort && problem) this.problem = problem;
    }
  }

  stop(): void {
    this.abort?.abort();
  }
}
