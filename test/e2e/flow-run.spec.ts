/** What happened around a run? Its flow run as a whole: over time, as a graph and as one log, by mouse and by keyboard. */
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { formatTime } from '../../src-main/contract/time.ts';
import { startDemo, type Demo } from '../fixtures/demo/server.ts';
import { accessible } from './accessible.ts';
import { expect, test } from './host.ts';
import { Window } from './window.ts';

const MINUTE = 60_000_000;

let tide: Demo;
test.beforeAll(async () => {
  tide = await startDemo({ runs: 60, seed: 9 });
});
test.afterAll(() => tide.close());

test('a flow run as a whole', async ({ host }) => {
  test.setTimeout(240_000);
  const started = await host.start({ args: ['--demo', '--demo-runs', '8000'] });
  const { page } = started;
  const window = new Window(page);
  await window.ready();
  await expect(page.getByRole('button', { name: /^Every run since/ })).toBeVisible();
  const view = page.getByRole('main', { name: /^Flow run/ });
  const rows = view.getByRole('treegrid', { name: 'Task runs over time' });
  const group = rows.getByRole('row', { name: /compress_segment.*×/ });

  await test.step('the key opens it from an open run, and the keyboard is in its rows', async () => {
    await page.getByRole('combobox', { name: /^Search names/ }).fill('compress_segment');
    await expect(window.rows().first()).toContainText('compress_segment');
    await window.rows().first().click();
    await expect(window.detail.getByRole('heading', { level: 2 })).toContainText('compress_segment');
    await page.keyboard.press('g');
    await expect(rows).toBeFocused();
    await expect(view.getByRole('list', { name: 'Facts of the flow run' })).toContainText('archive-logs');
    await expect(window.grid).toBeHidden();
    await page.keyboard.press('Escape');
    await expect(window.detail).toBeHidden();
  });

  await test.step('runs of one task are one row that opens, by click and by key', async () => {
    await expect(group).toHaveAttribute('aria-expanded', 'false');
    await group.click();
    await expect(group).toHaveAttribute('aria-expanded', 'true');
    const size = Number(/×(?:\d+ of )?(\d+)/.exec((await group.textContent()) ?? '')?.[1]);
    const children = rows.getByRole('row', { name: /compress_segment-/ }).and(page.locator('[aria-level="2"]'));
    await expect(children).toHaveCount(size);
    await page.keyboard.press('ArrowLeft');
    await expect(children).toHaveCount(0);
    await page.keyboard.press('ArrowRight');
    await expect(children).toHaveCount(size);
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await expect(window.detail.getByRole('heading', { level: 2 })).toContainText('compress_segment');
    await expect(children.first()).toHaveAttribute('aria-selected', 'true');
  });

  await test.step('order, zoom and the whole', async () => {
    const dependency = view.getByRole('button', { name: 'Dependency' });
    await dependency.click();
    await expect(dependency).toHaveAttribute('aria-pressed', 'true');
    await expect(rows.getByRole('row').first()).toContainText('list_segments');
    const fit = view.getByRole('button', { name: 'Fit the whole flow run' });
    await expect(fit).toBeDisabled();
    await rows.focus();
    await page.keyboard.press('+');
    await expect(fit).toBeEnabled();
    await page.keyboard.press('0');
    await expect(fit).toBeDisabled();
    await accessible(page, 'main[aria-label^="Flow run"]');
    await view.getByRole('button', { name: 'Task', exact: true }).click();
    await expect(rows.getByRole('row').first()).toContainText('compress_segment');
    await view.getByRole('button', { name: 'Start', exact: true }).click();
    await expect(rows.getByRole('row').first()).toContainText('list_segments');
    await expect(rows.getByRole('row', { name: /on the critical path/ }).first()).toBeVisible();
  });

  await test.step('zoomed by the wheel, panned by wheel, drag and keys', async () => {
    const fit = view.getByRole('button', { name: 'Fit the whole flow run' });
    const scale = () => view.locator('.ticks').innerHTML();
    const box = await rows.boundingBox();
    if (!box) throw new Error('no timeline');
    const [x, y] = [box.x + box.width * 0.7, box.y + 40];
    const changes = async (what: () => Promise<void>) => {
      await page.mouse.move(x, y);
      const before = await scale();
      await what();
      await expect.poll(scale).not.toBe(before);
    };
    await page.mouse.move(x, y);
    await page.keyboard.down('Control');
    await changes(() => page.mouse.wheel(0, -300));
    await page.keyboard.up('Control');
    await expect(fit).toBeEnabled();
    await page.keyboard.down('Shift');
    await changes(() => page.mouse.wheel(0, 60));
    await page.keyboard.up('Shift');
    await changes(async () => {
      await page.mouse.down();
      await page.mouse.move(x - 120, y, { steps: 4 });
      await page.mouse.up();
    });
    await rows.focus();
    await changes(() => page.keyboard.press('Shift+ArrowLeft'));
    await fit.click();
    await expect(fit).toBeDisabled();
  });

  await test.step('the graph is walked along its edges, and is a list too', async () => {
    await view.getByRole('tab', { name: 'Graph' }).click();
    const graph = view.getByRole('group', { name: /^Graph of/ });
    await expect(graph.locator('[data-key]').first()).toBeVisible();
    await graph.focus();
    // the run that is open is in a folded node: the first key chooses the first node
    await page.keyboard.press('ArrowRight');
    const told = view.getByText(/list_segments.*used by compress_segment/);
    await expect(told).toHaveCount(1);
    await page.keyboard.press('ArrowRight');
    await expect(view.getByText(/compress_segment.*given by list_segments/)).toHaveCount(1);
    await view.getByRole('searchbox', { name: 'Find a task in the graph' }).fill('list_seg');
    await expect(view.getByText(/^1 match, Enter/)).toBeVisible();
    await view.getByRole('button', { name: 'Outline' }).click();
    await view
      .getByRole('group', { name: 'Tasks by step' })
      .getByRole('button', { name: /^list_segments/ })
      .click();
    await expect(window.detail.getByRole('heading', { level: 2 })).toContainText('list_segments');
    await accessible(page, 'main[aria-label^="Flow run"]');
  });

  await test.step('what was missing was fetched by itself: its states, and its logs as one log', async () => {
    const states = view.getByRole('button', { name: /^\d+ states$/ });
    await states.click();
    await expect(view.getByRole('group', { name: 'States of the flow run' })).toContainText('Running');
    await states.click();
    await view.getByRole('tab', { name: 'Logs' }).click();
    await expect(view.getByText(/^(History and logs|Fetching history)/)).toBeHidden();
    const lines = view.getByRole('list', { name: /log lines/ }).getByRole('listitem');
    await expect(lines.filter({ hasText: /flow run │ Beginning flow run/ }).first()).toBeVisible();
    await expect(lines.filter({ hasText: /list_segments-.* │ / }).first()).toBeVisible();
    await expect(lines.filter({ hasText: /_segment-.* │ / }).first()).toBeVisible();
    await expect(page).toHaveURL(/tab=logs/);
  });

  await test.step('the way back leads to the list as it was', async () => {
    await view.getByRole('button', { name: 'Back to the list' }).click();
    await expect(window.grid).toBeVisible();
    await expect(window.rows().first()).toContainText('compress_segment');
  });

  await test.step('its runs are the list, with all filters, and the other ways to look at it are a click away', async () => {
    await window.detail.getByRole('button', { name: /^flow run .*: as a whole$/ }).click();
    await view.getByRole('tab', { name: 'Runs' }).click();
    await expect(window.grid).toBeVisible();
    await expect(page.getByRole('list', { name: 'Filters', exact: true })).toContainText('flow run');
    const above = page.getByRole('main', { name: 'Task runs' }).getByRole('region', { name: /^Flow run/ });
    await expect(above.getByRole('list', { name: 'Facts of the flow run' })).toContainText('archive-logs');
    const all = await window.count();
    await window.filter('State', 'Completed');
    await expect.poll(() => window.count()).toBeLessThanOrEqual(all);
    await accessible(page, 'main[aria-label="Task runs"]');
    await above.getByRole('tab', { name: 'Graph' }).click();
    await expect(view.getByRole('group', { name: /^Graph of/ })).toBeVisible();
    await view.getByRole('tab', { name: 'Runs' }).click();
    await expect(page.getByRole('list', { name: 'Filters', exact: true })).toContainText('Completed');
    await page.getByRole('button', { name: /^Remove flow run/ }).click();
    await expect(above).toBeHidden();
  });

  await test.step('a subflow opens out of the timeline and out of the graph, and leads back', async () => {
    const search = page.getByRole('combobox', { name: /^Search names/ });
    await page.keyboard.press('Escape');
    await search.fill('state:completed task~refresh-marts');
    await search.press('Enter');
    await expect(window.rows().first()).toContainText('refresh-marts');
    await window.rows().first().click();
    await page.keyboard.press('g');
    const subflow = rows.getByRole('row', { name: /refresh-marts/ }).first();
    await expect(subflow).toHaveAttribute('aria-expanded', 'false');
    await subflow.locator('[data-fold]').click();
    await expect(rows.locator('[aria-level="2"]').first()).toBeVisible();
    const parent = await view.getByRole('heading', { level: 1 }).innerText();
    await subflow.locator('[data-subflow]').click();
    const facts = view.getByRole('list', { name: 'Facts of the flow run' });
    await expect(facts).toContainText(`subflow of ${parent}`);
    await facts.getByRole('button', { name: parent }).click();
    await expect(view.getByRole('heading', { level: 1 })).toHaveText(parent);
    await view.getByRole('tab', { name: 'Graph' }).click();
    await view.locator('[data-key] [data-subflow]').first().click();
    await expect(facts).toContainText(`subflow of ${parent}`);
    await page.goBack();
    await expect(view.getByRole('heading', { level: 1 })).toHaveText(parent);
    await expect(view.getByRole('group', { name: /^Graph of/ })).toBeVisible();
    await view.getByRole('button', { name: 'Back to the list' }).click();
  });

  await test.step('what each attempt failed with stands at its bar and below the strip of the open run', async () => {
    await window.preset('Retried').click();
    const retried = window.rows().filter({ hasText: '×3' }).first();
    await retried.click();
    await expect(window.detail.getByText(/^attempts? 1.*: \S/i)).toBeVisible();
    await page.keyboard.press('g');
    await expect(rows.getByRole('row', { selected: true })).toContainText(/3 attempts: .*, attempts? 1.*: \S/);
    await view.getByRole('button', { name: 'Back to the list' }).click();
    await page.keyboard.press('Escape');
  });

  await test.step('a flow run that goes on is followed: it grows, and its line of now goes when it ends', async () => {
    const { control } = tide;
    const now = control.now();
    const sounding = (which: string, count: number) => ({
      ...{ name: `${which}-sounding`, task_key: `${which}_sounding`, flow_run_run_count: count },
    });
    const flowRun = control.insert('flow_run', { name: 'flood', run_count: 2, ...running(now - 10 * MINUTE) });
    const ofFlood = { flow_run_id: flowRun };
    const spans = [now - 10 * MINUTE, now - 9 * MINUTE] as const;
    control.insert('task_run', { ...sounding('first', 1), ...ofFlood, ...ended(...spans) });
    const second = control.insert('task_run', {
      ...sounding('second', 2),
      ...ofFlood,
      ...running(now - 5 * MINUTE),
    });
    const over = control.insert('flow_run', { name: 'ebb', ...ended(now - 60 * MINUTE, now - 30 * MINUTE) });
    const ofEbb = { flow_run_id: over };
    control.insert('task_run', { ...sounding('left', 1), ...ofEbb, ...running(now - 50 * MINUTE) });
    control.insert('task_run', { ...sounding('done', 1), ...ofEbb, ...ended(now - 55 * MINUTE, now - 50 * MINUTE) });

    await window.addServer('tide', tide.apiUrl);
    await expect(page.getByRole('button', { name: 'Workspace: tide' })).toBeVisible();
    await page.getByRole('combobox', { name: /^Search names/ }).fill('sounding');
    await window.expectCount(4);
    await window.row('second-sounding').click();
    await page.keyboard.press('g');
    await expect(rows.getByRole('row')).toHaveCount(2);
    const line = view.locator('.axis').getByText('now', { exact: true });
    await expect(line).toBeVisible();
    await expect(view.getByText('1 of 2 task runs ended, 1 running')).toBeVisible();
    const third = control.insert('task_run', { ...sounding('third', 2), ...ofFlood, ...running(control.now()) });
    await expect(rows.getByRole('row', { name: /third-sounding/ })).toBeVisible();
    await expect(view.getByText('1 of 3 task runs ended, 2 running')).toBeVisible();
    await accessible(page, 'main[aria-label^="Flow run"]');
    control.update('task_run', second, ended(now - 5 * MINUTE, control.now()));
    control.update('task_run', third, ended(now, control.now()));
    await expect(view.getByText('3 of 3 task runs ended')).toBeVisible();
    control.update('flow_run', flowRun, ended(now - 10 * MINUTE, control.now()));
    await expect(line).toBeHidden();
    await expect(view.getByRole('list', { name: 'Facts of the flow run' })).toContainText(/took 10 m/);
    await view.getByRole('button', { name: 'Back to the list' }).click();
  });

  await test.step('of the latest attempt of a flow run alone, and those of the attempts before', async () => {
    await page.getByRole('button', { name: 'Attempts', exact: true }).click();
    const latest = page.getByRole('group', { name: 'Of the flow run’s latest attempt' });
    await latest.getByRole('button', { name: 'no', exact: true }).click();
    await window.expectCount(1);
    await expect(window.row('first-sounding')).toBeVisible();
    await latest.getByRole('button', { name: 'yes', exact: true }).click();
    await window.expectCount(4);
    await expect(window.row('first-sounding')).toBeHidden();
    await latest.getByRole('button', { name: 'any', exact: true }).click();
    await window.expectCount(5);
  });

  await test.step('a run that never ended, of a flow run that has, is among those left behind', async () => {
    await window.preset('Left behind').click();
    await expect(window.row('left-sounding')).toContainText('left behind');
    await expect(window.row(/(second|done)-sounding/)).toBeHidden();
  });

  await test.step('names with characters that turn, hide or break, empty ones and 1 MB are shown as what they are, everywhere', async () => {
    const { control } = tide;
    const now = control.now();
    const odd = '\u202ereef\u202c \0\u200b\nend';
    const seen = '⇄reef⇄ ␀⌀↵end';
    const flowRun = control.insert('flow_run', {
      name: odd,
      tags: [odd, '', ''],
      parameters: { day: odd },
      ...ended(now - 9 * MINUTE, now),
    });
    for (const name of [odd, '', 'x'.repeat(1_000_000)]) {
      const { state, ...columns } = ended(now - 9 * MINUTE, now);
      const long = {
        ...state,
        type: 'FAILED',
        name: odd,
        message: `Task run encountered an exception OddError: ${name}`,
      };
      const failed = { ...columns, state: long, state_type: 'FAILED', state_name: odd };
      const of = { task_key: 'odd', flow_run_id: flowRun, tags: [name.slice(0, 3_000), 'b'] };
      control.insert('task_run', { name, ...of, ...failed });
    }
    /** What can be read has no such character in it, and no 1 MB. */
    const expectPlain = async (where: string) => {
      const found = await page.evaluate(() => {
        const texts: [string, number][] = [[document.body.innerText, 200_000]];
        for (const one of document.querySelectorAll('[title], [aria-label]'))
          for (const name of ['title', 'aria-label']) texts.push([one.getAttribute(name) ?? '', 3_000]);
        const bad = /[\u0000-\u0008\u000e-\u001f\u007f-\u009f\u200b\u202a-\u202e\u2066-\u2069]/;
        return texts.flatMap(([text, most]) =>
          bad.test(text) || text.length > most
            ? [JSON.stringify(text.slice(Math.max(0, text.search(bad) - 80), Math.max(0, text.search(bad)) + 120))]
            : [],
        );
      });
      expect(found, where).toEqual([]);
    };
    const search = page.getByRole('combobox', { name: /^Search names/ });
    // they come in one by one, and the list stands still meanwhile
    await expect(async () => {
      await page.getByRole('button', { name: 'Clear all filters' }).click({ timeout: 5_000 });
      await search.fill('task:odd');
      await search.press('Enter');
      await expect(window.rows()).toHaveCount(3, { timeout: 5_000 });
    }).toPass({ timeout: 60_000 });
    await expect(window.row(seen)).toBeVisible();
    await expect(window.row('(no name)')).toBeVisible();
    await expectPlain('list');
    await window.filter('State', seen);
    await expect(page.getByRole('list', { name: 'Filters', exact: true })).toContainText(seen);
    await window.expectCount(3);
    await expectPlain('chips and lists of values');
    for (const row of [0, 1, 2]) {
      const cell = window.rows().nth(row).getByRole('gridcell').nth(1);
      const name = ((await cell.textContent()) ?? '').trim().slice(0, seen.length);
      await cell.dblclick();
      await expect(window.detail.getByRole('heading', { level: 2 })).toContainText(name);
      for (const tab of ['States', 'Inputs', 'Details', 'JSON']) {
        await window.detail.getByRole('tab', { name: new RegExp(`^${tab}`) }).click();
        if (tab !== 'JSON') await expectPlain(`${tab} of ${name}`);
      }
    }
    await page.keyboard.press('g');
    await expect(rows.getByRole('row')).toHaveCount(1); // three of one task
    await expect(view.getByRole('heading', { level: 1 })).toHaveText(seen);
    await page.keyboard.press('Escape');
    await expect(window.detail).toBeHidden();
    await expectPlain('flow run');
    await view.getByRole('tab', { name: 'Graph' }).click();
    await expect(view.getByRole('group', { name: /^Graph of/ })).toBeVisible();
    await expectPlain('graph');
    await view.getByRole('tab', { name: 'Logs' }).click();
    await expectPlain('logs');
    await view.getByRole('button', { name: 'Back to the list' }).click();
    await window.grid.focus();
    await page.keyboard.press('ControlOrMeta+a');
    await window.expectChosen(3);
    await page
      .getByRole('group', { name: 'Chosen runs' })
      .getByRole('button', { name: /^Compare/ })
      .click();
    const compared = page.getByRole('dialog', { name: '3 runs compared' });
    await expect(compared).toContainText(seen);
    await expectPlain('compared');
    await page.keyboard.press('Escape');
    await expect(compared).toBeHidden();
    await page.getByRole('group', { name: 'Chosen runs' }).getByRole('button', { name: 'Export…' }).click();
    await expectPlain('export');
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Choose none' }).click();
    await page.getByRole('button', { name: 'Group', exact: true }).click();
    await page.getByRole('menuitem', { name: 'Flow run', exact: true }).click();
    await expect(page.getByRole('table', { name: 'Runs by flow run' })).toContainText(seen);
    await expectPlain('groups');
    await page.getByRole('button', { name: /^Grouped by/ }).click();
    await page.getByRole('menuitem', { name: 'Not grouped' }).click();
    await window.ready();
  });

  await test.step('a log in colours: drawn, and not searched, copied or saved; a line of 1,000,000 characters folds; the end is followed', async () => {
    const { control } = tide;
    const now = control.now();
    const id = control.insert('task_run', { name: 'log-reader', ...running(now - MINUTE) });
    const logger = (n: number) => (n % 2 === 0 ? 'prefect.task_runs' : 'dbt');
    const raised = `failed\nTraceback (most recent call last):\n  File "a.py"\n    f()\nKeyError: 'buoy'`;
    const messages = [
      '\u001b[32mgreen\u001b[0m and \u001b[1mbold\u001b[0m reading',
      'x'.repeat(1_000_000),
      raised,
      ...Array.from({ length: 300 }, (_, n) => `tide ${n}`),
    ];
    const give = (count: number) =>
      control.logs.set(
        id,
        messages.slice(0, count).map((message, n) => ({
          ...{ id: `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`, name: logger(n), message },
          ...{ level: n === 1 || n === 200 ? 40 : 20, timestamp: formatTime(now - MINUTE) },
          ...{ created: formatTime(now), updated: formatTime(now), flow_run_id: null, task_run_id: id },
        })),
      );
    give(250);
    await page.getByRole('button', { name: 'Clear all filters' }).click();
    await page.getByRole('combobox', { name: /^Search names/ }).fill('log-reader');
    await page
      .getByRole('main')
      .getByRole('button', { name: /^\d+ new/ })
      .or(window.row('log-reader'))
      .first()
      .click();
    await window.row('log-reader').dblclick();
    const { detail } = window;
    const lines = detail.getByRole('list', { name: /log lines?/ });
    const shown = async () => Number(await lines.getByRole('listitem').first().getAttribute('aria-setsize'));
    const find = detail.getByRole('searchbox', { name: 'Search logs' });
    await detail.getByRole('tab', { name: /^Logs/ }).click();
    await expect.poll(shown).toBe(250);
    await expect(lines.locator('.ansi-green')).toHaveText('green');
    await expect(detail.getByRole('button', { name: /^\+ 20,000 of 998,000 more characters$/ })).toBeVisible();
    await detail.getByRole('button', { name: 'Copy the lines shown' }).click();
    const copy = (await window.pasted()).split('\n');
    expect(copy[0]).toMatch(/ INFO prefect\.task_runs - green and bold reading$/);
    expect(copy.at(-1), 'lines of one time keep their order').toMatch(/ - tide 246$/);
    // the hit of a folded message; letters of an escape sequence are none
    await find.fill('keyerror');
    await expect(lines.getByRole('listitem')).toHaveCount(1);
    await expect(lines.locator('mark')).toHaveText('KeyError');
    await find.fill('32m');
    await expect(detail.getByText('No line matches.')).toBeVisible();
    await find.fill('"green and bold"');
    await expect(lines.getByRole('listitem')).toHaveCount(1);
    await find.fill('x');
    await expect(lines.locator('mark').first()).toBeVisible();
    expect(await lines.locator('mark').count()).toBeLessThanOrEqual(200);
    await find.fill('');
    await expect.poll(shown).toBe(250);
    // a logger; saved as it is shown, and all
    await detail.getByRole('combobox', { name: 'Logger' }).selectOption('dbt');
    await expect.poll(shown).toBe(125);
    const saved = async (item: string) => {
      const path = await started.savedFile(async () => {
        await detail.getByRole('button', { name: 'Save lines as a file…' }).click();
        await page.getByRole('menuitem', { name: item }).click();
      });
      const text = await readFile(path, 'utf8');
      expect(text).not.toContain('\u001b');
      return text.match(/ \| (prefect\.task_runs|dbt) \| /g)?.length;
    };
    expect(await saved('Save the lines shown')).toBe(125);
    expect(await saved('Save all lines')).toBe(250);
    await detail.getByRole('combobox', { name: 'Logger' }).selectOption('All loggers');
    await expect.poll(shown).toBe(250);
    // errors: along the scrollbar, by button and by key
    await expect.poll(() => detail.locator('.marks i').count()).toBe(2);
    const chosen = lines.locator('li.chosen');
    await detail.getByRole('button', { name: 'Next error' }).click();
    await expect(chosen).toContainText('xxx');
    await page.keyboard.press('F8');
    await expect(chosen).toContainText('tide 197');
    await page.keyboard.press('Shift+F8');
    await expect(chosen).toContainText('xxx');
    await detail.getByRole('button', { name: 'Previous error' }).click();
    await expect(chosen).toContainText('tide 197');
    // lines that come while the run goes on
    const follow = detail.getByRole('button', { name: 'Follow the end' });
    await follow.click();
    await expect(follow).toHaveAttribute('aria-pressed', 'true');
    give(messages.length);
    await expect(lines.getByText('tide 299', { exact: true })).toBeInViewport({ timeout: 30_000 });
    await lines.hover();
    await page.mouse.wheel(0, -400);
    await expect(follow).toHaveAttribute('aria-pressed', 'false');
    await accessible(page, 'aside[aria-label="Task run"]');
    await detail.getByRole('button', { name: 'Close' }).click();
    await page.getByRole('button', { name: 'Clear all filters' }).click();
    await window.preset('Left behind').click();
  });

  await test.step('without the server, what is not kept of a flow run is said in its view and at its log', async () => {
    await tide.control.stop();
    await window.row('left-sounding').click();
    await page.keyboard.press('g');
    const missing = view.getByText(/History and logs are kept of 0 of 1 ended task run/);
    await expect(missing).toContainText(/cannot be reached/);
    await expect(rows.getByRole('row')).toHaveCount(2);
    await expect(view.getByText('1 of 2 task runs ended, 1 left running')).toBeVisible();
    await expect(rows.getByRole('row', { name: /left-sounding/ })).toContainText('never ended');
    await expect(view.locator('.axis').getByText('now', { exact: true })).toBeHidden();
    await view.getByRole('tab', { name: 'Logs' }).click();
    await expect(view.getByText('No line is kept of this flow run.')).toBeVisible();
    await expect(missing).toBeVisible();
    await accessible(page, 'main[aria-label^="Flow run"]');
  });
});

/** A run in this state since `at`, µs. */
const running = (at: number) => ({
  ...entered('RUNNING', at),
  ...{ expected_start_time: formatTime(at), start_time: formatTime(at), end_time: null },
});
const ended = (from: number, to: number) => ({
  ...entered('COMPLETED', to),
  ...{ expected_start_time: formatTime(from), start_time: formatTime(from), end_time: formatTime(to) },
});
function entered(type: 'RUNNING' | 'COMPLETED', at: number) {
  const name = type === 'RUNNING' ? 'Running' : 'Completed';
  const state = { id: randomUUID(), type, name, timestamp: formatTime(at), message: null, state_details: {} };
  return { state, state_id: state.id, state_type: type, state_name: name };
}
