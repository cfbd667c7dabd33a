/**
 * A condition tree as text. What is printed reads back as the same tree, whatever the tree: the usual shapes in the words a
 * person would type, the others in words that say exactly what they are. (-0, which JSON does not know, becomes 0.)
 */
import { isCanonicalUuid, uuidStart } from '../uuid.ts';
import { searchTerms } from '../search-text.ts';
import { stateTypes } from '../fields.ts';
import type { Condition, Instant } from '../query.ts';
import {
  behind,
  isSeconds,
  isStateType,
  namePath,
  noNames,
  plainOrQuoted,
  quoted,
  withoutUnseen,
  resolvedField,
  wordFor,
  type Field,
  type Names,
  type Scope,
} from './names.ts';
import { writeMoment, writeSeconds } from './spans.ts';

/** The conditions that stand side by side in the whole text, one by one. */
export function printParts(parts: readonly Condition[], names: Names = noNames): string[] {
  const printer = new Printer(names);
  return parts.map((one) => printer.item(one, 'task_run'));
}

export function printQuery(where: Condition, names: Names = noNames): string {
  return new Printer(names).top(where, 'task_run');
}

const isType = (text: string) => stateTypes.some((type) => type === text);

class Printer {
  readonly #names: Names;
  constructor(names: Names) {
    this.#names = names;
  }

  /** A whole query is an `and` of what stands side by side; one that is not says so. */
  top(where: Condition, scope: Scope): string {
    if ('and' in where) return where.and.map((one) => this.item(one, scope)).join(' ');
    if ('or' in where && where.or.length < 2) return ['or', ...where.or.map((one) => this.item(one, scope))].join(' ');
    if ('or' in where) return where.or.map((one) => this.item(one, scope)).join(' or ');
    return `(${this.item(where, scope)})`;
  }

  /** One that can stand beside others. */
  item(one: Condition, scope: Scope): string {
    if ('not' in one) return `not ${this.item(one.not, scope)}`;
    if ('and' in one) return this.group('and', one.and, ' ', scope);
    if ('or' in one) return this.states(one.or, scope) ?? this.group('or', one.or, ' or ', scope);
    if ('text' in one) return this.text(one.text);
    if ('log' in one) return `log:${plainOrQuoted(one.log)}`;
    if ('has' in one) return this.has(one, scope);
    return this.comparison(one, scope);
  }

  /** A phrase as it stands; anything else says that it is a search. */
  private text(text: string): string {
    const [term, ...others] = searchTerms(text);
    const isPhrase = term?.phrase && others.length === 0 && quoted(term.text) === text;
    return isPhrase ? text : `text:${plainOrQuoted(text)}`;
  }

  private group(word: string, parts: Condition[], glue: string, scope: Scope): string {
    const items = parts.map((one) => this.item(one, scope));
    return parts.length < 2 ? `(${[word, ...items].join(' ')})` : `(${items.join(glue)})`;
  }

  /** `state:crashed,Late`: types and names that are no types, as one choice. */
  private states([first, second, third]: Condition[], scope: Scope): string | null {
    if (!first || !second || third || !('in' in first) || !('in' in second)) return null;
    if (!isStateType(first.field) || second.field !== first.field.replace(/type$/, 'name')) return null;
    const types = first.in.map((value) => this.value(value, resolvedField(first.field, scope), scope));
    const names = second.in.map((value) => (typeof value === 'string' && !isType(value.toUpperCase()) ? value : null));
    if (types.length === 0 || names.length === 0 || types.some((type) => type.startsWith('#'))) return null;
    if (names.some((name) => name === null)) return null;
    const words = [...types, ...names.map((name) => plainOrQuoted(name ?? ''))];
    return `${wordFor(first.field, scope)}:${words.join(',')}`;
  }

  private has({ has, where }: { has: string; where: Condition }, scope: Scope): string {
    const to = behind(has, scope);
    const inner = 'and' in where && where.and.length === 0 ? '' : `(${this.top(where, to)})`;
    return `has:${to === null ? quoted(has) : has}${inner}`;
  }

  private comparison(one: Extract<Condition, { field: string }>, scope: Scope): string {
    const field = resolvedField(one.field, scope);
    const word = wordFor(one.field, scope);
    const list = (values: string[]) => values.map(plainOrQuoted).join(', ');
    if ('contains' in one) return `${word}~${plainOrQuoted(one.contains)}`;
    if ('like' in one) return `${word}:like(${plainOrQuoted(one.like)})`;
    if ('isNull' in one) return `${word}:${one.isNull ? 'none' : 'any'}`;
    if ('all' in one)
      return field.kind === 'tags' && one.all.length > 0
        ? `${word}:${one.all.map(plainOrQuoted).join('+')}`
        : `${word}:all(${list(one.all)})`;
    if ('any' in one)
      return field.kind === 'tags' && one.any.length > 1
        ? `${word}:${one.any.map(plainOrQuoted).join(',')}`
        : `${word}:any(${list(one.any)})`;
    if ('in' in one) {
      const values = one.in.map((value) => this.value(value, field, scope));
      const plain = values.length > 0 && field.kind !== 'tags' && field.kind !== 'time';
      return `${word}:${plain ? values.join(',') : `in(${values.join(', ')})`}`;
    }
    if (one.from !== undefined && one.to === undefined) return `${word}>=${this.bound(one.from, field)}`;
    if (one.to !== undefined && one.from === undefined) return `${word}<=${this.bound(one.to, field)}`;
    const [from, to] = [one.from, one.to].map((end) => (end === undefined ? '' : this.bound(end, field)));
    return `${word}:${from}..${to}`;
  }

  private value(value: string | number | boolean, { path, kind }: Field, scope: Scope): string {
    const exactly = `#${withoutUnseen(JSON.stringify(value))}`;
    if (kind === 'number') return typeof value === 'number' ? this.number(value, path) : exactly;
    if (kind === 'boolean') return typeof value === 'boolean' ? (value ? 'yes' : 'no') : exactly;
    if (kind === 'time') return typeof value === 'number' ? (writeMoment(value) ?? exactly) : exactly;
    if (typeof value !== 'string') return exactly;
    if (kind === 'uuid') {
      if (isCanonicalUuid(value)) return this.named(path, value);
      // of a field that is also asked by name, the beginning of an id would be read as a name too
      const alone = uuidStart(value) !== null && value === value.toLowerCase() && namePath(path, scope) === null;
      return alone && this.#names.idsOf(path, value).length === 0 ? value : exactly;
    }
    if (isStateType(path)) return isType(value) ? value.toLowerCase() : exactly;
    return plainOrQuoted(value);
  }

  /** By its name, when that is the name of no other. */
  private named(path: string, id: string): string {
    const name = this.#names.nameOf(path, id);
    if (name === null || isCanonicalUuid(name)) return id;
    const ids = this.#names.idsOf(path, name);
    return ids.length === 1 && ids[0] === id ? plainOrQuoted(name) : id;
  }

  private bound(end: Instant, { path, kind }: Field): string {
    const exactly = `#${JSON.stringify(end)}`;
    if (kind === 'time') return writeMoment(end) ?? exactly;
    return kind === 'number' && typeof end === 'number' ? this.number(end, path) : exactly;
  }

  private number(value: number, path: string): string {
    return isSeconds(path) ? writeSeconds(value) : String(value);
  }
}
