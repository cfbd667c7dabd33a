/** What the whole window knows: the line to the core, workspaces, settings, and which workspace is open. */
import { CONTRACT_HASH } from '../../../src-main/contract/contract-hash.ts';
import type { WireError } from '../../../src-main/contract/errors.ts';
import { toAppError, type AppError } from '../../../src-main/contract/errors.ts';
import type { Candidate, Workspace } from '../../../src-main/contract/workspace.ts';
import { settingsSchema, type Settings } from '../../../src-main/contract/settings.ts';
import { notes } from './notes.svelte.ts';
import { openLink, type Api, type LinkState } from '../../client.ts';
import { startOf, type Start } from './start.ts';

type Hello = Awaited<ReturnType<Api['hello']>>;

const link = openLink();
export const api = link.api;

/** Stage of the start; nothing is drawn from the archive until `ready`. */
type Boot = 'starting' | 'ready' | 'failed';

class App {
  link = $state<LinkState>('connecting');
  boot = $state<Boot>('starting');
  hello = $state.raw<Hello | null>(null);
  /** what the window begins with; null: every run */
  start = $state.raw<Start | null>(null);
  workspaces = $state.raw<Workspace[]>([]);
  settings = $state.raw<Settings>(settingsSchema.parse({}));
  /** the open workspace's name */
  workspace = $state<string | null>(null);
  opening = $state(false);
  /** why the window or the workspace could not be opened */
  problem = $state.raw<AppError | null>(null);
  /** said by the core when it opened the archive, such as what was salvaged from a damaged one */
  notice = $state.raw<WireError | null>(null);
  /** servers found on this machine and not yet added */
  candidates = $state.raw<Candidate[]>([]);
  /** grows each time the connection to the core is up again */
  session = $state(0);

  /** workspaces that were replaced so far */
  private replaced = 0;

  current = $derived(this.workspaces.find((one) => one.name === this.workspace) ?? null);
  /** The workspace whose archive can be asked. Another object after each opening and each reconnection, so that effects that read it ask again. */
  ready = $derived.by(() => {
    void this.session;
    return this.workspace === null || this.opening || this.problem ? null : { workspace: this.workspace };
  });
  /** The core is of another build than this window, as after an update: calls may fail until the window is reloaded. */
  outdated = $derived(this.hello !== null && this.hello.contract !== CONTRACT_HASH);
  readOnly = $derived(this.hello?.read_only ?? null);
  utc = $derived(this.settings.time_zone === 'utc');
  /** IANA name of the zone that the window shows times in */
  zone = $derived(this.utc ? 'UTC' : Intl.DateTimeFormat().resolvedOptions().timeZone);
  /** seconds between two syncs of the open workspace; 0: only when asked */
  every = $derived(this.current?.sync_every ?? this.settings.sync_every);

  /** Registers the effect; call while the window's component is made. */
  follow(): void {
    $effect(() => this.listen());
  }

  private listen(): () => void {
    return link.onState((state) => {
      this.link = state;
      if (state === 'up') void this.greet();
    });
  }

  async greet(): Promise<void> {
    try {
      const hello = await api.hello({});
      if (!this.hello) this.start = startOf(hello);
      this.hello = hello;
      this.workspaces = hello.workspaces;
      this.settings = hello.settings;
      this.session += 1;
      const wanted = this.workspace ?? this.start?.place.workspace ?? hello.begin_with ?? hello.settings.workspace;
      const first =
        hello.workspaces.find((one) => one.name === wanted) ??
        hello.workspaces.find((one) => one.kind === 'server') ??
        hello.workspaces[0];
      this.boot = 'ready';
      if (first) await this.open(first.name);
      else this.workspace = null;
      await this.look();
    } catch (thrown) {
      const problem = toAppError(thrown);
      if (problem.code === 'DISCONNECTED') return; // the connection was lost again; `link` says so
      this.problem = problem;
      this.boot = 'failed';
    }
  }

  /** Reads the Prefect profiles of this machine; contacts no server. A failure leaves the list empty and is not shown. */
  async look(): Promise<void> {
    try {
      const known = new Set(this.workspaces.map((one) => one.api_url.replace(/\/+$/, '')));
      const found = await api['workspace.candidates']({});
      this.candidates = found.filter((one) => !known.has(one.api_url.replace(/\/+$/, '')));
    } catch (thrown) {
      if (toAppError(thrown).code !== 'DISCONNECTED') this.candidates = [];
    }
  }

  async open(name: string): Promise<void> {
    this.opening = true;
    this.problem = null;
    this.notice = null;
    this.workspace = name;
    try {
      const opened = await api['workspace.open']({ workspace: name });
      if (this.workspace !== name) return;
      this.replace(opened.workspace);
      this.notice = opened.notice;
    } catch (thrown) {
      if (this.workspace === name) this.problem = toAppError(thrown);
    } finally {
      if (this.workspace === name) this.opening = false;
    }
  }

  /** The archive is not open any more, and stays so until it is opened again. */
  closed(name: string, problem: AppError): void {
    if (this.workspace === name) this.problem = problem;
  }

  /** Opens a workspace that the person chose and saves it as the one to start with. */
  async choose(name: string): Promise<void> {
    await this.open(name);
    await this.save({ workspace: name });
  }

  replace(workspace: Workspace): void {
    this.replaced += 1;
    const known = this.workspaces.some((one) => one.name === workspace.name);
    this.workspaces = known
      ? this.workspaces.map((one) => (one.name === workspace.name ? workspace : one))
      : [...this.workspaces, workspace];
  }

  /** Reads names, sizes and counts of the workspaces again; without an answer the old ones stay. */
  async relist(): Promise<void> {
    const { replaced } = this;
    try {
      const list = await api['workspace.list']({});
      // a list that was read before a workspace changed would take the change back
      if (replaced === this.replaced) this.workspaces = list;
      else await this.relist();
    } catch (thrown) {
      notes.fail(thrown);
    }
  }

  async reload(): Promise<void> {
    this.workspaces = await api['workspace.list']({});
    await this.look();
  }

  /** Shows the change at once; a folder that cannot be written keeps it for this window only. */
  async save(change: Partial<Settings>): Promise<void> {
    this.settings = { ...this.settings, ...change };
    if (this.readOnly) return;
    try {
      this.settings = await api['settings.update'](change);
    } catch (thrown) {
      notes.fail(thrown);
    }
  }

  toggleSection(id: string): void {
    const closed = this.settings.closed_sections;
    const next = closed.includes(id) ? closed.filter((one) => one !== id) : [...closed, id];
    void this.save({ closed_sections: next });
  }
}

export const app = new App();
