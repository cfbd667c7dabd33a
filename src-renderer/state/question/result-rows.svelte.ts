/** The rows of the answer on screen: the first came with it, others are read when the grid comes near them. */
import { toAppError } from '../../../src-main/contract/errors.ts';
import type { Answer } from '../../../src-main/contract/calls.ts';
import type { TaskRunRow } from '../../../src-main/contract/run.ts';
import { api } from '../window/app.svelte.ts';
import { Pages } from './pages.ts';

export class ResultRows {
  private pages = $state.raw<Pages | null>(null);
  /** grows when rows arrive: `Pages` itself is no state */
  private arrived = $state(0);
  /** rows the grid asked for last */
  private shown: [from: number, to: number] = [0, 0];
  private readonly onfail: (thrown: unknown) => void;

  constructor(onfail: (thrown: unknown) => void) {
    this.onfail = onfail;
  }

  take(workspace: string, { count, rows, result }: Answer): void {
    this.pages?.close();
    this.pages = new Pages(
      count,
      rows,
      (from, to, signal) => api['query.rows']({ workspace, result, rows: { from, to } }, { signal }),
      () => (this.arrived += 1),
      this.onfail,
    );
  }

  forget(): void {
    this.pages?.close();
    this.pages = null;
  }

  /** null: not loaded */
  at(index: number): TaskRunRow | null {
    void this.arrived;
    return this.pages?.at(index) ?? null;
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
