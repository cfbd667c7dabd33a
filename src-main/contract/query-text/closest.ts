/** Field names that were perhaps meant. */
import { fields, relations, type Relation } from '../fields.ts';
import { aliases, fieldCalled, type Scope } from './names.ts';

/** Every word a query may use for a field here: short ones first, then paths, at most two relations deep. */
export function fieldWords(scope: Scope): string[] {
  if (scope === null) return [];
  const own = Object.keys(fields[scope]);
  const near = Object.entries(relations[scope] as Record<string, Relation>).filter(([, { kind }]) => kind === 'one');
  const behind = near.flatMap(([name, { to }]) => [
    ...Object.keys(fields[to]).map((field) => `${name}.${field}`),
    ...Object.entries(relations[to] as Record<string, Relation>)
      .filter(([, next]) => next.kind === 'one')
      .flatMap(([next, { to: far }]) => Object.keys(fields[far]).map((field) => `${name}.${next}.${field}`)),
  ]);
  return [...Object.keys(aliases).filter((word) => fieldCalled(word, scope)), ...own, ...behind];
}

/** No field has a longer name, and the distance takes the letters of both names multiplied. */
const MOST_LETTERS = 100;

/** Up to two, by how many letters have to change, at most a third of them. */
export function closest(word: string, scope: Scope): string[] {
  return closestOf(word, fieldWords(scope));
}

/** Likewise, among any words. */
export function closestOf(word: string, words: readonly string[]): string[] {
  if (word.length > MOST_LETTERS) return [];
  const wanted = word.toLowerCase();
  const away = (name: string) => (name.startsWith(wanted) ? 0.5 : distance(wanted, name));
  return words
    .map((name) => ({ name, away: name.length > MOST_LETTERS ? Infinity : away(name.toLowerCase()) }))
    .filter(({ name, away }) => away <= Math.max(1, Math.floor(name.length / 3)))
    .sort((a, b) => a.away - b.away)
    .slice(0, 2)
    .map(({ name }) => name);
}

/** Letters to add, drop, change or swap with their neighbour. */
function distance(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let best = Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        best = Math.min(best, (before[j - 2] ?? 0) + 1);
      next[j] = best;
    }
    [before, row] = [row, next];
  }
  return row[b.length] ?? 0;
}
