/**
 * What may not drift: ratios between us and others in one run, which a slower machine changes little. `budget.json` has, by the
 * figure's name, the least it may be. Milliseconds are never held: they say more about the machine than about the code.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Figure } from './figures.ts';

/** Sentences about what is too small, and what is missing when `isWhole` (no part was left out); none when all is well. */
export async function overBudget(figures: readonly Figure[], isWhole: boolean): Promise<string[]> {
  const text = await readFile(join(import.meta.dirname, 'budget.json'), 'utf8');
  const least = JSON.parse(text) as Record<string, number>;
  return Object.entries(least).flatMap(([name, wanted]) => {
    const [bench, what] = name.split(': ');
    const found = figures.find((one) => one.ratio === true && one.bench === bench && one.name === what);
    if (!found) return isWhole ? [`${name} was not measured`] : [];
    return found.value >= wanted ? [] : [`${name} is ${found.value.toFixed(2)}, at least ${wanted} is wanted`];
  });
}
