/**
 * The composition root: opens the data folder, keeps the open archives and answers the contract. Knows no shell: what a
 * shell must do comes in as `Shell`.
 */
import { stat } from 'node:fs/promises';
import { contract } from '../contract/calls.ts';
import { AppError, toWireError, type WireError } from '../contract/errors.ts';
import { settingsSchema, type Settings, type Workspace } from '../contract/rows.ts';
import type { Channel } from '../rpc/channels.ts';
import type { Handlers } from '../contract/define.ts';
import { serve } from '../rpc/rpc.ts';
import { Archive } from './archive/archive.ts';
import { createHandlers } from './handlers.ts';
import { openTelling } from './archive/damage.ts';
import { openDataFolder } from './files/data-folder.ts';
import { openJsonFile, type JsonFile } from './files/json-file.ts';
import { keepOutOfLogs, openLogFile, type LogFile } from './files/log-file.ts';
import { pathsIn, type Paths } from './files/paths.ts';
import { Presets } from './files/presets.ts';
import { fileSecrets, secretsOf } from './files/secrets.ts';
import type { Log, Shell } from './shell.ts';
import { VERSION } from './version.ts';
import { startWorker, type Started } from './workers/start-worker.ts';
import { demoContract, type ApiRequest, type Connection } from './workers/contracts.ts';
import { describe, Workspaces, type Entry } from './workspaces/workspaces.ts';

export const ORDINARY_DEMO_RUNS = 20_000;

export type AppOptions = {
  dataDir: string;
  shell: Shell;
  log: Log;
  /** runs in the demo workspace; default 20,000 */
  demoRuns?: number;
  /** environment variables that a person named on a command line */
  variables?: readonly string[];
  /** start a sync when a workspace is opened. Off for commands that only read. */
  syncOnOpen?: boolean;
  /** a window will come, and say whether the network is metered: no pass starts by itself before */
  windowComes?: boolean;
};

/** ms; who only uses the local API has no window, and one that has not come by then may never. */
const WINDOW_LATE = 15_000;

/** Calls and streams open at once in one window, which needs about 10; 5,000 open streams took 660 MB. */
const MAX_CALLS = 256;

const MAX_NOTICES = 20;

export class App {
  readonly version: string;
  readonly paths: Paths;
  readonly shell: Shell;
  readonly log: Log;
  readonly workspaces: Workspaces;
  readonly presets: Presets;
  readonly settings: JsonFile<Settings>;
  readonly readOnly: WireError | null;
  /** what a person must know of this start, such as a file that was set aside */
  readonly notices: WireError[];
  readonly handlers: Handlers<typeof contract>;
  readonly #options: AppOptions;
  readonly #logFile: LogFile;
  readonly #unlock: () => void;
  readonly #archives = new Map<string, Promise<Archive>>();
  readonly #demos = new Map<string, Started<typeof demoContract>>();
  #network = { metered: false };
  readonly #window: Promise<void>;
  #windowCame: () => void = () => undefined;
  #closed = false;

