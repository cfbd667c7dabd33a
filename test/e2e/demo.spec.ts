/** The main job on the demo workspace: the same on every host, with nothing but the app itself. */
import { readFile } from 'node:fs/promises';
import { accessible } from './accessible.ts';
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
  await expect(window.detail.getByRole('group', { name: 'Failure' })).toBeVisible();
  await running.page.keyboard.press('Escape');

  // rows are chosen as in every list, and what is copied can be pasted
  await window.rows().nth(1).click();
  await window
    .rows()
    .nth(2)
    .click({ modifiers: ['ControlOrMeta'] });
  await window
    .rows()
    .nth(5)
    .click({ modifiers: ['Shift'] });
  await window.expectChosen(5);
  await running.page.keyboard.press('Space');
  await window.expectChosen(4);
  await running.page.keyboard.press('Space');
  await running.page.keyboard.press('Shift+ArrowDown');
  await window.expectChosen(6);
  await running.page.keyboard.press('Shift+ArrowUp');
  await window.expectChosen(5);
  await accessible(running.page, 'main');
  await running.page.keyboard.press('ControlOrMeta+c');
  await expect(running.page.getByText('5 runs copied as a table')).toBeVisible();

  const chosen = await running.savedFile(() => window.exportChosen());
  const rows = (await readFile(chosen, 'utf8')).trimEnd().split('\n');
  expect(rows.map((row) => (JSON.parse(row) as { id: string }).id)).toHaveLength(5);
  await window.closeDialog();

  await window.rows().nth(2).click({ button: 'right' });
  await running.page.getByRole('menuitem', { name: /Case file of/ }).click();
  const dialog = running.page.getByRole('dialog', { name: 'Case file of 5 runs' });
  await expect(dialog.getByText(/5 task runs: names, times, tags/)).toBeVisible();
  await accessible(running.page, '[role=dialog]');
  const caseFile = await running.savedFile(async () => {
    await dialog.getByRole('button', { name: /^(Write the file|Choose a file…)$/ }).click();
    await expect(dialog.getByText('5 runs handed over')).toBeVisible();
  });
  await window.closeDialog();
  await running.page.keyboard.press('Escape');
  await window.expectChosen(0);
  expect(await window.pasted()).toMatch(/^Task run\s+State\s+Started/);

  // a colleague opens it: nothing but these runs, and no server
  await window.openCase(caseFile);
  await window.expectCount(5);
  await expect(running.page.getByText(/5 runs of “demo-3000”/)).toBeVisible();
  await accessible(running.page, '.banners');
  await window.rows().first().click();
  await expect(window.detail.getByRole('group', { name: 'Failure' })).toBeVisible();
  await running.page.getByRole('button', { name: 'Close the case' }).click();
  await expect.poll(() => window.count()).toBeGreaterThanOrEqual(3000);
  await running.page.keyboard.press('Escape');
  await running.page
    .getByRole('list', { name: 'State' })
    .getByRole('button', { name: /^Failed, / })
    .first()
    .click({ button: 'right' });
  await accessible(running.page, '[role=menu]');
  await running.page.getByRole('menuitem', { name: 'Only this' }).click();
  await expect.poll(() => window.count()).toBeLessThan(1000);

  const chart = await running.savedFile(async () => {
    await running.page.getByRole('group', { name: /runs over time/ }).click({ button: 'right' });
    await running.page.getByRole('menuitem', { name: /PNG/ }).click();
    await expect(running.page.getByText(/Chart saved as .*_chart_.*png/)).toBeVisible();
  });
  // width and height stand in the first part of a PNG
  expect((await readFile(chart)).subarray(12, 20).toString('hex')).toBe('49484452000007d0');

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
