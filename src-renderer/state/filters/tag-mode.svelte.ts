/** The choice of "all of" or "any of" per tags field, while no tag is chosen and no condition can hold it. */
import { SvelteMap } from 'svelte/reactivity';
import type { Choice } from './conditions.ts';

const wishes = new SvelteMap<string, 'all' | 'any'>();

export function tagMode(field: string, choice: Choice): 'all' | 'any' {
  return choice.include.some((value) => value !== null) ? choice.mode : (wishes.get(field) ?? 'all');
}

export function wishTagMode(field: string, mode: 'all' | 'any'): void {
  wishes.set(field, mode);
}
