/**
 * The open archives by the names of their workspaces: opened on first use, opened again once when a thread of theirs dies, closed when
 * nobody has used them for a while and when their file is gone.
 */
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { AppError, toAppError, type WireError } from '../../contract/errors.ts';
import type { Workspace } from '../../contract/workspace.ts';
import type { Settings } from '../../contract/settings.ts';
import type { Connection } from '../../prefect/connection.ts';
import type { SalvageProgress } from '../../store/file/salvage.ts';
import { makePrivateFolder } from '../../store/file/private.ts';
import type { JsonFile } from '../files/json-file.ts';
import type { Paths } from '../files/paths.ts';
import type { Log } from '../shell.ts';
import { demoContract } from '../workers/contracts.ts';
import { startWorker, type Started } from '../workers/start-worker.ts';
import { SyncThread } from '../workers/sync-thread.ts';
import { describe, type Entry, type Workspaces } from '../workspaces/workspaces.ts';
import { keepOutOfLogs } from '../files/log-file.ts';
import { Archive } from './archive.ts';
import { Latest } from './latest.ts';
import { openTelling } from './damage.ts';

/** ms; a second death within this time is no accident: the archive stays closed until a person opens it again */
const SOON = 60_000;
/** ms for which an archive that nobody uses keeps its threads and its index, so that switching back is quick */
const IDLE_AFTER = 600_000;
/** ms between two looks at what is open */
const LOOK_EVERY = 5000;

type ArchivesOptions = {
  paths: Paths;
  workspaces: Workspaces;
  settings: JsonFile<Settings>;
  log: Log;
  /** why nothing may be written; null: it may */
  readOnly: WireError | null;
  /** a sync starts when an archive is opened, and then by the clock */
  syncByItself: boolean;
  /** ms after which an archive that nobody uses or watches is closed, unless it syncs by itself; default 10 minutes */
  idleAfter?: number;
  /** ms between two looks for such archives and for files that are gone; default 5 s */
  lookEvery?: number;
};

export class Archives {
  readonly #options: ArchivesOptions;
  readonly #open = new Map<string, Promise<Archive>>();
  readonly #demos = new Map<string, Started<typeof demoContract>>();
  readonly #syncThread: SyncThread;
  /** by workspace: when a thread last died, ms by `performance.now` */
  readonly #deaths = new Map<string, number>();
  /** archives that are being closed because nobody uses them */
  readonly #closing = new Map<string, Promise<void>>();
  /** ends openings */
  readonly #openings = new Map<string, AbortController>();
  /** by workspace: how far its damaged archive has been saved */
  readonly #salvages = new Map<string, Latest<SalvageProgress | null>>();
  /** workspaces that stay closed, and why */
  readonly #dead = new Map<string, AppError>();
  /** by workspace: ms by `performance.now` of the last use, and by how many it is watched */
  readonly #uses = new Map<string, { at: number; watched: number }>();
  readonly #looks: NodeJS.Timeout;
  #closed = false;

  constructor(options: ArchivesOptions) {
    this.#options = options;
    this.#syncThread = new SyncThread(options.log);
    this.#looks = setInterval(() => void this.#look(), options.lookEvery ?? LOOK_EVERY);
    this.#looks.unref();
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
    this.#use(name).at = performance.now();
    const known = this.#open.get(name);
    if (known) return known;
    const entry = this.#options.workspaces.get(name);
    const closing = this.#closing.get(name) ?? Promise.resolve();
    return this.#keep(
      name,
      closing.then(() => this.#opening(entry)),
    );
  }

