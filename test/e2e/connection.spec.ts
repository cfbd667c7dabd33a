/** A workspace's connection is edited: the secret stays unseen, another server is said to be one, a rename keeps everything. */
import { readFile } from 'node:fs/promises';
import type { Page } from '@playwright/test';
import { startDemo, type Demo } from '../fixtures/demo/server.ts';
import { CONTRACT_HASH } from '../../src-main/contract/contract-hash.ts';
import { accessible } from './accessible.ts';
import { expect, test } from './host.ts';
import { Window } from './window.ts';

const EPOCH = Date.UTC(2026, 5, 1, 12) * 1000;
const FIRST = 'admin:first-secret';
const SECOND = 'admin:second-secret';
const RUNS = 300;
const still = { epoch: EPOCH, now: EPOCH };

let one: Demo;
let other: Demo;
test.beforeAll(async () => {
  one = await startDemo({ ...still, runs: RUNS, seed: 5, auth: { kind: 'basic', auth: FIRST } });
  other = await startDemo({ ...still, runs: 200, seed: 6 });
});
test.afterAll(() => Promise.all([one.close(), other.close()]));

async function openConnection(page: Page, name: string) {
  await page.getByRole('button', { name: /^Workspace:/ }).click();
  await page.getByRole('menuitem', { name: /Manage workspaces/ }).click();
  await page.getByRole('button', { name: `Connection of ${name}` }).click();
  return page.getByRole('dialog', { name: `Connection of ${name}` });
}

