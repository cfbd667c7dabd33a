/** One open workspace: the threads that work for its archive, and what can be asked of it besides queries. */
import type { Client } from '../../contract/define.ts';
import { AppError, fromWireError, toWireError, type WireError } from '../../contract/errors.ts';
import { withoutSearch, type Condition, type Query } from '../../contract/query.ts';
import type { RunActivity } from '../../contract/run.ts';
import type { Check, Retention, Removal, SyncStatus } from '../../contract/sync.ts';
import type { Connection } from '../../prefect/connection.ts';
import type { queryContract } from '../workers/contracts.ts';
import { forgetServer } from '../workspaces/forget-server.ts';
import { knownIds } from '../workspaces/known-ids.ts';
import { readActivity, type WantedActivity } from './activity.ts';
import type { OpenOptions } from './archive-options.ts';
import { checkWithServer } from './check.ts';
import type { Latest } from './latest.ts';
import { deletesByItself, enforceRetention } from './retention.ts';
import { SyncRunner } from './sync-runner.ts';
import { initialStatus } from './sync-status.ts';
import { startThreads, stopThreads, type Threads } from './threads.ts';

/** ms. Looking for what is kept too long takes the writer 0.3 s at a million rows, and the cut is a whole hour. */
const ENFORCE_EVERY = 3_600_000;

export class Archive {
  readonly query: Client<typeof queryContract>;
  /** what a person must know of it: damage that was found at opening or before, or why it is only read */
  notice: WireError | null;
  /** which file it is, by the system; null: not known */
  file: string | null = null;
  readonly #options: OpenOptions;
  readonly #started: Threads;
  readonly #runner: SyncRunner;
  /** aborted when a thread has died: this archive is of no use any more */
  readonly #died: AbortController;
  /** ms by `performance.now`; when what is kept too long was last looked for */
  #enforced = -Infinity;
  #closed = false;

