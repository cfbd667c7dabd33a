/**
 * Text patterns as automata: `like_` and `startswith_` of both dialects, and the app's literal `contains`. Names are stored in two parts and
 * a pattern may span both; the automaton's state after the first part is all that matching the second part needs. Matching is linear in
 * the text whatever the pattern. States are built as text reaches them.
 */
import type { Dialect } from '../../contract/query.ts';
import type { Fold } from '../columns/names.ts';

/** Tokens of a pattern besides code points: `%` and `_`. */
const MANY = -1;
const ONE = -2;

export type Matcher = {
  test(text: string): boolean;
  /** The state before any text. */
  readonly start: number;
  /** `advance` takes text that is folded by this; dictionaries keep their texts folded. */
  readonly fold: Fold;
  /** The state after reading `folded` in `state`. */
  advance(state: number, folded: string): number;
  accepts(state: number): boolean;
  /** True when no further text changes whether the state accepts. */
  settled(state: number): boolean;
};

const foldAscii: Fold = (text) => (/[A-Z]/.test(text) ? text.replace(/[A-Z]+/g, (s) => s.toLowerCase()) : text);
const foldUnicode: Fold = (text) => text.toLowerCase();
/** As the full-text index folds its words: ü is one letter, whether it was sent as one character or as two. */
const foldSearched: Fold = (text) => text.normalize('NFC').toLowerCase();

/** Prefect's `like_`: `ILIKE '%pattern%'` of the database. */
export const likeMatcher = (pattern: string, dialect: Dialect): Matcher => ilike(`%${pattern}%`, dialect);

/** Prefect's `startswith_`: `ILIKE 'start%'`, in which wildcards are live. */
export const startsMatcher = (start: string, dialect: Dialect): Matcher => ilike(`${start}%`, dialect);

/** ILIKE of the whole text. PostgreSQL takes a backslash for an escape, also of the closing `%`. */
function ilike(pattern: string, dialect: Dialect): Matcher {
  const fold = dialect === 'sqlite' ? foldAscii : foldUnicode;
  const tokens: number[] = [];
  let escaped = false;
  for (const character of fold(pattern)) {
    if (escaped) escaped = false;
    else if (character === '%') {
      if (tokens.at(-1) !== MANY) tokens.push(MANY);
      continue;
    } else if (character === '_') {
      tokens.push(ONE);
      continue;
    } else if (character === '\\' && dialect === 'postgres') {
      escaped = true;
      continue;
    }
    tokens.push(character.codePointAt(0)!);
  }
  // SQLite compares C strings: a NUL in the pattern makes it match nothing
  if (dialect === 'sqlite' && pattern.includes('\0')) return new Automaton(null, fold);
  return new Automaton(tokens, fold);
}

/** The text contains `needle`, letter by letter, without regard to case (Unicode); a letter with a mark is another letter. */
export function containsMatcher(needle: string): Matcher {
  const tokens = [MANY, ...Array.from(foldSearched(needle), (c) => c.codePointAt(0)!), MANY];
  return new Automaton(needle === '' ? [MANY] : tokens, foldSearched);
}

class Automaton implements Matcher {
  readonly start: number;
  readonly fold: Fold;
  readonly #tokens: number[];
  /** Classes of the characters in the pattern; all other characters are class 0. */
  readonly #classes = new Map<number, number>();
  readonly #asciiClass = new Uint16Array(128);
  readonly #width: number;
  /** The next state at [state × width + class]; -1 while it is not built. */
  #next: number[] = [];
  /** Places in the pattern that each state stands for, ascending. */
  readonly #positions: number[][] = [];
  readonly #known = new Map<string, number>();
  readonly #accepts: boolean[] = [];
  readonly #settled: boolean[] = [];

  /** `tokens` null: matches nothing. */
  constructor(tokens: number[] | null, fold: Fold) {
    this.fold = fold;
    this.#tokens = tokens ?? [];
    for (const token of this.#tokens) {
      if (token < 0 || this.#classes.has(token)) continue;
      this.#classes.set(token, this.#classes.size + 1);
      if (token < 128) this.#asciiClass[token] = this.#classes.size;
    }
    this.#width = this.#classes.size + 1;
    this.start = tokens === null ? this.#state([]) : this.#state(this.#closure([0]));
  }

  test(text: string): boolean {
    return this.#accepts[this.advance(this.start, this.fold(text))];
  }

  accepts(state: number): boolean {
    return this.#accepts[state];
  }

  settled(state: number): boolean {
    return this.#settled[state];
  }

  advance(from: number, folded: string): number {
    const next = this.#next;
    const settled = this.#settled;
    const ascii = this.#asciiClass;
    const width = this.#width;
    let state = from;
    for (let i = 0; i < folded.length; i++) {
      if (settled[state]) return state;
      let unit = folded.charCodeAt(i);
      let cls: number;
      if (unit < 128) cls = ascii[unit];
      else {
        if (unit >= 0xd800 && unit < 0xdc00) {
          unit = folded.codePointAt(i) ?? unit;
          if (unit > 0xffff) i++;
        }
        cls = this.#classes.get(unit) ?? 0;
      }
      const to = next[state * width + cls];
      state = to >= 0 ? to : this.#step(state, cls);
    }
    return state;
  }

  #step(state: number, cls: number): number {
    const reached: number[] = [];
    for (const p of this.#positions[state]) {
      const token = this.#tokens[p];
      if (token === undefined) continue;
      if (token === MANY) reached.push(p);
      else if (token === ONE || this.#classes.get(token) === cls) reached.push(p + 1);
    }
    const next = this.#state(this.#closure(reached));
    this.#next[state * this.#width + cls] = next;
    return next;
  }

  /** Adds the places that are reached without reading a character: `%` also matches the empty text. */
  #closure(positions: number[]): number[] {
    const all = new Set<number>();
    for (const start of positions) {
      let p = start;
      all.add(p);
      while (this.#tokens[p] === MANY) all.add(++p);
    }
    return [...all].sort((a, b) => a - b);
  }

  #state(positions: number[]): number {
    // places before the last `%` that was reached do not matter: it matches whatever they match
    const end = this.#tokens.length;
    let from = 0;
    for (let i = 0; i < positions.length; i++) if (this.#tokens[positions[i]] === MANY) from = i;
    const kept = positions.slice(from);
    const key = kept.join();
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const id = this.#positions.length;
    this.#known.set(key, id);
    this.#positions.push(kept);
    this.#accepts.push(kept.includes(end));
    this.#settled.push(
      kept.length === 0 || (kept.includes(end) && this.#tokens[end - 1] === MANY && kept.includes(end - 1)),
    );
    for (let i = 0; i < this.#width; i++) this.#next.push(-1);
    return id;
  }
}
