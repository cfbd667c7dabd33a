/** The way back through views and runs, by mouse and keyboard; what a reload and a restart bring back; links. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { accessible } from './accessible.ts';
import { expect, test } from './host.ts';
import { Window } from './window.ts';

const args = ['--demo', '--demo-runs', '600'];

test('the window walks back and forth like a browser, and begins where it ended', async ({ host, hostKind }) => {
  test.setTimeout(300_000);
  const { page } = await host.start({ args });
  const window = new Window(page);
  await window.ready();
  const search = page.getByRole('combobox', { name: /^Search names/ });
  const chips = page.getByRole('list', { name: 'Filters', exact: true });
  const [back, forward] = ['Back', 'Forward'].map((name) => page.getByRole('button', { name, exact: true }));
  const name = window.detail.getByRole('heading', { level: 2 });
  let [first, second] = ['', ''];

  await test.step('a filter, a run and the next are gone back from; letters are no entries', async () => {
    await expect(forward).toBeDisabled();
    await window.filter('State', 'Failed');
    await expect(chips).toContainText('Failed');
    await expect(back).toBeEnabled();
    await search.pressSequentially('etl', { delay: 20 });
    await expect(page).toHaveURL(/q=state:failed\+text:etl/);
    await page.keyboard.press('ControlOrMeta+a');
    await page.keyboard.press('Backspace');
    await expect(page).toHaveURL(/q=state:failed($|&)/);
    await window.rows().nth(2).dblclick();
    await expect(name).not.toHaveText(/^\s*$/);
    first = (await name.textContent()) ?? '';
    await page.keyboard.press('n');
    await expect(name).not.toHaveText(first);
    await expect(name).not.toHaveText(/^\s*$/);
    second = (await name.textContent()) ?? '';
    await page.keyboard.press('Escape');
    await expect(window.detail).toBeHidden();
    await page.keyboard.press('Alt+ArrowLeft');
    await expect(name).toHaveText(second);
    await page.keyboard.press('Alt+ArrowLeft');
    await expect(window.detail).toBeHidden();
    await expect(chips).toContainText('Failed');
    await back.click(); // the search was one entry
    await back.click();
    await expect(chips).toBeHidden();
    await expect(back).toBeDisabled();
    await page.keyboard.press('Alt+ArrowRight');
    await expect(chips).toContainText('Failed');
    // the two further keys of a mouse
    const mouse = await page.context().newCDPSession(page);
    for (const [button, shown] of [
      ['back', false],
      ['forward', true],
    ] as const) {
      // prettier-ignore
      for (const type of ['mousePressed', 'mouseReleased'] as const)
        await mouse.send('Input.dispatchMouseEvent', { type, x: 700, y: 500, button, clickCount: 1 });
      await (shown ? expect(chips).toContainText('Failed') : expect(chips).toBeHidden());
    }
    await accessible(page, 'header');
  });

  await test.step('an undo is an entry, and what going back does can be undone', async () => {
    await window.grid.focus();
    await page.keyboard.press('ControlOrMeta+z');
    await expect(chips).toBeHidden();
    await back.click();
    await expect(chips).toContainText('Failed');
    await window.grid.focus();
    await page.keyboard.press('ControlOrMeta+z');
    await expect(chips).toBeHidden();
  });

  await test.step('groups, order and columns are undone too, one by one, and done again', async () => {
    const heads = window.grid.getByRole('columnheader');
    const names = async () => (await heads.allTextContents()).map((head) => head.replace(/[↑↓]/g, '').trim());
    const before = await names();
    const started = () => heads.filter({ hasText: /^Started/ }).getAttribute('aria-sort');
    const order = await started();
    await heads.filter({ hasText: /^Started/ }).click();
    await expect.poll(started).not.toBe(order);
    const other = await started();
    await heads.filter({ hasText: /^Duration/ }).click({ button: 'right' });
    await page.getByRole('menuitem', { name: 'Hide the column' }).click();
    await expect(heads.filter({ hasText: /^Duration/ })).toBeHidden();
    await page.getByRole('button', { name: /^Group/ }).click();
    await page.getByRole('menuitem', { name: 'Task', exact: true }).click();
    await expect(window.grid).toBeHidden();
    await page.getByRole('heading', { level: 1 }).click(); // nothing that types has the focus
    await page.keyboard.press('ControlOrMeta+z');
    await expect(window.grid).toBeVisible();
    await expect(heads.filter({ hasText: /^Duration/ })).toBeHidden();
    await page.keyboard.press('ControlOrMeta+z');
    await expect.poll(names).toEqual(before);
    await expect.poll(started).toBe(other);
    await page.keyboard.press('ControlOrMeta+z');
    await expect.poll(started).toBe(order);
    for (let i = 0; i < 3; i++) await page.keyboard.press('ControlOrMeta+Shift+z');
    await expect(window.grid).toBeHidden();
    for (let i = 0; i < 3; i++) await page.keyboard.press('ControlOrMeta+z');
    await expect.poll(names).toEqual(before);
  });

  await test.step('anything is found by a few letters of its name, by keyboard alone', async () => {
    const find = page.getByRole('combobox', { name: /^Find an action/ });
    const first = page.getByRole('listbox', { name: 'What was found' }).getByRole('option').first();
    const run = await window.rows().nth(1).getByRole('gridcell').nth(1).getAttribute('title');
    await page.keyboard.press('ControlOrMeta+k');
    await expect(find).toBeFocused();
    await accessible(page, '.dialog');
    await find.fill('runnow');
    await expect(first).toContainText('Running now');
    await page.keyboard.press('Enter');
    await expect(window.preset('Running now')).toHaveAttribute('aria-pressed', 'true');
    await page.keyboard.press('Alt+ArrowLeft');
    await expect(chips).toBeHidden();
    await search.focus(); // also while something is typed
    await page.keyboard.press('ControlOrMeta+k');
    await find.fill(run ?? '');
    await expect(first).toContainText(run ?? '');
    await expect(first).toContainText('Run, ');
    await page.keyboard.press('Enter');
    await expect(name).toHaveText(run ?? '');
    // the flow run of that run, and a workspace
    const flowRun =
      (await window.detail.getByRole('button', { name: /^flow run .*: as a whole$/ }).textContent()) ?? '';
    await page.keyboard.press('ControlOrMeta+k');
    await find.fill(flowRun.trim());
    const flowRuns = page
      .getByRole('listbox', { name: 'What was found' })
      .getByRole('option', { name: new RegExp(`${flowRun.trim()}.*Flow run, [\\d,]+ runs?`) });
    await flowRuns.first().click();
    await expect(page.getByRole('main', { name: /^Flow run/ })).toBeVisible();
    await page.keyboard.press('Alt+ArrowLeft');
    await expect(name).toHaveText(run ?? '');
    await page.keyboard.press('ControlOrMeta+k');
    await find.fill('demo');
    await expect(page.getByRole('option', { name: /^demo.*Workspace$/ })).toBeVisible();
    // by the id
    const id = /run=([0-9a-f-]{36})/.exec(page.url())?.[1] ?? '';
    await find.fill(id);
    await expect(first).toContainText(run ?? '');
    await page.keyboard.press('Enter');
    await expect(page).toHaveURL(new RegExp(`run=${id}`));
    await page.keyboard.press('ControlOrMeta+k');
    await find.fill('dark theme');
    await page.keyboard.press('Enter');
    await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
    await page.keyboard.press('ControlOrMeta+k');
    await find.fill('theme of the system');
    await page.keyboard.press('Enter');
    await expect(find).toBeHidden();
    await back.click();
    await expect(window.detail).toBeHidden();
  });

  await test.step('the menus of a cell and of a chip: only this, without it, the other way round, as text', async () => {
    const menu = (item: string | RegExp) => page.getByRole('menuitem', { name: item });
    const chip = (words: RegExp) => chips.getByRole('button', { name: words }).first();
    await window.rows().first().getByRole('gridcell').nth(2).click({ button: 'right' });
    const only = (await menu(/^Only State name /).textContent()) ?? '';
    const value = only.replace(/^\s*Only State name |\s*$/g, '');
    await menu(/^Only State name /).click();
    // the rows themselves may go on meanwhile: the story of the demo does
    await expect(chip(new RegExp(`^state ${value}`))).toBeVisible();
    await chip(/^state /).click({ button: 'right' });
    await accessible(page, '[role=menu]');
    await menu('Exclude instead').click();
    await expect(chip(new RegExp(`^not state ${value}`))).toBeVisible();
    await chip(/^not state /).click({ button: 'right' });
    await menu('Edit as text').click();
    const text = page.getByRole('combobox', { name: 'Filters as text' });
    await expect(text).toBeFocused();
    await expect(text).toHaveValue(/^not state/);
    await page.keyboard.press('Escape');
    await expect(text).toBeHidden();
    await chip(/^not state /).click({ button: 'right' });
    await menu('Remove').click();
    await expect(chips).toBeHidden();
  });

  await test.step('a key is given to another action, and who had it is said', async () => {
    await window.grid.focus();
    await page.keyboard.press('?');
    const keys = page.getByRole('dialog', { name: 'Keys' });
    const panel = keys.getByRole('button', { name: /^Key of Show or hide the filter panel/ });
    await panel.click();
    await page.keyboard.press('e');
    await expect(keys.getByRole('alert')).toContainText('It is the key of “Export”');
    await accessible(page, '.dialog');
    await keys.getByRole('button', { name: 'Use it here' }).click();
    await expect(keys.getByRole('button', { name: /^Key of Export: none/ })).toBeVisible();
    await page.keyboard.press('Escape');
    await expect(keys).toBeHidden();
    await page.keyboard.press('e');
    await expect(page.getByRole('list', { name: 'Presets' })).toBeHidden();
    await page.keyboard.press('e');
    await expect(page.getByRole('list', { name: 'Presets' })).toBeVisible();
    await page.keyboard.press('?');
    await keys.getByRole('button', { name: 'All keys as they came' }).click();
    await expect(panel).toHaveAccessibleName(/panel: f/);
    await page.keyboard.press('Escape');
  });

  let link = '';
  await test.step('a reload brings back question, order, groups, run, place and choice', async () => {
    await window.filter('State', 'Completed');
    await expect(chips).toContainText('Completed');
    await page.getByRole('columnheader', { name: 'Duration' }).click();
    await expect(page).toHaveURL(/sort=-duration/);
    await window.grid.hover();
    await page.mouse.wheel(0, 26 * 40);
    const low = window.grid.locator('[data-index="45"]');
    await low.click({ modifiers: ['ControlOrMeta'] });
    await window.expectChosen(1);
    await window.grid.locator('[data-index="47"]').dblclick();
    await expect(name).not.toHaveText(/^\s*$/);
    first = (await name.textContent()) ?? '';
    await expect(page).toHaveURL(/run=/);
    await page.reload();
    await window.ready();
    await expect(name).toHaveText(first);
    await expect(chips).toContainText('Completed');
    await expect(low).toBeVisible();
    await expect(page.getByRole('columnheader', { name: 'Duration' })).toHaveAttribute('aria-sort', 'descending');
    await page.keyboard.press('Alt+ArrowLeft');
    await expect(window.detail).toBeHidden();
    await window.expectChosen(1);
    await page.getByRole('button', { name: 'Choose none' }).click();
  });

  await test.step('a link to a run is copied and opens it; one that says nothing is refused', async () => {
    await window.rows().nth(3).dblclick();
    await expect(name).not.toHaveText(/^\s*$/);
    second = (await name.textContent()) ?? '';
    const id = await window.copied('the run', 'Id', 'The run’s id is copied');
    expect(id).toMatch(/^[0-9a-f-]{36}$/);
    const json = await window.copied('the run', 'JSON, as the server sent it', 'The run’s JSON is copied');
    expect(JSON.parse(json)).toMatchObject({ id, name: second.trim() });
    expect(await window.copied('the run', 'curl', 'The run is copied as a curl command')).toMatch(new RegExp(`^curl .*task_runs/${id}'$`)); // prettier-ignore
    expect(await window.copied('the run', 'Python', 'The run is copied as Python')).toContain(`read_task_run(UUID("${id}"))`); // prettier-ignore
    link = await window.copied('the run', 'Link to Taskscope', 'The link to the run is copied');
    await page.keyboard.press('Escape');
    await expect(window.detail).toBeHidden();
    // what the view says more than Prefect can be asked is told, and SQL says all of it
    const lost = (what: string) => `The view is copied as ${what}. The order is the nearest one there is.`;
    const body = await window.copied('the view', 'JSON body for Prefect', lost('a JSON body'));
    expect(JSON.parse(body)).toMatchObject({ task_runs: { state: { type: { any_: ['COMPLETED'] } } } });
    expect(await window.copied('the view', 'curl', lost('a curl command'))).toMatch(/^# Prefect has no such order[^]*\ncurl /); // prettier-ignore
    expect(await window.copied('the view', 'Python with Prefect’s client', lost('Python'))).toMatch(/any_=\[StateType\.COMPLETED\]/); // prettier-ignore
    expect(await window.copied('the view', 'SQL for the archive', 'The view is copied as SQL.')).toMatch(/WHERE state_type = 'COMPLETED'\nORDER BY .* DESC/); // prettier-ignore
    expect(await window.copied('the view', 'Link to Taskscope', 'The link to the view is copied')).toMatch(/q=state:completed.*sort=-duration/); // prettier-ignore
    expect(link).toMatch(hostKind === 'shell' ? /^http:.*#\/runs\?/ : /^taskscope:\/\/open\/runs\?/);
    await page.evaluate(() => (location.hash = '#/runs?q=nosuchfield:1'));
    await expect(page.getByText('This link says nothing that can be shown here')).toBeVisible();
    await expect(page).toHaveURL(/q=state:completed/);
  });

  await test.step('a flow run is a place of its own, also after a reload', async () => {
    const flowRun = page.getByRole('main', { name: /^Flow run/ });
    await window.rows().nth(3).dblclick();
    await expect(name).not.toHaveText(/^\s*$/);
    first = (await name.textContent()) ?? '';
    await page.keyboard.press('g');
    await expect(page).toHaveURL(/#\/flow-runs\?of=/);
    await expect(flowRun).toBeVisible();
    await page.reload();
    await expect(flowRun).toBeVisible();
    await page.keyboard.press('Alt+ArrowLeft');
    await expect(flowRun).toBeHidden();
    await expect(name).toHaveText(first);
    await expect(chips).toContainText('Completed');
    await page.keyboard.press('Escape');
    await expect(window.detail).toBeHidden();
  });

  await test.step('in groups it is left, and in groups it begins', async () => {
    await page.getByRole('button', { name: 'Group', exact: true }).click();
    await page.getByRole('menuitem', { name: 'Task', exact: true }).click();
    await expect(page).toHaveURL(/group=task_key/);
    await expect(page.getByRole('table', { name: 'Runs by task' })).toBeVisible();
  });
  if (hostKind === 'shell') {
    await page.goto(link);
    await expect(name).toHaveText(second);
    await expect(chips).toBeHidden();
    await page.keyboard.press('Alt+ArrowLeft');
    await expect(page.getByRole('table', { name: 'Runs by task' })).toBeVisible();
  }
  const kept = () => readFile(join(host.dataDir, 'settings.json'), 'utf8');
  await expect.poll(kept, 'main knows where the window is').toContain('group=task_key');
  const again = await host.restart({ args });
  await expect(again.page.getByRole('table', { name: 'Runs by task' })).toBeVisible({ timeout: 60_000 });
  await expect(again.page.getByRole('list', { name: 'Filters', exact: true })).toContainText('Completed');
  if (hostKind === 'shell') return;
  const linked = new Window((await host.restart({ args: [...args, link] })).page);
  await expect(linked.detail.getByRole('heading', { level: 2 })).toHaveText(second, { timeout: 60_000 });
});