  /** The archive if it is open, without opening it; null as well when its opening fails. */
  async opened(name: string): Promise<Archive | null> {
    return (await this.#open.get(name)?.catch(() => null)) ?? null;
  }

  /** The archive if it is open at this moment; null while it is being opened, which takes minutes when a damaged one is saved. */
  openNow(name: string): Promise<Archive | null> {
    const moment = new Promise<null>((resolve) => setImmediate(resolve, null));
    return Promise.race([this.opened(name), moment]);
  }

  /** How far the workspace's damaged archive has been saved while it is being opened; null: it is not. */
  salvage(name: string): Latest<SalvageProgress | null> {
    const known = this.#salvages.get(name) ?? new Latest<SalvageProgress | null>(null);
    this.#salvages.set(name, known);
    return known;
  }

  /** Ends saving what can be read of a damaged archive: the file stays as it is, and closed until a person opens it again. */
  async stopSalvage(name: string): Promise<void> {
    if (this.salvage(name).get() === null) return;
    const path = this.#options.paths.archive(this.#options.workspaces.get(name).file);
    const closed = this.#closeFirst(name, stopped(path));
    this.#dead.set(name, stopped(path));
    await closed;
  }

  /** Counts the workspace as used until the returned function is called. */
  hold(name: string): () => void {
    const use = this.#use(name);
    use.watched++;
    return () => {
      use.watched--;
      use.at = performance.now();
    };
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
    const archive = await this.openNow(entry.name);
    const stats = await archive?.query.stats({}).catch(() => null);
    return describe(entry, {
      task_runs: stats?.task_runs ?? null,
      prefect: stats?.prefect ?? null,
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
      const onDeath = (error: AppError) => {
        this.#demos.delete(name);
        this.#died(name, error); // the next one has another address, and the sync and the events under way know the old one
      };
      demo = startWorker('demo', demoContract, { data: entry.demo, log, onDeath });
      this.#demos.set(name, demo);
    }
    return { ...connection, api_url: (await demo.client.address({})).api_url };
  }

  /** Seconds between two syncs by the clock; 0: only when asked. */
  syncEvery({ sync_every }: Pick<Entry, 'sync_every'>): number {
    return sync_every ?? this.#options.settings.get().sync_every;
  }

  /** A setting about syncing changed. An archive that is still being opened, or cannot be, holds nobody up. */
  replan(): void {
    for (const opening of this.#open.values()) void opening.then((archive) => archive.replan()).catch(() => undefined);
  }

  /** The workspace's name changed: its archive opens again under the new one when it is asked for. */
  async renamed(name: string, now: string): Promise<void> {
    const { settings } = this.#options;
    await this.close(name);
    if (settings.get().workspace === name) await settings.change((all) => ({ ...all, workspace: now }));
  }

  /** `why`: what those who wait for its opening are told. */
  async close(name: string, why = new AppError('DISCONNECTED', 'the archive is being closed')): Promise<void> {
    const opening = this.#open.get(name);
    this.#open.delete(name);
    this.#dead.delete(name);
    this.#openings.get(name)?.abort(why);
    await (await opening?.catch(() => null))?.close();
    await this.#demos.get(name)?.stop();
    this.#demos.delete(name);
  }

  /** Stops every thread, that of a demo whose archive is closed among them. */
  async closeAll(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#looks);
    const names = new Set([...this.#open.keys(), ...this.#demos.keys()]);
    await Promise.all([...Array.from(names, (name) => this.close(name)), ...this.#closing.values()]);
    await this.#syncThread.stop();
  }

  #use(name: string): { at: number; watched: number } {
    const known = this.#uses.get(name) ?? { at: performance.now(), watched: 0 };
    this.#uses.set(name, known);
    return known;
  }

  /** Closes archives that nobody uses and those that have lost their file. A call that comes while an archive is closing waits, and then opens it again. */
  async #look(): Promise<void> {
    const { idleAfter = IDLE_AFTER, log } = this.#options;
    for (const [name, opening] of this.#open) {
      const archive = await opening.catch(() => null);
      if (!archive || this.#open.get(name) !== opening) continue;
      const { path } = archive;
      const file = await identity(path);
      if (this.#open.get(name) !== opening) continue;
      const { at, watched } = this.#use(name);
      if (file !== archive.file) {
        const gone = new AppError('ARCHIVE_REMOVED', `${path} was deleted or replaced while it was open`, { path });
        log('error', 'archive file is gone', { workspace: name, path });
        const closed = this.#closeFirst(name);
        this.#dead.set(name, gone);
        archive.end(gone);
        await closed;
      } else if (watched === 0 && archive.idle && performance.now() - at > idleAfter) {
        log('info', 'archive closed: nobody uses it', { workspace: name });
        await this.#closeFirst(name);
      }
    }
  }

  /** Closes an archive. A call for it that comes meanwhile opens it again afterwards. */
  #closeFirst(name: string, why?: AppError): Promise<void> {
    return this.#first(name, this.close(name, why));
  }

  /** What comes next for the archive waits for this work that closes it. */
  async #first(name: string, work: Promise<void>): Promise<void> {
    const closed = work.catch((thrown: unknown) => this.#note('archive not closed cleanly', name, thrown));
    this.#closing.set(name, closed);
    await closed;
    if (this.#closing.get(name) === closed) this.#closing.delete(name);
  }

  #keep(name: string, opening: Promise<Archive>): Promise<Archive> {
    this.#open.set(name, opening);
    opening.catch(() => {
      if (this.#open.get(name) === opening) this.#open.delete(name);
    });
    return opening;
  }

  async #opening(entry: Entry): Promise<Archive> {
    const { paths, readOnly } = this.#options;
    const path = paths.archive(entry.file);
    const ours = entry.kind !== 'case';
    if (readOnly === null && ours) makePrivateFolder(dirname(path)); // it may have been deleted since the start
    try {
      return await openTelling(path, readOnly !== null || !ours, (reading) => this.#openArchive(entry, reading));
    } finally {
      this.salvage(entry.name).set(null);
    }
  }

  async #openArchive(entry: Entry, readOnly: boolean): Promise<Archive> {
    const { paths, workspaces, log, syncByItself } = this.#options;
    const byItself = syncByItself && !readOnly;
    let died = false;
    const wanted = new AbortController();
    this.#openings.set(entry.name, wanted);
    const archive = await Archive.open({
      workspace: entry.name,
      path: paths.archive(entry.file),
      server: entry.api_url,
      dialect: entry.dialect,
      readOnly,
      foreign: entry.kind === 'case',
      byItself,
      paused: entry.paused,
      log,
      signal: wanted.signal,
      onSalvage: (progress) => this.salvage(entry.name).set(progress),
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
    archive.file = await identity(paths.archive(entry.file));
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
    this.#options.log('error', 'archive is opened again', { workspace: name, again, ...error.details });
    const ended = this.#first(
      name,
      opening.then((archive) => {
        archive.end(error); // those who watch look for what comes next
        return archive.close();
      }),
    );
    if (again)
      this.#dead.set(name, new AppError(error.code, error.message, { ...error.details, workspace: name, again: 1 }));
    else
      void this.#keep(
        name,
        ended.then(async () => {
          const archive = await this.#opening(this.#options.workspaces.get(name));
          archive.tellReopened(error);
          return archive;
        }),
      ).catch((thrown: unknown) => this.#note('archive not opened again', name, thrown)); // who asks for it next is told
  }

  #note(message: string, workspace: string, thrown: unknown): void {
    const error = toAppError(thrown);
    this.#options.log('error', message, { workspace, code: error.code, message: error.message });
  }

  async #onDialect(name: string, dialect: Entry['dialect']): Promise<void> {
    const { workspaces } = this.#options;
    const entry = workspaces.get(name);
    if (entry.dialect_source === 'chosen' || (entry.dialect_source === 'auto' && entry.dialect === dialect)) return;
    await workspaces.setDialect(name, dialect, 'auto');
    await (await this.get(name)).query.setDialect({ dialect });
  }
}

const stopped = (path: string): AppError =>
  new AppError('ARCHIVE_DAMAGED', `saving what can be read of ${path} was stopped`, {
    path,
    advice: `Saving what can be read was stopped, and ${path} was not changed. Opening the workspace again begins anew.`,
  });

/** Tells a file from another one that has taken its place; null when there is none. */
const identity = (path: string): Promise<string | null> =>
  stat(path).then(
    ({ dev, ino }) => `${dev}:${ino}`,
    () => null,
  );
