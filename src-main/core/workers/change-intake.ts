/**
 * Commits on their way into the index. A commit that comes after a pause is applied at once; those that follow within 250 ms are applied
 * together. The first question after a batch takes twice as long at a million rows, and during a first sync there would be a batch before
 * every question.
 */
import { Touches } from '../../store/write/change-log.ts';
import type { Change } from '../../store/columns.ts';

/** ms between two batches: as often as the window is told of changes. */
const PAUSE = 250;
/** Rows from which on a batch does not wait: 20 to 40 ms of work. */
const MOST = 2000;

export class ChangeIntake {
  readonly #apply: (change: Change) => void;
  #gathered = new Touches();
  #rows = 0;
  #texts: NonNullable<Change['texts']> = [];
  /** The last commit gathered; null: none is waiting. */
  #batch: number | null = null;
  #timer: NodeJS.Timeout | null = null;

  /** `apply` gets the commits in order, several as one. */
  constructor(apply: (change: Change) => void) {
    this.#apply = apply;
  }

  add(change: Change): void {
    this.#gathered.add(change);
    for (const rids of [change.changed, change.removed].flatMap((of) => Object.values(of))) this.#rows += rids.length;
    this.#batch = change.batch;
    const { texts = [] } = change;
    this.#texts = texts === 'all' || this.#texts === 'all' ? 'all' : this.#texts.concat(texts);
    if (this.#timer === null || this.#rows >= MOST) this.now();
  }

  /** Applies the commits that wait. */
  now(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#batch === null) return;
    const change = this.#gathered.change(this.#batch) ?? { batch: this.#batch, changed: {}, removed: {} };
    this.#gathered = new Touches();
    this.#rows = 0;
    this.#batch = null;
    if (this.#texts.length > 0) change.texts = this.#texts;
    this.#texts = [];
    this.#apply(change);
    // started after the work, so that questions get a turn between two batches
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.now();
    }, PAUSE);
    this.#timer.unref();
  }
}
