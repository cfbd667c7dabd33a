/** The filters as text: written, completed, corrected, restored; and what is said when nothing matches. */
import { startDemo, type Demo } from '../fixtures/demo/server.ts';
import { accessible } from './accessible.ts';
import { expect, test } from './host.ts';
import { Window } from './window.ts';

/** a story that stands still, so that counts are certain */
const EPOCH = Date.UTC(2026, 5, 1, 12) * 1000;
const RUNS = 600;

let demo: Demo;
test.beforeAll(async () => {
  demo = await startDemo({ runs: RUNS, seed: 5, epoch: EPOCH, now: EPOCH });
});
test.afterAll(() => demo.close());

test('filters are written as text, by keyboard alone', async ({ host }) => {
  test.setTimeout(240_000);
  const { page } = await host.start();
  const window = new Window(page);
  await window.ready();
  await window.addServer('still', demo.apiUrl);
  await expect(page.getByRole('button', { name: 'Workspace: still' })).toBeVisible();
  await expect(page.getByRole('button', { name: /Every run since/ })).toBeVisible();
  // the demo workspace may have been on screen until now
  const all = RUNS;
  await window.expectCount(all);
  const text = page.getByRole('combobox', { name: 'Filters as text' });
  const offers = page.getByRole('listbox', { name: 'What fits here' });
  const chips = page.getByRole('list', { name: 'Filters', exact: true });
  const search = page.getByRole('combobox', { name: /^Search names/ });
  await window.filter('State', 'Failed');
  await expect.poll(() => window.count()).toBeLessThan(all);
  const failed = await window.count();

  await test.step('what the panel says stands there, and Escape leaves it', async () => {
    await window.grid.focus();
    await page.keyboard.press('q');
    await expect(text).toBeFocused();
    await expect(text).toHaveValue('state:failed');
    await text.fill('state:cra');
    await expect(offers.getByRole('option')).toHaveText(/^crashed/);
    await page.keyboard.press('Escape'); // the offers
    await page.keyboard.press('Escape');
    await expect(text).toBeHidden();
    await expect(search).toBeFocused();
    await window.expectCount(failed);
  });

  await test.step('fields and values are completed', async () => {
    await page.getByRole('button', { name: 'Edit the filters as text' }).click();
    await text.fill('sta');
    await expect(offers.getByRole('option').first()).toContainText('state');
    await accessible(page, 'header');
    await page.keyboard.press('Tab');
    await expect(text).toHaveValue('state:');
    await text.pressSequentially('fai');
    await expect(offers.getByRole('option').first()).toContainText(`failed${failed}`);
    await page.keyboard.press('ArrowDown');
    await expect(offers.getByRole('option', { selected: true })).toContainText('failed');
    await page.keyboard.press('Enter');
    await expect(text).toHaveValue('state:failed');
    await text.pressSequentially(' (started>=2020-01-01 or attempts>1)');
    await page.keyboard.press('Enter');
    await expect(text).toBeHidden();
    await expect(chips.getByRole('listitem')).toHaveCount(2);
    await window.expectCount(failed);
  });

  await test.step('a chip is edited where it stands', async () => {
    await chips.getByRole('button', { name: /^state Failed/ }).click();
    await expect(text).toBeFocused();
    await page.keyboard.insertText('not state:failed'); // over what is marked
    await page.keyboard.press('Enter');
    await expect(chips.getByRole('button', { name: /^not state Failed/ })).toBeVisible();
    await expect.poll(() => window.count()).toBeGreaterThan(failed);
  });

  await test.step('what is wrong is pointed at and nothing is asked', async () => {
    const before = await window.count();
    await page.getByRole('button', { name: 'Edit the filters as text' }).click();
    await text.fill('state:failed stat:late');
    await page.keyboard.press('Enter');
    await expect(page.getByText('No field is called stat. Did you mean state or state_type?')).toBeVisible();
    expect(
      await text.evaluate((node: HTMLInputElement) =>
        node.value.slice(node.selectionStart ?? 0, node.selectionEnd ?? 0),
      ),
    ).toBe('stat');
    await accessible(page, 'header');
    await window.expectCount(before);
    await text.fill('');
    await page.keyboard.press('Enter');
    await window.expectCount(all);
  });

  await test.step('a filter typed into the search becomes one, and what is nearly one is answered', async () => {
    await search.fill('stat:failed');
    await expect(page.getByText('No field is called stat. Did you mean state or state_type?')).toBeVisible();
    await accessible(page, 'header');
    await search.fill('state = failed');
    await search.press('Enter');
    await expect(chips.getByRole('button', { name: /^state Failed/ })).toBeVisible();
    await expect(search).toHaveValue('');
    await window.expectCount(failed);
  });

  await test.step('what the search takes is said in the empty field, until the pointer goes elsewhere', async () => {
    const hint = page.getByText(/an id, its first 8 characters/);
    await search.focus();
    await expect(hint).toBeVisible();
    await page.getByRole('button', { name: 'Check this list' }).hover();
    await expect(hint).toBeHidden();
    await search.hover();
    await expect(hint).toBeVisible();
  });

  await test.step('the first characters of an id find its run, typed or pasted', async () => {
    const start = /run=([0-9a-f-]{9,10})/;
    await window.rows().first().dblclick();
    await expect(page).toHaveURL(start);
    const name = await window.detail.getByRole('heading', { level: 2 }).textContent();
    const [, id = ''] = start.exec(page.url()) ?? [];
    await window.detail.getByRole('button', { name: 'Close' }).click();
    await search.fill(id);
    await expect(window.row(name ?? '')).toBeVisible();
    await expect.poll(() => window.count()).toBeLessThan(failed);
    await search.fill('');
    await window.expectCount(failed);
  });

  await test.step('a time is typed as the window writes it, or as the query language has it', async () => {
    const time = page.getByRole('region', { name: 'Time', exact: true });
    await time.getByRole('button', { name: 'From … to …' }).click();
    const from = time.getByRole('textbox', { name: 'From' });
    await expect(from).toHaveValue(/^\d{1,2} [A-Z][a-z]{2}( \d{4})? \d\d:\d\d:\d\d$/);
    await from.fill('20 May 2026, 8:00');
    await from.press('Enter');
    await expect(from).toHaveValue(/^20 May( 2026)? 08:00:00$/);
    await expect.poll(() => window.count()).toBeGreaterThan(0);
    expect(await window.count()).toBeLessThan(failed);
    await from.fill('some day');
    await from.press('Enter');
    await expect(time.getByRole('alert')).toContainText('-7d');
    await accessible(page, '[data-section=time]');
    await from.press('Escape');
    await expect(from).toHaveValue(/^20 May/);
    await time.getByRole('textbox', { name: 'To' }).fill('now');
    await page.keyboard.press('Tab');
    await expect(time.getByRole('textbox', { name: 'To' })).toHaveValue('now');
  });

  await test.step('where the clock is put back, the second of two equal hours is reached and read back', async () => {
    const zone = await page.context().newCDPSession(page);
    await zone.send('Emulation.setTimezoneOverride', { timezoneId: 'Europe/Berlin' });
    const from = page.getByRole('textbox', { name: 'From' }).first();
    const set = async (text: string, shown: RegExp, asked: RegExp) => {
      await from.fill(text);
      await from.press('Enter');
      await expect(from).toHaveValue(shown);
      await expect(page).toHaveURL(asked);
    };
    await set('2026-10-25T01:30Z', /^25 Oct( 2026)? 02:30:00 \+01:00$/, /2026-10-25T01:30/);
    const second = await from.inputValue();
    await set('25 Oct 2026, 2:30', /^25 Oct( 2026)? 02:30:00$/, /2026-10-25T00:30/);
    await set(second, /^25 Oct( 2026)? 02:30:00 \+01:00$/, /2026-10-25T01:30/);
    await expect(chips).toContainText(/25 Oct.* 02:30.*\+01:00/);
    await page.getByRole('button', { name: 'Edit the filters as text' }).click();
    await text.press('Enter');
    await expect(page).toHaveURL(/2026-10-25T01:30/);
    await zone.send('Emulation.setTimezoneOverride', { timezoneId: '' });
    await zone.detach();
    await from.fill('20 May 2026, 8:00');
    await from.press('Enter');
    await expect(from).toHaveValue(/^20 May/);
  });

  await test.step('the ends of the range are moved in the chart, and Escape shows all again', async () => {
    const chart = page.getByRole('group', { name: /runs over time/ });
    const from = page.getByRole('textbox', { name: 'From' }).first();
    const begin = page.getByRole('slider', { name: 'Begin of the range' });
    await begin.press('ArrowRight');
    await expect(from).not.toHaveValue(/ 08:00:00$/);
    const before = await from.inputValue();
    const box = await begin.boundingBox();
    await page.mouse.move((box?.x ?? 0) + 4, (box?.y ?? 0) + 20);
    await page.mouse.down();
    await page.mouse.move((box?.x ?? 0) + 24, (box?.y ?? 0) + 20, { steps: 4 });
    await accessible(page, 'main .histogram');
    await page.mouse.up();
    await expect(from).not.toHaveValue(before);
    await chart.press('Escape');
    await expect(begin).toBeHidden();
    await window.expectCount(failed);
    const plot = await chart.boundingBox();
    const at = (share: number) => [(plot?.x ?? 0) + (plot?.width ?? 0) * share, (plot?.y ?? 0) + 20] as const;
    await page.mouse.move(...at(0.6));
    await page.mouse.down();
    await page.mouse.move(...at(0.9), { steps: 5 });
    await page.mouse.up();
    await expect(begin).toBeVisible();
    await chart.dblclick();
    await expect(begin).toBeHidden();
    await window.expectCount(failed);
    await chart.click({ button: 'right' });
    await page.getByRole('menuitemradio', { name: 'Ended' }).click();
    await expect(chart).toHaveAccessibleName(/^Ended/);
    await chart.click({ button: 'right' });
    await page.getByRole('menuitemradio', { name: 'Expected start' }).click();
  });

  await test.step('the search leads into the list, a run to its tabs, and Escape back', async () => {
    await search.focus();
    await page.keyboard.press('Enter');
    await expect(window.grid).toBeFocused();
    await page.keyboard.press('t');
    await expect(window.detail.getByRole('tab', { name: /^Logs/ })).toBeFocused();
    await page.keyboard.press('Escape');
    await expect(window.detail).toBeHidden();
    await expect(window.grid).toBeFocused();
    await page.keyboard.press('/');
    await expect(search).toBeFocused();
    await page.keyboard.press('Escape');
    await expect(window.grid).toBeFocused();
    await page.keyboard.press('?');
    await expect(page.getByRole('dialog', { name: 'Keys' })).toBeVisible();
    await page.keyboard.press('Escape');
    await expect(window.grid).toBeFocused();
  });

  await test.step('what was asked before is offered in the empty search, by keys, and can be forgotten', async () => {
    const before = page.getByRole('listbox', { name: 'Asked before' });
    const asked = before.getByRole('option');
    await page.getByRole('button', { name: 'Clear all filters' }).click();
    // a question that stands for some seconds is kept
    await expect(async () => {
      await search.fill('state:completed');
      await search.press('Enter');
      await page.waitForTimeout(4_500);
      await page.getByRole('button', { name: 'Clear all filters' }).click();
      await search.press('ArrowDown');
      await expect(asked.first()).toHaveText('state:completed', { timeout: 1_000 });
    }).toPass();
    await accessible(page, 'header');
    await expect(before.getByRole('option', { selected: true })).toHaveText('state:completed');
    await search.press('Enter');
    await expect(before).toBeHidden();
    await expect(chips.getByRole('button', { name: /^state Completed/ })).toBeVisible();
    await page.getByRole('button', { name: 'Clear all filters' }).click();
    await search.press('ArrowDown');
    await search.press('Delete');
    await expect(asked.filter({ hasText: 'state:completed' })).toHaveCount(0);
    await search.fill('state:failed');
    await search.press('Enter');
    await window.expectCount(failed);
    await search.press('Enter');
    await expect(window.grid).toBeFocused();
  });

  await test.step('where a run belongs leads to the runs there, and back', async () => {
    // rows of the question before may still be on their way
    await expect(async () => {
      await window.grid.focus();
      await page.keyboard.press('Enter');
      await expect(window.detail).toBeVisible({ timeout: 5_000 });
    }).toPass();
    const crumb = window.detail.getByRole('button', { name: /^flow run .*: as a whole$/ });
    await crumb.click();
    await expect(page.getByRole('treegrid', { name: 'Task runs over time' })).toBeVisible();
    await page.getByRole('tab', { name: /^Runs/ }).click();
    await expect(chips.getByRole('listitem')).toHaveCount(1);
    await expect(chips).toContainText('flow run');
    expect(await window.count()).toBeLessThan(all);
    await page.keyboard.press('Control+z');
    await expect(chips.getByRole('button', { name: /^state Failed/ })).toBeVisible();
    await window.expectCount(failed);
    await page.keyboard.press('Escape');
  });

  await test.step('a value that nothing has is perhaps another one', async () => {
    await page.getByRole('button', { name: 'Clear all filters' }).click();
    await search.fill('state:faild');
    await search.press('Enter');
    await page.getByRole('main').getByRole('button', { name: 'failed', exact: true }).click();
    await window.expectCount(failed);
  });

  await test.step('when nothing matches, each filter says what it costs', async () => {
    await search.fill('no such thing');
    const list = page.getByRole('list', { name: 'Filters that leave nothing' });
    await expect(list.getByRole('button', { name: 'Remove state Failed: 0 runs' })).toBeVisible();
    await expect(page.getByText('No values')).toHaveCount(0);
    await accessible(page, 'main');
    await list.getByRole('button', { name: `Remove text “no such thing”: ${failed} runs` }).click();
    await window.expectCount(failed);
    await expect(search).toHaveValue('');
  });

  await test.step('a preset means the flow of the same name in another workspace', async () => {
    const flows = page.getByRole('list', { name: 'Flow', exact: true });
    await page.getByRole('button', { name: 'Clear all filters' }).click();
    await window.expectCount(all);
    const flow = flows.getByRole('listitem').first().getByRole('button').first();
    const [name = ''] = ((await flow.getAttribute('aria-label')) ?? '').split(',');
    await flow.click();
    await expect(chips).toContainText(name);
    await window.savePreset('One flow');
    await page.getByRole('button', { name: 'Workspace: still' }).click();
    await page.getByRole('menuitemradio', { name: /^demo/ }).click();
    await expect(page.getByRole('button', { name: 'Workspace: demo' })).toBeVisible();
    const there = flows.getByRole('button', { name: new RegExp(`^${name}, [\\d,]+ runs$`), pressed: true });
    await expect(there).toBeVisible();
    await expect(chips).toContainText(name);
    await expect(page.getByText('Changed', { exact: true })).toBeHidden();
  });
});
