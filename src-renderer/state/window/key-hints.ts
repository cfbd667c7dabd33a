/** The key of an action, as its button tells it. */
import { app } from './app.svelte.ts';
import { keysOf, keyWords, type Shortcut } from './shortcuts.ts';

/** ` (f)`, to be put after what the button does; '' for an action without a key. */
export function keyHint(name: Shortcut): string {
  const [key] = keysOf(name, app.settings.keys);
  return key === undefined ? '' : ` (${keyWords(key)})`;
}

/** For aria-keyshortcuts; undefined for an action without a key. */
export function ariaKeys(name: Shortcut): string | undefined {
  const keys = keysOf(name, app.settings.keys).map((key) => key.replace('Mod', 'Control'));
  return keys.length === 0 ? undefined : keys.join(' ');
}

/** As it stands on the keyboard; '' for an action without a key. */
export function keyLabel(name: Shortcut): string {
  const [key] = keysOf(name, app.settings.keys);
  return key === undefined ? '' : keyWords(key);
}
