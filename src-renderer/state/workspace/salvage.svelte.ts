/** How far the open workspace's damaged archive has been saved, while it is being opened. */
import { toAppError } from '../../../src-main/contract/errors.ts';
import { formatCount } from '../../format.ts';
import { api, app } from '../window/app.svelte.ts';
import { notes } from '../window/notes.svelte.ts';

type Progress = { rows: number; of: number | null };

class Salvage {
  progress = $state.raw<Progress | null>(null);
  stopping = $state(false);

  /** Registers the effect; call while the window's component is made. */
  follow(): void {
    $effect(() => {
      const { workspace } = app;
      void app.session; // a new connection to the core has no streams yet
      if (app.link !== 'up' || app.boot !== 'ready' || workspace === null || app.readOnly) return;
      const abort = new AbortController();
      void this.watch(workspace, abort.signal);
      return () => abort.abort();
    });
  }

  private async watch(workspace: string, signal: AbortSignal): Promise<void> {
    try {
      for await (const progress of api['workspace.salvage']({ workspace }, { signal })) {
        this.progress = progress;
        if (progress === null) this.stopping = false;
      }
    } catch (thrown) {
      if (!['CANCELLED', 'DISCONNECTED', 'NOT_FOUND'].includes(toAppError(thrown).code)) notes.fail(thrown);
    } finally {
      this.progress = null;
      this.stopping = false;
    }
  }

  /** The damaged file stays as it is, and the workspace closed. */
  async stop(): Promise<void> {
    const { workspace } = app;
    if (workspace === null) return;
    this.stopping = true;
    await notes.attempt(async () => void (await api['workspace.stopSalvage']({ workspace })));
  }
}

export const salvage = new Salvage();

/** "12,000 of about 50,000 rows" */
export function salvageWords({ rows, of }: Progress): string {
  return of === null
    ? `${formatCount(rows)} rows`
    : `${formatCount(rows)} of about ${formatCount(Math.max(rows, of))} rows`;
}
