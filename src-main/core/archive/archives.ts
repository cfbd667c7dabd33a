/** The open archives by the names of their workspaces: opened on first use, opened again once when a thread of theirs dies. */
import { stat } from 'node:fs/promises';
import { AppError, type WireError } from '../../contract/errors.ts';
import type { Workspace } from '../../contract/workspace.ts';
import type { Settings } from '../../contract/settings.ts';
import type { Connection } from '../../prefect/connection.ts';
import type { JsonFile } from '../files/json-file.ts';
import type { Paths } from '../files/paths.ts';
import type { Log } from '../shell.ts';
import { demoContract } from '../workers/contracts.ts';
import { startWorker, type Started } from '../workers/start-worker.ts';
import { SyncThread } from '../workers/sync-thread.ts';
import { describe, type Entry, type Workspaces } from '../workspaces/workspaces.ts';
import { keepOutOfLogs } from '../files/log-file.ts';
import { Archive } from './archive.ts';
import { openTelling } from './damage.ts';

/** ms; a second death within this time is no accident: the archive stays closed until a person opens it again */
const SOON = 60_000;

export type ArchivesOptions = {
  paths: Paths;
  workspaces: Workspaces;
  settings: JsonFile<Settings>;
  log: Log;
  /** why nothing may be written; null: it may */
  readOnly: WireError | null;
  /** a sync starts when an archive is opened, and then by the clock */
  syncByItself: boolean;
};

export class Archives {
  readonly #options: ArchivesOptions;
  readonly #open = new Map<string, Promise<Archive>>();
  readonly #demos = new Map<string, Started<typeof demoContract>>();
  readonly #syncThread: SyncThread;
  /** by workspace: when a thread last died, ms by `performance.now` */
  readonly #deaths = new Map<string, number>();
  /** workspaces that stay closed, and why */
  readonly #dead = new Map<string, AppError>();
  #closed = false;

  constructor(options: ArchivesOptions) {
    this.#options = options;
    this.#syncThread = new SyncThread(options.log);
  }

  /** For questions to servers that no archive belongs to yet. */
  get server(): SyncThread['server'] {
    return this.#syncThread.server;
  }

