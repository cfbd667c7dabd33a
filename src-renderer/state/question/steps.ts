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

  /** The present step is another one. The same again is no step; `joined`: it goes on with the last one. */
  note(next: T): 'none' | 'joined' | 'new' {
    const last = this.#past.at(-1);
    if (last !== undefined && this.#key(last) === this.#key(next)) return 'none';
    const joins = last === undefined ? null : this.#joins(last, next);
    const goesOn = joins !== null && joins === this.#open;
    if (goesOn) this.#past.pop();
    this.#past.push(next);
    if (this.#past.length > MOST + 1) this.#past.shift();
    this.#open = joins;
    this.#future = [];
    return goesOn ? 'joined' : 'new';
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

/** Something done that knows its way back and forth. */
export type Act = { back: () => void; forth: () => void };

/** All that was done, in order, whatever it was: the last of it is taken back first. */
export class Acts {
  #past: Act[] = [];
  #future: Act[] = [];

  did(act: Act): void {
    this.#past.push(act);
    if (this.#past.length > MOST) this.#past.shift();
    this.#future = [];
  }

  /** The last act goes on: what was taken back before can no longer be done again. */
  goesOn(): void {
    this.#future = [];
  }

  back(): void {
    const last = this.#past.pop();
    if (last === undefined) return;
    this.#future.push(last);
    last.back();
  }

  /** This act, even when others came after it. */
  takeBack(act: Act): void {
    if (this.#past.at(-1) === act) this.back();
    else act.back();
  }

  forth(): void {
    const next = this.#future.pop();
    if (next === undefined) return;
    this.#past.push(next);
    next.forth();
  }
}
