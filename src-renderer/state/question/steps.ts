/** The steps of something that changes, the last of them the present one, with a way back and forth. */

/** Ways back that are kept: more than a person remembers, and each is small. */
const MOST = 100;

export class Steps<T> {
  readonly #key: (step: T) => string;
  readonly #joins: (last: T, next: T) => string | null;
  #past: T[] = [];
  #future: T[] = [];
  /** what the present step is a change of; it goes on while what comes next is another change of that */
  #open: string | null = null;

  /** `joins`: what alone differs, where changes of it go on with each other, as the next letter of a word does; null: anything else. */
  constructor(key: (step: T) => string, joins: (last: T, next: T) => string | null) {
    this.#key = key;
    this.#joins = joins;
  }

  /** The present step is another one. The same again is no step. */
  note(next: T): void {
    const last = this.#past.at(-1);
    if (last !== undefined && this.#key(last) === this.#key(next)) return;
    const joins = last === undefined ? null : this.#joins(last, next);
    if (joins !== null && joins === this.#open) this.#past.pop();
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
    this.#open = null;
    return before;
  }

  /** Undoes `back`; null: nothing was gone back from. */
  forth(): T | null {
    const next = this.#future.pop();
    if (next === undefined) return null;
    this.#past.push(next);
    this.#open = null;
    return next;
  }
}
