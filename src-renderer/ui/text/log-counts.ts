/** How many lines of each level and logger a log has, kept while lines come and go. */
import { levelOf, type Level } from '../../../src-main/contract/log-filter.ts';
import type { LogLine } from '../../../src-main/contract/run.ts';

export class LogCounts {
  readonly levels: Record<Level, number> = { critical: 0, error: 0, warning: 0, info: 0, debug: 0 };
  readonly #loggers = new Map<string, number>();

  /** `by`: 1 for a line that came, -1 for one that went. */
  count({ level, name }: Pick<LogLine, 'level' | 'name'>, by: 1 | -1): void {
    this.levels[levelOf(level)] += by;
    this.#loggers.set(name, (this.#loggers.get(name) ?? 0) + by);
  }

  copy(): LogCounts {
    const copy = new LogCounts();
    Object.assign(copy.levels, this.levels);
    for (const [name, lines] of this.#loggers) copy.#loggers.set(name, lines);
    return copy;
  }

  /** Names with their lines, most frequent first. */
  get loggers(): [name: string, lines: number][] {
    const present = [...this.#loggers].filter(([, lines]) => lines > 0);
    return present.sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
  }
}
