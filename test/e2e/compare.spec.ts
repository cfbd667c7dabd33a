/** A failed run beside the last success of its task. */
import { accessible } from './accessible.ts';
import { expect, test } from './host.ts';
import { Window } from './window.ts';

test('a failed run is compared with the last success', async ({ host }) => {
  const { page } = await host.start({ args: ['--demo', '--demo-runs', '3000'] });
  const window = new Window(page);
  await window.ready();
  const search = page.getByRole('combobox', { name: /^Search names/ });
  await search.fill('state:failed task~scrape_shop');
  await search.press('Enter');
  await expect(page.getByRole('list', { name: 'Filters', exact: true }).getByRole('listitem')).toHaveCount(2);
  const dialog = page.getByRole('dialog', { name: 'Compared with the last success' });
  await window.row(/scrape_shop/).click({ button: 'right' });
  await page.getByRole('menuitem', { name: 'Compare with the last success' }).click();
  await expect(dialog).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(dialog).toBeHidden();
  await window.row(/scrape_shop/).dblclick();
  await page.getByRole('button', { name: 'compare', exact: true }).click();

  await expect(dialog.getByRole('row', { name: /^State (Failed|TimedOut) Completed$/ })).toBeVisible();
  await expect(dialog.getByRole('row', { name: /^Duration / })).toBeVisible();
  await expect(dialog.getByRole('row', { name: /^Flow scrape-prices/ })).toBeHidden();
  await dialog.getByRole('button', { name: /^Show what is the same/ }).click();
  await expect(dialog.getByRole('row', { name: 'Flow scrape-prices scrape-prices' })).toBeVisible();
  await expect(dialog.getByRole('list', { name: 'From their beginning' }).getByRole('listitem')).toHaveCount(2);
  const logs = dialog.getByRole('region', { name: 'Logs, numbers and times left out' });
  await expect(logs.getByText('− this run')).toBeVisible();
  await expect(logs.getByText('only last success: ').first()).toBeAttached();
  await accessible(page, '.dialog');

  await dialog.getByRole('button', { name: 'Open the successful run' }).click();
  await expect(dialog).toBeHidden();
  await expect(window.detail.getByText('Completed').first()).toBeVisible();

  // three chosen runs; how many of them failed, the hour decides
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Remove state Failed' }).click();
  await expect(page.getByRole('list', { name: 'Filters', exact: true }).getByRole('listitem')).toHaveCount(1);
  const choose = (n: number) =>
    window
      .rows()
      .nth(n)
      .click({ modifiers: ['ControlOrMeta'] });
  for (const n of [0, 1, 2]) await choose(n);
  await page.getByRole('group', { name: 'Chosen runs' }).getByRole('button', { name: 'Compare' }).click();
  const three = page.getByRole('dialog', { name: '3 runs compared' });
  await expect(three.getByRole('columnheader', { name: /scrape_shop.* run 3/ })).toBeVisible();
  await three.getByRole('combobox', { name: 'Texts against' }).selectOption({ index: 1 });
  await accessible(page, '.dialog');

  // six at most
  await page.keyboard.press('Escape');
  await expect(three).toBeHidden();
  const compare = page.getByRole('group', { name: 'Chosen runs' }).getByRole('button', { name: 'Compare' });
  for (const n of [3, 4, 5]) await choose(n);
  await window.expectChosen(6);
  await compare.click();
  await expect(
    page.getByRole('dialog', { name: '6 runs compared' }).getByRole('columnheader', { name: /run 6/ }),
  ).toBeVisible();
  await page.keyboard.press('Escape');
  await choose(6);
  await expect(compare).toBeDisabled();
});
