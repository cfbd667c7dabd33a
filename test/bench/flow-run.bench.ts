/**
 * A flow run of N task runs in the window: from the wish to see it until its rows are drawn, and the longest frame while it is zoomed and
 * panned. In a real Chromium, over an archive that is made for it.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Page } from '@playwright/test';
import { createApp } from '../../src-main/core/app.ts';
import { plainShell } from '../../src-main/core/shell.ts';
import { startBrowserHost } from '../../src-main/shell/browser/host.ts';
import { Downloads } from '../../src-main/shell/browser/downloads.ts';
import { encodeRows } from '../../src-main/store/write/encode.ts';
import { openWriter } from '../../src-main/store/write/writer.ts';
import { noise } from '../fixtures/synthetic-source.ts';
import { quantile, type Figure } from './figures.ts';

const WORKSPACE = 'bench';
/** Task runs of one task, as a map makes them. */
const MAPPED = 500;
const START = Date.UTC(2026, 10, 3);
const OPENED = 5;
const STEPS = 60;

const idOf = (kind: number, n: number) =>
  `${String(kind).padStart(8, '0')}-0000-4000-8000-${String(n).padStart(12, '0')}`;
const iso = (millis: number) => new Date(millis).toISOString();
const flowRunOf = (runs: number) => idOf(1, runs);

function rowsOf(runs: number): Record<string, unknown>[] {
  return Array.from({ length: runs }, (_, i) => {
    const task = Math.floor(i / MAPPED);
    const start = START + task * 60_000 + noise(i, 1) * 40_000;
    const type = noise(i, 2) < 0.02 ? 'FAILED' : 'COMPLETED';
    const end = iso(start + 200 + noise(i, 3) * 20_000);
    const inputs = task === 0 ? [] : [0, 1].map((n) => idOf(2, (task - 1) * MAPPED + Math.floor(noise(i, 4 + n) * MAPPED)));
    return {
      ...{ id: idOf(2, i), name: `task_${task}-${i % MAPPED}`, flow_run_id: flowRunOf(runs), task_key: `task_${task}` },
      ...{ dynamic_key: `${i % MAPPED}`, run_count: 1, total_run_time: 1, tags: [], state_type: type, state_name: type },
      ...{ expected_start_time: iso(start - 300), start_time: iso(start), end_time: end },
      state: { type, name: type, timestamp: end },
      task_inputs: { given: inputs.map((id) => ({ input_type: 'task_run', id })) },
    };
  });
} // prettier-ignore

function fill(path: string, runs: number): void {
  const writer = openWriter(path, { onChange: () => undefined });
  const encode = (entity: 'flow_run' | 'task_run', rows: Record<string, unknown>[]) =>
    encodeRows(
      entity,
      rows.map((value) => ({ json: JSON.stringify(value), value: value as { id: string } })),
    );
  const times = { start_time: iso(START), end_time: iso(START + 3_600_000), state_type: 'COMPLETED', state_name: 'Completed' };
  const head = { id: flowRunOf(runs), name: 'large', tags: [], run_count: 1, total_run_time: 1, parameters: {}, ...times };
  const rows = rowsOf(runs);
  const batches = [encode('flow_run', [head])];
  for (let at = 0; at < rows.length; at += 200) batches.push(encode('task_run', rows.slice(at, at + 200)));
  writer.write({ batches });
  writer.close();
} // prettier-ignore

export async function flowRunBench(runs: number): Promise<Figure[]> {
  const dataDir = await mkdtemp(join(tmpdir(), 'taskscope-bench-'));
  const bench = `a flow run of ${runs.toLocaleString('en-US')} task runs in the window`;
  const options = { dataDir, shell: plainShell, log: () => undefined };
  try {
    const first = await createApp(options);
    // no server answers there: everything is what is kept
    await first.workspaces.add({
      ...{ name: WORKSPACE, api_url: 'http://127.0.0.1:9/api', auth: { kind: 'none' }, headers: {} },
      ...{ insecure_tls: false, ca_file: null, dialect: null },
    });
    const { path } = await first.archive(WORKSPACE);
    await first.close();
    for (const end of ['', '-wal', '-shm', '.index']) await rm(path + end, { force: true });
    fill(path, runs);
    const app = await createApp(options);
    const host = await startBrowserHost({
      assets: join(import.meta.dirname, '../../out/renderer'),
      port: 0,
      downloads: await Downloads.open(join(dataDir, 'exports')),
      serve: (channel) => app.serve(channel),
      api: (request) => app.api(WORKSPACE, request),
      log: () => undefined,
    });
    const browser = await chromium.launch({
      executablePath: process.env.TASKSCOPE_CHROMIUM ?? '/usr/bin/chromium',
      args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
    });
    try {
      const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
      await page.goto(host.url);
      await page.locator('[role=row][aria-rowindex="2"]').waitFor();
      const [shown, drawn]: [number[], number[]] = [[], []];
      for (let i = 0; i <= OPENED; i++) {
        const times = await opened(page, flowRunOf(runs));
        if (i > 0) {
          shown.push(times.shown); // the first time compiles
          drawn.push(times.drawn);
        }
        if (i < OPENED) await page.getByRole('button', { name: 'Back to the list' }).click();
      }
      const frames = await moved(page);
      return [
        { bench, name: 'open to first rows', value: quantile(shown, 0.5), unit: 'ms' },
        { bench, name: 'open to all drawn', value: quantile(drawn, 0.5), unit: 'ms' },
        { bench, name: 'zoomed and panned, a frame, p95', value: quantile(frames, 0.95), unit: 'ms' },
        { bench, name: 'zoomed and panned, longest frame', value: Math.max(...frames), unit: 'ms' },
      ];
    } finally {
      await browser.close();
      await host.close();
      await app.close();
    }
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
}

/** ms from the wish until the first rows, and until all are counted and drawn. */
function opened(page: Page, id: string): Promise<{ shown: number; drawn: number }> {
  return page.evaluate(async (of) => {
    const began = performance.now();
    location.hash = `/flow-runs?of=${of}&in=bench`;
    const frame = () => new Promise((done) => requestAnimationFrame(done));
    const until = async (selector: string) => {
      while (!document.querySelector(selector)) await frame();
      // drawn in the frame after
      await frame();
      return performance.now() - began;
    };
    const shown = await until('[role=treegrid] [data-index]');
    return { shown, drawn: await until('main .counts') };
  }, id);
}

/** ms of each frame while the timeline is zoomed in and out and panned. */
async function moved(page: Page): Promise<number[]> {
  await page.getByRole('treegrid').waitFor();
  return page.evaluate(async (steps) => {
    const grid = document.querySelector('[role=treegrid]') as HTMLElement;
    const { left, top, width } = grid.getBoundingClientRect();
    const frames: number[] = [];
    const frame = () => new Promise((done) => requestAnimationFrame(done));
    await frame();
    for (let i = 0, last = performance.now(); i < steps; i++) {
      const zooms = i % 3 !== 2;
      const deltaY = zooms ? (i < steps / 2 ? -60 : 60) : 40;
      const at = { clientX: left + width * 0.6, clientY: top + 60, bubbles: true, cancelable: true };
      grid.dispatchEvent(new WheelEvent('wheel', { ...at, deltaY, ctrlKey: zooms, shiftKey: !zooms }));
      await frame();
      frames.push(performance.now() - last);
      last = performance.now();
    }
    return frames;
  }, STEPS);
}
