/** Which lines of a log are shown, found in slices so that a million lines do not stop the window. */
import { untrack } from 'svelte';
import { ansiFree } from '../../../src-main/contract/ansi.ts';
import type { LogLine } from '../../../src-main/contract/run.ts';
import { Slices } from '../../scheduling.ts';
import { levelOf, type Level } from './log-lines.ts';
import type { LogSearch } from './log-search.ts';

export type LogFilter = {
  search: LogSearch;
  /** lines in which nothing is found are shown instead */
  inverted: boolean;
  off: readonly Level[];
  /** null: all loggers */
  logger: string | null;
};

/** Lines that are looked at before the page gets a turn. */
const STEP = 2_000;

export function fits(line: LogLine, { search, inverted, off, logger }: LogFilter): boolean {
  if (off.includes(levelOf(line.level)) || (logger !== null && line.name !== logger)) return false;
  return search.empty || search.fits(ansiFree(line.message), line.name) !== inverted;
}

export class ShownLines {
  lines = $state.raw<readonly LogLine[]>([]);
  /** lines are still being looked at */
  busy = $state(false);
  private asked = 0;

  /** A later call replaces an earlier one. A log of up to STEP lines is there at once. */
  async find(logs: readonly LogLine[], filter: LogFilter): Promise<void> {
    const asked = ++this.asked;
    if (filter.search.empty && filter.off.length === 0 && filter.logger === null) {
      this.show(logs);
      return;
    }
    const found: LogLine[] = [];
    const slices = new Slices();
    for (let from = 0; from < logs.length; from += STEP) {
      if (from > 0) {
        untrack(() => (this.busy = true));
        await slices.rest();
        if (asked !== this.asked) return;
      }
      for (const line of logs.slice(from, from + STEP)) if (fits(line, filter)) found.push(line);
    }
    this.show(found);
  }

  private show(lines: readonly LogLine[]): void {
    this.lines = lines;
    this.busy = false;
  }
}
