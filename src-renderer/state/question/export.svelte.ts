/** One export, from the choice of a place to the finished file. Giving up removes what was written. */
import { toAppError, type AppError } from '../../../src-main/contract/errors.ts';
import type { Query } from '../../../src-main/contract/query.ts';
import { api } from '../window/app.svelte.ts';
import { notes } from '../window/notes.svelte.ts';

export class ExportJob {
  phase = $state<'idle' | 'asking' | 'running' | 'done' | 'failed'>('idle');
  rows = $state(0);
  total = $state(0);
  bytes = $state(0);
  path = $state('');
  /** the browser received the file, under the name at the end of `path`; null: it lies at `path` */
  download = $state<string | null>(null);
  error = $state.raw<AppError | null>(null);
  private abort: AbortController | null = null;

  /** `columns`: field paths; null is the core's default set */
  async run(
    workspace: string,
    query: Query,
    columns: string[] | null,
    suggested: string,
    spreadsheet: boolean,
  ): Promise<void> {
    this.phase = 'asking';
    this.error = null;
    const abort = new AbortController();
    this.abort = abort;
    try {
      const place = await api['export.choose']({ suggested }, { signal: abort.signal });
      if (!place) {
        this.phase = 'idle';
        return;
      }
      this.path = place.path;
      this.rows = this.total = this.bytes = 0;
      this.phase = 'running';
      const input = { workspace, query, columns, save: place.save, safe: spreadsheet, bom: spreadsheet };
      for await (const item of api['export.run'](input, { signal: abort.signal })) {
        this.rows = item.rows;
        this.bytes = item.bytes;
        if (item.kind === 'progress') this.total = item.total ?? 0;
        else {
          this.path = item.path;
          this.download = item.download;
          this.phase = 'done';
          if (item.download) receive(item.download);
        }
      }
    } catch (thrown) {
      const error = toAppError(thrown);
      this.phase = error.code === 'CANCELLED' ? 'idle' : 'failed';
      this.error = error.code === 'CANCELLED' ? null : error;
    }
  }

  cancel(): void {
    this.abort?.abort();
  }

  async reveal(): Promise<void> {
    await notes.attempt(async () => {
      await api['shell.revealFile']({ path: this.path });
    });
  }
}

/** The browser shell hands the file over at an address that works once. */
function receive(address: string): void {
  const link = document.createElement('a');
  link.href = address;
  link.download = '';
  link.click();
}
