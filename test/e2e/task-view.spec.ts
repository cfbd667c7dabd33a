/** A task over time: reached from a run and from the groups, and its figures lead to the runs they count. */
import { accessible } from './accessible.ts';
import { readFile } from 'node:fs/promises';
import { expect, test } from './host.ts';
import { Window } from './window.ts';

test('a task over time', async ({ host }) => {
  const running = await host.start({ args: ['--demo', '--demo-runs', '3000'] });
  const { page } = running;
  const window = new Window(page);
  await window.ready();
  const search = page.getByRole('combobox', { name: /^Search names/ });
  await search.fill('state:failed task~scrape_shop');
  await search.press('Enter');
  await expect(page.getByRole('list', { name: 'Filters', exact: true }).getByRole('listitem')).toHaveCount(2);
  await window.row(/scrape_shop/).dblclick();
  await window.detail.getByRole('button', { name: 'task scrape_shop: over time' }).click();

  const view = page.getByRole('main', { name: 'Task' });
  await expect(view.getByRole('heading', { name: 'scrape_shop' })).toBeVisible();
  // the run that led here is closed: the keyboard is in the view
  await page.keyboard.press('Escape');
  await expect(window.detail).toBeHidden();
  await expect(view.getByRole('group', { name: 'Task over time' })).toBeFocused();
  const days = view.getByRole('table', { name: 'By day' });
  await expect(days.getByRole('row').nth(1)).toBeVisible();
  await expect(view.getByRole('table', { name: 'Failures' }).getByRole('row').nth(1)).toBeVisible();
  await expect(view.getByText('Runs by attempts')).toBeVisible();
  await accessible(page, 'main[aria-label="Task"]');

  // the slowest run opens beside it
  await view.getByRole('table', { name: 'Slowest runs' }).getByRole('button').first().click();
  await expect(window.detail.getByRole('heading', { level: 2 })).toContainText('scrape_shop');

  // a day leads to the runs it counts
  const first = days.getByRole('row').nth(1);
  const runs = await first.getByRole('cell').first().innerText();
  await first.getByRole('button').click();
  await expect(page.getByRole('heading', { level: 1, name: new RegExp(`^${runs} runs?$`) })).toBeVisible();

  // and a group of the list to its task
  await page.goBack();
  await expect(view.getByRole('heading', { name: 'scrape_shop' })).toBeVisible();
  await view.getByRole('button', { name: 'Back to the list' }).click();
  await page.getByRole('button', { name: 'Group', exact: true }).click();
  await page.getByRole('menu').getByText('Task', { exact: true }).click();
  const groups = page.getByRole('table', { name: 'Runs by task' });
  await expect(groups.getByRole('row').nth(1)).toBeVisible();
  // the groups as a file
  await page.getByRole('button', { name: 'Grouped by task' }).click();
  const file = await running.savedFile(async () => {
    await page.getByRole('menuitem', { name: 'Save the groups as CSV…' }).click();
    const dialog = page.getByRole('dialog', { name: /^Export [\d,]+ groups?$/ });
    await dialog.getByLabel('Delimiter').selectOption({ label: 'Semicolon' });
    await dialog.getByText('For spreadsheets').click();
    await dialog.getByRole('button', { name: /^(Export|Choose a file…)$/ }).click();
    await expect(page.getByText(/groups? saved as .*_groups_.*csv/)).toBeVisible();
  });
  const [head, line] = (await readFile(file, 'utf8')).split('\r\n');
  expect(head).toMatch(/^task;task_key;runs;/);
  expect(line).toMatch(/^[^;]+;[^;]+;\d+;/);
  await page.getByRole('button', { name: 'scrape_shop over time' }).click();
  await expect(view.getByRole('heading', { name: 'scrape_shop' })).toBeVisible();
  // by key too; a list of many groups is one stop of Tab
  await page.goBack();
  await groups.getByRole('button', { name: 'scrape_shop', exact: true }).press('g');
  await expect(view.getByRole('heading', { name: 'scrape_shop' })).toBeVisible();
});
