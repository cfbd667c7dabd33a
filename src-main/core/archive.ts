/** One open workspace: its three threads and what is known of its sync. */
import { AppError, toWireError, type WireError } from '../contract/errors.ts';
import type { Dialect, Query } from '../contract/query.ts';
import type { RunActivity } from '../contract/rows.ts';
import type { Check, FetchRule, Keeping, Live, Retention, SyncStatus } from '../contract/sync.ts';
import { toPrefectFilters } from '../query/to-prefect.ts';
import type { Client } from '../rpc/define.ts';
import { deletesByItself, enforceKeeping, oldestKept } from './keeping.ts';
import { Latest } from './latest.ts';
import { Listening } from './listening.ts';
import { Schedule } from './schedule.ts';
import type { Log } from './shell.ts';
import { initialStatus } from './sync-status.ts';
import { startThreads, stopThreads, type Threads } from './threads.ts';
import type { Started } from './worker.ts';
import type { Connection, queryContract, syncContract } from './worker-contracts.ts';

/** Task runs of a question that are compared with the server one by one; more are compared by their number. */
const CHECKED = 20_000;
/**
 * Passes are this much rarer while the server tells what changes. A pass reads everything since the last one, however long
 * ago: what events leave out (changes by REST, an overflowed queue) comes later, never not at all.
 */
const RARER = 2;

export type OpenOptions = {
  workspace: string;
  path: string;
  dialect: Dialect;
  readOnly: boolean;
  /** nothing goes by itself */
  paused: boolean;
  log: Log;
  /** asked anew for every sync, so that a changed secret or a moved demo server is picked up */
  connection: () => Promise<Connection>;
  onDialect: (dialect: Dialect) => Promise<void>;
  /** as the person has set them, asked anew for every sync */
  keeping: () => Keeping;
  fetchRule: () => FetchRule;
  /** seconds between syncs that start by themselves; 0: none */
  syncEvery: () => number;
};

export class Archive {
  readonly query: Client<typeof queryContract>;
  readonly notice: WireError | null;
  readonly sync: Latest<SyncStatus>;
  readonly #options: OpenOptions;
  readonly #started: Threads;
  readonly #schedule: Schedule;
  readonly #listening: Listening;
  /** ms; when what is kept too long was last looked for */
  #enforced = 0;
  #running: { abort: AbortController; done: Promise<void> } | null = null;

  private constructor(options: OpenOptions, started: Threads, notice: WireError | null, status: SyncStatus) {
    this.#options = options;
    this.#started = started;
    this.query = started.query.client;
    this.notice = notice;
    this.sync = new Latest(status);
    this.#schedule = new Schedule(
      () => this.startSync(),
      () => (this.sync.get().paused ? 0 : options.syncEvery() * (this.sync.get().live === 'on' ? RARER : 1)),
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
      const status = { ...initialStatus(options.workspace, stored), paused: options.paused };
      return new Archive(options, started, notice, status);
    } catch (thrown) {
      await stopThreads(started);
      throw thrown;
    }
  }

  get syncing(): boolean {
    return this.#running !== null;
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
    const { sync } = this.#threads;
    const here: Query = { where: { and: [query.where, { field: 'gone', isNull: true }] }, sort: [] };
    const { ids, count: before } = await this.query.ids({ query: here, limit: CHECKED }, { signal });
    const body = toPrefectFilters(query.where, Date.now() * 1000);
    const drop = this.#options.keeping().gone === 'drop';
    const connection = await this.#options.connection();
    const found = await sync.client.check({ connection, body, ids, count: before, drop }, { signal });
    await this.#visible();
    const after = (await this.query.ids({ query: here, limit: 0 }, { signal })).count;
    return { ...found, before, after };
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

  /** The setting changed: the next sync by itself is planned anew. */
  replan(): void {
    if (!this.#goesByItself) void this.#listening.stop();
    if (!this.#running && this.#started.sync) this.#schedule.replan();
  }

  /** Stops and starts what goes by itself; a running sync is cancelled. */
  async setPaused(paused: boolean): Promise<void> {
    this.#tell({ paused });
    if (paused) await Promise.all([this.cancelSync(), this.#listening.stop()]);
    this.replan();
    this.#schedule.hurry();
  }

  get #goesByItself(): boolean {
    return !this.sync.get().paused && this.#options.syncEvery() > 0;
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
    this.sync.set({
      ...before,
      phase: 'running',
      step: 'connect',
      received: 0,
      task_runs: 0,
      changed: 0,
      rate: 0,
      seconds_left: null,
      expected: null,
      started: Date.now() * 1000,
      finished: null,
      problem: null,
      waiting: null,
    });
    try {
      const connection = await this.#options.connection();
      const keeping = this.#options.keeping();
      const asked = {
        connection,
        since: since ?? oldestKept(keeping),
        verify,
        drop: keeping.gone === 'drop',
        rule: this.#options.fetchRule(),
      };
      for await (const { status, dialect } of sync.client.run(asked, { signal })) {
        if (dialect) await this.#options.onDialect(dialect);
        if (!signal.aborted) this.sync.set({ ...this.sync.get(), ...status, workspace });
      }
      await this.#enforceSometimes(keeping);
      await this.#visible();
      if (this.#goesByItself && !signal.aborted) this.#listening.start(connection);
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
      this.#schedule.ended(this.sync.get().phase === 'failed');
    }
  }

  /** The scan takes 0.3 s of the writer at a million rows and the cut is a whole hour: once an hour is enough. */
  async #enforceSometimes(keeping: Keeping): Promise<void> {
    if (!deletesByItself(keeping) || Date.now() - this.#enforced < 3_600_000) return;
    this.#enforced = Date.now();
    this.#narrowed(await enforceKeeping(this.#threads.writer.client, keeping));
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

  /** The kept copy, or a fresh one from the server when it answers. */
  async activity(id: string, signal: AbortSignal): Promise<RunActivity> {
    const kept = await this.query.activity({ id }, { signal });
    const { sync, writer } = this.#started;
    if (!sync || !writer)
      return kept ?? nothingKept(new AppError('FOLDER_IN_USE', 'this window only reads the archive'));
    try {
      const connection = await this.#options.connection();
      const activity = await sync.client.activity({ connection, id }, { signal });
      return await writer.client.saveActivity({ id, activity, stamp: null });
    } catch (thrown) {
      return kept ? { ...kept, problem: toWireError(thrown) } : nothingKept(thrown);
    }
  }

  async close(): Promise<void> {
    this.#schedule.stop();
    await Promise.all([this.cancelSync(), this.#listening.stop()]);
    await stopThreads(this.#started);
  }
}

function nothingKept(thrown: unknown): RunActivity {
  const problem = toWireError(thrown);
  return { history: [], logs: [], artifacts: [], truncated: false, gap: null, fetched: null, problem };
}
