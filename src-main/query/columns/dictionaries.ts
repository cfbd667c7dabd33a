/**
 * Interned texts. The archive numbers all its terms together; each column numbers the few it holds again from 1
 * (0 is null), so that per-code tables stay small enough for the cache.
 */
import { GrowingWords } from './growing-list.ts';

/** The archive's own interned texts, by its ids. Rows may be newer than the list: it reads on when it meets an unknown id. */
export class Terms {
  readonly #texts: (string | undefined)[] = [];
  readonly #read: (after: number) => Iterable<[number, string]>;
  #last = 0;

  constructor(read: (after: number) => Iterable<[number, string]>) {
    this.#read = read;
  }

  /** Throws RangeError for an id the archive does not have. */
  text(id: number): string {
    const known = this.#texts[id];
    if (known !== undefined) return known;
    for (const [next, text] of this.#read(this.#last)) {
      this.#texts[next] = text;
      if (next > this.#last) this.#last = next;
    }
    const text = this.#texts[id];
    if (text === undefined) throw new RangeError(`the archive has no term ${id}`);
    return text;
  }
}

export class Codes {
  /** code → text; [0] stands for null */
  readonly texts: string[] = [''];
  readonly #ofTerm: number[] = [];
  readonly #index = new Map<string, number>();

  /** Code of an archive term, given one if it has none yet. */
  ofTerm(term: number, terms: Terms): number {
    const known = this.#ofTerm[term];
    if (known) return known;
    const code = this.ofText(terms.text(term));
    while (this.#ofTerm.length <= term) this.#ofTerm.push(0);
    this.#ofTerm[term] = code;
    return code;
  }

  ofText(text: string): number {
    let code = this.#index.get(text);
    if (code === undefined) {
      code = this.texts.push(text) - 1;
      this.#index.set(text, code);
      this.added(text, code);
    }
    return code;
  }

  /** 0 when no row ever had it */
  find(text: string): number {
    return this.#index.get(text) ?? 0;
  }

  /** archive term → code, 0 where it has none here */
  get terms(): readonly number[] {
    return this.#ofTerm;
  }

  /** Puts back what a snapshot kept, into an empty dictionary. */
  restore(texts: readonly string[], terms: Iterable<number>): void {
    for (let code = 1; code < texts.length; code++) this.ofText(texts[code]);
    for (const code of terms) this.#ofTerm.push(code);
  }

  protected added(_text: string, _code: number): void {}
}

/** Lists of tags kept parsed, some 200 B each. */
const KEPT_LISTS = 4096;

/** Each distinct list of tags is one code. Order and duplicates are kept in the text; comparing ignores both. */
export class TagSets extends Codes {
  /** tag → text; [0] unused */
  readonly tags: string[] = [''];
  readonly #tagIndex = new Map<string, number>();
  readonly #lists = new Map<number, string[]>();
  /** distinct tags of list c are items[starts[c] … starts[c + 1]) */
  readonly starts = new GrowingWords([0, 0]);
  readonly items = new GrowingWords([]);

  protected override added(text: string): void {
    const seen = new Set<number>();
    for (const tag of parseTags(text)) {
      let index = this.#tagIndex.get(tag);
      if (index === undefined) {
        index = this.tags.push(tag) - 1;
        this.#tagIndex.set(tag, index);
      }
      if (seen.has(index)) continue;
      seen.add(index);
      this.items.push(index);
    }
    this.starts.push(this.items.length);
  }

  findTag(tag: string): number {
    return this.#tagIndex.get(tag) ?? 0;
  }

  /** Kept for the next who asks: not to be changed. Parsing it was a quarter of making a line of the grid. */
  list(code: number): string[] {
    let list = this.#lists.get(code);
    if (list === undefined) {
      list = code === 0 ? [] : parseTags(this.texts[code]);
      if (this.#lists.size >= KEPT_LISTS) this.#lists.clear();
      this.#lists.set(code, list);
    }
    return list;
  }
}

/** The JSON text of a list; anything in it that is not a string is no tag. */
function parseTags(text: string): string[] {
  const value: unknown = JSON.parse(text);
  return Array.isArray(value) ? value.filter((tag): tag is string => typeof tag === 'string') : [];
}
