/** Which lines of a log are shown, in the window and in the file that is saved of it. */
import { z } from 'zod';
import { ansiFree } from './ansi.ts';
import { logSearch, type LogSearch } from './log-search.ts';
import type { LogLine } from './run.ts';

const levelIds = ['critical', 'error', 'warning', 'info', 'debug'] as const;
export type Level = (typeof levelIds)[number];

export const levels: readonly { id: Level; label: string; from: number }[] = [
  { id: 'critical', label: 'Critical', from: 50 },
  { id: 'error', label: 'Error', from: 40 },
  { id: 'warning', label: 'Warning', from: 30 },
  { id: 'info', label: 'Info', from: 20 },
  { id: 'debug', label: 'Debug', from: -Infinity },
];

/** Python allows any number; one between two levels is the lower of them. */
export function levelOf(level: number): Level {
  return levels.find(({ from }) => level >= from)?.id ?? 'debug';
}

/** Lines that may be shown before and after each hit. */
export const contexts = [0, 3, 10] as const;

/** Levels and logger choose among all lines, and the search among these. */
export const logFilterSchema = z.strictObject({
  /** '' finds every line */
  find: z.string().max(10_000),
  /** `find` is a regular expression; one that cannot be read finds every line */
  regex: z.boolean(),
  /** the lines that are not found are shown instead */
  inverted: z.boolean(),
  /** levels that are hidden */
  off: z.array(z.enum(levelIds)).max(levelIds.length),
  /** null: all loggers */
  logger: z.string().nullable(),
  /** lines shown before and after each hit */
  context: z.number().int().min(0).max(100),
});
export type LogFilter = z.infer<typeof logFilterSchema>;

/** Whether every line is shown. */
export const showsAll = ({ find, off, logger }: LogFilter): boolean =>
  find.trim() === '' && off.length === 0 && logger === null;

/** Takes the lines of a log in their order and gives back those that are shown. */
export class LineChooser {
  readonly #filter: LogFilter;
  readonly #search: LogSearch;
  /** the last lines that are not shown yet, and are if a hit follows */
  #before: LogLine[] = [];
  /** lines that are still shown since a hit came before */
  #after = 0;

  constructor(filter: LogFilter) {
    this.#filter = filter;
    this.#search = logSearch(filter.find, filter.regex);
  }

  /** `show` gets each line in order. `around`: it is shown only because it stands beside a hit. */
  take(line: LogLine, show: (line: LogLine, around: boolean) => void): void {
    const { off, logger, inverted, context } = this.#filter;
    if ((off.length > 0 && off.includes(levelOf(line.level))) || (logger !== null && line.name !== logger)) return;
    const { empty } = this.#search;
    if (empty || this.#search.fits(ansiFree(line.message)) !== inverted) {
      for (const one of this.#before) show(one, true);
      this.#before = [];
      this.#after = context;
      show(line, false);
    } else if (this.#after > 0) {
      this.#after -= 1;
      show(line, true);
    } else if (context > 0) {
      this.#before.push(line);
      if (this.#before.length > context) this.#before.shift();
    }
  }
}
