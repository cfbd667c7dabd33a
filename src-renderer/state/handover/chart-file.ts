/** The chart over the list as a picture, saved where the person says. */
import type { Histogram } from '../../../src-main/contract/query.ts';
import { zoneOf } from '../../format.ts';
import { CHART_HEIGHT, CHART_WIDTH, histogramSvg } from '../../ui/charts/histogram-svg.ts';
import { app } from '../window/app.svelte.ts';
import { clock } from '../window/clock.svelte.ts';
import { notes } from '../window/notes.svelte.ts';
import { presets } from '../question/presets.svelte.ts';
import { base64 } from './base64.ts';
import { exportName } from './export-name.ts';
import { saveContent } from './save-content.ts';

/** Pixels of a PNG for each of the drawing: sharp on dense screens and in print. */
const DENSITY = 2;

export async function saveChart(format: 'png' | 'svg', data: Histogram, label: string): Promise<void> {
  const { workspace } = app;
  if (workspace === null) return;
  await notes.attempt(async () => {
    const svg = histogramSvg(data, { label, zone: zoneOf(app.utc), color: lightColor });
    const drawn = base64(new TextEncoder().encode(svg));
    const preset = presets.dirty ? null : (presets.active?.name ?? null);
    const suggested = exportName({ workspace, preset, what: 'chart', ending: `.${format}` }, clock.read());
    await saveContent(suggested, 'Chart', async () => (format === 'svg' ? drawn : png(drawn)));
  });
}

/** Paper is light, whatever the window is: the theme's light value of a colour. */
function lightColor(css: string): string {
  const probe = document.createElement('i');
  probe.style.colorScheme = 'light';
  probe.style.forcedColorAdjust = 'none';
  probe.style.color = css;
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

/** base64 of an SVG to base64 of a PNG. */
async function png(svg: string): Promise<string> {
  const image = new Image();
  image.src = `data:image/svg+xml;base64,${svg}`;
  await image.decode();
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [CHART_WIDTH * DENSITY, CHART_HEIGHT * DENSITY];
  canvas.getContext('2d')?.drawImage(image, 0, 0, canvas.width, canvas.height);
  return canvas.toDataURL('image/png').replace(/^.*,/, '');
}
