/** What a person feels in the window while it exports everything: the page's long tasks and frames, and how busy the core's main thread is. */
import { chromium } from '@playwright/test';
import { child, end, says } from './children.ts';
import { quantile, type Figure } from './figures.ts';
import type { Busy, HostSays } from './peers/host-process.ts';
import { watchStalls, watchTasks } from './sync/stalls.ts';

/**
 * Of every run as CSV, in the columns of the list. Needs the built window. The file stays where it was written, as in the desktop app: sending a
 * browser the 305 MB afterwards keeps the main thread busy for 0.3 s, which are no part of exporting.
 */
export async function exportWindow(bench: string, rows: number): Promise<Figure[]> {
  const host = child('peers/host-process.ts', String(rows));
  const browser = await chromium.launch({
    executablePath: process.env.TASKSCOPE_CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
  });
  try {
    const { url } = await says<HostSays>(host);
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
    await page.addInitScript(() => {
      HTMLAnchorElement.prototype.click = () => undefined; // what begins a download
    });
    await page.goto(url);
    await page.locator('[role=row][data-index]').first().waitFor();
    await page.getByRole('button', { name: 'Export…' }).first().click();
    const dialog = page.getByRole('dialog', { name: /^Export / });
    await dialog.getByRole('button', { name: 'CSV', exact: true }).click();
    await page.waitForTimeout(1000); // what starting up costs is not what exporting costs
    const stalls = await watchStalls(page);
    const computed = await watchTasks(browser, page);
    host.send('begin');
    await dialog.getByRole('button', { name: 'Export', exact: true }).click();
    await page.getByRole('dialog', { name: 'Exports' }).getByText(/exported/).waitFor({ timeout: 300_000 }); // prettier-ignore
    host.send('end');
    const { frames } = await stalls();
    const tasks = await computed();
    const { busy } = await says<Busy>(host);
    const figure = (name: string, value: number, unit: string): Figure => ({ bench, name, value, unit });
    return [
      figure('page, longest task while exporting, CPU time', Math.max(0, ...tasks), 'ms'),
      figure('page, gap between two frames while exporting, p99', quantile(frames, 0.99), 'ms'),
      figure('core main thread, busy while exporting', busy, '%'),
    ];
  } finally {
    await browser.close();
    await end(host);
  }
}
