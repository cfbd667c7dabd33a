/** The steps of something that changes, the last of them the present one, with a way back and forth. */

/** Ways back that are kept: more than a person remembers, and each is small. */
const MOST = 100;

export class Steps<T> {
  readonly #key: (step: T) => string;
  readonly #joins: (last: T, next: T) => boolean;
  #past: T[] = [];
  #future: T[] = [];
  /** the present step goes on while what comes next joins it */
  #open = false;

  /** `joins`: `next` only goes on with what led to `last`, as the next letter of a word does. */
  constructor(key: (step: T) => string, joins: (last: T, next: T) => boolean) {
    this.#key = key;
    this.#joins = joins;
  }

  /** The present step is another one. The same again is no step. */
  note(next: T): void {
    const last = this.#past.at(-1);
    if (last !== undefined && this.#key(last) === this.#key(next)) return;
    const joins = last !== undefined && this.#joins(last, next);
    if (joins && this.#open) this.#past.pop();
    this.#past.push(next);
    if (this.#past.length > MOST + 1) this.#past.shift();
    this.#open = joins;
    this.#future = [];
  }

  /** null: there is none */
  back(): T | null {
    const before = this.#past.at(-2);
    const now = before === undefined ? undefined : this.#past.pop();
    if (before === undefined || now === undefined) return null;
    this.#future.push(now);
    this.#open = false;
    return before;
  }

  /** Undoes `back`; null: nothing was gone back from. */
  forth(): T | null {
    const next = this.#future.pop();
    if (next === undefined) return null;
    this.#past.push(next);
    this.#open = false;
    return next;
  }
}