test('address, sign-in and name change; the archive stays', async ({ host, hostKind }) => {
  test.setTimeout(180_000);
  const { page } = await host.start({ env: { DISPLAY: '', WAYLAND_DISPLAY: '' } });
  const window = new Window(page);
  await window.ready();

  await test.step('a server with a sign-in', async () => {
    await page.getByRole('button', { name: /^Workspace:/ }).click();
    await page.getByRole('menuitem', { name: /Add a server/ }).click();
    const dialog = page.getByRole('dialog', { name: 'Add a server' });
    await dialog.getByLabel('API address').fill(one.apiUrl.replace('http:', 'https:'));
    await dialog.getByRole('button', { name: 'User and password' }).click();
    await dialog.getByRole('group', { name: 'From' }).getByRole('button').last().click();
    await dialog.getByLabel(/User and password, as/).fill(FIRST);
    await dialog.getByRole('button', { name: 'Test connection' }).click();
    await expect(dialog.getByText(/speaks http, not https/)).toBeVisible();
    await dialog.getByRole('button', { name: 'Use http' }).click();
    const answers = dialog.getByText(/It answers: Prefect/);
    await expect(answers).toBeVisible();
    await dialog.getByLabel('Name').fill('prod');
    await expect(answers, 'a name is nothing to test').toBeVisible();
    await dialog.getByLabel(/User and password, as/).fill(SECOND);
    await expect(answers, 'another sign-in was not tested').toBeHidden();
    await dialog.getByLabel(/User and password, as/).fill(FIRST);
    // as it stands in a browser’s address bar, and without its scheme
    await dialog.getByLabel('API address').fill(`${new URL(one.apiUrl).host}/dashboard`);
    await expect(answers, 'another address was not tested').toBeHidden();
    await dialog.getByRole('button', { name: 'Add and sync' }).click();
    await expect(dialog).toBeHidden();
    await expect(page.getByRole('button', { name: /Every run since/ })).toBeVisible();
  });
  await expect(page.getByRole('button', { name: 'Workspace: prod' })).toBeVisible();
  await window.expectCount(RUNS);

  await test.step('the secret is kept, and not shown', async () => {
    const dialog = await openConnection(page, 'prod');
    await expect(dialog.getByLabel('API address'), 'the address that answered').toHaveValue(one.apiUrl);
    await expect(dialog.getByText(/^User and password from .*It is not shown here/)).toBeVisible();
    await expect(dialog.getByRole('button', { name: 'Save and sync' })).toBeDisabled();
    await dialog.getByRole('button', { name: 'Test connection' }).click();
    await expect(dialog.getByText(/It answers: Prefect/)).toBeVisible();
    expect(await page.content()).not.toContain('first-secret');
    await accessible(page, '.dialog');
    await page.keyboard.press('Escape');
  });

  // elsewhere a browser can always be opened
  if (hostKind === 'shell' && process.platform === 'linux')
    await test.step('where no browser can be opened, the link is shown and copied', async () => {
      await expect(page.getByRole('main')).toHaveAttribute('aria-busy', 'false');
      await window.rows().first().dblclick();
      await window.detail.getByRole('button', { name: 'Open in Prefect' }).click();
      const note = page.getByRole('status').filter({ hasText: 'No browser can be opened from here. Copied:' });
      const link = note.getByRole('link', { name: new URL(one.apiUrl).origin });
      await expect(link).toHaveAttribute('href', /\/runs\/task-run\/[0-9a-f-]{36}$/);
      await note.getByRole('button', { name: 'Close' }).click();
      await page.keyboard.press('Escape');
      await expect(window.detail).toBeHidden();
    });

  await test.step('a new secret is in use at once', async () => {
    one.control.requireAuth({ kind: 'basic', auth: SECOND });
    await page.keyboard.press('s');
    await expect(page.getByText(/refused the sign-in/).first()).toBeVisible();
    const dialog = await openConnection(page, 'prod');
    await dialog.getByRole('button', { name: 'User and password' }).click();
    await dialog.getByLabel(/User and password, as/).fill(SECOND);
    await dialog.getByRole('button', { name: 'Save and sync' }).click();
    await expect(dialog).toBeHidden();
    await expect(page.getByText(/refused the sign-in/)).toHaveCount(0);
    await expect.poll(() => one.control.events.listening).toBe(1);
    await window.expectCount(RUNS);
  });

  await test.step('another server is said to be one, and can have a workspace of its own', async () => {
    const dialog = await openConnection(page, 'prod');
    await dialog.getByLabel('API address').fill(other.apiUrl);
    await expect(dialog.getByText(/The sign-in kept for this workspace is not sent to/)).toBeVisible();
    for (const name of ['Test connection', 'Save and sync'])
      await expect(dialog.getByRole('button', { name })).toBeDisabled();
    await accessible(page, '.dialog');
    await dialog.getByRole('button', { name: 'None' }).click();
    await expect(dialog.getByText(/is not sent to/)).toBeHidden();
    await dialog.getByRole('button', { name: 'Save and sync' }).click();
    await expect(dialog.getByText(/is another server/)).toBeVisible();
    await expect(dialog.getByText(/would be marked as gone/)).toBeVisible();
    await expect(dialog.getByRole('button', { name: 'Save and sync' })).toBeDisabled();
    await dialog.getByRole('button', { name: 'Add it as its own workspace…' }).click();
    const adding = page.getByRole('dialog', { name: 'Add a server' });
    await expect(adding.getByLabel('API address')).toHaveValue(other.apiUrl);
    await page.keyboard.press('Escape');
    await window.expectCount(RUNS);
  });

  await test.step('another name keeps filter and runs', async () => {
    const dialog = await openConnection(page, 'prod');
    await dialog.getByLabel('Name').fill('production');
    await dialog.getByRole('button', { name: 'Save and sync' }).click();
    await expect(dialog).toBeHidden();
    await expect(page.getByRole('button', { name: 'Workspace: production' })).toBeVisible();
    await window.expectCount(RUNS);
    await expect(page.getByRole('button', { name: /Every run since/ })).toBeVisible();
  });

  await test.step('metered by hand: the sync view says why changes come late', async () => {
    await page.keyboard.press('v');
    const view = page.getByRole('dialog', { name: 'Sync' });
    await view.getByRole('button', { name: 'every 5 min' }).click();
    await expect(view.getByRole('button', { name: 'every 5 min' })).toHaveAttribute('aria-pressed', 'true');
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: /^Workspace:/ }).click();
    await page.getByRole('menuitem', { name: /Manage workspaces/ }).click();
    await page.getByRole('button', { name: 'Settings of production' }).click();
    const settings = page.getByRole('dialog', { name: 'Settings of production' });
    await expect(settings.getByLabel('Look for changes')).toHaveValue('300');
    await settings.getByLabel('Metered connection').check();
    await settings.getByRole('button', { name: 'Save' }).click();
    await expect(settings).toBeHidden();
    await page.keyboard.press('v');
    await expect(view.getByText(/Metered connection: looks for changes every 15 min/)).toBeVisible();
    await expect(view.getByText(/Metered: at most every 15 min/)).toBeVisible();
    await expect.poll(() => one.control.events.listening).toBe(0);
    await page.keyboard.press('Escape');
  });

  await test.step('a server that was added with the wrong scheme: the empty list and the banner lead to the right one', async () => {
    const add = async (name: string, address: string, secret?: string) => {
      await page.getByRole('button', { name: /^Workspace:/ }).click();
      await page.getByRole('menuitem', { name: /Add a server/ }).click();
      const dialog = page.getByRole('dialog', { name: 'Add a server' });
      await dialog.getByLabel('API address').fill(address.replace('http:', 'https:'));
      if (secret !== undefined) {
        await dialog.getByRole('button', { name: 'User and password' }).click();
        await dialog.getByRole('group', { name: 'From' }).getByRole('button').last().click();
        await dialog.getByLabel(/User and password, as/).fill(secret);
      }
      await dialog.getByLabel('Name').fill(name);
      await dialog.getByRole('button', { name: 'Add and sync' }).click();
      await expect(dialog).toBeHidden();
    };
    await add('plain', other.apiUrl);
    const list = page.getByRole('main');
    await expect(list.getByText(/speaks http, not https/)).toBeVisible();
    await accessible(page, 'main');
    await list.getByRole('button', { name: 'Use http' }).click();
    await window.expectCount(200);
    await expect(page.getByText(/speaks http, not https/)).toHaveCount(0);

    const moved = await openConnection(page, 'plain');
    await moved.getByLabel('API address').fill(other.apiUrl.replace('http:', 'https:'));
    await moved.getByRole('button', { name: 'Save and sync' }).click();
    await moved.getByRole('button', { name: 'Save without asking' }).click();
    await expect(moved).toBeHidden();
    const banner = page.getByRole('status').filter({ hasText: /speaks http, not https/ });
    await banner.getByRole('button', { name: 'Use http' }).click();
    await expect(banner).toHaveCount(0);
    await window.expectCount(200);

    await add('signed', one.apiUrl, SECOND);
    await list.getByRole('button', { name: 'Use http' }).click();
    const dialog = page.getByRole('dialog', { name: 'Connection of signed' });
    await expect(dialog.getByLabel('API address')).toHaveValue(one.apiUrl);
    await expect(dialog.getByText(/The sign-in kept for this workspace is not sent to/)).toBeVisible();
    await dialog.getByRole('button', { name: 'User and password' }).click();
    await dialog.getByLabel(/User and password, as/).fill(SECOND);
    await dialog.getByRole('button', { name: 'Save and sync' }).click();
    await expect(dialog).toBeHidden();
    await window.expectCount(RUNS);
  });

  await test.step('a window of another build than the core is told to reload', async () => {
    if (hostKind !== 'shell') return; // elsewhere the frames do not pass the page's network
    let other = true;
    await page.routeWebSocket(/\/rpc$/, (socket) => {
      const core = socket.connectToServer();
      core.onMessage((frame) => socket.send(other ? String(frame).replace(CONTRACT_HASH, 'another build') : frame));
    });
    await page.reload();
    const told = page.getByRole('status').filter({ hasText: 'Taskscope was updated' });
    await expect(told).toBeVisible();
    await window.expectCount(RUNS);
    await accessible(page, '.banners');
    other = false;
    const loaded = page.waitForEvent('load');
    await told.getByRole('button', { name: 'Reload' }).click();
    await loaded;
    await window.expectCount(RUNS);
    await expect(told).toBeHidden();
  });
});

