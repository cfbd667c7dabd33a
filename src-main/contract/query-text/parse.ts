/**
 * Text to a condition tree. Side by side is "and"; `or` binds weaker, `not` (or -) stronger, parentheses group. A comparison is
 * `field:value`, `field:a,b`, `field~part`, `field>=bound`, `field:from..to`, `field:none`; words without a field are searched for.
 * Ends are included, except after `>` and `<` of a count, where the next number is meant.
 */
import { TRUE, type Condition } from '../query.ts';
import { closest } from './closest.ts';
import { behind, fieldCalled, noNames, quoted, resolvedField, type Field, type Names, type Scope } from './names.ts';
import { Reader, Wrong, type Mark, type Problem, type Token } from './reader.ts';
import { parseTime } from '../time.ts';
import { readBound, readText, readValues, type Reading } from './values.ts';

export type Parsed = { marks: Mark[] } & ({ where: Condition; problem: null } | { where: null; problem: Problem });

/** `local` reads a moment without a zone; without it that is UTC. */
type ParseOptions = { names?: Names; local?: Reading['local'] };

export function parseQuery(text: string, { names = noNames, local = readUtc }: ParseOptions = {}): Parsed {
  const parser = new Parser(text, { names, local });
  const { marks } = parser.reader;
  try {
    return { where: parser.whole(), problem: null, marks };
  } catch (thrown) {
    if (thrown instanceof Wrong) return { where: null, problem: thrown.problem, marks };
    throw thrown;
  }
}

/** `grouped`: it stood in parentheses, so it is one condition among others even when it is an `and`. */
type Node = { one: Condition; grouped: boolean };

