/** One open workspace: its three threads and what is known of its sync. */
import { AppError, toWireError, type WireError } from '../../contract/errors.ts';
import type { Query } from '../../contract/query.ts';
import type { RunActivity } from '../../contract/rows.ts';
import {
  METERED_EVERY,
  type Check,
  type Keeping,
  type Live,
  type Retention,
  type SyncStatus,
} from '../../contract/sync.ts';
import type { Client } from '../../contract/define.ts';
import type { OpenOptions } from './archive-options.ts';
import { readActivity } from './activity.ts';
import { compareQuestion } from './compare-question.ts';
import { forgetServer } from '../workspaces/forget-server.ts';
import { deletesByItself, enforceKeeping, oldestKept } from './retention.ts';
import { keptIds } from '../workspaces/known-ids.ts';
import { Latest } from './latest.ts';
import { Listening } from './listening.ts';
import { mayBegin, secondsBetween } from './pace.ts';
import { Schedule } from './schedule.ts';
import { initialStatus, startedStatus } from './sync-status.ts';
import { startThreads, stopThreads, type Threads } from './threads.ts';
import type { Started } from '../workers/start-worker.ts';
import type { Connection, queryContract, syncContract } from '../workers/contracts.ts';

export class Archive {
  readonly query: Client<typeof queryContract>;
  /** what a person must know of it: damage that was found at opening or before, or why it is only read */
  notice: WireError | null;
  readonly sync: Latest<SyncStatus>;
  readonly #options: OpenOptions;
  readonly #started: Threads;
  readonly #schedule: Schedule;
  readonly #listening: Listening;
  /** ms; when what is kept too long was last looked for */
  #enforced = 0;
  #running: { abort: AbortController; done: Promise<void> } | null = null;
  #closed = false;

