/** What another retention would delete, asked while the form is filled in: the button says it before it does it. */
import { toAppError, type AppError } from '../../../src-main/contract/errors.ts';
import type { Retention, Removal } from '../../../src-main/contract/sync.ts';
import { api } from '../window/app.svelte.ts';

/** Pause in typing after which the preview is asked for, ms: the count looks at every run. */
const TYPING_MS = 250;

export class RetentionPreview {
  asking = $state(false);
  result = $state.raw<Removal | null>(null);
  problem = $state.raw<AppError | null>(null);
  private abort: AbortController | null = null;

  /** null clears the preview. Returns how to stop. */
  ask(workspace: string, retention: Retention | null): () => void {
    this.abort?.abort();
    this.result = null;
    this.problem = null;
    this.asking = retention !== null;
    if (retention === null) return () => undefined;
    const abort = new AbortController();
    this.abort = abort;
    const timer = setTimeout(() => void this.read(workspace, retention, abort), TYPING_MS);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }

  private async read(workspace: string, retention: Retention, abort: AbortController): Promise<void> {
    try {
      const result = await api['workspace.previewRetention']({ workspace, retention }, { signal: abort.signal });
      if (this.abort === abort) this.result = result;
    } catch (thrown) {
      if (this.abort === abort && !abort.signal.aborted) this.problem = toAppError(thrown);
    } finally {
      if (this.abort === abort) this.asking = false;
    }
  }
}
