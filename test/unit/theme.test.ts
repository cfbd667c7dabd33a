/** Text of the window is readable: WCAG 2.2 AA contrast (4.5:1) for every text colour on every surface it is used on. */
import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const css = readFileSync(join(import.meta.dirname, '../../src-renderer/theme.css'), 'utf8');

type Scheme = 'light' | 'dark';
const pairs = new Map<string, Record<Scheme, string>>();
for (const [, name, light, dark] of css.matchAll(/--([\w-]+): light-dark\((#\w{6}), (#\w{6})\);/g))
  if (name && light && dark && !pairs.has(name)) pairs.set(name, { light, dark });
for (const [, name, one] of css.matchAll(/--([\w-]+): (#\w{6});/g))
  if (name && one) pairs.set(name, { light: one, dark: one });

function luminance(hex: string): number {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const c = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: string, b: string): number {
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

const plain = ['bg', 'panel', 'raised', 'overlay', 'hover', 'selected', 'accent-bg'];
const states = ['completed', 'failed', 'crashed', 'running', 'pending', 'scheduled', 'cancelled', 'paused', 'unknown'];
const uses: [string, string[]][] = [
  ['ink', [...plain, 'bad-bg', 'warn-bg', 'mark']],
  ['ink-mute', [...plain, 'bad-bg', 'warn-bg']],
  ['ink-faint', ['bg', 'panel', 'raised', 'overlay', 'hover']],
  ['accent', ['bg', 'panel', 'raised', 'overlay', 'hover', 'selected', 'accent-bg', 'bad-bg']],
  ['accent-ink', ['accent-solid', 'accent-hover']],
  ['warn', [...plain, 'warn-bg']],
  ...states.map((state): [string, string[]] => [state, ['raised', 'panel', 'hover', 'selected', 'accent-bg']]),
  ['failed', ['bad-bg', 'overlay']],
];

describe('the theme', () => {
  for (const scheme of ['light', 'dark'] as const)
    it(`reaches 4.5:1 for text in ${scheme}`, () => {
      const faint = uses.flatMap(([text, surfaces]) =>
        surfaces.flatMap((surface) => {
          const [a, b] = [pairs.get(text)?.[scheme], pairs.get(surface)?.[scheme]];
          assert.ok(a && b, `${text} or ${surface} is not in theme.css`);
          const reached = contrast(a, b);
          return reached < 4.5 ? [`${text} on ${surface}: ${reached.toFixed(2)}`] : [];
        }),
      );
      assert.deepEqual(faint, []);
    });

  it('is the only file with colours', () => {
    const folder = join(import.meta.dirname, '../../src-renderer');
    const colour = /#(?:[\da-f]{3,4}|[\da-f]{6}|[\da-f]{8})\b|\b(?:rgb|hsl|oklch)a?\(/i;
    const found = readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.(svelte|css)$/.test(name) && name !== 'theme.css')
      .filter((name) => colour.test(styleOf(readFileSync(join(folder, name), 'utf8'), name)));
    assert.deepEqual(found, []);
  });
});

/** Of a component its style block; `{#if` and private names are no colours. */
function styleOf(text: string, name: string): string {
  const style = name.endsWith('.css') ? text : (/<style>([\s\S]*)<\/style>/.exec(text)?.[1] ?? '');
  return style.replace(/mask(-image)?:[^;]*;/g, ''); // a mask's black is "show", not a colour
}
