/**
 * Commits on their way into the index. One that comes after a pause is taken in at once; those that follow are gathered for a moment
 * and taken in together. Each batch makes the next question dearer (twice, at a million rows), and under a first sync there would be
 * a batch before every question.
 */
import { Touches } from '../../store/write/change-log.ts';
import type { Change } from '../../store/columns.ts';

/** ms between two: as often as the window is told of news */
const PAUSE = 250;
/** Rows that are not left waiting: 20 to 40 ms of work. */
const MOST = 2000;

export class ChangeIntake {
  readonly #apply: (change: Change) => void;
  #gathered = new Touches();
  #rows = 0;
  /** the last commit gathered; null: nothing waits */
  #batch: number | null = null;
  #timer: NodeJS.Timeout | null = null;

  /** `apply` is given commits in their order, several as one. */
  constructor(apply: (change: Change) => void) {
    this.#apply = apply;
  }

  add(change: Change): void {
    this.#gathered.add(change);
    for (const rids of [change.changed, change.removed].flatMap((of) => Object.values(of))) this.#rows += rids.length;
    this.#batch = change.batch;
    if (this.#timer === null || this.#rows >= MOST) this.now();
  }

  /** Takes in what waits. */
  now(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#batch === null) return;
    const change = this.#gathered.change(this.#batch) ?? { batch: this.#batch, changed: {}, removed: {} };
    this.#gathered = new Touches();
    this.#rows = 0;
    this.#batch = null;
    this.#apply(change);
    // from here on: while the index was at work others have come in
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.now();
    }, PAUSE);
    this.#timer.unref();
  }
}