const SAYS_WHAT = 'Expected a condition, such as state:failed, name~extract or words to search for';
/** a time of day, 12:30, is no field */
const word = /[^\s"(),:~<>=\d][^\s"(),:~<>=]*(?=[:~<>=])/y;
/** A word with blanks before its sign. It counts only when a field is called so: any other word is searched for. */
const wordApart = /[^\s"(),:~<>=\d][^\s"(),:~<>=]*(?=\s+[:~<>=])/y;
/** Blanks behind a sign, unless the next condition stands there. */
const beforeValue = /\s+(?!\s|(?:and|or|not)(?=[\s()"]|$)|[^\s"(),:~<>=\d][^\s"(),:~<>=]*[:~<>=])/iy;
const plainWord = /[^\s"()]+/y;
const value = /[^\s"(),]+/y;
const tag = /[^\s"(),+]+/y;

class Parser {
  readonly reader: Reader;
  readonly #reading: Reading;

  constructor(text: string, reading: Reading) {
    this.reader = new Reader(text);
    this.#reading = reading;
  }

  whole(): Condition {
    const where = this.top('task_run');
    if (!this.reader.ended) this.reader.fail('No parenthesis is open here');
    return where;
  }

  /** A query of its own: an `and` of what it lists, unless it says `or` or is one condition in parentheses. */
  private top(scope: Scope): Condition {
    const { reader } = this;
    reader.space();
    if (reader.ended || reader.peek(/\)/y)) return TRUE;
    const prefixed = this.prefixed(scope);
    if (prefixed) return prefixed;
    const { one, grouped } = this.or(scope);
    const isGroup = 'and' in one || 'or' in one;
    return isGroup === grouped ? { and: [one] } : one;
  }

  /** `and a`, `or`: groups of less than two, which nothing between their parts can tell. */
  private prefixed(scope: Scope): Condition | null {
    const found = this.keyword('and') ? 'and' : this.keyword('or') ? 'or' : null;
    if (!found) return null;
    const parts: Condition[] = [];
    for (this.reader.space(); !this.atEnd(); this.reader.space()) parts.push(this.unary(scope).one);
    return found === 'and' ? { and: parts } : { or: parts };
  }

  private or(scope: Scope): Node {
    const parts = [this.and(scope)];
    while (this.keyword('or')) parts.push(this.and(scope));
    return parts.length === 1 && parts[0] ? parts[0] : { one: { or: parts.map(({ one }) => one) }, grouped: false };
  }

  private and(scope: Scope): Node {
    const parts = [this.unary(scope)];
    for (this.reader.space(); !this.atEnd() && !this.ahead('or'); this.reader.space()) {
      this.keyword('and');
      parts.push(this.unary(scope));
    }
    return parts.length === 1 && parts[0] ? parts[0] : { one: { and: parts.map(({ one }) => one) }, grouped: false };
  }

  /** `negated`: of words side by side, only the first is meant. */
  private unary(scope: Scope, negated = false): Node {
    this.reader.space();
    if (this.keyword('not') || this.reader.take(/-(?=[^\s\d])/y) !== null)
      return { one: { not: this.unary(scope, true).one }, grouped: false };
    if (this.atEnd() || this.ahead('or') || this.ahead('and')) {
      this.reader.marks.push({ what: 'field', scope, at: this.reader.at, to: this.reader.at });
      this.reader.fail(SAYS_WHAT);
    }
    return this.primary(scope, negated);
  }

  private primary(scope: Scope, negated: boolean): Node {
    const { reader } = this;
    const at = reader.at;
    if (reader.take(/\(/y) !== null) {
      reader.space();
      const one = reader.peek(/\)/y) ? TRUE : (this.prefixed(scope) ?? this.or(scope).one);
      this.close(at);
      return { one, grouped: true };
    }
    const plain = (one: Condition): Node => ({ one, grouped: false });
    // state:crashed,Late is an `or` of two fields, but one comparison
    const compared = (one: Condition): Node => ({ one, grouped: 'or' in one });
    const inQuotes = reader.string();
    if (inQuotes !== null) {
      if (!reader.peek(/[:~<>=]/y)) return plain({ text: quoted(inQuotes) });
      if (inQuotes === '') reader.fail('Expected the name of a field', at);
      return compared(this.comparison(resolvedField(inQuotes, scope), scope));
    }
    const name = this.name(scope);
    if (name === null) return plain({ text: this.words(scope, negated) });
    reader.marks.push({ what: 'field', scope, at, to: at + name.length });
    if (name === 'has') return plain(this.has(scope));
    if (name === 'text' || name === 'log') return plain(this.search(name));
    const field = fieldCalled(name, scope);
    if (!field) return reader.fail(noField(name, scope), at, at + name.length);
    return compared(this.comparison(field, scope));
  }

  /** Takes a name and the blanks up to its sign. Returns null, and takes nothing, when no name stands here. */
  private name(scope: Scope): string | null {
    const { reader } = this;
    const at = reader.at;
    const name = reader.take(word) ?? reader.take(wordApart);
    if (name === null || reader.peek(/[:~<>=]/y)) return name;
    if (name !== 'text' && name !== 'log' && !fieldCalled(name, scope)) {
      reader.at = at;
      return null;
    }
    reader.space();
    return name;
  }

  private nameAhead(scope: Scope): boolean {
    const { at } = this.reader;
    const name = this.name(scope);
    this.reader.at = at;
    return name !== null;
  }

  /** Words up to the next condition, as one text. */
  private words(scope: Scope, one: boolean): string {
    const { reader } = this;
    const words: string[] = [];
    while (
      !this.atEnd() &&
      !this.ahead('or', 'and', 'not') &&
      !reader.peek(/["(]|-(?=[^\s\d])/y) &&
      !this.nameAhead(scope)
    ) {
      const at = reader.at;
      const found = reader.take(plainWord) ?? '';
      reader.marks.push({ what: 'field', scope, at, to: reader.at });
      words.push(found);
      if (one) break;
      reader.space();
    }
    return words.length > 0 ? words.join(' ') : reader.fail(SAYS_WHAT);
  }

  private has(scope: Scope): Condition {
    const { reader } = this;
    if (reader.take(/[:=]/y) === null) reader.fail('After has comes a colon');
    const at = reader.at;
    const inQuotes = reader.string();
    const name = inQuotes ?? reader.take(/\w+/y) ?? '';
    reader.marks.push({ what: 'relation', scope, at, to: reader.at });
    const to = behind(name, scope);
    if (inQuotes === null && to === null) reader.fail('Expected what it has, such as has:subflow_runs', at);
    const open = reader.at;
    if (reader.take(/\(/y) === null) return { has: name, where: TRUE };
    const where = this.top(to);
    this.close(open);
    return { has: name, where };
  }

  /** `text:"…"`, which words and phrases by themselves also say, and `log:"…"`. */
  private search(name: 'text' | 'log'): Condition {
    const { reader } = this;
    if (reader.take(/[:=]/y) === null) reader.fail(`After ${name} comes a colon`);
    reader.take(beforeValue);
    const text =
      reader.string() ??
      reader.take(/[^\s"()]+/y) ??
      reader.fail(`Expected what to search for, such as ${name}:timeout`);
    return name === 'text' ? { text } : { log: text };
  }

  private comparison(field: Field, scope: Scope): Condition {
    const { reader } = this;
    const { path } = field;
    const sign = reader.take(/~|[<>]=?|[:=]/y) ?? '';
    reader.take(beforeValue);
    if (sign === '~') return { field: path, contains: readText(this.token(field), reader) };
    if (/[<>]/.test(sign)) {
      const bound = readBound(this.token(field), field, this.#reading, reader, sign);
      return sign.startsWith('>') ? { field: path, from: bound } : { field: path, to: bound };
    }
    const named = reader.take(/(in|all|any|like)\(/y);
    if (named !== null) return this.listed(named.slice(0, -1), field, scope);
    if (reader.take(/none(?![^\s)])/y) !== null) return { field: path, isNull: true };
    if (reader.take(/any(?![^\s)])/y) !== null) return { field: path, isNull: false };
    const from = reader.peek(/\.\./y) ? null : this.token(field);
    if (reader.take(/\.\./y) !== null) return this.range(from, field);
    return from === null ? reader.fail('Expected a value') : this.values(from, field, scope);
  }

  private range(from: Token | null, field: Field): Condition {
    const { reader } = this;
    const condition: Condition = { field: field.path };
    if (from !== null) condition.from = readBound(from, field, this.#reading, reader, '..');
    if (!reader.ended && !reader.peek(/[\s)]/y))
      condition.to = readBound(this.token(field), field, this.#reading, reader, '..');
    return condition;
  }

  /** `a,b`, and for tags `a+b`, which is all of them, as is one alone. */
  private values(first: Token, field: Field, scope: Scope): Condition {
    const { reader } = this;
    const tokens = [first];
    const alone = () => {
      const last = tokens.at(-1);
      if (last && 'text' in last && !last.quoted && (last.text === 'none' || last.text === 'any'))
        reader.fail(`${last.text} stands alone. As a value it needs quotes`, last.at, last.to);
    };
    let glue: string | null = null;
    for (;;) {
      const at = reader.at;
      alone();
      const next = reader.take(field.kind === 'tags' ? /[,+]/y : /,/y);
      if (next === null) break;
      if (glue !== null && next !== glue) reader.fail('Either + (all of them) or a comma (any of them), not both', at);
      glue = next;
      reader.space();
      tokens.push(this.token(field));
    }
    if (field.kind !== 'tags') return readValues(tokens, field, scope, this.#reading, reader);
    const tags = tokens.map((token) => readText(token, reader));
    return glue === ',' ? { field: field.path, any: tags } : { field: field.path, all: tags };
  }

  private listed(what: string, field: Field, scope: Scope): Condition {
    const { reader } = this;
    const open = reader.at - 1;
    const tokens: Token[] = [];
    for (reader.space(); !reader.ended && !reader.peek(/\)/y); reader.space()) {
      if (tokens.length > 0 && reader.take(/,\s*/y) === null) reader.fail('Expected a comma or )');
      tokens.push(this.token(field, value));
    }
    this.close(open);
    const { path } = field;
    if (what === 'in')
      return tokens.length === 0
        ? { field: path, in: [] }
        : readValues(tokens, field, scope, this.#reading, reader, true);
    const texts = tokens.map((token) => readText(token, reader));
    if (what === 'like')
      return texts.length === 1 ? { field: path, like: texts[0] ?? '' } : reader.fail('like takes one value', open);
    return what === 'all' ? { field: path, all: texts } : { field: path, any: texts };
  }

  private token(field: Field, pattern = field.kind === 'tags' ? tag : value): Token {
    const { reader } = this;
    const at = reader.at;
    const quoted = reader.text[at] === '"';
    const mark: Mark = { what: 'value', path: field.path, quoted, at, to: at };
    reader.marks.push(mark);
    const token = reader.value(pattern);
    mark.to = reader.at;
    return token ?? reader.fail('Expected a value');
  }

  private close(open: number): void {
    this.reader.space();
    if (this.reader.take(/\)/y) === null) this.reader.fail('This parenthesis is not closed', open, open + 1);
  }

  private atEnd(): boolean {
    return this.reader.ended || this.reader.peek(/\)/y);
  }

  private ahead(...words: string[]): boolean {
    return words.some((one) => this.reader.peek(new RegExp(`${one}(?=[\\s()"]|$)`, 'iy')));
  }

  private keyword(one: string): boolean {
    this.reader.space();
    if (!this.ahead(one)) return false;
    this.reader.at += one.length;
    return true;
  }
}

function noField(name: string, scope: Scope): string {
  const near = closest(name, scope);
  const fits =
    near.length > 0 ? `Did you mean ${near.join(' or ')}?` : 'To search for these characters, put them in quotes';
  return `No field is called ${name}. ${fits}`;
}

function readUtc(text: string): number | null {
  return parseTime(text);
}
