/**
 * A full sync against a raw download of the same rows: the same requests to the same server, as many at once, bodies thrown away.
 * Both in turns in one run; the ratio is of their medians. Then three times with the window open in a real Chromium: what the page
 * and the core's main thread feel of it. Server, core and this program are processes of their own.
 */
import { chromium } from '@playwright/test';
import { child, end, says } from './children.ts';
import { quantile, type Figure } from './figures.ts';
import type { CoreSays, Synced } from './sync/core-process.ts';
import { download, recorder, type Asked } from './sync/raw.ts';
import { watchStalls, watchTasks, type Stalls } from './sync/stalls.ts';

type Server = { apiUrl: string; stop: () => Promise<unknown> | void };

/** A new archive each time. `meanwhile` is given the page's address and does its work around the sync. */
async function syncOf(
  apiUrl: string,
  meanwhile = (_: string, sync: () => Promise<Synced>): Promise<Synced> => sync(),
): Promise<Synced> {
  const core = child('sync/core-process.ts', apiUrl);
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

/** Of three syncs the median for what they take, the worst for what the page and the main thread feel. */
async function withWindow(
  apiUrl: string,
  rawSeconds: number,
  add: (name: string, value: number, unit: string) => void,
): Promise<void> {
  const felt: Felt[] = [];
  for (let i = 0; i < 3; i++) felt.push(await syncedBefore(apiUrl));
  const worst = (of: (one: Felt) => number) => Math.max(...felt.map(of));
  const most = (numbers: number[]) => Math.max(0, ...numbers);
  add(
    'page, longest task while syncing, CPU time',
    worst(({ computed }) => most(computed)),
    'ms',
  );
  add(
    'page, longest task while syncing, by the clock',
    worst(({ tasks }) => most(tasks)),
    'ms',
  );
  add(
    'page, tasks over 50 ms by the clock while syncing, of three syncs',
    felt.flatMap(({ tasks }) => tasks).length,
    '',
  );
  add(
    'page, longest gap between two frames while syncing',
    worst(({ frames }) => most(frames)),
    'ms',
  );
  const gaps = felt.flatMap(({ frames }) => frames);
  add('page, gap between two frames while syncing, p99', quantile(gaps, 0.99), 'ms');
  const seconds = felt.map((one) => one.seconds);
  add('full sync with the window open ÷ raw download', quantile(seconds, 0.5) / rawSeconds, '×');
  add(
    'core main thread, busy while syncing',
    worst(({ busy }) => busy),
    '%',
  );
  add(
    'core main thread, worst stall while syncing',
    worst(({ stall }) => stall),
    'ms',
  );
}

/** `computed`: ms of CPU time of each task of the page. */
type Felt = Synced & Stalls & { computed: number[] };

/** A sync while a real Chromium shows it. */
async function syncedBefore(apiUrl: string): Promise<Felt> {
  const browser = await chromium.launch({
    executablePath: process.env.TASKSCOPE_CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
  });
  try {
    let seen = { tasks: [], frames: [], computed: [] } as Stalls & { computed: number[] };
    const synced = await syncOf(apiUrl, async (url, sync) => {
      const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
      await page.goto(url);
      await page.getByRole('button', { name: /^Workspace:/ }).waitFor();
      await page.waitForTimeout(1000); // what starting up costs is not what syncing costs
      const stalls = await watchStalls(page);
      const computed = await watchTasks(browser, page);
      const told = await sync();
      seen = { ...(await stalls()), computed: await computed() };
      // else nothing was drawn that could have taken long
      await page.locator('[role=row][data-index]').first().waitFor({ timeout: 5000 });
      return told;
    });
    return { ...synced, ...seen };
  } finally {
    await browser.close();
  }
}
