/**
 * What is searched for in log lines: words, "phrases" and -not anywhere in a line, or a regular expression that takes linear time. Each line
 * in which the full-text index finds words is found here by these words.
 */
import { RE2JS } from 're2js';
import { ansiFree } from './ansi.ts';
import type { LogLine } from './run.ts';
import { searchTerms, termText, wanted, wordPlaces, type SearchTerm } from './search-text.ts';

/** Marked hits of one message: each is an element of the page, and a message of 1 MB can be nothing but hits. */
export const MOST_HITS = 200;

/** Hits of no character, one after another: each may have read to the end, as those of (x*y)? do. */
const MOST_EMPTY = 50;
/** Characters of a message in which hits of words and of a regular expression are marked: each try may read them all and find nothing. */
const MOST_READ = 50_000;

export type LogSearch = {
  /** nothing is searched for */
  empty: boolean;
  /** why the regular expression cannot be read; then every line fits */
  problem: string | null;
  /** `text`: without colours */
  fits(text: string): boolean;
  /** the first MOST_HITS hits, ascending, none inside another */
  hits(text: string): Place[];
};

const everything: LogSearch = { empty: true, problem: null, fits: () => true, hits: () => [] };

export function logSearch(typed: string, regex: boolean): LogSearch {
  if (typed.trim() === '') return everything;
  return regex ? byExpression(typed) : byWords(searchTerms(typed));
}

type Finder = { not: boolean; fits(text: string, lower: string): boolean; hits(text: string, lower: string): Place[] };
type Place = [from: number, to: number];

/** What a term is found by: its characters anywhere, and its words as the full-text index finds them, whatever signs stand between these. */
function finderOf(term: SearchTerm): Finder {
  const typed = term.text.toLowerCase();
  const looked = wanted(term);
  const [first = ''] = looked?.words ?? [];
  /** Most lines are told apart without being cut into words. */
  const words = (text: string, lower: string): Iterator<Place> => {
    // one word of plain letters: wherever the index finds it, its characters stand
    if (!looked || isPlain(typed) || (isPlain(first) && !lower.includes(first))) return [][Symbol.iterator]();
    return wordPlaces(text, looked);
  };
  return {
    not: term.not,
    fits: (text, lower) => lower.includes(typed) || words(text, lower).next().done === false,
    hits(text, lower) {
      const all: Place[] = [];
      // İ and a few others grow when lowered; then places in `lower` are not places in `text`
      const begin = lower.length === text.length ? lower.indexOf(typed) : -1;
      for (let at = begin; at >= 0 && all.length < MOST_HITS; at = lower.indexOf(typed, at + typed.length))
        all.push([at, at + typed.length]);
      const places = words(text.slice(0, MOST_READ), lower);
      for (let one = places.next(); !one.done && all.length < 2 * MOST_HITS; one = places.next()) all.push(one.value);
      return all;
    },
  };
}

const isPlain = (word: string): boolean => /^[a-z0-9]+$/.test(word);

function byWords(terms: readonly SearchTerm[]): LogSearch {
  if (terms.length === 0) return everything;
  const finders = terms.map(finderOf);
  return {
    empty: false,
    problem: null,
    fits(text) {
      const lower = text.toLowerCase();
      return finders.every((one) => one.fits(text, lower) !== one.not);
    },
    hits(text) {
      const lower = text.toLowerCase();
      return apart(finders.flatMap((one) => (one.not ? [] : one.hits(text, lower))));
    },
  };
}

function byExpression(typed: string): LogSearch {
  let expression: RE2JS;
  try {
    expression = RE2JS.compile(typed, RE2JS.CASE_INSENSITIVE);
  } catch (thrown) {
    const said = thrown instanceof Error ? thrown.message : String(thrown);
    // without RE2's own beginning and the expression, which stands above
    return { ...everything, problem: said.replace(/^error parsing regexp: /, '').replace(/: `.*`$/s, '') };
  }
  return {
    empty: false,
    problem: null,
    fits: (text) => expression.matcher(text).find(),
    hits(text) {
      const found = expression.matcher(text.slice(0, MOST_READ));
      const all: [number, number][] = [];
      let empty = 0;
      while (all.length < MOST_HITS && empty < MOST_EMPTY && found.find()) {
        empty = found.end() > found.start() ? 0 : empty + 1;
        if (empty === 0) all.push([found.start(), found.end()]);
      }
      return apart(all);
    },
  };
}

/**
 * Counts the lines of a log that a search has found: those with all of its terms, and when no line has all, those with the first of its terms
 * that any has.
 */
export class LineCount {
  readonly #ways: { find: string; search: LogSearch; lines: number }[];

  /** `typed`: terms that are to be missing are passed over. */
  constructor(typed: string) {
    const terms = searchTerms(typed).filter(({ not }) => !not);
    const ways = terms.length > 1 ? [terms, ...terms.map((one) => [one])] : [terms];
    this.#ways = ways.map((some) => ({ find: some.map(termText).join(' '), search: byWords(some), lines: 0 }));
  }

  take(lines: readonly Pick<LogLine, 'message'>[]): void {
    for (const { message } of lines) {
      const text = ansiFree(message);
      for (const way of this.#ways) if (!way.search.empty && way.search.fits(text)) way.lines += 1;
    }
  }

  /** `find`: what finds these lines in the log view. null: no line was found. */
  get found(): { find: string; lines: number } | null {
    const way = this.#ways.find(({ lines }) => lines > 0);
    return way ? { find: way.find, lines: way.lines } : null;
  }
}

/** In order, those that overlap as one. */
function apart(all: [number, number][]): [number, number][] {
  const kept: [number, number][] = [];
  for (const [from, to] of all.sort(([a], [b]) => a - b)) {
    const last = kept.at(-1);
    if (last && from < last[1]) last[1] = Math.max(last[1], to);
    else kept.push([from, to]);
  }
  return kept.slice(0, MOST_HITS);
}
