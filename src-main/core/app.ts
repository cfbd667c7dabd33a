/**
 * The composition root: opens the data folder, puts the parts of the core together and answers the contract. Knows no shell: what a shell
 * must do comes in as `Shell`.
 */
import { contract } from '../contract/calls.ts';
import { toWireError, type WireError } from '../contract/errors.ts';
import { settingsSchema, type Settings } from '../contract/settings.ts';
import type { Channel } from '../rpc/channels.ts';
import type { Handlers } from '../contract/define.ts';
import { serve } from '../rpc/rpc.ts';
import type { Archive } from './archive/archive.ts';
import { Archives } from './archive/archives.ts';
import { Cases } from './cases/cases.ts';
import { diagnose, diagnosticsText } from './diagnostics.ts';
import { createHandlers } from './handlers.ts';
import { openDataFolder } from './files/data-folder.ts';
import { openJsonFile, type JsonFile } from './files/json-file.ts';
import { openLogFile, type LogFile } from './files/log-file.ts';
import { pathsIn, type Paths } from './files/paths.ts';
import { Presets } from './files/presets.ts';
import { fileSecrets, secretsOf } from './files/secrets.ts';
import type { Log, Shell } from './shell.ts';
import { VERSION } from './version.ts';
import type { KeptWatch } from './watches/kept-watch.ts';
import { openWatchFile, Watches } from './watches/watches.ts';
import type { ApiRequest } from '../local-api/bodies.ts';
import { Workspaces, type Entry } from './workspaces/workspaces.ts';

const ORDINARY_DEMO_RUNS = 20_000;

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
  /** ms; see `ArchivesOptions` */
  idleAfter?: number;
  lookEvery?: number;
  /** ms between two looks at watched presets; default 5 s */
  watchEvery?: number;
  /** µs; the clock of watched presets and their quiet hours */
  now?: () => number;
};

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
  readonly archives: Archives;
  readonly cases: Cases;
  readonly watches: Watches;
  /** the workspace a window begins with; null: as the settings say */
  beginWith: string | null = null;
  /** what a person must know of this start, such as a file that was set aside */
  readonly notices: WireError[];
  readonly handlers: Handlers<typeof contract>;
  readonly #options: AppOptions;
  readonly #logFile: LogFile;
  readonly #unlock: () => void;

  private constructor(
    options: AppOptions,
    parts: Pick<App, 'version' | 'paths' | 'workspaces' | 'presets' | 'settings' | 'readOnly' | 'notices'>,
    watched: JsonFile<KeptWatch[]>,
    unlock: () => void,
  ) {
    this.#options = options;
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
    const { paths, workspaces, settings, readOnly, log } = this;
    const syncByItself = options.syncOnOpen ?? true;
    this.archives = new Archives({
      paths,
      workspaces,
      settings,
      log,
      readOnly,
      syncByItself,
      idleAfter: options.idleAfter,
      lookEvery: options.lookEvery,
    });
    this.cases = new Cases(workspaces, this.archives);
    this.watches = new Watches({
      ...{ file: watched, presets: parts.presets, workspaces, archives: this.archives, settings, log, readOnly },
      shell: options.shell,
      every: options.watchEvery,
      now: options.now,
    });
    if (syncByItself) this.watches.begin();
    this.handlers = createHandlers(this);
  }

  /** Throws FOLDER_READ_ONLY or DISK_FULL when there is no folder and none can be made. */
  static async create(options: AppOptions): Promise<App> {
    const paths = pathsIn(options.dataDir);
    const { readOnly, notices, unlock } = await openDataFolder(paths);
    const inFile = await fileSecrets(paths.secrets, readOnly);
    const secrets = options.shell.secrets ? secretsOf(options.shell.secrets, inFile, readOnly) : inFile;
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
    const watched = await openWatchFile(paths.watches, readOnly);
    for (const { setAside } of [parts.workspaces, parts.presets, parts.settings, watched, secrets, inFile])
      if (setAside !== null && !notices.includes(setAside)) notices.push(setAside);
    parts.notices.push(...notices.map(toWireError));
    return new App(options, parts, watched, unlock);
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
  async api(workspace: string, request: ApiRequest): Promise<{ status: number; body: Uint8Array }> {
    return (await this.archives.get(workspace)).query.api(request);
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

  /** What a report of a fault needs, as text without secrets: see diagnostics.ts. */
  async diagnostics(): Promise<string> {
    return diagnosticsText(await diagnose(this, false));
  }

  /** See `Archives.get`. */
  archive(name: string): Promise<Archive> {
    return this.archives.get(name);
  }

  /** Opens a case file for the next window that greets. Throws what `Cases.open` throws. */
  async openCase(path: string): Promise<void> {
    this.beginWith = (await this.cases.open(path)).entry.name;
  }

  /** Stops every thread and lets the folder go. */
  async close(): Promise<void> {
    await this.watches.close();
    await this.archives.closeAll();
    await this.cases.close();
    this.#unlock();
    this.#logFile.close();
  }

  /** Logs what nobody caught, and has every window say so from its next greeting on. */
  fault(kind: string, thrown: unknown): void {
    const error = toWireError(thrown);
    this.log('error', kind, { message: error.message, stack: thrown instanceof Error ? thrown.stack : '' });
    if (this.notices.length < MAX_NOTICES) this.notices.push(error);
  }
}

export const createApp = (options: AppOptions): Promise<App> => App.create(options);
