/** The main job on the demo workspace: the same on every host, with nothing but the app itself. */
import { execFileSync } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { accessible } from './accessible.ts';
import { expect, test } from './host.ts';
import { Window } from './window.ts';

const runs = ['--demo', '--demo-runs', '3000'];

test('opens on demo data, finds the failed runs, keeps the filter over a restart, exports it', async ({ host }) => {
  test.setTimeout(300_000);
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
  // in a small window, too, all of the bar is in sight
  await running.page.setViewportSize({ width: 900, height: 600 });
  await expect(running.page.getByRole('button', { name: 'Choose none' })).toBeInViewport({ ratio: 1 });
  await running.page.setViewportSize({ width: 1440, height: 900 });
  await accessible(running.page, 'main');
  await running.page.keyboard.press('ControlOrMeta+c');
  await expect(running.page.getByText('5 runs copied as a table')).toBeVisible();
  expect(await window.pasted()).toMatch(/^Task run\tState\tStarted/);
  const copied = (entry: string, said: string) => window.copied('the chosen runs', entry, said);
  expect(await copied('Table for a sheet (TSV)', '5 runs copied as a table')).toMatch(/^Task run\tState\tStarted/);
  expect(await copied('Markdown table', '5 runs copied as Markdown')).toMatch(
    /^\| Task run \| State .*\n\| --- \| ---/,
  );
  expect(JSON.parse(await copied('JSON, by column', '5 runs copied as JSON'))).toHaveLength(5);
  expect(await copied('CSV', '5 runs copied as CSV')).toMatch(/^name,state_name,/);
  const ids = (await copied('Ids, one a line', '5 ids copied')).split('\n');
  expect(ids).toHaveLength(5);

  const chosen = await running.savedFile(() => window.exportChosen());
  const rows = (await readFile(chosen, 'utf8')).trimEnd().split('\n');
  expect(rows.map((row) => (JSON.parse(row) as { id: string }).id)).toEqual(ids);
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

  // a colleague opens it: nothing but these runs, and no server
  await window.openCase(caseFile);
  await window.expectCount(5);
  await expect(running.page.getByText(/5 runs of “demo-3000”/)).toBeVisible();
  await accessible(running.page, '.banners');
  await window.rows().first().click();
  await expect(window.detail.getByRole('group', { name: 'Failure' })).toBeVisible();
  await running.page.getByRole('button', { name: 'Close the case' }).click();
  await expect.poll(() => window.count()).toBeGreaterThanOrEqual(3000);
  await window.drop('photo.png', Buffer.from('no case'));
  await expect(running.page.getByText('Only case files, which end in .taskscope')).toBeVisible();
  await window.drop('half.taskscope', (await readFile(caseFile)).subarray(0, 500));
  await expect(running.page.getByText('This case file cannot be opened')).toBeVisible();
  await window.drop('dropped.taskscope', await readFile(caseFile));
  await expect(running.page.getByRole('button', { name: 'Workspace: dropped' })).toBeVisible();
  await window.expectCount(5);
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

  const saveChart = (format: 'PNG' | 'SVG') =>
    running.savedFile(async () => {
      await running.page.getByRole('group', { name: /runs over time/ }).click({ button: 'right' });
      await running.page.getByRole('menuitem', { name: new RegExp(format) }).click();
      const said = running.page.getByText(new RegExp(`Chart saved as .*_chart_.*${format}`, 'i'));
      await expect(said).toBeVisible();
    });
  // width and height stand in the first part of a PNG
  expect((await readFile(await saveChart('PNG'))).subarray(12, 20).toString('hex')).toBe('49484452000007d0');
  expect(await readFile(await saveChart('SVG'), 'utf8')).toMatch(/^<svg [^]*<rect [^]*<\/svg>\s*$/);

  await window.savePreset('Morning round');
  const path = await running.savedFile(() => window.export());
  const [header = '', ...lines] = (await readFile(path, 'utf8')).trimEnd().split(/\r\n(?=[0-9a-f]{8}-)/);
  expect(header.split(',')).toContain('id');
  expect(lines.length).toBeGreaterThanOrEqual(failed);

  // the list of exports: again into the same file, what the desktop is asked to show, one given up beside one that ends
  const exports = window.exports();
  await expect(exports).toHaveCount(2);
  await expect(exports.nth(0)).toContainText(/runs exported, .*, in /);
  const again = await running.savedFile(async () => {
    await exports.nth(0).getByRole('button', { name: 'Again' }).click();
    await expect(exports).toHaveCount(3);
    await expect(exports.nth(0)).toContainText(/runs exported/);
  });
  expect(await readFile(again, 'utf8')).toMatch(new RegExp(`^${header}`));
  await accessible(running.page, '[role=dialog]');
  if (running.asked) {
    expect(again).toBe(path);
    await exports.nth(0).getByRole('button', { name: 'Show in folder' }).click();
    await exports.nth(0).getByRole('button', { name: 'Open' }).click();
    const { asked } = running;
    for (const what of ['showItemInFolder', 'openPath'])
      await expect.poll(asked).toContain(JSON.stringify({ [what]: path }));
    // nobody reads the other end of this pipe: the export waits
    await rm(path);
    execFileSync('mkfifo', [path]);
    await exports.nth(0).getByRole('button', { name: 'Again' }).click();
    await expect(exports).toHaveCount(4);
    await exports.nth(3).getByRole('button', { name: 'Again' }).click();
    await expect(exports).toHaveCount(5);
    await expect(exports.nth(0)).toContainText('5 runs exported');
    await exports.nth(1).getByRole('button', { name: 'Cancel' }).click();
    await expect(exports.nth(1)).toContainText('Cancelled. Nothing was left behind.');
  }
  await exports
    .nth(0)
    .getByRole('button', { name: /^Take .* off the list$/ })
    .click();
  await expect(exports).toHaveCount(running.asked ? 4 : 2);
  await window.closeDialog();

  const next = new Window((await host.restart({ args: runs })).page);
  await next.ready();
  await expect(next.page.getByText('These runs are made up')).toBeHidden();
  await next.preset('Morning round').click();
  await expect.poll(() => next.count()).toBeGreaterThanOrEqual(failed);
  await expect.poll(() => next.count()).toBeLessThan(1000);
  // what Prefect cannot be asked is said
  await next.preset('New failures, last 24 h').click();
  const without = /Prefect cannot be asked .+: without it more runs come back/;
  expect(await next.copied('the view', 'JSON body for Prefect', without)).toMatch(/^\{[^]*"limit": 200/);
  // as it was set last
  await next.preset('Morning round').click();
  await next.page.getByRole('button', { name: 'Export…' }).first().click();
  const remembered = next.page.getByRole('dialog', { name: /^Export / });
  await expect(remembered.getByRole('button', { name: 'CSV', exact: true })).toHaveAttribute('aria-pressed', 'true');
  await expect(remembered.getByRole('radio', { name: /The usual set/ })).toBeChecked();
  await expect(remembered.getByRole('checkbox', { name: /For spreadsheets/ })).not.toBeChecked();
});