  private constructor(
    options: OpenOptions,
    started: Threads,
    notice: WireError | null,
    status: SyncStatus,
    died: AbortController,
  ) {
    this.#options = options;
    this.#started = started;
    this.#died = died;
    this.query = started.query.client;
    this.notice = notice;
    this.#runner = new SyncRunner(
      {
        ...options,
        sync: started.sync?.client ?? null,
        visible: () => this.#visible(),
        afterSync: (retention) => this.#enforceSometimes(retention),
        onEnd: (ended) => this.#keepStatus(ended),
      },
      status,
    );
  }

  /** Throws ARCHIVE_NEWER, ARCHIVE_DAMAGED, DISK_FULL, FOLDER_READ_ONLY, THREAD_DIED, NOT_FOUND (read-only and no file yet). */
  static async open(options: OpenOptions): Promise<Archive> {
    const died = new AbortController();
    const onDeath = (error: AppError) => {
      died.abort(error);
      options.onDeath(error);
    };
    const { started, notice } = await startThreads({ ...options, onDeath });
    try {
      const stored = (await started.query.client.stats({})).state['sync.status'];
      const { paused } = options;
      const status = { ...initialStatus(options.workspace, stored), paused, metered: options.metered() };
      return new Archive(options, started, notice, status, died);
    } catch (thrown) {
      await stopThreads(started);
      throw thrown;
    }
  }

  /** How the sync goes. */
  get sync(): Latest<SyncStatus> {
    return this.#runner.status;
  }

  /** The sync's status now and whenever it changes, at most ten a second. Throws THREAD_DIED when a thread of the archive dies. */
  async *watchSync(signal: AbortSignal): AsyncGenerator<SyncStatus, void, undefined> {
    yield* this.sync.watch(AbortSignal.any([signal, this.#died.signal]), 100);
    if (!signal.aborted) this.#died.signal.throwIfAborted();
  }

  get syncing(): boolean {
    return this.#runner.running;
  }

  /** The first sync by itself. */
  begin(): void {
    if (!this.#closed) this.#runner.begin();
  }

  /** Starts a sync unless one runs. `since`: µs; `verify`: compares everything with the server. Throws FOLDER_IN_USE in a window that only reads. */
  startSync(since: number | null = null, verify = false): void {
    void this.#threads;
    this.#runner.start(since, verify);
  }

  cancelSync(): Promise<void> {
    return this.#runner.cancel();
  }

  settled(): Promise<void> {
    return this.#runner.settled();
  }

  quiet(): Promise<void> {
    return this.#runner.quiet();
  }

  resume(verify: boolean): Promise<void> {
    return this.#runner.resume(verify);
  }

  replan(): void {
    this.#runner.replan();
  }

  setPaused(paused: boolean): Promise<void> {
    return this.#runner.setPaused(paused);
  }

  /** Checks one question with the server. Throws the server's errors and FOLDER_IN_USE. */
  async check(query: Query, signal: AbortSignal): Promise<Check> {
    const drop = this.#options.retention().gone === 'drop';
    const connection = await this.#options.connection();
    const { sync } = this.#threads;
    return checkWithServer({ query, sync: sync.client, index: this.query, connection, drop, signal }, () =>
      this.#visible(),
    );
  }

  previewRetention(retention: Retention): Promise<Removal> {
    return this.#threads.writer.client.preview({ retention, now: Date.now() * 1000 });
  }

  /** Deletes what `retention` does not want. A running sync ends first, since it would bring back what goes, and then goes on. */
  async enforceRetention(retention: Retention): Promise<Removal> {
    const cut = this.syncing;
    await this.cancelSync();
    try {
      const deleted = await this.#enforce(retention, false);
      await this.#visible();
      return deleted;
    } finally {
      if (cut && !this.#closed) this.startSync();
    }
  }

  /** Whether a server is the one whose runs are kept here; unknown: no runs are kept. Throws the server's errors. */
  async whose(connection: Connection, signal: AbortSignal): Promise<'same' | 'another' | 'unknown'> {
    const ids = await knownIds(this.query, signal);
    if (Object.values(ids).every((some) => some.length === 0)) return 'unknown';
    return (await this.#threads.sync.client.knows({ connection, ids }, { signal })) ? 'same' : 'another';
  }

  /** The server has the address `server` from now on, and what was learned of it is learned anew; `everything`: it may be another server, so nothing counts as read. No sync may run. */
  async forgetServer(server: string, everything: boolean): Promise<void> {
    await forgetServer(this.#threads.writer.client, server, everything);
    if (everything)
      this.#runner.tell({ complete_since: null, verified_since: null, last_success: null, checked: null });
  }

  /** History, logs and artifacts of a task run or of a flow run itself: the kept copy, refreshed when the server can be reached. */
  activity(wanted: WantedActivity, signal: AbortSignal): Promise<RunActivity> {
    return readActivity(this.#started, this.#options.connection, wanted, signal, () => this.#onlyReads());
  }

  /** Fetches the activity of the question's runs without kept logs, its search left out, newest first and at most `most`. Throws the server's errors and FOLDER_IN_USE. */
  async *fetchRuns(
    query: Query,
    most: number,
    signal: AbortSignal,
  ): AsyncGenerator<{ done: number; of: number }, void, undefined> {
    const { sync } = this.#threads;
    const where: Condition = {
      and: [withoutSearch(query.where), { not: { log: '' } }, { field: 'gone', isNull: true }],
    };
    const sort: Query['sort'] = [{ field: 'start_time', dir: 'desc' }];
    const { ids } = await this.query.ids({ query: { where, sort }, limit: most }, { signal });
    yield { done: 0, of: ids.length };
    if (ids.length === 0) return;
    const connection = await this.#options.connection();
    for await (const { done } of sync.client.fetchRuns({ connection, ids }, { signal })) yield { done, of: ids.length };
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#runner.close();
    await stopThreads(this.#started);
  }

  get path(): string {
    return this.#options.path;
  }

  /** Nothing runs, is planned or is listened to. */
  get idle(): boolean {
    const { next, live } = this.sync.get();
    return !this.syncing && next === null && live === 'off';
  }

  /** Tells those who watch that the archive was closed and opened again by itself, and why. */
  tellReopened(why: AppError): void {
    this.#runner.tell({ reopened: this.notice ?? toWireError(why) });
  }

  /** All who watch are told that the archive is of no use any more. It is to be closed then. */
  end(why: AppError): void {
    this.#died.abort(why);
  }

  #onlyReads(): AppError {
    return this.#options.foreign
      ? new AppError('CASE_READ_ONLY', 'a case file is only read')
      : new AppError('FOLDER_IN_USE', 'this window only reads the archive');
  }

  /** Throws FOLDER_IN_USE in a window that only reads, CASE_READ_ONLY of a case file. */
  get #threads(): { [Name in keyof Threads]: NonNullable<Threads[Name]> } {
    const { query, writer, sync } = this.#started;
    if (!sync || !writer) throw this.#onlyReads();
    return { query, writer, sync };
  }

  async #visible(): Promise<void> {
    const { query, writer } = this.#threads;
    await query.client.reached({ batch: await writer.client.lastBatch({}) });
  }

  async #enforceSometimes(retention: Retention): Promise<void> {
    if (!deletesByItself(retention) || performance.now() - this.#enforced < ENFORCE_EVERY) return;
    const { task_runs, flow_runs } = await this.#enforce(retention, true);
    const { workspace, log } = this.#options;
    if (task_runs + flow_runs > 0) log('info', 'deleted what is kept too long', { workspace, task_runs, flow_runs });
  }

  async #enforce(retention: Retention, byItself: boolean): Promise<Removal> {
    this.#enforced = performance.now();
    const deleted = await enforceRetention(this.#threads.writer.client, retention, byItself);
    const { complete_since } = this.sync.get();
    if (deleted.before !== null && complete_since !== null)
      this.#runner.tell({ complete_since: Math.max(complete_since, deleted.before) });
    return deleted;
  }

  #keepStatus(status: SyncStatus): void {
    const { problem } = status;
    if (problem?.code === 'ARCHIVE_DAMAGED') {
      // met while rows were read or written: the next opening examines all of the file and saves what can be read
      const error = fromWireError(problem);
      this.#died.abort(error);
      this.#options.onDeath(error);
      return;
    }
    void this.#started.writer?.client
      .setState({ key: 'sync.status', value: status })
      .catch((thrown: unknown) =>
        this.#options.log('warn', 'sync status not kept', { code: toWireError(thrown).code }),
      );
  }
}
