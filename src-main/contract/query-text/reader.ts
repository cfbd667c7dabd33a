/** Reads a query from its first character on. Marks keep what stood where, for completion. */
import type { Instant } from '../query.ts';
import { unescaped, type Scope } from './names.ts';

export type Mark = { at: number; to: number } & (
  | { what: 'field'; scope: Scope }
  | { what: 'value'; path: string; quoted: boolean }
  | { what: 'relation'; scope: Scope }
);

/** What is wrong, and from which character to which. */
export type Problem = { at: number; to: number; says: string };

export class Wrong extends Error {
  readonly problem: Problem;
  constructor(problem: Problem) {
    super(problem.says);
    this.problem = problem;
  }
}

/** After a #: JSON, to be taken exactly. */
export type Exact = string | number | boolean | Exclude<Instant, number>;
/** A value as it was written. */
export type Token = { at: number; to: number } & (
  { text: string; quoted: boolean; exact?: undefined } | { exact: Exact }
);

const json = /#("(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:e[+-]?\d+)?|true|false|\{"ago":-?\d+(?:\.\d+)?(?:e[+-]?\d+)?\})/y;

export class Reader {
  readonly text: string;
  readonly marks: Mark[] = [];
  at = 0;

  constructor(text: string) {
    this.text = text;
  }

  get ended(): boolean {
    return this.at >= this.text.length;
  }

  fail(says: string, at = this.at, to = Math.max(at + 1, this.at)): never {
    throw new Wrong({ at, to, says });
  }

  space(): void {
    this.take(/\s+/y);
  }

  /** The sticky pattern's match, which is then behind; null leaves everything as it is. */
  take(pattern: RegExp): string | null {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0] ?? null;
    if (found !== null) this.at += found.length;
    return found;
  }

  peek(pattern: RegExp): boolean {
    pattern.lastIndex = this.at;
    return pattern.test(this.text);
  }

  /** A string in quotes, without them; null when none begins here. */
  string(): string | null {
    if (this.text[this.at] !== '"') return null;
    const start = this.at;
    const found = this.take(/"(?:[^"\\]|\\[^])*"/y);
    if (found === null) return this.fail('This quote is not closed. Add " at its end', start, this.text.length);
    return unescaped(found.slice(1, -1));
  }

  /** `word`: what an unquoted one may consist of. It ends before `..`. null when there is no value here. */
  value(word: RegExp): Token | null {
    const at = this.at;
    if (this.text[at] === '#') {
      const exact = parsed(this.take(json)?.slice(1));
      if (exact === null) return this.fail('After # comes a string in quotes, a number, true or false', at);
      return { at, to: this.at, exact };
    }
    const inQuotes = this.string();
    if (inQuotes !== null) return { at, to: this.at, text: inQuotes, quoted: true };
    const found = this.take(word);
    if (found === null) return null;
    const text = found.split('..', 1)[0] ?? '';
    this.at = at + text.length;
    return text === '' ? null : { at, to: this.at, text, quoted: false };
  }
}

function parsed(json: string | undefined): Exact | null {
  try {
    return json === undefined ? null : (JSON.parse(json) as Exact);
  } catch {
    return null;
  }
}
