/** What a person is typing at a place in a query, so that it can be completed. */
import { fieldCalled, plainOrQuoted, type Scope } from './names.ts';
import { parseQuery } from './parse.ts';

/** A completion replaces the characters from `at` to `to`, and begins with `typed`. */
export type CompletionPlace = { at: number; to: number; typed: string } & (
  { what: 'field'; scope: Scope } | { what: 'value'; path: string } | { what: 'relation'; scope: Scope }
);

/** `cursor`: characters before it. null: nothing can be completed there, because what stands before it is wrong or ended. */
export function completionPlace(text: string, cursor: number): CompletionPlace | null {
  const before = text.slice(0, cursor);
  const { marks, problem } = parseQuery(before);
  const last = marks.at(-1);
  const rest = /^[^\s"(),:~<>=+]*/.exec(text.slice(cursor))?.[0].length ?? 0;
  if (last?.what === 'value' && last.quoted && problem?.at === last.at)
    return { what: 'value', path: last.path, at: last.at, to: cursor + rest, typed: before.slice(last.at + 1) };
  if (last?.to === cursor) return { ...last, to: cursor + rest, typed: before.slice(last.at) };
  if (before === '' || /[\s(]$/.test(before)) {
    const scope = last && 'scope' in last ? last.scope : 'task_run';
    return problem === null || /[\s(]$/.test(before)
      ? { what: 'field', scope, at: cursor, to: cursor + rest, typed: '' }
      : null;
  }
  return null;
}

/** What follows a field's name, by what is usually asked of it. */
export function fieldText(word: string, scope: Scope): string {
  const kind = fieldCalled(word, scope)?.kind;
  return word + (kind === 'time' || kind === 'number' ? '>=' : kind === 'text' ? '~' : ':');
}

export const valueText = (value: string) => (value === 'none' || value === 'any' ? value : plainOrQuoted(value));
