/** The rows of the answer on screen: the first came with it, others are read when the grid comes near them. */
import { toAppError } from '../../../src-main/contract/errors.ts';
import type { Answer } from '../../../src-main/contract/calls.ts';
import type { TaskRunRow } from '../../../src-main/contract/run.ts';
import { rememberTask } from '../filters/task-names.svelte.ts';
import { api } from '../window/app.svelte.ts';
import { rowsMoved } from './anchor.ts';
import { Pages } from './pages.ts';

export class ResultRows {
  private pages = $state.raw<Pages | null>(null);
  /** grows when rows arrive: `Pages` itself is no state */
  private arrived = $state(0);
  /** first row on screen and one past the last */
  private seen: [from: number, to: number] = [0, 0];
  /** rows the grid asked for last: those on screen and some around them */
  private shown: [from: number, to: number] = [0, 0];
  private readonly onfail: (thrown: unknown) => void;

  constructor(onfail: (thrown: unknown) => void) {
    this.onfail = onfail;
  }

  /** The rows of an answer that is not on screen yet. */
  prepare(workspace: string, { count, rows, result }: Answer): Pages {
    const met = (list: TaskRunRow[]) => {
      for (const { task_key: key } of list) rememberTask(key);
      return list;
    };
    return new Pages(
      count,
      met(rows),
      async (from, to, signal) => met(await api['query.rows']({ workspace, result, rows: { from, to } }, { signal })),
      () => (this.arrived += 1),
      this.onfail,
    );
  }

  take(pages: Pages): void {
    this.pages?.close();
    this.pages = pages;
  }

  /** How many rows further down the rows on screen are in the next answer; see anchor.ts. */
  moved(workspace: string, { result }: Answer, next: Pages, signal: AbortSignal): Promise<number> {
    const position = async (id: string) =>
      (await api['query.position']({ workspace, result, id }, { signal })).position;
    return rowsMoved({ seen: this.seen, at: (index) => this.pages?.at(index) ?? null, position }, next);
  }

  forget(): void {
    this.pages?.close();
    this.pages = null;
  }

  /** place of the first row on screen */
  get first(): number {
    return this.seen[0];
  }

  /** null: not loaded */
  at(index: number): TaskRunRow | null {
    void this.arrived;
    return this.pages?.at(index) ?? null;
  }

  see(from: number, to: number): void {
    this.seen = [from, to];
  }

  need(from: number, to: number): void {
    this.shown = [from, to];
    this.pages?.need(from, to);
  }

  async later(index: number): Promise<TaskRunRow | null> {
    return (await this.pages?.later(index)) ?? null;
  }

  /** Reads those on screen again. A result the core no longer keeps stays as it was read: a new one would move the list. */
  async renew(): Promise<void> {
    try {
      await this.pages?.renew(...this.shown);
    } catch (thrown) {
      if (toAppError(thrown).code !== 'NOT_FOUND') throw thrown;
    }
  }
}
