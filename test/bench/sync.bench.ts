/**
 * A full sync against a raw download of the same rows: the same requests to the same server, as many at once, bodies thrown away.
 * Both in turns in one run; the ratio is of their medians. Then once more with the window open in a real Chromium: what the page
 * and the core's main thread feel of it. Server, core and this program are processes of their own.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { chromium } from '@playwright/test';
import { quantile, type Figure } from './figures.ts';
import type { CoreSays, Synced } from './sync/core-process.ts';
import { download, recorder, type Asked } from './sync/raw.ts';
import { watchStalls } from './sync/stalls.ts';

type Server = { apiUrl: string; stop: () => Promise<unknown> | void };

function child(file: string, ...args: string[]): ChildProcess {
  return fork(join(import.meta.dirname, 'sync', file), args, { execArgv: process.execArgv });
}

async function says<T>(from: ChildProcess): Promise<T> {
  const ended = once(from, 'exit').then(() => {
    throw new Error('a process of the bench ended');
  });
  ended.catch(() => undefined);
  const [message] = (await Promise.race([once(from, 'message'), ended])) as [T];
  return message;
}

async function end(one: ChildProcess): Promise<void> {
  const exited = once(one, 'exit');
  one.disconnect();
  await exited;
}

export async function startDemoProcess(runs: number): Promise<Server> {
  const demo = child('demo-process.ts', String(runs));
  const { apiUrl } = await says<{ apiUrl: string }>(demo);
  return { apiUrl, stop: () => end(demo) };
}

/** A new archive each time. `meanwhile` is given the page's address and does its work around the sync. */
async function syncOf(
  apiUrl: string,
  meanwhile = (_: string, sync: () => Promise<Synced>): Promise<Synced> => sync(),
): Promise<Synced> {
  const core = child('core-process.ts', apiUrl);
  try {
    const first = await says<CoreSays>(core);
    if (!('url' in first)) throw new Error('the core did not say where its page is');
    return await meanwhile(first.url, () => {
      core.send('sync');
      return says<Synced>(core);
    });
  } finally {
    await end(core);
  }
}

async function recorded(apiUrl: string): Promise<{ asked: Asked[]; runs: number }> {
  const between = await recorder(apiUrl);
  try {
    const { runs } = await syncOf(between.apiUrl);
    return { asked: between.asked, runs };
  } finally {
    await between.close();
  }
}

/** `what`: the server, for the figures' names. `pairs`: how often each of the two is measured. */
export async function syncBench(what: string, { apiUrl }: Server, pairs: number): Promise<Figure[]> {
  const figures: Figure[] = [];
  const { asked, runs } = await recorded(apiUrl);
  const add = (name: string, value: number, unit: string, ratio = false) =>
    figures.push({ bench: `sync, ${what}`, name, value, unit, ...(ratio ? { ratio } : {}) });
  const raw: number[] = [];
  const full: number[] = [];
  for (let pair = 0; pair < pairs; pair++) {
    const work = [
      async () => raw.push((await download(apiUrl, asked)).seconds),
      async () => {
        const synced = await syncOf(apiUrl);
        if (synced.runs !== runs) throw new Error(`${synced.runs} of ${runs} runs were synced`);
        full.push(synced.seconds);
      },
    ];
    for (const one of pair % 2 === 0 ? work : work.reverse()) await one();
    process.stderr.write(`${what}: raw ${raw.at(-1)?.toFixed(2)} s, sync ${full.at(-1)?.toFixed(2)} s\n`);
  }
  const rawSeconds = quantile(raw, 0.5);
  const fullSeconds = quantile(full, 0.5);
  add('requests', asked.length, '');
  add('raw download', rawSeconds, 's');
  add('full sync', fullSeconds, 's');
  add('full sync', runs / fullSeconds, 'runs/s');
  add('full sync ÷ raw download', fullSeconds / rawSeconds, '×');
  add('raw download ÷ full sync', rawSeconds / fullSeconds, '×', true);
  await withWindow(apiUrl, rawSeconds, add);
  return figures;
}

async function withWindow(
  apiUrl: string,
  rawSeconds: number,
  add: (name: string, value: number, unit: string) => void,
): Promise<void> {
  const browser = await chromium.launch({
    executablePath: process.env.TASKSCOPE_CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
  });
  try {
    const { seconds, busy, stall } = await syncOf(apiUrl, async (url, sync) => {
      const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
      await page.goto(url);
      await page.getByRole('button', { name: /^Workspace:/ }).waitFor();
      await page.waitForTimeout(1000); // what starting up costs is not what syncing costs
      const stalls = await watchStalls(page);
      const synced = await sync();
      const { tasks, frames } = await stalls();
      add('page, longest task while syncing', Math.max(0, ...tasks), 'ms');
      add('page, tasks over 50 ms while syncing', tasks.length, '');
      add('page, longest gap between two frames while syncing', Math.max(0, ...frames), 'ms');
      add('page, gap between two frames while syncing, p99', quantile(frames, 0.99), 'ms');
      return synced;
    });
    add('full sync with the window open ÷ raw download', seconds / rawSeconds, '×');
    add('core main thread, busy while syncing', busy, '%');
    add('core main thread, worst stall while syncing', stall, 'ms');
  } finally {
    await browser.close();
  }
}
