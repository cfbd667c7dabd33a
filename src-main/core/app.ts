/**
 * The composition root: opens the data folder, puts the parts of the core together and answers the contract. Knows no shell: what a shell
 * must do comes in as `Shell`.
 */
import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { contract } from '../contract/calls.ts';
import { toAppError, toWireError, type WireError } from '../contract/errors.ts';
import { settingsSchema, type Settings } from '../contract/rows.ts';
import type { Channel } from '../rpc/channels.ts';
import type { Handlers } from '../contract/define.ts';
import { serve } from '../rpc/rpc.ts';
import { lockFolder } from '../store/file/lock.ts';
import type { Archive } from './archive/archive.ts';
import { Archives } from './archive/archives.ts';
import { createHandlers } from './handlers.ts';
import { fileError, openJsonFile, type JsonFile } from './files/json-file.ts';
import { pathsIn, type Paths } from './files/paths.ts';
import { Presets } from './files/presets.ts';
import { fileSecrets, secretsOf } from './files/secrets.ts';
import type { Log, Shell } from './shell.ts';
import { VERSION } from './version.ts';
import type { ApiRequest } from './workers/contracts.ts';
import { Workspaces, type Entry } from './workspaces/workspaces.ts';

export const ORDINARY_DEMO_RUNS = 20_000;

export type AppOptions = {
  dataDir: string;
  shell: Shell;
  log: Log;
  /** runs in the demo workspace; default 20,000 */
  demoRuns?: number;
  /** start a sync when a workspace is opened. Off for commands that only read. */
  syncOnOpen?: boolean;
};

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
  readonly handlers: Handlers<typeof contract>;
  readonly #options: AppOptions;
  readonly #unlock: () => void;

  private constructor(
    options: AppOptions,
    parts: Pick<App, 'version' | 'paths' | 'workspaces' | 'presets' | 'settings' | 'readOnly'>,
    unlock: () => void,
  ) {
    this.#options = options;
    this.#unlock = unlock;
    this.shell = options.shell;
    this.log = options.log;
    this.version = parts.version;
    this.paths = parts.paths;
    this.workspaces = parts.workspaces;
    this.presets = parts.presets;
    this.settings = parts.settings;
    this.readOnly = parts.readOnly;
    const { paths, workspaces, settings, readOnly, log } = this;
    const syncByItself = options.syncOnOpen ?? true;
    this.archives = new Archives({ paths, workspaces, settings, log, readOnly, syncByItself });
    this.handlers = createHandlers(this);
  }

  /** Throws FOLDER_READ_ONLY or DISK_FULL when there is no folder and none can be made. */
  static async create(options: AppOptions): Promise<App> {
    const paths = pathsIn(options.dataDir);
    let readOnly: WireError | null = null;
    let unlock = () => undefined as void;
    try {
      await mkdir(join(paths.archive('x'), '..'), { recursive: true }).catch((thrown: NodeJS.ErrnoException) => {
        throw fileError(thrown, paths.dataDir);
      });
      unlock = lockFolder(paths.dataDir).release;
    } catch (thrown) {
      const error = toAppError(thrown);
      const readable = await stat(paths.workspaces).then(
        () => true,
        () => false,
      );
      if (!readable || (error.code !== 'FOLDER_IN_USE' && error.code !== 'FOLDER_READ_ONLY')) throw error;
      readOnly = toWireError(error);
    }
    const asReader = { readOnly: readOnly !== null };
    const inFile = await fileSecrets(paths.secrets);
    const secrets = options.shell.secrets ? secretsOf(options.shell.secrets, inFile) : inFile;
    const parts = {
      version: VERSION,
      paths,
      readOnly,
      workspaces: await Workspaces.open(paths.workspaces, secrets, asReader.readOnly),
      presets: await Presets.open(paths.presets, asReader.readOnly),
      settings: await openJsonFile(paths.settings, settingsSchema, settingsSchema.parse({}), asReader),
    };
    return new App(options, parts, unlock);
  }

  /** Answers one window's frames until its channel closes. */
  serve(channel: Channel): () => void {
    return serve(contract, this.handlers, channel, {
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

  /** The demo workspace of this run of the program, made if needed. */
  ensureDemo(): Promise<Entry> {
    return this.workspaces.demo(this.#options.demoRuns ?? ORDINARY_DEMO_RUNS, ORDINARY_DEMO_RUNS);
  }

  /** See `Archives.get`. */
  archive(name: string): Promise<Archive> {
    return this.archives.get(name);
  }

  /** Stops every thread and lets the folder go. */
  async close(): Promise<void> {
    await this.archives.closeAll();
    this.#unlock();
  }
}

export const createApp = (options: AppOptions): Promise<App> => App.create(options);
