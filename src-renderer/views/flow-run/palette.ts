/** Colours of theme.css for a canvas, which knows no custom properties. */
import { stateTypes } from '../../../src-main/contract/fields.ts';
import { stateLook } from '../../state-look.ts';

const names = [
  'ink',
  'ink-mute',
  'ink-faint',
  'line',
  'line-soft',
  'line-strong',
  'accent',
  'raised',
  'bad',
  'glyph',
] as const;

export type Palette = Record<(typeof names)[number], string> & {
  state: (type: string | null) => string;
  font: string;
};

/** As they are where `element` stands. Signs of states keep their colours in forced colours too; lines and words take the system's. */
export function paletteOf(element: HTMLElement): Palette {
  const probe = document.createElement('span');
  element.append(probe);
  const read = (color: string, forced: 'auto' | 'none') => {
    probe.style.cssText = `position: absolute; color: ${color}; forced-color-adjust: ${forced}`;
    return getComputedStyle(probe).color;
  };
  const plain = Object.fromEntries(names.map((name) => [name, read(`var(--${name})`, 'auto')]));
  const states = new Map<string | null, string>(
    [...stateTypes, null].map((type) => [type, read(stateLook(type).color, 'none')]),
  );
  const font = getComputedStyle(element).fontFamily;
  probe.remove();
  return {
    ...(plain as Record<(typeof names)[number], string>),
    state: (type) => states.get(type) ?? states.get(null) ?? '',
    font,
  };
}

/** Calls `change` whenever the colours may be others. Returns how to stop. */
export function onPalette(change: () => void): () => void {
  const queries = ['(prefers-color-scheme: dark)', '(forced-colors: active)', '(prefers-contrast: more)'];
  const lists = queries.map((query) => window.matchMedia(query));
  for (const list of lists) list.addEventListener('change', change);
  const theme = new MutationObserver(change);
  theme.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] });
  return () => {
    for (const list of lists) list.removeEventListener('change', change);
    theme.disconnect();
  };
}