  private constructor(options: OpenOptions, started: Threads, notice: WireError | null, status: SyncStatus) {
    this.#options = options;
    this.#started = started;
    this.query = started.query.client;
    this.notice = notice;
    this.sync = new Latest(status);
    this.#schedule = new Schedule(
      () => this.startSync(),
      { every: () => this.#every, atLeast: () => (options.metered() ? METERED_EVERY : 0) },
      (next) => this.#tell({ next }),
    );
    this.#listening = new Listening({
      follow: (connection, signal) => this.#threads.sync.client.live({ connection }, { signal }),
      onState: (live) => this.#heard(live),
      onBack: () => this.#schedule.hurry(),
      log: options.log,
    });
  }

  /** Throws ARCHIVE_NEWER, ARCHIVE_DAMAGED, DISK_FULL, FOLDER_READ_ONLY, NOT_FOUND (read-only and no file yet). */
  static async open(options: OpenOptions): Promise<Archive> {
    const { started, notice } = await startThreads(options);
    try {
      const stored = (await started.query.client.stats({})).state['sync.status'];
      const status = {
        ...initialStatus(options.workspace, stored),
        paused: options.paused,
        metered: options.metered(),
      };
      return new Archive(options, started, notice, status);
    } catch (thrown) {
      await stopThreads(started);
      throw thrown;
    }
  }

  get syncing(): boolean {
    return this.#running !== null;
  }

  /** The first pass by itself; on a metered connection not so soon after the last one, whoever has closed the window meanwhile. */
  begin(): void {
    if (this.#closed) return;
    const status = this.sync.get();
    if (mayBegin(status, Date.now() * 1000)) this.startSync();
    else this.replan();
  }

  /** Starts a sync unless one runs. How it goes is told by `sync`. `since`: µs; `verify`: compares everything with the server. */
  startSync(since: number | null = null, verify = false): void {
    const { sync } = this.#threads;
    if (this.#running) return;
    this.#schedule.started();
    const abort = new AbortController();
    this.#running = { abort, done: this.#run(sync, since, verify, abort.signal) };
  }

  /** Throws FOLDER_IN_USE in a window that only reads. */
  get #threads(): { [Name in keyof Threads]: NonNullable<Threads[Name]> } {
    const { query, writer, sync } = this.#started;
    if (!sync || !writer) throw new AppError('FOLDER_IN_USE', 'this window only reads the archive');
    return { query, writer, sync };
  }

  /** Compares one question with the server. Throws the server's errors. */
  async check(query: Query, signal: AbortSignal): Promise<Check> {
    const drop = this.#options.keeping().gone === 'drop';
    const connection = await this.#options.connection();
    const { sync } = this.#threads;
    return compareQuestion({ query, sync: sync.client, index: this.query, connection, drop, signal }, () =>
      this.#visible(),
    );
  }

  previewKeeping(keeping: Keeping): Promise<Retention> {
    return this.#threads.writer.client.preview({ keeping, now: Date.now() * 1000 });
  }

  /** Deletes what `keeping` does not want. A running sync ends first: it would bring back what goes. */
  async enforceKeeping(keeping: Keeping): Promise<Retention> {
    await this.cancelSync();
    this.#enforced = Date.now();
    const deleted = this.#narrowed(await enforceKeeping(this.#threads.writer.client, keeping));
    await this.#visible();
    return deleted;
  }

  /** Settles when all that is written is in the index: what is said to be done can then be seen. */
  async #visible(): Promise<void> {
    const { query, writer } = this.#threads;
    await query.client.reached({ batch: await writer.client.lastBatch({}) });
  }

  /** Settles when the running sync has stopped. */
  async cancelSync(): Promise<void> {
    const running = this.#running;
    if (!running) return;
    this.sync.set({ ...this.sync.get(), phase: 'cancelling', waiting: null });
    running.abort.abort();
    await running.done;
  }

  /** Whether a server is the one whose runs are kept here; unknown: there are none. Throws the server's errors. */
  async whose(connection: Connection, signal: AbortSignal): Promise<'same' | 'another' | 'unknown'> {
    const ids = await keptIds(this.query, signal);
    if (Object.values(ids).every((some) => some.length === 0)) return 'unknown';
    return (await this.#threads.sync.client.knows({ connection, ids }, { signal })) ? 'same' : 'another';
  }

  /** Nothing is asked of the server any more, until `resume`. */
  async quiet(): Promise<void> {
    this.#schedule.started();
    await Promise.all([this.cancelSync(), this.#listening.stop()]);
    this.#schedule.started(); // the cancelled one has planned the next
  }

  /** What was learned of the server is learned anew; `everything`: it may be another, so nothing is known to have been read. */
  async forgetServer(everything: boolean): Promise<void> {
    await forgetServer(this.#threads.writer.client, everything);
    if (everything) this.#tell({ complete_since: null, verified_since: null, last_success: null, checked: null });
  }

  /** After `quiet`: with the connection as it now is, events included. `verify`: compares everything with the server. */
  async resume(verify: boolean): Promise<void> {
    this.#tell({ problem: null });
    if (!this.#options.byItself || this.sync.get().paused) return;
    const connection = await this.#options.connection().catch(() => null); // the sync that starts says why
    if (connection && this.#listens && this.sync.get().last_success !== null) this.#listening.start(connection);
    this.startSync(null, verify);
  }

  /** The setting changed: the next sync by itself is planned anew. */
  replan(): void {
    this.#tell({ metered: this.#options.metered() });
    if (!this.#listens) void this.#listening.stop();
    if (!this.#running && this.#started.sync) this.#schedule.replan();
  }

  /** Stops and starts what goes by itself; a running sync is cancelled. */
  async setPaused(paused: boolean): Promise<void> {
    this.#tell({ paused });
    if (paused) await Promise.all([this.cancelSync(), this.#listening.stop()]);
    this.replan();
    this.#schedule.hurry();
  }

  get #every(): number {
    return secondsBetween({ ...this.sync.get(), metered: this.#options.metered() }, this.#options.syncEvery());
  }

  get #listens(): boolean {
    return this.#every > 0 && !this.#options.metered();
  }

  #heard(live: Live): void {
    const before = this.sync.get().live;
    this.#tell({ live });
    if (before === 'on' && live !== 'on') this.replan(); // rarer passes were planned
  }

  #tell(change: Partial<SyncStatus>): void {
    this.sync.set({ ...this.sync.get(), ...change });
  }

  /** Settles when no sync runs. */
  async settled(): Promise<void> {
    await this.#running?.done;
  }

  async #run(
    sync: Started<typeof syncContract>,
    since: number | null,
    verify: boolean,
    signal: AbortSignal,
  ): Promise<void> {
    const { workspace, log } = this.#options;
    const before = this.sync.get();
    this.sync.set(startedStatus(before));
    try {
      const connection = await this.#options.connection();
      const keeping = this.#options.keeping();
      const metered = this.#options.metered();
      const asked = {
        connection,
        since: since ?? oldestKept(keeping),
        verify,
        drop: keeping.gone === 'drop',
        rule: metered ? { states: [], days: 0 } : this.#options.fetchRule(),
        sparing: metered,
      };
      for await (const { status, dialect } of sync.client.run(asked, { signal })) {
        if (dialect) await this.#options.onDialect(dialect);
        if (status.last_success !== this.sync.get().last_success) await this.#visible();
        if (!signal.aborted) this.sync.set({ ...this.sync.get(), ...status, workspace });
      }
      await this.#enforceSometimes(keeping);
      await this.#visible();
      if (this.#listens && !signal.aborted) this.#listening.start(connection);
      const finished = Date.now() * 1000;
      this.#end({ phase: 'idle', step: 'done', finished, last_success: finished, problem: null, resumable: false });
    } catch (thrown) {
      const problem = toWireError(thrown);
      log(problem.code === 'CANCELLED' ? 'info' : 'warn', 'sync ended early', { workspace, code: problem.code });
      const cancelled = problem.code === 'CANCELLED';
      this.#end({
        phase: cancelled ? 'idle' : 'failed',
        finished: Date.now() * 1000,
        problem: cancelled ? null : problem,
        // by the time activities are fetched the rows are all there
        resumable:
          before.last_success === null || (this.sync.get().received > 0 && this.sync.get().step !== 'activity'),
      });
    } finally {
      this.#running = null;
      const { phase, problem } = this.sync.get();
      this.#schedule.ended(phase === 'failed' ? (problem?.code ?? 'INTERNAL') : null);
    }
  }

  /** The scan takes 0.3 s of the writer at a million rows and the cut is a whole hour: once an hour is enough. */
  async #enforceSometimes(keeping: Keeping): Promise<void> {
    if (!deletesByItself(keeping) || Date.now() - this.#enforced < 3_600_000) return;
    this.#enforced = Date.now();
    const { task_runs, flow_runs } = this.#narrowed(await enforceKeeping(this.#threads.writer.client, keeping));
    const { workspace, log } = this.#options;
    if (task_runs + flow_runs > 0) log('info', 'deleted what is kept too long', { workspace, task_runs, flow_runs });
  }

  #narrowed(deleted: Retention): Retention {
    const { complete_since } = this.sync.get();
    if (deleted.before !== null && complete_since !== null)
      this.sync.set({ ...this.sync.get(), complete_since: Math.max(complete_since, deleted.before) });
    return deleted;
  }

  #end(change: Partial<SyncStatus>): void {
    const status = { ...this.sync.get(), ...change, waiting: null, seconds_left: null };
    this.sync.set(status);
    void this.#started.writer?.client
      .setState({ key: 'sync.status', value: status })
      .catch((thrown: unknown) =>
        this.#options.log('warn', 'sync status not kept', { code: toWireError(thrown).code }),
      );
  }

  activity(id: string, signal: AbortSignal): Promise<RunActivity> {
    return readActivity(this.#started, this.#options.connection, id, signal);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#schedule.stop();
    await Promise.all([this.cancelSync(), this.#listening.stop()]);
    await stopThreads(this.#started);
  }
}
