/** Runs one archive's syncs, one at a time: by the clock and when asked for. Tells how they go, and reads events between them. */
import type { Client } from '../../contract/define.ts';
import { toWireError } from '../../contract/errors.ts';
import {
  METERED_EVERY,
  secondsBetween,
  syncBegun,
  type Retention,
  type Live,
  type SyncStatus,
} from '../../contract/sync.ts';
import type { syncContract } from '../workers/contracts.ts';
import type { OpenOptions } from './archive-options.ts';
import { Latest } from './latest.ts';
import { LiveUpdates } from './live-updates.ts';
import { oldestKept } from './retention.ts';
import { mayBegin, Schedule } from './schedule.ts';

type RunnerOptions = Pick<
  OpenOptions,
  'workspace' | 'log' | 'connection' | 'onDialect' | 'retention' | 'fetchRule' | 'syncEvery' | 'metered' | 'byItself'
> & {
  /** null in a window that only reads */
  sync: Client<typeof syncContract> | null;
  /** settles when all that is written is in the index: what the status calls done can then be seen */
  visible: () => Promise<void>;
  /** after each sync that went through */
  afterSync: (retention: Retention) => Promise<void>;
  /** a sync has ended: its status is to be kept */
  onEnd: (status: SyncStatus) => void;
};

export class SyncRunner {
  readonly status: Latest<SyncStatus>;
  readonly #options: RunnerOptions;
  readonly #schedule: Schedule;
  readonly #live: LiveUpdates;
  #running: { abort: AbortController; done: Promise<void> } | null = null;

  constructor(options: RunnerOptions, status: SyncStatus) {
    this.#options = options;
    this.status = new Latest(status);
    this.#schedule = new Schedule(
      () => this.start(),
      { every: () => this.#every, atLeast: () => (options.metered() ? METERED_EVERY : 0) },
      (next) => this.tell({ next }),
    );
    this.#live = new LiveUpdates({
      read: (connection, signal) => options.sync?.live({ connection }, { signal }) ?? none(),
      onState: (live) => this.#onLive(live),
      onBack: () => this.#schedule.hurry(),
      log: options.log,
    });
  }

  get running(): boolean {
    return this.#running !== null;
  }

  /** The first sync by itself. On a metered connection at most one sync per METERED_EVERY, also across restarts. */
  begin(): void {
    if (mayBegin(this.status.get(), Date.now() * 1000)) this.start();
    else this.replan();
  }

  /** Starts a sync unless one runs or this window only reads. `since`: µs; `verify`: compares everything with the server. */
  start(since: number | null = null, verify = false): void {
    const { sync } = this.#options;
    if (this.#running || !sync) return;
    this.#schedule.started();
    const abort = new AbortController();
    this.#running = { abort, done: this.#run(sync, since, verify, abort.signal) };
  }

  /** Settles when the running sync has stopped. */
  async cancel(): Promise<void> {
    const running = this.#running;
    if (!running) return;
    this.tell({ phase: 'cancelling', waiting: null });
    running.abort.abort();
    await running.done;
  }

  /** Settles when no sync runs. */
  async settled(): Promise<void> {
    await this.#running?.done;
  }

  /** Nothing is asked of the server by itself any more, until `resume`. */
  async quiet(): Promise<void> {
    this.#schedule.started();
    await Promise.all([this.cancel(), this.#live.stop()]);
    this.#schedule.started(); // the cancelled sync has planned the next one
  }

  /** After `quiet`: syncs with the connection as it now is, and reads its events. `verify`: compares everything with the server. */
  async resume(verify: boolean): Promise<void> {
    this.tell({ problem: null });
    if (!this.#options.byItself || this.status.get().paused) return;
    const connection = await this.#options.connection().catch(() => null); // the sync that starts says why
    if (connection && this.#readsEvents && this.status.get().last_success !== null) this.#live.start(connection);
    this.start(null, verify);
  }

  /** A setting changed: the next sync by itself is planned anew. */
  replan(): void {
    this.tell({ metered: this.#options.metered() });
    if (!this.#readsEvents) void this.#live.stop();
    if (!this.#running && this.#options.sync) this.#schedule.replan();
  }

  /** Stops or starts what goes by itself; `true` cancels a running sync. */
  async setPaused(paused: boolean): Promise<void> {
    this.tell({ paused });
    if (paused) await Promise.all([this.cancel(), this.#live.stop()]);
    this.replan();
    this.#schedule.hurry();
  }

  tell(change: Partial<SyncStatus>): void {
    this.status.set({ ...this.status.get(), ...change });
  }

  /** Settles when nothing runs any more; nothing starts afterwards. */
  async close(): Promise<void> {
    this.#schedule.stop();
    await Promise.all([this.cancel(), this.#live.stop()]);
  }

  /** Seconds between two syncs by the clock; 0: none. */
  get #every(): number {
    return secondsBetween({ ...this.status.get(), metered: this.#options.metered() }, this.#options.syncEvery());
  }

  get #readsEvents(): boolean {
    return this.#every > 0 && !this.#options.metered();
  }

  #onLive(live: Live): void {
    const before = this.status.get().live;
    this.tell({ live });
    if (before === 'on' && live !== 'on') this.replan(); // fewer syncs were planned
  }

  async #run(
    sync: Client<typeof syncContract>,
    since: number | null,
    verify: boolean,
    signal: AbortSignal,
  ): Promise<void> {
    const { workspace, log, visible } = this.#options;
    const before = this.status.get();
    this.status.set({ ...before, ...syncBegun(Date.now() * 1000) });
    try {
      const connection = await this.#options.connection();
      const retention = this.#options.retention();
      const metered = this.#options.metered();
      const asked = {
        connection,
        since: since ?? oldestKept(retention),
        verify,
        drop: retention.gone === 'drop',
        rule: metered ? { states: [], days: 0 } : this.#options.fetchRule(),
        metered,
      };
      for await (const { status, dialect } of sync.run(asked, { signal })) {
        if (dialect) await this.#options.onDialect(dialect);
        if (status.last_success !== this.status.get().last_success) await visible();
        if (!signal.aborted) this.tell({ ...status, workspace });
      }
      const { skipped } = this.status.get();
      if (skipped.count > 0) log('warn', 'rows skipped', { workspace, count: skipped.count, rows: skipped.rows });
      await this.#options.afterSync(retention);
      await visible();
      if (this.#readsEvents && !signal.aborted) this.#live.start(connection);
      const finished = Date.now() * 1000;
      this.#end({ phase: 'idle', step: 'done', finished, last_success: finished, problem: null, resumable: false });
    } catch (thrown) {
      const problem = toWireError(thrown);
      const cancelled = problem.code === 'CANCELLED';
      log(cancelled ? 'info' : 'warn', 'sync ended early', { workspace, code: problem.code });
      const { received, step } = this.status.get();
      this.#end({
        phase: cancelled ? 'idle' : 'failed',
        finished: Date.now() * 1000,
        problem: cancelled ? null : problem,
        // by the time activities are fetched all rows are there
        resumable: before.last_success === null || (received > 0 && step !== 'activity'),
      });
    } finally {
      this.#running = null;
      const { phase, problem } = this.status.get();
      this.#schedule.ended(phase === 'failed' ? (problem?.code ?? 'INTERNAL') : null);
    }
  }

  #end(change: Partial<SyncStatus>): void {
    this.tell({ ...change, waiting: null, seconds_left: null });
    this.#options.onEnd(this.status.get());
  }
}

async function* none(): AsyncGenerator<never> {
  // a window that only reads has no events
}