  /**
   * Opens the archive on first use; a failed opening is tried again at the next call. `again`: a person asks for it, so an archive that
   * stays closed after two deaths is opened too. Throws what `Archive.open` throws, and NOT_FOUND for an unknown workspace.
   */
  get(name: string, again = false): Promise<Archive> {
    if (this.#closed) return Promise.reject(new AppError('DISCONNECTED', 'Taskscope is closing'));
    if (again) this.#dead.delete(name);
    const dead = this.#dead.get(name);
    if (dead) return Promise.reject(dead);
    const known = this.#open.get(name);
    if (known) return known;
    return this.#keep(name, this.#opening(this.#options.workspaces.get(name)));
  }

  /** The archive if it is open, without opening it. */
  opened(name: string): Promise<Archive> | null {
    return this.#open.get(name) ?? null;
  }

  /** What the window may know of a workspace; the count is known once the archive is open. */
  async describe(entry: Entry): Promise<Workspace> {
    const path = this.#options.paths.archive(entry.file);
    // rows just written stand in the -wal file until a checkpoint
    const sizes = await Promise.all(
      [path, `${path}-wal`].map((one) =>
        stat(one).then(
          ({ size }) => size,
          () => 0,
        ),
      ),
    );
    const bytes = sizes.reduce((sum, size) => sum + size, 0);
    const archive = await this.opened(entry.name)?.catch(() => null);
    const stats = await archive?.query.stats({}).catch(() => null);
    return describe(entry, {
      task_runs: stats?.task_runs ?? null,
      bytes: bytes || null,
      sync_every: this.syncEvery(entry),
    });
  }

  /** Where the workspace's server is now: the demo's has a new port at every start. Throws SECRET_MISSING. */
  async connection(name: string): Promise<Connection> {
    const { workspaces, log } = this.#options;
    const entry = workspaces.get(name);
    const connection = await workspaces.connection(entry);
    keepOutOfLogs(connection.auth, connection.headers ?? {});
    if (!entry.demo) return connection;
    let demo = this.#demos.get(name);
    if (!demo) {
      demo = startWorker('demo', demoContract, { data: entry.demo, log, onDeath: () => this.#demos.delete(name) });
      this.#demos.set(name, demo);
    }
    return { ...connection, api_url: (await demo.client.address({})).api_url };
  }

  /** Seconds between two syncs by the clock; 0: only when asked. */
  syncEvery({ sync_every }: Pick<Entry, 'sync_every'>): number {
    return sync_every ?? this.#options.settings.get().sync_every;
  }

  /** A setting about syncing changed. */
  async replan(): Promise<void> {
    for (const opening of this.#open.values()) await opening.then((archive) => archive.replan()).catch(() => undefined);
  }

  /** The workspace's name changed: its archive opens again under the new one when it is asked for. */
  async renamed(name: string, now: string): Promise<void> {
    const { settings } = this.#options;
    await this.close(name);
    if (settings.get().workspace === name) await settings.change((all) => ({ ...all, workspace: now }));
  }

  async close(name: string): Promise<void> {
    const opening = this.#open.get(name);
    this.#open.delete(name);
    this.#dead.delete(name);
    await (await opening?.catch(() => null))?.close();
    await this.#demos.get(name)?.stop();
    this.#demos.delete(name);
  }

  /** Stops every thread. */
  async closeAll(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#open.keys()].map((name) => this.close(name)));
    await this.#syncThread.stop();
  }

  #keep(name: string, opening: Promise<Archive>): Promise<Archive> {
    this.#open.set(name, opening);
    opening.catch(() => {
      if (this.#open.get(name) === opening) this.#open.delete(name);
    });
    return opening;
  }

  #opening(entry: Entry): Promise<Archive> {
    const { paths, readOnly } = this.#options;
    return openTelling(paths.archive(entry.file), readOnly !== null, (reading) => this.#openArchive(entry, reading));
  }

  async #openArchive(entry: Entry, readOnly: boolean): Promise<Archive> {
    const { paths, workspaces, log, syncByItself } = this.#options;
    const byItself = syncByItself && !readOnly;
    let died = false;
    const archive = await Archive.open({
      workspace: entry.name,
      path: paths.archive(entry.file),
      server: entry.api_url,
      dialect: entry.dialect,
      readOnly,
      byItself,
      paused: entry.paused,
      log,
      syncThread: this.#syncThread,
      connection: () => this.connection(entry.name),
      onDialect: (dialect) => this.#onDialect(entry.name, dialect),
      retention: () => workspaces.get(entry.name).retention,
      fetchRule: () => workspaces.get(entry.name).fetch_rule,
      syncEvery: () => (byItself ? this.syncEvery(workspaces.get(entry.name)) : 0),
      metered: () => workspaces.get(entry.name).metered,
      onDeath: (error) => {
        if (!died) this.#died(entry.name, error);
        died = true; // the death of one thread may bring others of the same archive down
      },
    });
    if (byItself) archive.begin();
    return archive;
  }

  /** Ends what is left of the archive and opens it again, unless it died a short while ago. */
  #died(name: string, error: AppError): void {
    const opening = this.#open.get(name);
    if (!opening) return; // it is being closed
    const now = performance.now();
    const again = now - (this.#deaths.get(name) ?? -Infinity) < SOON;
    this.#deaths.set(name, now);
    this.#open.delete(name);
    this.#options.log('error', 'archive lost a thread', { workspace: name, again, ...error.details });
    const ended = opening.then((archive) => archive.close()).catch(() => undefined);
    if (again)
      this.#dead.set(name, new AppError(error.code, error.message, { ...error.details, workspace: name, again: 1 }));
    else
      void this.#keep(
        name,
        ended.then(() => this.#opening(this.#options.workspaces.get(name))),
      ).catch(() => undefined);
  }

  async #onDialect(name: string, dialect: Entry['dialect']): Promise<void> {
    const { workspaces } = this.#options;
    const entry = workspaces.get(name);
    if (entry.dialect_source === 'chosen' || (entry.dialect_source === 'auto' && entry.dialect === dialect)) return;
    await workspaces.setDialect(name, dialect, 'auto');
    await (await this.get(name)).query.setDialect({ dialect });
  }
}