test('a preset carries its columns, is pinned, and is what the window opens with', async ({ host }) => {
  test.setTimeout(240_000);
  const args = ['--demo', '--demo-runs', '2000'];
  const running = await host.start({ args });
  const { page } = running;
  const window = new Window(page);
  await window.ready();
  const header = (name: string) => page.getByRole('columnheader', { name });
  await window.filter('State', 'Failed');
  await page.getByRole('button', { name: 'Choose columns' }).click();
  await page.getByRole('dialog', { name: 'Columns' }).getByLabel('Attempts').check();
  await page.keyboard.press('Escape');
  await expect(header('Attempts')).toBeVisible();
  await window.savePreset('Retries');
  const plus = page.getByRole('button', { name: 'Save these filters as a preset' });
  await expect(plus).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('textbox', { name: 'Name of the new preset' })).toBeFocused();
  await page.keyboard.press('Escape');
  await expect(plus).toBeFocused();
  await page.getByRole('button', { name: 'Choose columns' }).click();
  await page.getByRole('dialog', { name: 'Columns' }).getByLabel('Tags').uncheck();
  await page.keyboard.press('Escape');
  const saved = page.getByRole('list', { name: 'Presets' }).getByRole('listitem').filter({ hasText: 'Retries' });
  await expect(saved.getByRole('button', { name: 'Revert' })).toBeVisible();
  await page.getByRole('button', { name: 'More for Retries' }).click();
  await page.getByRole('menuitem', { name: 'Update to what is on screen' }).click();
  await expect(saved.getByRole('button', { name: 'Revert' })).toBeHidden();

  for (const item of ['Pin to the top', /^Open .* with this$/]) {
    await page.getByRole('button', { name: 'More for Retries' }).click();
    await page.getByRole('menuitem', { name: item }).click();
  }
  const first = page.getByRole('list', { name: 'Presets' }).getByRole('listitem').first();
  await expect(first).toContainText('Retries');

  await window.preset('Running now').click();
  await expect(header('Tags')).toBeVisible();
  await window.preset('Retries').click();
  await expect(header('Tags')).toBeHidden();

  await test.step('it also keeps what the list is grouped by', async () => {
    const group = async (by: string) => {
      await page.getByRole('button', { name: /^(Group|Grouped by .*)$/ }).click();
      await page.getByRole('menuitem', { name: by, exact: true }).click();
    };
    const update = async () => {
      await page.getByRole('button', { name: 'More for Retries' }).click();
      await page.getByRole('menuitem', { name: 'Update to what is on screen' }).click();
      await expect(saved.getByRole('button', { name: 'Revert' })).toBeHidden();
    };
    const byFlow = page.getByRole('button', { name: 'Grouped by flow' });
    await group('Flow');
    await expect(byFlow).toBeVisible();
    await expect(saved.getByRole('button', { name: 'Revert' })).toBeVisible();
    await update();
    await group('Not grouped');
    await window.ready();
    await window.preset('Retries').click();
    await expect(byFlow).toBeVisible();
    await group('Not grouped');
    await update();
    await window.ready();
  });

  await test.step('a path into the rows’ JSON is a column, found by its keys; the first columns stay in place', async () => {
    const update = async () => {
      await page.getByRole('button', { name: 'More for Retries' }).click();
      await page.getByRole('menuitem', { name: 'Update to what is on screen' }).click();
      await expect(saved.getByRole('button', { name: 'Revert' })).toBeHidden();
    };
    await page.getByRole('button', { name: 'Choose columns' }).click();
    const dialog = page.getByRole('dialog', { name: 'Columns' });
    for (const more of ['Ended', 'Created']) await dialog.getByLabel(more, { exact: true }).check(); // so that the list is wider than a small window
    const path = dialog.getByRole('combobox', { name: 'A path into the rows’ JSON' });
    await path.fill('parameters.da');
    const offers = dialog.getByRole('listbox', { name: 'Paths into the rows’ JSON' });
    await expect(offers.getByRole('option', { name: /^flow_run\.parameters\.day/ })).toBeVisible();
    await accessible(page, '[role=dialog]');
    while (!(await offers.getByRole('option', { name: /^flow_run\.parameters\.day/, selected: true }).isVisible()))
      await path.press('ArrowDown');
    await path.press('Enter');
    await expect(dialog.getByRole('checkbox', { name: 'flow_run.parameters.day' })).toBeChecked();
    // the field still offers paths: leaving it by a click moves nothing from under the pointer
    await expect(offers).toBeVisible();
    await dialog.getByLabel('Updated', { exact: true }).click();
    await expect(dialog.getByLabel('Updated', { exact: true })).toBeChecked();
    await expect(offers).toBeHidden();
    await dialog.getByLabel('Updated', { exact: true }).uncheck();
    await page.keyboard.press('Escape');
    await expect(dialog).toBeHidden();
    const head = header('flow_run.parameters.day');
    await expect(head).toBeVisible();
    const shown = await window.grid.getByRole('columnheader').count();
    const cells = window.grid.locator(`[role=gridcell][aria-colindex="${shown}"]`);
    await expect(cells.filter({ hasText: /^\s*2026-11-22\s*$/ }).first()).toBeVisible();
    await expect(page).toHaveURL(/[&?]columns=[^&]*flow_run\.parameters\.day/);
    const address = page.url();
    await head.click();
    expect(page.url(), 'no order of all rows is kept by it').toBe(address);
    await head.click({ button: 'right' });
    await expect(page.getByRole('menuitem', { name: 'Sort by it' })).toHaveCount(0);
    await page.keyboard.press('Escape');
    await window.grid.focus();
    await page.keyboard.press('Home');
    await page.keyboard.press('Space');
    await page.keyboard.press('ControlOrMeta+c');
    await expect(page.getByText('1 run copied as a table')).toBeVisible();
    expect(await window.pasted()).toMatch(/^Task run\s.*\sflow_run\.parameters\.day/);

    const first = header('Task run').first();
    await page.setViewportSize({ width: 900, height: 600 });
    const sideways = (left: number) => window.grid.evaluate((grid, x) => (grid.scrollLeft = x), left);
    const places = async () => [(await first.boundingBox())?.x ?? 0, (await head.boundingBox())?.x ?? 0] as const;
    await sideways(0);
    const before = await places();
    await sideways(60);
    expect((await places()).map((at, i) => Math.round(before[i] - at))).toEqual([60, 60]);
    await window.grid.focus();
    await page.keyboard.press('Home');
    await page.keyboard.press('ArrowUp');
    for (let i = 0; i < 12; i++) await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('Shift+F10');
    await page.getByRole('menuitem', { name: 'Freeze up to this column' }).press('Enter');
    const held = async () => {
      await sideways(0);
      const [name, last] = await places();
      await sideways(60);
      const [after, moved] = await places();
      return [name - after, last - moved].map(Math.round);
    };
    await expect.poll(held).toEqual([0, 60]);
    const cell = window.rows().first().getByRole('gridcell').nth(1);
    expect(Math.round((await cell.boundingBox())?.x ?? 0), 'the rows as their head').toBe(
      Math.round((await places())[0]),
    );
    await window.rows().first().click();
    await accessible(page, 'main');
    await page.keyboard.press('Escape');
    await expect(saved.getByRole('button', { name: 'Revert' })).toBeVisible();
    await update();
    await window.preset('Running now').click();
    await expect(head).toBeHidden();
    await window.preset('Retries').click();
    await expect(head).toBeVisible();
    await expect.poll(held).toEqual([0, 60]);
    await page.reload();
    await window.ready();
    await expect(head).toBeVisible();
    await expect.poll(held).toEqual([0, 60]);
    await first.click({ button: 'right' });
    await page.getByRole('menuitem', { name: 'Unfreeze the columns' }).click();
    await expect.poll(held).toEqual([60, 60]);
    await page.setViewportSize({ width: 1440, height: 900 });
    await update();
  });

  await test.step('it is copied, put into a folder, exported, and taken in again with a choice', async () => {
    const list = page.getByRole('list', { name: 'Presets' });
    const choose = async (of: string, item: string | RegExp) => {
      await page.getByRole('button', { name: `More for ${of}`, exact: true }).click();
      await page.getByRole('menuitem', { name: item }).click();
    };
    await choose('Retries', 'Duplicate');
    await expect(window.preset('Retries 2')).toBeVisible();
    await choose('Retries 2', 'Put into a folder…');
    const folder = page
      .getByRole('combobox', { name: 'Folder of Retries 2' })
      .or(page.getByLabel('Folder of Retries 2'));
    await folder.first().fill('Morning');
    await folder.first().press('Enter');
    await expect(list.getByRole('listitem').filter({ hasText: /^Morning$/ })).toBeVisible();
    await expect(window.preset('Retries 2')).toBeFocused();
    await accessible(page, '[data-section=presets]');
    const path = await running.savedFile(() => choose('presets', 'Export my presets…'));
    const file = JSON.parse(await readFile(path, 'utf8')) as { presets: { name: string }[] };
    expect(file.presets.map(({ name }) => name)).toEqual(['Retries', 'Retries 2']);

    // the same menu by the right button
    await window.preset('Retries 2').click({ button: 'right' });
    await page.getByRole('menuitem', { name: 'Export its runs…' }).click();
    const asked = page.getByRole('dialog', { name: /^Export [\d,]+ runs?$/ });
    await expect(asked.getByRole('button', { name: /^(Export|Choose a file…)$/ })).toBeEnabled();
    await page.keyboard.press('Escape');
    await expect(asked).toBeHidden();

    await choose('Retries 2', 'Delete');
    await expect(window.preset('Retries 2')).toHaveCount(0);
    await window.preset('Running now').click();
    await choose('Retries', 'Update to what is on screen');
    const bring = (text: string) =>
      page.getByLabel('File of presets', { exact: true }).setInputFiles({
        name: 'team.presets.json',
        mimeType: 'application/json',
        buffer: Buffer.from(text),
      });
    await bring('{"taskscope_presets":2}');
    await expect(page.getByText('written by a newer Taskscope')).toBeVisible();
    await bring(JSON.stringify(file));
    const dialog = page.getByRole('dialog', { name: 'Import presets' });
    await expect(dialog.getByRole('listitem').first()).toContainText('state:failed');
    await accessible(page, '.dialog');
    await dialog.getByRole('combobox', { name: 'What becomes of Retries', exact: true }).selectOption('Replace mine');
    await dialog.getByRole('button', { name: 'Import 2 presets' }).click();
    await expect(dialog).toBeHidden();
    await expect(window.preset('Retries 2')).toBeVisible();
    await window.preset('Retries').first().click();
    await expect(page.getByRole('button', { name: /^Remove state Failed/ })).toBeAttached();
  });

  const again = await host.restart({ args });
  const reopened = new Window(again.page);
  await reopened.ready();
  await expect(again.page.getByRole('button', { name: /^Remove state Failed/ })).toBeAttached();
  await expect(again.page.getByRole('columnheader', { name: 'Attempts' })).toBeVisible();
  await expect(again.page.getByRole('columnheader', { name: 'Tags' })).toBeHidden();
});
