/** A failed run beside the last success of its task. */
import { accessible } from './accessible.ts';
import { expect, test } from './host.ts';
import { Window } from './window.ts';

test('a failed run is compared with the last success', async ({ host }) => {
  const { page } = await host.start({ args: ['--demo', '--demo-runs', '3000'] });
  const window = new Window(page);
  await window.ready();
  const search = page.getByRole('textbox', { name: /^Search names/ });
  await search.fill('state:failed task~scrape_shop');
  await search.press('Enter');
  await expect(page.getByRole('list', { name: 'Filters', exact: true }).getByRole('listitem')).toHaveCount(2);
  await window.row(/scrape_shop/).dblclick();
  await page.getByRole('button', { name: 'compare', exact: true }).click();

  const dialog = page.getByRole('dialog', { name: 'Compared with the last success' });
  await expect(dialog.getByRole('row', { name: /^State (Failed|TimedOut) Completed$/ })).toBeVisible();
  await expect(dialog.getByRole('row', { name: /^Duration / })).toBeVisible();
  await expect(dialog.getByRole('row', { name: /^Flow scrape-prices/ })).toBeHidden();
  await dialog.getByRole('button', { name: /^Show what is the same/ }).click();
  await expect(dialog.getByRole('row', { name: 'Flow scrape-prices scrape-prices' })).toBeVisible();
  await accessible(page, '.dialog');

  await dialog.getByRole('button', { name: 'Open the successful run' }).click();
  await expect(dialog).toBeHidden();
  await expect(window.detail.getByText('Completed').first()).toBeVisible();
});
