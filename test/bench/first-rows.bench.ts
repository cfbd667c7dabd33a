/** How long a person waits for the first rows of a server with many runs. Server, core and this program are processes of their own. */
import { chromium } from '@playwright/test';
import { child, end, says } from './children.ts';
import { quantile, type Figure } from './figures.ts';
import type { CoreSays } from './sync/core-process.ts';
import type { SlowSays } from './sync/slow-server.ts';

/** ms; a real Prefect 3.8.8 answers a page of 200 task runs in 60 to 160 ms. */
const REPLY = 150;
const TIMES = 5;

/** From the connection to the first row in a real Chromium, each time with a new archive. */
export async function firstRowsBench(runs: number): Promise<Figure[]> {
  const server = child('sync/slow-server.ts', String(runs), String(REPLY));
  const browser = await chromium.launch({
    executablePath: process.env.TASKSCOPE_CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
  });
  const waited: number[] = [];
  try {
    const { apiUrl, flowRuns } = await says<SlowSays>(server);
    process.stderr.write(`a server with ${runs} task runs of ${flowRuns} flow runs\n`);
    while (waited.length < TIMES) {
      const core = child('sync/core-process.ts', apiUrl);
      const first = await says<CoreSays>(core);
      if (!('url' in first)) throw new Error('the core did not say where its page is');
      const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
      await page.goto(first.url);
      await page.getByRole('button', { name: /^Workspace:/ }).waitFor();
      await (await fetch(`${apiUrl}/admin/version`)).text(); // what the core before has asked is answered, and holds nobody up
      const began = performance.now();
      core.send('sync');
      await page.locator('[role=row][data-index]').first().waitFor({ timeout: 60_000 });
      waited.push((performance.now() - began) / 1000);
      process.stderr.write(`first rows after ${waited.at(-1)?.toFixed(2)} s\n`);
      await page.close();
      await end(core);
    }
  } finally {
    await browser.close();
    await end(server);
  }
  const bench = `first rows, ${runs.toLocaleString('en-US')} task runs`;
  return [
    { bench, name: `connect to first rows on screen, median of ${TIMES}`, value: quantile(waited, 0.5), unit: 's' },
    { bench, name: `connect to first rows on screen, worst of ${TIMES}`, value: Math.max(...waited), unit: 's' },
  ];
}
