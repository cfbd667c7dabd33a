/**
 * The whole product at N demo runs: this process is the core and the browser host, a real Chromium is the window.
 * Prints how long a full sync takes, what stalls main and page meanwhile, start-up to the first row, and what a click costs
 * from the window's side. Numbers of one machine in one run: nothing here passes or fails.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { MessageChannel } from 'node:worker_threads';
import { chromium, type Browser, type Page } from '@playwright/test';
import { contract } from '../../src-main/contract/calls.ts';
import type { Condition } from '../../src-main/contract/query.ts';
import { createApp, type App } from '../../src-main/core/app.ts';
import { plainShell } from '../../src-main/core/shell.ts';
import { portChannel } from '../../src-main/rpc/channels.ts';
import { connect } from '../../src-main/rpc/rpc.ts';
import { startBrowserHost } from '../../src-main/shell/browser/host.ts';
import { Downloads } from '../../src-main/shell/browser/downloads.ts';
import { quantile, type Figure } from './figures.ts';

const DAY = 86_400_000_000;
const questions: Record<string, Condition> = {
  everything: { and: [] },
  failed: { field: 'state_type', in: ['FAILED', 'CRASHED'] },
  'name like %load%': { field: 'name', like: 'load' },
  'failed, last 7 days': {
    and: [
      { field: 'state_type', in: ['FAILED'] },
      { field: 'expected_start_time', from: { ago: 7 * DAY } },
    ],
  },
  'flow name like etl': { field: 'flow_run.flow.name', like: 'etl' },
  'tag prod, not completed': {
    and: [{ field: 'tags', all: ['prod'] }, { not: { field: 'state_type', in: ['COMPLETED'] } }],
  },
  'free text orders': { text: 'orders' },
};
const facets = ['state_type', 'state_name', 'flow_run.flow_id', 'flow_run.deployment_id', 'tags', 'task_key'].map(
  (field) => ({ field, limit: 20 }),
);

export async function appBench(runs: number): Promise<Figure[]> {
  const dir = await mkdtemp(join(tmpdir(), 'taskscope-bench-'));
  const figures: Figure[] = [];
  const add = (name: string, value: number, unit: string) =>
    figures.push({ bench: `app, ${runs} runs`, name, value, unit });
  let browser: Browser | null = null;
  try {
    browser = await chromium.launch({
      executablePath: process.env.TASKSCOPE_CHROMIUM ?? '/usr/bin/chromium',
      args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
    });
    await firstSync(dir, runs, browser, add);
    await secondStart(dir, runs, browser, add);
  } finally {
    await browser?.close();
    await rm(dir, { recursive: true, force: true });
  }
  return figures;
}

type Add = (name: string, value: number, unit: string) => void;

async function open(dir: string, runs: number) {
  const app = await createApp({ dataDir: dir, shell: plainShell, demoRuns: runs, log: () => undefined });
  const host = await startBrowserHost({
    assets: join(import.meta.dirname, '../../out/renderer'),
    port: 0,
    downloads: await Downloads.open(join(dir, 'exports')),
    serve: (channel) => app.serve(channel),
    api: (request) => app.api('demo', request),
    log: () => undefined,
  });
  return { app, host, close: () => host.close().then(() => app.close()) };
}

/** Rows on screen, and every gap between two frames longer than 50 ms, from the page's own clock. */
async function watchFrames(page: Page): Promise<() => Promise<number>> {
  await page.evaluate(() => {
    const stalls = { worst: 0 };
    Object.assign(window, { stalls });
    let last = window.performance.now();
    const frame = (now: number) => {
      stalls.worst = Math.max(stalls.worst, now - last);
      last = now;
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  });
  return () => page.evaluate(() => (window as unknown as { stalls: { worst: number } }).stalls.worst);
}

async function firstSync(dir: string, runs: number, browser: Browser, add: Add): Promise<void> {
  const { app, host, close } = await open(dir, runs);
  try {
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
    const delay = monitorEventLoopDelay({ resolution: 5 });
    const busy = performance.eventLoopUtilization();
    delay.enable();
    const began = performance.now();
    await page.goto(host.url);
    await page.getByRole('row').nth(1).waitFor();
    const worstFrame = await watchFrames(page);
    await synced(app, runs);
    const seconds = (performance.now() - began) / 1000;
    delay.disable();
    add('first sync', seconds, 's');
    add('first sync', runs / seconds, 'runs/s');
    add('main thread, worst stall while syncing', delay.max / 1e6, 'ms');
    add('main thread, p99 stall while syncing', delay.percentile(99) / 1e6, 'ms');
    add('main thread busy while syncing', performance.eventLoopUtilization(busy).utilization * 100, '%');
    add('page, longest frame while syncing', await worstFrame(), 'ms');
    await page.close();
  } finally {
    await close();
  }
}

async function synced(app: App, runs: number): Promise<void> {
  const name = app.workspaces.list()[0]?.name ?? '';
  const archive = await app.archive(name);
  await archive.settled();
  const [count] = await archive.query.counts({ queries: [{ where: { and: [] }, sort: [] }] });
  if (!count || count < runs) throw new Error(`synced ${count} of ${runs}`);
}

async function secondStart(dir: string, runs: number, browser: Browser, add: Add): Promise<void> {
  const began = performance.now();
  const { app, host, close } = await open(dir, runs);
  try {
    add('start: listening', performance.now() - began, 'ms');
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
    await page.goto(host.url);
    await page.locator('[role=row][aria-rowindex="2"]').waitFor();
    add('start: first row on screen', performance.now() - began, 'ms');
    await (await app.archive(app.workspaces.list()[0]?.name ?? '')).settled();
    await scroll(page, add);
    await page.close();
    await clicks(app, add);
  } finally {
    await close();
  }
}

async function scroll(page: Page, add: Add): Promise<void> {
  const grid = page.getByRole('grid');
  await grid.hover();
  const worstFrame = await watchFrames(page);
  for (let i = 0; i < 120; i++) {
    await page.mouse.wheel(0, i % 2 === 0 ? 400 : 2500);
    await page.waitForTimeout(16);
  }
  add('page, longest frame while scrolling', await worstFrame(), 'ms');
  const at = performance.now();
  await grid.press('End');
  await page.waitForFunction(() => {
    const grid = document.querySelector('[role=grid]');
    const last = grid?.getAttribute('aria-rowcount');
    return last !== null && grid?.querySelector(`[aria-rowindex="${last}"] [role=gridcell]`) !== null;
  });
  add('End key to last row shown', performance.now() - at, 'ms');
}

/** Through the window's own protocol, so that the thread hop and the rows are in it. */
async function clicks(app: App, add: Add): Promise<void> {
  const { port1, port2 } = new MessageChannel();
  app.serve(portChannel(port1));
  const client = connect(contract, portChannel(port2));
  const workspace = app.workspaces.list()[0]?.name ?? '';
  const all: number[] = [];
  for (const [name, where] of Object.entries(questions)) {
    const times: number[] = [];
    for (let i = 0; i < 15; i++) {
      const at = performance.now();
      await client['query.ask']({
        workspace,
        query: { where, sort: [{ field: 'expected_start_time', dir: 'desc' }] },
        rows: { from: 0, to: 200 },
        facets,
        histogram: { field: 'expected_start_time', buckets: 90 },
      });
      if (i > 4) times.push(performance.now() - at);
    }
    add(`click: ${name}`, quantile(times, 0.5), 'ms');
    all.push(...times);
  }
  add('click, p95 of all', quantile(all, 0.95), 'ms');
  port2.close();
}
