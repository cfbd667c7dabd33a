/** What is searched for in log lines: words, "phrases" and -not anywhere in a line, or a regular expression that takes linear time. */
import { RE2JS } from 're2js';
import { ansiFree } from './ansi.ts';
import type { LogLine } from './run.ts';
import { searchTerms, termText } from './search-text.ts';

/** Marked hits of one message: each is an element of the page, and a message of 1 MB can be nothing but hits. */
export const MOST_HITS = 200;

/** Characters of a message in which hits of a regular expression are marked: each try may read them all and find nothing. */
const MOST_READ = 50_000;

export type LogSearch = {
  /** nothing is searched for */
  empty: boolean;
  /** why the regular expression cannot be read; then every line fits */
  problem: string | null;
  /** `text`: without colours */
  fits(text: string, logger: string): boolean;
  /** places of the first MOST_HITS hits, ascending, none inside another */
  hits(text: string): [from: number, to: number][];
};

const everything: LogSearch = { empty: true, problem: null, fits: () => true, hits: () => [] };

export function logSearch(typed: string, regex: boolean): LogSearch {
  if (typed.trim() === '') return everything;
  return regex ? byExpression(typed) : byWords(typed);
}

function byWords(typed: string): LogSearch {
  const terms = searchTerms(typed).map(({ text, not }) => ({ text: text.toLowerCase(), not }));
  if (terms.length === 0) return everything;
  const wanted = terms.filter(({ not }) => !not).map(({ text }) => text);
  return {
    empty: false,
    problem: null,
    fits(text, logger) {
      const [lower, name] = [text.toLowerCase(), logger.toLowerCase()];
      return terms.every((term) => (lower.includes(term.text) || name.includes(term.text)) !== term.not);
    },
    hits(text) {
      const lower = text.toLowerCase();
      // İ and a few others grow when lowered; then places in `lower` are not places in `text`
      if (lower.length !== text.length) return [];
      const all: [number, number][] = [];
      for (const word of wanted) {
        let count = 0;
        for (let at = lower.indexOf(word); at >= 0 && count < MOST_HITS; at = lower.indexOf(word, at + word.length)) {
          all.push([at, at + word.length]);
          count += 1;
        }
      }
      return apart(all);
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
      for (let i = 0; i < 2 * MOST_HITS && all.length < MOST_HITS && found.find(); i++)
        if (found.end() > found.start()) all.push([found.start(), found.end()]);
      return apart(all);
    },
  };
}

/** The first term of a search that stands in lines, as it is typed, and in how many; null: none does. */
export function termInLines(typed: string, logs: readonly LogLine[]): { term: string; lines: number } | null {
  for (const one of searchTerms(typed)) {
    if (one.not) continue;
    const term = termText(one);
    const { fits } = byWords(term);
    const lines = logs.reduce((sum, { message }) => sum + Number(fits(ansiFree(message), '')), 0);
    if (lines > 0) return { term, lines };
  }
  return null;
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
