/**
 * Interned texts. The archive numbers the terms of all columns together. Each column numbers its own few terms again from 1 (0 is null),
 * so that tables by code stay small enough for the cache.
 */
import { GrowingList } from './growing-list.ts';

/** The archive's interned texts by the archive's ids. Rows may be newer than the list: an unknown id makes it read the newer terms. */
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

/** The texts of one column and their codes. */
export class Codes {
  /** Texts by code; [0] stands for null. */
  readonly texts: string[] = [''];
  readonly #ofTerm: number[] = [];
  readonly #index = new Map<string, number>();

  /** The code of an archive term; a new one when the term has none yet. */
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

  /** The code of a text; 0 when no row ever had it. */
  find(text: string): number {
    return this.#index.get(text) ?? 0;
  }

  /** Codes by archive term; 0 where the term has no code in this column. */
  get terms(): readonly number[] {
    return this.#ofTerm;
  }

  /** Fills an empty dictionary from a snapshot. */
  restore(texts: readonly string[], terms: Iterable<number>): void {
    for (let code = 1; code < texts.length; code++) this.ofText(texts[code]);
    for (const code of terms) this.#ofTerm.push(code);
  }

  /** Called once for each new text. */
  protected added(_text: string, _code: number): void {}
}

/** Parsed lists of tags that are kept, some 200 B each. */
const KEPT_LISTS = 4096;

/** Each distinct list of tags is one code. The text keeps order and duplicates; comparisons ignore both. */
export class TagSets extends Codes {
  /** Single tags by their number; [0] is unused. */
  readonly tags: string[] = [''];
  readonly #tagIndex = new Map<string, number>();
  readonly #lists = new Map<number, string[]>();
  /** The distinct tags of list c are items[starts[c]] to items[starts[c + 1] − 1]. */
  readonly starts = new GrowingList([0, 0]);
  readonly items = new GrowingList([]);

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

  /** The number of a tag; 0 when no list ever had it. */
  findTag(tag: string): number {
    return this.#tagIndex.get(tag) ?? 0;
  }

  /** The parsed list, shared between callers: do not change it. Parsing took a quarter of the time of making a grid row. */
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

/** The strings of a JSON list; other items are not tags. */
function parseTags(text: string): string[] {
  const value: unknown = JSON.parse(text);
  return Array.isArray(value) ? value.filter((tag): tag is string => typeof tag === 'string') : [];
}
