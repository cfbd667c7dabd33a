/** The kept logs of all task runs of a flow run as one log by time, and fetching those that are not kept. */
import { toAppError, type AppError } from '../../../src-main/contract/errors.ts';
import { byTimeAndId, type LogLine } from '../../../src-main/contract/run.ts';
import { nextTask } from '../../scheduling.ts';
import { api } from '../window/app.svelte.ts';

export class FlowRunLogs {
  lines = $state.raw<LogLine[]>([]);
  /** task runs looked at, and of these, those whose logs are kept */
  done = $state(0);
  kept = $state(0);
  /** task runs of which only the first lines are shown */
  cut = $state(0);
  /** there are more lines than are shown at once */
  full = $state(false);
  reading = $state(true);
  fetching = $state.raw<{ done: number; of: number } | null>(null);
  problem = $state.raw<AppError | null>(null);
  private readonly abort = new AbortController();
  private fetch: AbortController | null = null;
  private readonly workspace: string;
  private readonly id: string;
  private readonly nameOf: (run: string) => string;

  /** `nameOf`: of a task run, by its id; each line begins with it. */
  constructor(workspace: string, id: string, nameOf: (run: string) => string) {
    this.workspace = workspace;
    this.id = id;
    this.nameOf = nameOf;
    void this.read();
  }

  /** From the server, for all its task runs whose logs are not kept; they are kept from then on. */
  async fetchMissing(): Promise<void> {
    const abort = (this.fetch = new AbortController());
    this.fetching = { done: 0, of: 0 };
    this.problem = null;
    const query = { where: { field: 'flow_run_id', in: [this.id] }, sort: [] };
    try {
      for await (const progress of api['run.fetch']({ workspace: this.workspace, query }, { signal: abort.signal }))
        this.fetching = progress;
    } catch (thrown) {
      this.failed(thrown);
    }
    this.fetching = null;
    if (!this.abort.signal.aborted) await this.read();
  }

  /** What was fetched stays. */
  stop(): void {
    this.fetch?.abort();
  }

  close(): void {
    this.abort.abort();
    this.stop();
  }

  private async read(): Promise<void> {
    this.reading = true;
    const lines: LogLine[] = [];
    let cut = 0;
    let full = false;
    try {
      const asked = { workspace: this.workspace, id: this.id };
      for await (const piece of api['flow_run.logs'](asked, { signal: this.abort.signal })) {
        for (const { run, ...line } of piece.lines) {
          const name = this.nameOf(run);
          lines.push({ ...line, name, message: `${name} │ ${line.message}` });
        }
        cut += piece.cut;
        ({ full } = piece);
        this.done = piece.done;
        this.kept = piece.kept;
        await nextTask();
      }
      this.lines = lines.sort(byTimeAndId);
      this.cut = cut;
      this.full = full;
    } catch (thrown) {
      this.failed(thrown);
    }
    this.reading = false;
  }

  private failed(thrown: unknown): void {
    const problem = toAppError(thrown);
    if (problem.code !== 'CANCELLED' && problem.code !== 'DISCONNECTED') this.problem = problem;
  }
}
