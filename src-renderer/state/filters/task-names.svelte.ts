/**
 * A task's key without the hash of its source file, where no other task that the window has met has the same name: `extract` for
 * `extract-52749204`.
 */
import { SvelteMap } from 'svelte/reactivity';
import { splitTaskKey } from '../../grid-columns.ts';

/** name → the key that it stands for; null: it stands for several */
const keys = new SvelteMap<string, string | null>();

export function rememberTask(key: string | null): void {
  if (key === null) return;
  const { base } = splitTaskKey(key);
  const known = keys.get(base);
  if (known === undefined) keys.set(base, key);
  else if (known !== key) keys.set(base, null);
}

export function taskName(key: string): string {
  const { base } = splitTaskKey(key);
  return keys.get(base) === null ? key : base;
}
