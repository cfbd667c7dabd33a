/** The disk becomes full, or read-only, while the window is open: it says so, nothing is lost, and it goes on when it can. */
import { chmod, chown, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { startDemo, type Demo } from '../fixtures/demo/server.ts';
import { limitFileSize, noLimits } from '../fixtures/file-limit.ts';
import { freeze, noFreezing } from '../fixtures/frozen-files.ts';
import { accessible } from './accessible.ts';
import { expect, test } from './host.ts';
import { Window } from './window.ts';

const RUNS = 500;
/** More than fit into so many bytes; the demo's 200 do. */
const MANY = { runs: 4000, bytes: 3_500_000 };
const EPOCH = Date.UTC(2026, 5, 1, 12) * 1000;
const NOBODY = 65_534;
const args = ['--demo', '--demo-runs', '200'];

let demo: Demo | null = null;
test.beforeEach(async ({ host }) => {
  // seconds between two passes by themselves: short, so that what goes on by itself does so soon
  await writeFile(join(host.dataDir, 'settings.json'), JSON.stringify({ sync_every: 2 }));
});
test.afterEach(async () => {
  await demo?.close();
  demo = null;
});
const startServer = async (runs: number): Promise<Demo> =>
  (demo = await startDemo({ runs, seed: 3, epoch: EPOCH, now: EPOCH, limit: 50 }));

const banner = (page: Page, text: RegExp) => page.getByRole('status').filter({ hasText: text });
const everyRun = (page: Page) => page.getByRole('button', { name: /^Every run since/ });

/** The list does not move by itself: what came since is a click away. */
async function shown(page: Page, window: Window, count: number): Promise<void> {
  const more = page.getByRole('main').getByRole('button', { name: / new$/ });
  await expect(async () => {
    if (await more.isVisible()) await more.click();
    expect(await window.count()).toBe(count);
  }).toPass();
}

test('full in the middle of the first sync', async ({ host }) => {
  test.setTimeout(180_000);
  const why = noLimits();
  test.skip(why !== false, why || '');
  const { page, pid } = await host.start({ args });
  if (pid === null) throw new Error('no core to limit');
  const server = await startServer(MANY.runs);
  const window = new Window(page);
  await window.ready();
  await expect(everyRun(page)).toBeVisible();

  limitFileSize(pid, MANY.bytes);
  await window.addServer('room', server.apiUrl);
  const full = banner(page, /has reached the largest size allowed.*Let old runs go/);
  await expect(full).toBeVisible();
  await expect(full).toContainText('Nothing already stored was lost');
  await accessible(page, '.banners');
  await full.getByRole('button', { name: 'Copy diagnostics' }).click();
  await expect(page.getByRole('status').filter({ hasText: /^Diagnostics copied/ })).toBeVisible();
  await expect(page.getByRole('button', { name: 'Resume sync' })).toBeVisible();
  await window.ready(); // what came before it was full can be read
  const kept = await window.count();
  expect(kept).toBeGreaterThan(0);
  expect(kept).toBeLessThan(MANY.runs);

  await full.getByRole('button', { name: 'Sync again' }).click();
  await expect(full).toBeVisible();
  await page.keyboard.press('v');
  const view = page.getByRole('dialog', { name: 'Sync' });
  await expect(view.getByText(/has reached the largest size allowed/)).toBeVisible();
  await page.keyboard.press('Escape');
  expect(await window.count()).toBeGreaterThanOrEqual(kept);

  limitFileSize(pid, null); // nobody presses anything
  await expect(page.getByRole('button', { name: /^Every run since .*checked/ })).toBeVisible({ timeout: 60_000 });
  await expect(full).toHaveCount(0);
  await window.expectCount(MANY.runs);
});

test('read-only under an archive that is in use', async ({ host }) => {
  test.setTimeout(180_000);
  const why = noFreezing();
  test.skip(why !== false, why || '');
  const { page } = await host.start({ args });
  const window = new Window(page);
  await window.ready();
  const server = await startServer(RUNS);
  await window.addServer('frozen', server.apiUrl);
  await expect(everyRun(page)).toBeVisible();
  await window.expectCount(RUNS);

  const folder = join(host.dataDir, 'archives');
  const files = (await readdir(folder)).filter((name) => /^frozen\.sqlite(-wal)?$/.test(name));
  const paths = files.map((name) => join(folder, name));
  freeze(paths, true);
  try {
    server.control.insert('task_run', { name: 'came meanwhile' });
    const refused = banner(page, /frozen\.sqlite cannot be written/);
    await expect(refused).toBeVisible();
    await expect(refused).toContainText('Give yourself the right to write there');
    await accessible(page, '.banners');
    await window.expectCount(RUNS); // still read
    await window.rows().first().dblclick();
    await expect(window.detail).toBeVisible();
    await page.keyboard.press('Escape');

    freeze(paths, false);
    await expect(refused).toHaveCount(0);
    await shown(page, window, RUNS + 1);
    await expect(everyRun(page)).toBeVisible();
  } finally {
    freeze(paths, false);
  }
});

test('a data folder that nothing may be written into any more, and then again', async ({ host }) => {
  test.setTimeout(180_000);
  const asRoot = process.getuid?.() === 0;
  if (asRoot) await chown(host.dataDir, NOBODY, NOBODY); // modes do not stop root
  const uid = asRoot ? NOBODY : null;
  const first = await host.start({ args, uid, env: { HOME: host.dataDir } });
  let window = new Window(first.page);
  await window.ready();
  const server = await startServer(RUNS);
  await window.addServer('folder', server.apiUrl);
  await expect(everyRun(first.page)).toBeVisible();
  await window.expectCount(RUNS);

  const folders = [host.dataDir, join(host.dataDir, 'archives')];
  const allow = (mode: number) => Promise.all(folders.map((folder) => chmod(folder, mode)));
  await allow(0o555);
  try {
    await first.page.getByRole('button', { name: 'Save these filters as a preset' }).click();
    const field = first.page.getByRole('textbox', { name: 'Name of the new preset' });
    await field.fill('Not kept');
    await field.press('Enter');
    await expect(first.page.getByText(/presets\.json cannot be written/)).toBeVisible();

    const { page } = await host.restart({ args: [], uid, env: { HOME: host.dataDir } });
    window = new Window(page);
    await window.ready();
    await expect(banner(page, /cannot be written/)).toBeVisible();
    await accessible(page, '.banners');
    await window.expectCount(RUNS);
    await expect(window.preset('Not kept')).toHaveCount(0);
    server.control.insert('task_run', { name: 'came meanwhile' });
  } finally {
    await allow(0o755);
  }
  const { page } = await host.restart({ args: [], uid, env: { HOME: host.dataDir } });
  window = new Window(page);
  await window.ready();
  await expect(banner(page, /cannot be written/)).toHaveCount(0);
  await expect(everyRun(page)).toBeVisible();
  await shown(page, window, RUNS + 1);
  await window.savePreset('Kept');
});
