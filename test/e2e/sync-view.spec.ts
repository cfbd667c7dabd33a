/** What a person does to trust an archive: look at what is here, check it, see what the server has deleted, choose what is kept, pause. */
import { randomUUID } from 'node:crypto';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { formatTime, parseTime } from '../../src-main/contract/time.ts';
import { newRow } from '../fixtures/demo/new-rows.ts';
import { startDemo, type Demo } from '../fixtures/demo/server.ts';
import { formatDay } from '../../src-renderer/format.ts';
import { accessible } from './accessible.ts';
import { expect, test } from './host.ts';
import { Window } from './window.ts';

const RUNS = 600;
const DELETED = 5;
/** a story that stands still, so that counts are certain */
const EPOCH = Date.UTC(2026, 5, 1, 12) * 1000;

let demo: Demo;
test.beforeAll(async () => {
  demo = await startDemo({ runs: RUNS, seed: 5, epoch: EPOCH, now: EPOCH });
});
test.afterAll(() => demo.close());

test('the archive is shown, checked, mirrored and paused', async ({ host, hostKind }) => {
  test.setTimeout(180_000);
  const death = join(host.dataDir, 'death');
  const preload = pathToFileURL(join(import.meta.dirname, '../fixtures/thread-death-preload.mjs')).href;
  const NODE_OPTIONS = `${process.env.NODE_OPTIONS ?? ''} --import=${preload}`;
  const { page } = await host.start({ env: { NODE_OPTIONS, TASKSCOPE_TEST_DEATH: death } });
  const window = new Window(page);
  await window.ready();
  await window.addServer('trust', demo.apiUrl);
  await expect(page.getByRole('button', { name: 'Workspace: trust' })).toBeVisible();
  await expect(page.getByRole('button', { name: /Every run since/ })).toBeVisible();
  let all = await ask<number>('count', {});
  await window.expectCount(all);

  await test.step('the sync view, from the footer and by key', async () => {
    await page.getByRole('button', { name: /Every run since/ }).click();
    const view = page.getByRole('dialog', { name: 'Sync' });
    await expect(view.getByText(/^Every run since .*, checked .*Checked with the server in full/)).toBeVisible();
    await expect(view.getByRole('table', { name: 'What this archive holds, by expected start' })).toBeAttached();
    await accessible(page, '.dialog');
    await page.keyboard.press('Escape');
    await expect(view).toBeHidden();

    await page.keyboard.press('v');
    const strip = view.getByRole('group', { name: /What this archive holds, over time/ });
    await strip.focus();
    await page.keyboard.press('End');
    await expect(view.getByRole('status').filter({ hasText: /\d+ runs?, / })).toBeAttached();
    await page.keyboard.press('Enter');
    await expect(view).toBeHidden();
    await expect(page.getByRole('button', { name: /^Remove expected start/ })).toBeAttached();
    await expect.poll(() => window.count()).toBeLessThan(all);
    await page.getByRole('button', { name: /^Remove expected start/ }).click();
    await window.expectCount(all);
  });

  await test.step('a run whose states the server does not give shows its logs, and says so where they would be', async () => {
    const mend = demo.control.faults.add({ kind: 'status', status: 422, path: '/task_run_states/', times: Infinity });
    await window.rows().first().dblclick();
    await expect(window.detail.getByText('Finished in state').first()).toBeVisible();
    await window.detail.getByRole('tab', { name: 'States' }).click();
    await expect(window.detail.getByText('The states could not be read.')).toBeVisible();
    await accessible(page, '.pane');
    mend();
    await page.keyboard.press('Escape');
    await expect(window.detail).toBeHidden();
  });

  await test.step('the list in groups: sorted by a click on a head, and a group opens as its runs', async () => {
    await page.getByRole('button', { name: 'Group', exact: true }).click();
    await page.getByRole('menuitem', { name: 'State', exact: true }).click();
    const table = page.getByRole('table', { name: 'Runs by state' });
    const counts = () => table.locator('tbody td:nth-of-type(1)').allTextContents();
    await expect.poll(counts).not.toHaveLength(0);
    const numbers = (await counts()).map((text) => Number(text.replaceAll(/\D/g, '')));
    expect(numbers.reduce((sum, one) => sum + one)).toBe(all);
    expect(numbers).toEqual(numbers.toSorted((a, b) => b - a));
    await accessible(page, 'main');
    await table.getByRole('button', { name: 'Runs', exact: true }).click();
    await expect(table.getByRole('columnheader', { name: 'Runs', exact: true })).toHaveAttribute(
      'aria-sort',
      'ascending',
    );
    for (const head of ['Failed', '%', 'Retried', 'Median', 'p95', 'Longest', 'Total', 'Last run', 'State', 'Runs']) {
      await table.getByRole('columnheader', { name: head, exact: true }).getByRole('button').click();
      await expect(table.getByRole('columnheader', { name: head, exact: true })).toHaveAttribute('aria-sort', /./);
    }
    const failed = table.getByRole('row', { name: /^Failed/ });
    const count = Number((await failed.getByRole('cell').first().innerText()).replaceAll(/\D/g, ''));
    await failed.getByRole('button', { name: 'Failed' }).press('Enter');
    await expect(table).toBeHidden();
    await window.expectCount(count);
    await page.getByRole('button', { name: 'Remove state Failed' }).click();
    await window.expectCount(all);
  });

  await test.step('check now finds what the server has deleted, and shows it', async () => {
    await window.filter('State', 'Failed');
    await expect.poll(() => window.count()).toBeLessThan(all);
    const failed = await window.count();
    await page.getByRole('button', { name: 'Check this list' }).click();
    await expect(page.getByText(`The server has the same ${failed} runs.`)).toBeVisible();

    const rows = await ask<{ id: string }[]>('filter', { task_runs: { state: { type: { any_: ['FAILED'] } } } });
    const ids = rows.map(({ id }) => id);
    expect(ids.length).toBe(failed);
    demo.control.remove('task_run', ids.slice(0, DELETED));
    await page.keyboard.press('c');
    await page.getByRole('button', { name: `${DELETED} are gone from the server` }).click();
    await window.expectCount(DELETED);
    await expect(window.rows().getByText('gone', { exact: true })).toHaveCount(DELETED);
    await accessible(page, 'main');
    await window.rows().first().dblclick();
    await expect(window.detail.getByText('Gone from the server', { exact: true })).toBeVisible();
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Back to the filters' }).click();
    await window.expectCount(failed);
  });

  await test.step('the line at the bottom is true: since the oldest run there, checked now', async () => {
    const [oldest] = await ask<{ expected_start_time: string }[]>('filter', {
      sort: 'EXPECTED_START_TIME_ASC',
      limit: 1,
    });
    const since = formatDay(parseTime(oldest?.expected_start_time ?? '') ?? 0, undefined, Date.now() * 1000);
    await expect(page.getByRole('button', { name: `Every run since ${since}` })).toContainText(
      /checked (just now|\d+ s ago|\d+ min ago)/,
    );
  });

  await test.step('check now names what was different and what was missing, and mends it', async () => {
    const { database } = demo.control;
    const failed = await window.count();
    const rows = await ask<{ id: string }[]>('filter', { task_runs: { state: { type: { any_: ['FAILED'] } } } });
    // neither is told by an event
    demo.control.update('task_run', rows[0]?.id ?? '', { name: 'renamed on the server' });
    const state = { type: 'FAILED', name: 'Failed', message: null, state_details: {} };
    const late = { name: 'came late', state_type: 'FAILED', state_name: 'Failed', state };
    const past = { expected_start_time: '2026-05-20T10:00:00Z', start_time: '2026-05-20T10:00:00Z' };
    const ended = { end_time: '2026-05-20T10:00:05Z' };
    database.insert('task_run', newRow(database, 'task_run', { ...late, ...past, ...ended }, EPOCH));
    await page.keyboard.press('c');
    await page.getByRole('button', { name: '1 was missing here' }).click();
    await window.expectCount(1);
    await expect(window.row('came late')).toBeVisible();
    await page.getByRole('button', { name: '1 was different' }).click();
    await expect(window.row('renamed on the server')).toBeVisible();
    await window.expectCount(1);
    await page.getByRole('button', { name: 'Back to the filters' }).click();
    await window.expectCount(failed + 1);
    all += 1;
  });

  await test.step('runs here, gone, or both', async () => {
    await page.getByRole('button', { name: 'Remove state Failed' }).click();
    await window.expectCount(all);
    await page.getByRole('button', { name: 'On the server', exact: true }).click();
    const choice = page.getByRole('group', { name: 'On the server' });
    await choice.getByRole('button', { name: 'gone' }).click();
    await window.expectCount(DELETED);
    await choice.getByRole('button', { name: 'still there' }).click();
    await window.expectCount(all - DELETED);
    await expect(page.getByRole('button', { name: 'Remove on the server' })).toBeAttached();
    await choice.getByRole('button', { name: 'both' }).click();
    await window.expectCount(all);
  });

  await test.step('a run is seen to begin and to end, while the list stays where it is', async () => {
    const entered = (name: string) => {
      const state = { id: randomUUID(), type: name.toUpperCase(), name, timestamp: formatTime(Date.now() * 1000) };
      return { state, state_id: state.id, state_type: state.type, state_name: name };
    };
    const id = demo.control.insert('task_run', { name: 'watched', ...entered('Running') });
    await page.getByRole('main').getByRole('button', { name: '1 new' }).click();
    all += 1;
    await window.expectCount(all);
    await window.filter('State', 'Running');
    await expect(window.row('watched').getByText('Running', { exact: true })).toBeVisible();
    const running = await window.count();
    demo.control.update('task_run', id, entered('Completed'));
    await expect(window.row('watched').getByText('Completed', { exact: true })).toBeVisible();
    expect(await window.count()).toBe(running);
    await page.getByRole('button', { name: 'Remove state Running' }).click();
    await window.expectCount(all);
  });

  await test.step('a watched preset tells of new matches: at the preset, in the title, and marked in the list', async () => {
    const preset = window.preset('Retried');
    const item = page.getByRole('menuitemcheckbox', { name: 'Tell me about new matches' });
    const openMenu = async () => {
      await preset.hover();
      await page.getByRole('button', { name: 'More for Retried' }).click();
    };
    // where the page shows the notices: those that it makes, with leave of the browser
    if (hostKind === 'shell') {
      await page.context().grantPermissions(['notifications']);
      await page.evaluate(() => {
        const told: Notification[] = [];
        const { Notification: Real } = globalThis;
        globalThis.Notification = class extends Real {
          constructor(...args: ConstructorParameters<typeof Notification>) {
            super(...args);
            told.push(this);
          }
        };
        Object.assign(globalThis, { told });
      });
    }
    await openMenu();
    await expect(item).not.toBeChecked();
    await item.click();
    await expect(
      page.getByText(/“Retried” tells of new matches from now on|New matches of “Retried” are counted/),
    ).toBeVisible();
    await expect(preset).toHaveAccessibleName(/tells of new matches/);
    await expect(preset).not.toHaveAccessibleName(/ new\b.* new\b/); // what matches already is not told
    const at = formatTime((await page.evaluate(() => Date.now())) * 1000 + 60_000_000);
    const state = { id: randomUUID(), type: 'COMPLETED', name: 'Completed', timestamp: at };
    demo.control.insert('task_run', { name: 'tried-again', run_count: 3, state, state_id: state.id });
    all += 1;
    await expect(preset).toHaveAccessibleName(/1 new/);
    await expect(page).toHaveTitle('(1) trust – Taskscope');
    await accessible(page, 'aside');
    if (hostKind === 'shell') {
      const told = () => page.evaluate(() => (window as unknown as { told: Notification[] }).told);
      await expect.poll(told).toHaveLength(1);
      const said = await page.evaluate(() => {
        const [one] = (window as unknown as { told: Notification[] }).told;
        return one && `${one.title} | ${one.body}`;
      });
      expect(said).toBe('1 new in “Retried” | trust');
      await page.evaluate(() =>
        (window as unknown as { told: Notification[] }).told[0]?.dispatchEvent(new Event('click')),
      );
    } else await preset.click();
    await expect(window.row('tried-again').getByText('new', { exact: true })).toBeVisible();
    await expect(page).toHaveTitle('trust – Taskscope');
    await accessible(page, 'main');

    // a column as wide as what it holds, by keyboard alone
    const head = page.getByRole('columnheader', { name: 'Task run', exact: true });
    const width = async () => (await head.boundingBox())?.width ?? 0;
    const usual = await width();
    await window.grid.focus();
    await page.keyboard.press('Home');
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('Shift+F10');
    await page.getByRole('menuitem', { name: 'Fit to what it holds' }).press('Enter');
    await expect.poll(width).toBeLessThan(usual);
    const fitted = await width();
    const name = window.rows().first().locator('[role=gridcell][aria-colindex="2"]');
    expect(await name.evaluate((cell) => cell.scrollWidth - cell.clientWidth)).toBe(0); // nothing of it is cut
    expect(fitted).toBeGreaterThan(100);
    await head.click({ button: 'right' });
    await page.getByRole('menuitem', { name: 'Usual width' }).click();
    await expect.poll(width).toBe(usual);
    await head.locator('.edge').dblclick();
    await expect.poll(width).toBe(fitted);
    await head.click({ button: 'right' });
    await page.getByRole('menuitem', { name: 'Usual width' }).click();

    await page.getByRole('button', { name: 'More for presets' }).click();
    await page.getByRole('menuitem', { name: 'Quiet hours…' }).click();
    const quiet = page.getByRole('dialog', { name: 'Quiet hours' });
    await quiet.getByRole('checkbox', { name: 'Tell nothing at these hours' }).check();
    await quiet.getByLabel('From').fill('21:30');
    await accessible(page, '.dialog');
    await quiet.getByRole('button', { name: 'Save' }).click();
    await expect(quiet).toBeHidden();
    await expect
      .poll(async () => JSON.parse(await readFile(join(host.dataDir, 'settings.json'), 'utf8')) as unknown)
      .toMatchObject({ quiet_hours: { from: 1290, to: 420 } });
    await openMenu();
    await expect(item).toBeChecked();
    await item.click();
    await expect(preset).not.toHaveAccessibleName(/tells of new matches/);
    await page.getByRole('button', { name: 'Back', exact: true }).click();
    await window.expectCount(all);
  });

  await test.step('what came in is told with its failures, and taken in above the rows in sight', async () => {
    await page.getByRole('columnheader', { name: 'Started' }).hover();
    await page.mouse.wheel(0, 2000);
    const inSight = window.rows().nth(20);
    await expect(inSight).toBeInViewport();
    const id = await inSight.textContent();
    const before = await inSight.boundingBox();
    const later = (hours: number) => formatTime(EPOCH + hours * 3_600_000_000);
    for (const hours of [1, 2, 3]) {
      const type = hours === 3 ? 'FAILED' : 'COMPLETED';
      const state = { id: randomUUID(), type, name: type, timestamp: later(hours) };
      const started = { expected_start_time: later(hours), start_time: later(hours), end_time: later(hours) };
      const columns = { state_id: state.id, state_type: type, state_name: type };
      demo.control.insert('task_run', { name: `later-${hours}`, state, ...columns, ...started });
    }
    await page.getByRole('main').getByRole('button', { name: '3 new, 1 failed' }).click();
    all += 3;
    await window.expectCount(all);
    const again = window
      .rows()
      .filter({ hasText: id ?? '' })
      .first();
    expect(await again.boundingBox()).toEqual(before);
  });

  await test.step('the footer says the size that the archive has', async () => {
    await page.keyboard.press('s');
    await expect(async () => {
      const folder = join(host.dataDir, 'archives');
      const names = (await readdir(folder)).filter((name) => /^trust\.sqlite(-wal)?$/.test(name));
      const sizes = await Promise.all(names.map(async (name) => (await stat(join(folder, name))).size));
      const said = await page.getByTitle('Size of the archive on this machine').textContent();
      const [, digits = '', unit = ''] = /^([\d.,]+) (kB|MB)$/.exec(said ?? '') ?? [];
      const shown = Number(digits.replaceAll(',', '')) * (unit === 'MB' ? 1e6 : 1e3);
      const real = sizes.reduce((sum, size) => sum + size, 0);
      expect(Math.abs(shown / real - 1), `${said} for ${real} bytes`).toBeLessThan(0.1);
    }).toPass();
  });

  await test.step('pause and go on', async () => {
    await page.getByRole('button', { name: 'More about syncing' }).click();
    await page.getByRole('menuitem', { name: 'Pause syncing' }).click();
    await expect(page.getByRole('button', { name: /Every run since .*paused/ })).toBeVisible();
    await page.keyboard.press('v');
    const view = page.getByRole('dialog', { name: 'Sync' });
    await expect(view.getByText(/Paused\.$/)).toBeVisible();
    await view.getByRole('button', { name: 'Go on' }).click();
    await expect(view.getByRole('button', { name: 'Pause' })).toBeVisible();
    await page.keyboard.press('Escape');
  });

  await test.step('what would be deleted is said before it is', async () => {
    await page.getByRole('button', { name: 'Workspace: trust' }).click();
    await page.getByRole('menuitem', { name: /Manage workspaces/ }).click();
    await page.getByRole('button', { name: 'Settings of trust' }).click();
    const dialog = page.getByRole('dialog', { name: 'Settings of trust' });
    await expect(dialog.getByRole('button', { name: 'Save' })).toBeDisabled();
    await dialog.getByRole('radio', { name: /Delete them here too/ }).check();
    await expect(dialog.getByText(/^Deletes 5 runs that the server no longer has/)).toBeVisible();
    await accessible(page, '.dialog');
    await dialog.getByRole('button', { name: `Delete ${DELETED} runs` }).click();
    await expect(dialog).toBeHidden();
    await window.expectCount(all - DELETED);
  });

  await test.step('what goes by itself as time goes by is shown before it does', async () => {
    await page.getByRole('button', { name: 'Workspace: trust' }).click();
    await page.getByRole('menuitem', { name: /Manage workspaces/ }).click();
    await page.getByRole('button', { name: 'Settings of trust' }).click();
    const dialog = page.getByRole('dialog', { name: 'Settings of trust' });
    await dialog.getByRole('checkbox', { name: 'Only the last' }).check();
    await dialog.getByRole('spinbutton', { name: 'Days to keep' }).fill('3000');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await expect(dialog).toBeHidden();
    await page.keyboard.press('Escape');
    await page.keyboard.press('v');
    const view = page.getByRole('dialog', { name: 'Sync' });
    await expect(view.getByText(/the last 3000 days nothing here is beyond that/)).toBeVisible();
    await page.keyboard.press('Escape');
  });

  await test.step('without the server, checking says so', async () => {
    await demo.control.stop();
    await page.keyboard.press('c');
    await expect(page.getByRole('main').getByText(/cannot be reached/)).toBeVisible();
    await page.getByRole('main').getByRole('button', { name: 'Dismiss' }).click();
    await window.expectCount(all - DELETED);
    await demo.control.restart();
  });

  await test.step('a thread that dies is said and started again; one that dies again at once stays closed until it is asked for', async () => {
    await writeFile(`${death}.sync`, '');
    const said = page.getByRole('status').filter({ hasText: 'A part of Taskscope has died' });
    await expect(said).toContainText('started again by itself');
    await window.expectCount(all - DELETED);
    await writeFile(`${death}.sync`, '');
    const main = page.getByRole('main');
    await expect(main.getByText(/has died twice within a minute, so “?trust”? stays closed/)).toBeVisible();
    await main.getByRole('button', { name: 'Try again' }).click();
    await window.expectCount(all - DELETED);
  });
});

async function ask<T>(what: 'count' | 'filter', body: object): Promise<T> {
  const reply = await fetch(`${demo.apiUrl}/task_runs/${what}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return (await reply.json()) as T;
}
