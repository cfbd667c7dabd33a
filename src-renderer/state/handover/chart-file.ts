/** The chart over the list as a picture, saved where the person says. */
import type { Histogram } from '../../../src-main/contract/query.ts';
import { zoneOf } from '../../format.ts';
import { CHART_HEIGHT, CHART_WIDTH, histogramSvg } from '../../ui/charts/histogram-svg.ts';
import { api, app } from '../window/app.svelte.ts';
import { clock } from '../window/clock.svelte.ts';
import { notes } from '../window/notes.svelte.ts';
import { presets } from '../question/presets.svelte.ts';
import { base64 } from './base64.ts';
import { exportName } from './export-name.ts';
import { receiveDownload } from './exports.svelte.ts';

/** Pixels of a PNG for each of the drawing: sharp on dense screens and in print. */
const DENSITY = 2;

export async function saveChart(format: 'png' | 'svg', data: Histogram, label: string): Promise<void> {
  const { workspace } = app;
  if (workspace === null) return;
  await notes.attempt(async () => {
    const svg = histogramSvg(data, { label, zone: zoneOf(app.utc), color: lightColor });
    const drawn = base64(new TextEncoder().encode(svg));
    const content = format === 'svg' ? drawn : await png(drawn);
    const preset = presets.dirty ? null : (presets.active?.name ?? null);
    const suggested = exportName({ workspace, preset, what: 'chart', ending: `.${format}` }, clock.read());
    const place = await api['export.choose']({ suggested });
    if (!place) return;
    const { path, download } = await api['export.write']({ save: place.save, content });
    if (download !== null) receiveDownload(download);
    const name = path.split(/[\\/]/).at(-1) ?? path;
    const reveal = { label: 'Show in folder', run: () => void notes.attempt(() => show(path)) };
    notes.say(`Chart saved as ${name}`, app.hello?.capabilities.reveal_file ? reveal : null);
  });
}

async function show(path: string): Promise<void> {
  await api['shell.revealFile']({ path });
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
