/** Writing one case file: what it will hold, then how far it is. Giving up leaves no file. */
import { CASE_ENDING, type CaseContents } from '../../../src-main/contract/case-file.ts';
import { toAppError, type AppError } from '../../../src-main/contract/errors.ts';
import { columns } from '../question/columns.svelte.ts';
import { question } from '../question/question.svelte.ts';
import { api, app } from '../window/app.svelte.ts';
import { clock } from '../window/clock.svelte.ts';
import { exportName } from './export-name.ts';
import { receiveDownload } from './exports.svelte.ts';

type Step = { step: 'read' | 'write'; done: number; total: number };
type Done = { contents: CaseContents; unread: number; bytes: number; path: string; download: string | null };

export class CaseJob {
  readonly ids: readonly string[];
  /** null: being counted */
  contents = $state.raw<CaseContents | null>(null);
  /** runs whose logs are not kept here yet */
  unread = $state(0);
  activity = $state(true);
  /** with what was noted on the runs */
  notes = $state(true);
  step = $state.raw<Step | null>(null);
  done = $state.raw<Done | null>(null);
  error = $state.raw<AppError | null>(null);
  private abort = new AbortController();

  constructor(ids: readonly string[]) {
    this.ids = ids;
    void this.attempt(async (workspace) => {
      const { contents, unread } = await api['case.preview'](
        { workspace, ids: [...ids] },
        { signal: this.abort.signal },
      );
      this.contents = contents;
      this.unread = unread;
    });
  }

  async write(): Promise<void> {
    await this.attempt(async (workspace) => {
      const named = { workspace, preset: null, what: 'case', ending: CASE_ENDING } as const;
      const suggested = exportName(named, clock.read());
      const place = await api['export.choose']({ suggested });
      if (!place) return;
      this.step = { step: 'read', done: 0, total: 0 };
      const input = {
        workspace,
        ids: [...this.ids],
        query: $state.snapshot(question.query),
        columns: columns.fields,
        activity: this.activity,
        notes: this.notes,
        save: place.save,
      };
      for await (const item of api['case.write'](input, { signal: this.abort.signal })) {
        if (item.kind === 'progress') this.step = item;
        else this.done = item;
      }
      if (this.done?.download) receiveDownload(this.done.download);
    });
    this.step = null;
  }

  cancel(): void {
    this.abort.abort();
    this.abort = new AbortController();
  }

  private async attempt(work: (workspace: string) => Promise<void>): Promise<void> {
    if (app.workspace === null) return;
    this.error = null;
    try {
      await work(app.workspace);
    } catch (thrown) {
      const error = toAppError(thrown);
      if (error.code !== 'CANCELLED') this.error = error;
    }
  }
}
