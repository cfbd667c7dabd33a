/** The kept logs of a flow run and of all its task runs as one log by time. */
import type { AppError } from '../../../src-main/contract/errors.ts';
import { byTimeAndId, type LogLine } from '../../../src-main/contract/run.ts';
import { nextTask } from '../../scheduling.ts';
import { api } from '../window/app.svelte.ts';
import { shownProblem } from '../window/shown-problem.ts';

export class FlowRunLogs {
  lines = $state.raw<LogLine[]>([]);
  /** runs of which only the first lines are shown */
  cut = $state(0);
  /** there are more lines than are shown at once */
  full = $state(false);
  reading = $state(true);
  problem = $state.raw<AppError | null>(null);
  private stale = false;
  private readonly abort = new AbortController();
  private readonly workspace: string;
  private readonly id: string;
  private readonly nameOf: (run: string) => string;

  /** `nameOf`: of a task run or the flow run, by its id; each line begins with it. */
  constructor(workspace: string, id: string, nameOf: (run: string) => string) {
    this.workspace = workspace;
    this.id = id;
    this.nameOf = nameOf;
    void this.read();
  }

  /** More of them are kept. */
  again(): void {
    if (this.reading) this.stale = true;
    else void this.read();
  }

  close(): void {
    this.abort.abort();
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
        await nextTask();
      }
      this.lines = lines.sort(byTimeAndId);
      this.cut = cut;
      this.full = full;
    } catch (thrown) {
      this.failed(thrown);
    }
    this.reading = false;
    if (this.stale && !this.abort.signal.aborted) {
      this.stale = false;
      void this.read();
    }
  }

  private failed(thrown: unknown): void {
    const problem = shownProblem(thrown);
    if (problem) this.problem = problem;
  }
}
