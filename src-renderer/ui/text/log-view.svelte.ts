/** The lines of a log that are on screen: those of the last pass that was completed. */
import type { LogFilter } from '../../../src-main/contract/log-filter.ts';
import type { LogLine } from '../../../src-main/contract/run.ts';
import { LogPass, nothing, type LogLayout, type Shown } from './log-pass.ts';

export class ShownLines {
  now = $state.raw<Shown>(nothing);
  /** lines are still being looked at */
  busy = $state(false);
  private readonly pass = new LogPass();

  /** A later call replaces an earlier one. */
  async find(logs: readonly LogLine[], filter: LogFilter, layout: LogLayout): Promise<void> {
    const shown = await this.pass.find(logs, filter, layout, () => (this.busy = true));
    if (!shown) return;
    this.now = shown;
    this.busy = false;
  }
}