  private constructor(
    options: AppOptions,
    parts: Pick<App, 'version' | 'paths' | 'workspaces' | 'presets' | 'settings' | 'readOnly' | 'notices'>,
    unlock: () => void,
  ) {
    this.#options = options;
    this.#window = new Promise((resolve) => {
      if (!options.windowComes) return resolve();
      const late = setTimeout(resolve, WINDOW_LATE);
      late.unref();
      this.#windowCame = () => {
        clearTimeout(late);
        resolve();
      };
    });
    this.#unlock = unlock;
    this.shell = options.shell;
    this.#logFile = openLogFile(parts.paths.log);
    this.log = (...entry) => {
      options.log(...entry);
      this.#logFile.log(...entry);
    };
    this.version = parts.version;
    this.paths = parts.paths;
    this.workspaces = parts.workspaces;
    this.presets = parts.presets;
    this.settings = parts.settings;
    this.readOnly = parts.readOnly;
    this.notices = parts.notices;
    for (const { code, message } of this.notices) this.#logFile.log('warn', 'data folder', { code, message });
    this.handlers = createHandlers(this);
  }

  /** Throws FOLDER_READ_ONLY or DISK_FULL when there is no folder and none can be made. */
  static async create(options: AppOptions): Promise<App> {
    const paths = pathsIn(options.dataDir);
    const { readOnly, notices, unlock } = await openDataFolder(paths);
    const inFile = await fileSecrets(paths.secrets, readOnly);
    const secrets = options.shell.secrets ? secretsOf(options.shell.secrets, inFile) : inFile;
    const parts = {
      version: VERSION,
      paths,
      readOnly: readOnly && toWireError(readOnly),
      workspaces: await Workspaces.open(paths.workspaces, secrets, readOnly),
      presets: await Presets.open(paths.presets, readOnly),
      settings: await openJsonFile(paths.settings, settingsSchema, settingsSchema.parse({}), {
        holds: 'settings',
        readOnly,
      }),
      notices: [] as WireError[],
    };
    for (const { setAside } of [parts.workspaces, parts.presets, parts.settings, secrets, inFile])
      if (setAside !== null && !notices.includes(setAside)) notices.push(setAside);
    parts.notices.push(...notices.map(toWireError));
    return new App(options, parts, unlock);
  }

  /** Answers one window's frames until its channel closes. */
  serve(channel: Channel): () => void {
    return serve(contract, this.handlers, channel, {
      maxCalls: MAX_CALLS,
      onInternalError: (name, thrown) =>
        this.log('error', 'call failed', {
          name,
          message: String(thrown),
          stack: thrown instanceof Error ? thrown.stack : '',
        }),
    });
  }

  /** The local API: Prefect's own endpoints over the archive, read-only. */
  async api(workspace: string, request: ApiRequest): Promise<{ status: number; body: string | Uint8Array }> {
    return (await this.archive(workspace)).query.api(request);
  }

  /** Environment variables that a person has named: on a command line, now or when a workspace was added. */
  get variables(): Set<string> {
    const kept = this.workspaces.list().flatMap(({ auth }) => (auth.kind === 'env' ? [auth.variable] : []));
    return new Set([...(this.#options.variables ?? []), ...kept]);
  }

  /** The demo workspace of this run of the program, made if needed. */
  ensureDemo(): Promise<Entry> {
    return this.workspaces.demo(this.#options.demoRuns ?? ORDINARY_DEMO_RUNS, ORDINARY_DEMO_RUNS);
  }

  /** Opens the archive on first use; a failed opening is tried again at the next call. */
  archive(name: string): Promise<Archive> {
    if (this.#closed) return Promise.reject(new AppError('DISCONNECTED', 'Taskscope is closing'));
    const known = this.#archives.get(name);
    if (known) return known;
    const opening = this.#open(this.workspaces.get(name));
    this.#archives.set(name, opening);
    opening.catch(() => this.#archives.delete(name));
    return opening;
  }

  /** The archive if it is open, without opening it. */
  opened(name: string): Promise<Archive> | null {
    return this.#archives.get(name) ?? null;
  }

  /** What the window may know of a workspace; the count is known once the archive is open. */
  async describe(entry: Entry): Promise<Workspace> {
    const path = this.paths.archive(entry.file);
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
    const count = archive ? (await archive.query.stats({})).task_runs : null;
    return describe(entry, { task_runs: count, bytes: bytes || null, sync_every: this.syncEvery(entry) });
  }

  /** Where the entry's server is now: the demo's has a new port at every start. */
  async connection(name: string): Promise<Connection> {
    const entry = this.workspaces.get(name);
    const connection = await this.workspaces.connection(entry);
    keepOutOfLogs(connection.auth, connection.headers);
    if (!entry.demo) return connection;
    let demo = this.#demos.get(name);
    if (!demo) {
      demo = startWorker('demo', demoContract, { data: entry.demo, log: this.log });
      this.#demos.set(name, demo);
    }
    return { ...connection, api_url: (await demo.client.address({})).api_url };
  }

  /** A setting about syncing changed. */
  async replanSyncs(): Promise<void> {
    for (const opening of this.#archives.values()) (await opening).replan();
  }

  /** Seconds between two syncs of it by the clock; 0: only when asked. */
  syncEvery({ sync_every }: Entry): number {
    return sync_every ?? this.settings.get().sync_every;
  }

  /** A window is here, and has said what it knows of the network. */
  greeted(): void {
    this.#windowCame();
  }

  /** What a window says of the machine's network. */
  async setNetwork(network: { metered: boolean }): Promise<void> {
    if (this.#network.metered === network.metered) return;
    this.#network = network;
    await this.replanSyncs();
  }

  /** What was open under the old name opens again under the new one when it is asked for. */
  async renamed(name: string, now: string): Promise<void> {
    await this.closeArchive(name);
    if (this.settings.get().workspace === name)
      await this.settings.change((settings) => ({ ...settings, workspace: now }));
  }

  async closeArchive(name: string): Promise<void> {
    const archive = await this.#archives.get(name)?.catch(() => null);
    this.#archives.delete(name);
    await archive?.close();
    await this.#demos.get(name)?.stop();
    this.#demos.delete(name);
  }

  /** Stops every thread and lets the folder go. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#archives.keys()].map((name) => this.closeArchive(name)));
    this.#unlock();
    this.#logFile.close();
  }

  /** Logs what nobody caught, and has every window say so from its next greeting on. */
  fault(kind: string, thrown: unknown): void {
    const error = toWireError(thrown);
    this.log('error', kind, { message: error.message, stack: thrown instanceof Error ? thrown.stack : '' });
    if (this.notices.length < MAX_NOTICES) this.notices.push(error);
  }

  #open(entry: Entry): Promise<Archive> {
    const path = this.paths.archive(entry.file);
    return openTelling(path, this.readOnly !== null, (readOnly) => this.#openArchive(entry, readOnly));
  }

  async #openArchive(entry: Entry, readOnly: boolean): Promise<Archive> {
    const byItself = (this.#options.syncOnOpen ?? true) && !readOnly;
    const archive = await Archive.open({
      workspace: entry.name,
      path: this.paths.archive(entry.file),
      dialect: entry.dialect,
      readOnly,
      byItself,
      paused: entry.paused,
      log: this.log,
      connection: () => this.connection(entry.name),
      onDialect: (dialect) => this.#onDialect(entry.name, dialect),
      keeping: () => this.workspaces.get(entry.name).keeping,
      fetchRule: () => this.workspaces.get(entry.name).fetch_rule,
      syncEvery: () => (byItself ? this.syncEvery(this.workspaces.get(entry.name)) : 0),
      metered: () => {
        const { metered } = this.workspaces.get(entry.name);
        return metered === 'always' || (metered === 'auto' && this.#network.metered);
      },
    });
    if (byItself) void this.#window.then(() => archive.begin());
    return archive;
  }

  async #onDialect(name: string, dialect: Entry['dialect']): Promise<void> {
    const entry = this.workspaces.get(name);
    if (entry.dialect_source === 'chosen' || (entry.dialect_source === 'auto' && entry.dialect === dialect)) return;
    await this.workspaces.setDialect(name, dialect, 'auto');
    await (await this.archive(name)).query.setDialect({ dialect });
  }
}

export const createApp = (options: AppOptions): Promise<App> => App.create(options);
