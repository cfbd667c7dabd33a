/** The open workspace's sync, as its stream tells it. */
import { untrack } from 'svelte';
import { toAppError, type AppError } from '../../../src-main/contract/errors.ts';
import type { Workspace } from '../../../src-main/contract/workspace.ts';
import type { SyncStatus } from '../../../src-main/contract/sync.ts';
import { api, app } from '../window/app.svelte.ts';
import { shownProblem } from '../window/shown-problem.ts';

/** How often sizes and counts are read again while a sync runs, ms. */
const RELIST_MS = 3000;

class Sync {
  status = $state.raw<SyncStatus | null>(null);
  /** the button itself failed; the sync's own problem is in `status` */
  problem = $state.raw<AppError | null>(null);
  running = $derived(this.status?.phase === 'running' || this.status?.phase === 'cancelling');
  /** 0 to 1; null while the server has not said how many runs it has */
  progress = $derived(this.status?.expected ? Math.min(1, this.status.task_runs / this.status.expected) : null);

  /** no server to ask, or nothing to write it into */
  cannot = $derived(
    app.workspace === null ||
      app.readOnly !== null ||
      app.current?.kind === 'case' ||
      app.link !== 'up' ||
      app.problem !== null,
  );

  private abort: AbortController | null = null;

  /** Registers the effects; call while the window's component is made. */
  follow(): void {
    $effect(() => {
      if (!app.ready) return;
      const { workspace } = app.ready;
      untrack(() => void this.watch(workspace));
    });
    // a sync changes sizes and counts of the archives
    $effect(() => {
      if (app.boot !== 'ready' || app.link !== 'up') return;
      untrack(() => void app.relist());
      if (!this.running) return;
      const timer = setInterval(() => void app.relist(), RELIST_MS);
      return () => clearInterval(timer);
    });
  }

  private async watch(workspace: string): Promise<void> {
    this.abort?.abort();
    const abort = new AbortController();
    this.abort = abort;
    this.status = null;
    this.problem = null;
    try {
      for await (const status of api['sync.watch']({ workspace }, { signal: abort.signal })) this.status = status;
    } catch (thrown) {
      const problem = shownProblem(thrown);
      if (!problem) return;
      // it ends only with the archive: what it said last is not so any more
      this.status = null;
      app.closed(workspace, problem);
    }
  }

  /** `verify`: the whole archive is checked with the server, not only what is due. */
  start({ verify = false } = {}): Promise<void> {
    return this.ask((workspace) => api['sync.start']({ workspace, verify }));
  }

  cancel(): Promise<void> {
    return this.ask((workspace) => api['sync.cancel']({ workspace }));
  }

  /** Going on also takes up what pausing cut short. */
  setPaused(paused: boolean): Promise<void> {
    return this.ask(async (workspace) => {
      app.replace(await api['workspace.setPaused']({ workspace, paused }));
      if (!paused && this.status?.resumable) await api['sync.start']({ workspace });
    });
  }

  /** Shown at once; taken back when it could not be kept. */
  async setPace(change: Partial<Pick<Workspace, 'sync_every' | 'metered'>>): Promise<void> {
    const before = app.current;
    if (!before) return;
    const next = { ...before, ...change };
    app.replace(next);
    await this.ask(async (workspace) => {
      const { sync_every, metered } = next;
      app.replace(await api['workspace.setPace']({ workspace, sync_every, metered }));
    });
    if (this.problem) app.replace(before);
  }

  private async ask(what: (workspace: string) => Promise<unknown>): Promise<void> {
    if (app.workspace === null) return;
    this.problem = null;
    try {
      await what(app.workspace);
    } catch (thrown) {
      this.problem = toAppError(thrown);
    }
  }
}

export const sync = new Sync();
