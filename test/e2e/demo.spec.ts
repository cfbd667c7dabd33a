/** The main job on the demo workspace: the same on every host, with nothing but the app itself. */
import { readFile } from 'node:fs/promises';
import { expect, test } from './host.ts';
import { Window } from './window.ts';

const runs = ['--demo', '--demo-runs', '3000'];

test('opens on demo data, finds the failed runs, keeps the filter over a restart, exports it', async ({ host }) => {
  const running = await host.start({ args: runs });
  const window = new Window(running.page);
  await window.ready();
  await expect(running.page.getByText('Demo data').first()).toBeVisible();
  // the story goes on while the test looks, so only the beginning of the count is certain
  await expect.poll(() => window.count()).toBeGreaterThanOrEqual(3000);

  const hint = running.page.getByRole('status').filter({ hasText: 'These runs are made up' });
  await hint.getByRole('button', { name: 'Connect a server…' }).click();
  await running.page.getByRole('dialog', { name: 'Add a server' }).getByRole('button', { name: 'Cancel' }).click();
  await expect(hint.getByRole('button', { name: 'Connect a server…' })).toBeFocused();
  await hint.getByRole('button', { name: 'Dismiss' }).click();
  await expect(hint).toBeHidden();

  await window.expectChartTip();

  await window.filter('State', 'Failed');
  await expect.poll(() => window.count()).toBeLessThan(1000);
  const failed = await window.count();
  expect(failed).toBeGreaterThan(0);

  await window.rows().first().dblclick();
  await expect(
    window.detail.getByText(/encountered an exception|exceeded timeout|states failed/).first(),
  ).toBeVisible();
  await running.page.keyboard.press('Escape');

  await window.savePreset('Morning round');
  const path = await running.savedFile(() => window.export());
  const [header = '', ...lines] = (await readFile(path, 'utf8')).trimEnd().split(/\r\n(?=[0-9a-f]{8}-)/);
  expect(header.split(',')).toContain('id');
  expect(lines.length).toBeGreaterThanOrEqual(failed);

  const again = new Window((await host.restart({ args: runs })).page);
  await again.ready();
  await expect(again.page.getByText('These runs are made up')).toBeHidden();
  await again.preset('Morning round').click();
  await expect.poll(() => again.count()).toBeGreaterThanOrEqual(failed);
  await expect.poll(() => again.count()).toBeLessThan(1000);
});
