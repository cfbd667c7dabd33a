/** The exports since the window was opened, several at once. Giving one up removes what was written. */
import { toAppError, type AppError } from '../../../src-main/contract/errors.ts';
import { makesFolder, type ExportOptions } from '../../../src-main/contract/export.ts';
import type { Query } from '../../../src-main/contract/query.ts';
import { api, app } from '../window/app.svelte.ts';
import { notes } from '../window/notes.svelte.ts';

/** What is exported: enough to do it again. `result`: the answer on screen, whose rows are written; null: the query is asked anew. */
export type ExportRequest = {
  workspace: string;
  query: Query;
  result: string | null;
  options: ExportOptions;
  suggested: string;
};
type Place = { save: string; path: string };

export class ExportJob {
  readonly id: number;
  readonly request: ExportRequest;
  phase = $state<'running' | 'done' | 'failed' | 'cancelled'>('running');
  rows = $state(0);
  /** null: not known */
  total = $state<number | null>(null);
  bytes = $state(0);
  /** cells of a sheet whose text was longer than a cell holds */
  cut = $state(0);
  path = $state('');
  /** the browser received the file, under the name at the end of `path`; null: it lies at `path` */
  download = $state<string | null>(null);
  error = $state.raw<AppError | null>(null);
  /** seconds it has run, or took */
  seconds = $state(0);
  /** names the place for the core */
  readonly save: string;
  private readonly abort = new AbortController();

  constructor(id: number, request: ExportRequest, { save, path }: Place) {
    this.id = id;
    this.request = request;
    this.save = save;
    this.path = path;
    void this.run();
  }

  /** 0 to 1; null: not known */
  get share(): number | null {
    return this.total === null ? null : this.total === 0 ? 1 : this.rows / this.total;
  }

  cancel(): void {
    this.abort.abort();
  }

  private async run(): Promise<void> {
    const begun = performance.now();
    const { workspace, query, result, options } = this.request;
    const { save, abort } = this;
    try {
      const items = api['export.run']({ ...options, workspace, query, result, save }, { signal: abort.signal });
      for await (const item of items) {
        this.rows = item.rows;
        this.bytes = item.bytes;
        this.seconds = (performance.now() - begun) / 1000;
        if (item.kind === 'progress') this.total = item.total;
        else {
          this.path = item.path;
          this.cut = item.cut;
          this.download = item.download;
          this.phase = 'done';
          if (item.download !== null) receiveDownload(item.download);
        }
      }
      if (this.phase === 'running') this.phase = 'cancelled';
    } catch (thrown) {
      const error = toAppError(thrown);
      this.phase = error.code === 'CANCELLED' ? 'cancelled' : 'failed';
      this.error = error.code === 'CANCELLED' ? null : error;
    }
  }
}

class Exports {
  jobs = $state.raw<readonly ExportJob[]>([]);
  running = $derived(this.jobs.filter((job) => job.phase === 'running'));
  private next = 1;

  /** Asks where to save and starts. false: the person closed that dialog. Throws what `export.choose` throws. */
  async start(request: ExportRequest): Promise<boolean> {
    const { suggested, options } = request;
    const place = await api['export.choose']({ suggested, folder: makesFolder(options) });
    if (!place) return false;
    this.jobs = [new ExportJob(this.next++, request, place), ...this.jobs];
    return true;
  }

  /** The same runs, asked anew, into the same file; where files are downloaded, into another one. */
  async again(job: ExportJob): Promise<void> {
    const request = { ...job.request, result: null };
    await notes.attempt(async () => {
      if (job.download !== null || !app.hello?.capabilities.save_dialog) await this.start(request);
      else this.jobs = [new ExportJob(this.next++, request, job), ...this.jobs];
    });
  }

  remove(job: ExportJob): void {
    this.jobs = this.jobs.filter((one) => one !== job);
  }

  async reveal(job: ExportJob): Promise<void> {
    await notes.attempt(async () => {
      await api['shell.revealFile']({ path: job.path });
    });
  }

  async open(job: ExportJob): Promise<void> {
    await notes.attempt(async () => {
      await api['shell.openFile']({ path: job.path });
    });
  }
}

/** The browser shell hands the file over at an address that works once. */
export function receiveDownload(address: string): void {
  const link = document.createElement('a');
  link.href = address;
  link.download = '';
  link.click();
}

export const exportJobs = new Exports();
