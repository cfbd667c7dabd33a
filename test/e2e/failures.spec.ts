/** Are they the same failure? Failures are listed, chosen, found by what they say, and a run leads to all that failed like it. */
import { readFile } from 'node:fs/promises';
import type { Locator } from '@playwright/test';
import { accessible } from './accessible.ts';
import { expect, test } from './host.ts';
import { Window } from './window.ts';

test('failed runs by what they failed of', async ({ host }) => {
  const running = await host.start({ args: ['--demo', '--demo-runs', '8000'] });
  const { page } = running;
  const window = new Window(page);
  await window.ready();
  // until then counts grow between two looks
  await expect(page.getByRole('button', { name: /^Every run since/ })).toBeVisible();
  await expect.poll(() => window.count()).toBeGreaterThanOrEqual(8000);
  const list = page.getByRole('list', { name: 'Failure', exact: true });
  const chips = page.getByRole('list', { name: 'Filters', exact: true });
  const search = page.getByRole('combobox', { name: /^Search names/ });
  const first = list.getByRole('listitem').first().getByRole('button').first();
  await expect(first).toBeVisible();
  await window.filter('State', 'Failed');
  await expect(chips.getByRole('listitem')).toHaveCount(1);
  const [, failure = '', runs = ''] =
    /^(.*), ([\d,]+) runs$/.exec((await first.getAttribute('aria-label')) ?? '') ?? [];
  expect(Number(runs.replaceAll(',', ''))).toBeGreaterThan(1);

  await test.step('a value of the list leaves as many runs as it says', async () => {
    await first.click();
    await expect(chips).toContainText(failure.slice(0, 20));
    await window.expectCount(Number(runs.replaceAll(',', '')));
    await accessible(page, '[data-section=failure]');
  });

  await test.step('a run says how many failed like it, and leads to them', async () => {
    await window.rows().first().dblclick();
    const alike = window.detail.getByRole('button', { name: /^[\d,]+ runs$/ });
    await expect(alike).toHaveText(`${runs} runs`);
    await page.getByRole('button', { name: 'Clear all filters' }).click();
    await alike.click();
    await expect(chips.getByRole('listitem')).toHaveCount(1);
    await window.expectCount(Number(runs.replaceAll(',', '')));
  });

  await test.step('every change of the filter has a way back: the note’s and Ctrl-Z', async () => {
    const alike = window.detail.getByRole('button', { name: /^[\d,]+ runs$/ });
    await page.getByRole('button', { name: 'Clear all filters' }).click();
    await page.keyboard.press('Tab');
    await window.filter('State', 'Failed');
    await expect(chips).toContainText('Failed');
    await expect(chips.getByRole('listitem')).toHaveCount(1);
    await alike.click();
    await expect(chips).not.toContainText('State');
    await page.getByRole('button', { name: 'Undo', exact: true }).click();
    await expect(chips).toContainText('Failed');
    await alike.click();
    await expect(chips).toContainText(failure.slice(0, 20));
    await page.keyboard.press('Control+z');
    await expect(chips).toContainText('Failed');
    await page.keyboard.press('Control+Shift+z');
    await expect(chips).toContainText(failure.slice(0, 20));
  });

  await test.step('a success before a failed run is its last one, before another success the previous one', async () => {
    await expect(window.detail.getByText(/^Last success/)).toBeVisible();
    await expect(window.detail.getByRole('group', { name: 'Failure' })).toBeVisible();
    await expect(page.getByRole('heading', { level: 1 })).toHaveAttribute('title', /^Answered in/);
  });

  await test.step('in any window, and in a page at 200 %, nothing lies over a control; an open run can be closed', async () => {
    const sizes: [number, number][] = [
      [1440, 900],
      [1024, 700],
      [900, 600],
      [720, 450],
      [450, 300],
    ];
    for (const [width, height] of sizes) await window.expectNothingCovered(width, height);
    await page.setViewportSize({ width: 900, height: 600 });
    // the end of a name, which tells the runs of a map apart, stands inside its cell however long the name is
    const ends = () =>
      window
        .rows()
        .locator('[role=gridcell][aria-colindex="2"]')
        .evaluateAll((cells) =>
          cells.map((cell) => {
            const end = cell.querySelector('[aria-hidden] .mute');
            return end !== null && end.getBoundingClientRect().right <= cell.getBoundingClientRect().right + 0.5;
          }),
        );
    expect(new Set(await ends())).toEqual(new Set([true]));
    const crumbs = window.detail.getByRole('button', { name: /: (only its runs|as a whole|over time)$/ });
    await expect(crumbs).toHaveCount(3);
    for (const crumb of await crumbs.all()) await expect(crumb).toBeInViewport({ ratio: 1 });
    await window.detail.getByRole('button', { name: 'Close' }).click();
    await expect(window.detail).toBeHidden();
    for (const [width, height] of sizes.reverse()) await window.expectNothingCovered(width, height);
    const last = await page.getByRole('columnheader').last().boundingBox();
    const chooser = await page.getByRole('button', { name: 'Choose columns' }).boundingBox();
    expect((last?.x ?? 0) + (last?.width ?? 0)).toBeLessThanOrEqual(chooser?.x ?? 0);
  });

  await test.step('without colours of the page, what is chosen still differs from what is not', async () => {
    await window.rows().first().dblclick();
    await page.emulateMedia({ forcedColors: 'active' });
    const states = page.getByRole('list', { name: 'State', exact: true });
    const backgrounds = (list: Locator) =>
      list.evaluateAll((nodes) => new Set(nodes.map((node) => getComputedStyle(node).backgroundColor)).size);
    await expect.poll(() => backgrounds(window.detail.getByRole('tab'))).toBe(2);
    await expect.poll(() => backgrounds(window.rows())).toBe(2);
    await window.filter('State', 'Crashed');
    await expect(states.getByRole('button', { pressed: true })).toHaveCount(1);
    await expect.poll(() => backgrounds(states.locator('[data-roving]'))).toBe(2);
    // a word with a ground of its own on the selection: not white on white
    await window.preset('Failed, last 24 h').click();
    await window.filter('State', 'Crashed');
    const revert = page.getByRole('list', { name: 'Presets' }).getByRole('button', { name: 'Revert' });
    const [ground, words] = await revert.evaluate((node) => {
      const row = node.closest('li')?.querySelector('[aria-pressed]') ?? node;
      const under = getComputedStyle(node.parentElement ?? node).backgroundColor;
      return [
        under === getComputedStyle(row).backgroundColor,
        getComputedStyle(node).color === getComputedStyle(row).color,
      ];
    });
    expect([ground, words]).toEqual([true, true]);
    await page.emulateMedia({ forcedColors: 'none' });
    await revert.click();
    await page.getByRole('button', { name: 'Clear all filters' }).click();
  });

  await test.step('a note, a bookmark and "seen" are kept, shown, filtered by and taken back', async () => {
    await window.preset('Failed, last 24 h').click();
    await expect(chips.getByRole('listitem')).toHaveCount(2);
    await window.rows().first().dblclick();
    const note = window.detail.getByRole('textbox', { name: 'Note on the run' });
    const sign = window.rows().first().getByRole('img').first();
    await window.detail.getByRole('group', { name: 'Run details' }).focus();
    await page.keyboard.press('b');
    await expect(window.detail.getByRole('button', { name: 'Bookmark' })).toHaveAttribute('aria-pressed', 'true');
    await page.keyboard.press('m');
    await expect(window.detail.getByRole('button', { name: 'Seen' })).toHaveAttribute('aria-pressed', 'true');
    await page.keyboard.press('a');
    await expect(note).toBeFocused();
    await page.keyboard.type('disk was full <b>');
    await accessible(page, 'section.pane');
    await page.keyboard.press('Control+Enter');
    await expect(window.detail.getByText('disk was full <b>')).toBeVisible();
    await expect(sign).toHaveAccessibleName(/bookmarked, has a note, seen$/);
    // Escape does not keep it
    await page.keyboard.press('a');
    await page.keyboard.type(' no');
    await page.keyboard.press('Escape');
    await expect(window.detail.getByText('disk was full <b>', { exact: true })).toBeVisible();
    await window.detail.getByRole('button', { name: 'Add a note to every run of this failure' }).click();
    await page.keyboard.type('known');
    // leaving the field keeps it, and so does a reload in the middle of a word
    await page.keyboard.press('Tab');
    await expect(window.detail.getByText('known', { exact: true })).toBeVisible();
    const earlier = page.url();
    await page.keyboard.press('n');
    await expect(note).toBeHidden();
    await expect(page).not.toHaveURL(earlier); // the address follows a step from run to run a moment later
    await page.keyboard.press('a');
    await expect(note).toBeFocused();
    await page.keyboard.type('half a sen');
    await page.reload();
    await window.ready();
    await expect(note).toHaveValue('half a sen');
    await note.focus();
    await page.keyboard.press('Escape');
    await expect(note).toBeHidden();
    // a search finds it, and says where
    await search.fill('"full <b>"');
    await window.expectCount(1);
    await expect(window.rows().first()).toContainText('in a note');
    await search.fill('');
  });

  await test.step('the morning round: what is not seen yet, several rows at once, and the way back', async () => {
    const preset = window.preset('Failed, not seen yet');
    await preset.click();
    await expect(chips.getByRole('listitem')).toHaveCount(3);
    const told = async () => parseInt(((await preset.textContent()) ?? '').replace(/^.*yet|,/g, ''), 10);
    // the first run was marked as seen
    await expect.poll(async () => (await window.count()) - (await told())).toBe(0);
    // the demo's story goes on: runs may fail meanwhile, so these are looked for and not counted
    const names: string[] = [];
    for (const place of [1, 2]) {
      const row = window.rows().nth(place);
      names.push(/\S+/.exec((await row.textContent()) ?? '')?.[0] ?? '');
      await row.click({ modifiers: ['Control'] });
    }
    const chosen = page.getByRole('group', { name: 'Chosen runs' });
    const many = parseInt((await chosen.textContent()) ?? '', 10);
    await chosen.getByRole('button', { name: 'Seen' }).click();
    await expect(page.getByText(`${many} runs marked as seen`)).toBeVisible();
    await page.getByRole('button', { name: 'Choose none' }).click();
    await page.keyboard.press('r');
    for (const name of names) await expect(window.row(name)).toBeHidden();
    await expect.poll(async () => (await window.count()) - (await told())).toBe(0);
    const left = await window.count();
    await page.keyboard.press('Control+z');
    await expect.poll(told).toBeGreaterThanOrEqual(left + many);
    await page.keyboard.press('r');
    for (const name of names) await expect(window.row(name)).toBeVisible();
  });

  await test.step('what is new since yesterday is marked, and one click leaves it', async () => {
    await page.getByRole('button', { name: 'Clear all filters' }).click();
    const fresh = page.locator('[data-section=failure]').getByRole('button', { name: /^\d+ new$/ });
    const kinds = parseInt((await fresh.textContent()) ?? '', 10);
    await fresh.click();
    await expect(fresh).toHaveAttribute('aria-pressed', 'true');
    const marked = list.getByRole('button', { name: /, [\d,]+ runs, new$/, pressed: true });
    await expect(marked).toHaveCount(kinds);
    await accessible(page, '[data-section=failure]');
    await fresh.click();
    await expect(chips.getByRole('listitem')).toHaveCount(0);
  });

  await test.step('a run of a new failure says since when there is one', async () => {
    // the last night's incident brings this failure several times; another new one may have a single run
    await search.fill('failure~"no attribute \'execute\'"');
    await search.press('Enter');
    await expect(chips.getByRole('listitem')).toHaveCount(1);
    // the demo goes on, and the last row may be another one by the second click
    await expect(async () => {
      await window.rows().last().dblclick();
      const first = window.detail.getByText(/first (today|yesterday|just now|\d+ (min|h) ago)/);
      await expect(first).toBeVisible({ timeout: 5_000 });
    }).toPass({ timeout: 40_000 });
    await page.getByRole('button', { name: 'Clear all filters' }).click();
  });

  await test.step('a word seen in a log last week leads to its run, to all that failed alike, to when it began, and to a file', async () => {
    // the logs that are kept, so that there is something to have been seen
    await search.fill('failure~"no attribute \'execute\'" log:exception');
    await search.press('Enter');
    const fetch = page.getByRole('button', { name: /^Fetch (them|the other|those)/ });
    const whole = page.getByText(/^Logs and artifacts of all [\d,]+ runs were searched/);
    await expect(fetch.or(whole)).toBeVisible();
    if (await fetch.isVisible()) await fetch.click();
    await expect(whole).toBeVisible({ timeout: 60_000 });
    await page.getByRole('button', { name: 'Clear all filters' }).click();

    // 1: the word
    await search.fill('log:"no attribute \'execute\'"');
    await search.press('Enter');
    await expect(chips.getByRole('listitem')).toHaveCount(1);
    // 2: a run that has it
    // the row says in how many lines, and leads to the first of them
    const found = window
      .rows()
      .last()
      .getByText(/^\d+ lines? in logs$/);
    await expect(found).toBeVisible();
    const said = (await found.textContent()) ?? '';
    await found.click();
    await expect(window.detail.getByRole('button', { name: said })).toBeVisible();
    await expect(window.detail.getByRole('searchbox', { name: 'Search logs' })).toHaveValue(/no attribute/);
    await expect(
      window.detail.getByRole('list', { name: `${said.replace(/ in logs$/, '').replace(/ /, ' log ')}: ` }),
    ).toBeVisible();
    const marked = () => page.evaluate(() => [...(CSS.highlights.get('found') ?? [])].map(String));
    await expect.poll(marked).toContain('attribute');
    // 3: all that failed alike, and since when
    const alike = window.detail.getByRole('button', { name: /^[\d,]+ runs$/ });
    const runs = parseInt((await alike.textContent()) ?? '', 10);
    await expect(window.detail.getByText(/first (today|yesterday|just now|\d+ (min|h) ago)/)).toBeVisible();
    await alike.click();
    await window.expectCount(runs);
    // 4: the file
    const path = await running.savedFile(() => window.export());
    expect((await readFile(path, 'utf8')).trimEnd().split('\r\n')).toHaveLength(runs + 1);
    await page.getByRole('dialog', { name: 'Exports' }).getByRole('button', { name: 'Done' }).click();
  });

  await test.step('a log: from error to error by key, lines around a hit, lines chosen and copied, lines saved', async () => {
    const { detail } = window;
    const lines = detail.getByRole('list', { name: /log lines/ });
    const chosen = lines.locator('li.chosen');
    await detail.getByRole('tab', { name: /^Logs/ }).click();
    await page.keyboard.press('F8');
    await expect(chosen).toHaveClass(/error|critical/);
    // the errors’ marks begin where the pane’s scrollbar does, wherever it is scrolled to and whatever comes above the log
    const bar = detail.locator('.log .marks > div');
    const besideBar = (to: number) =>
      bar.evaluate((marks, share) => {
        const pane = marks.closest('[data-scroller]');
        if (!pane) return null;
        pane.scrollTop = share * pane.scrollHeight;
        return new Promise<number>((done) => {
          const off = () => Math.round(marks.getBoundingClientRect().top - pane.getBoundingClientRect().top);
          requestAnimationFrame(() => requestAnimationFrame(() => done(off())));
        });
      }, to);
    for (const to of [1, 0.5, 0]) await expect.poll(() => besideBar(to), `scrolled to ${to}`).toBe(0);
    await bar.evaluate((marks) => {
      const above = Object.assign(document.createElement('p'), { textContent: 'above', id: 'above' });
      marks.closest('[data-scroller]')?.prepend(above);
    });
    await expect.poll(() => besideBar(0), 'a line above').toBe(0);
    await page.locator('#above').evaluate((line) => line.remove());
    await expect.poll(() => besideBar(0), 'it has gone').toBe(0);
    await detail.getByRole('searchbox', { name: 'Search logs' }).fill('exception');
    const hits = await lines.getByRole('listitem').count();
    await detail.getByRole('combobox', { name: 'Lines around each hit' }).selectOption('3');
    await expect.poll(() => lines.getByRole('listitem').count()).toBeGreaterThan(hits);
    await accessible(page, 'aside[aria-label="Task run"]');
    // a regular expression, the other lines, and one that is none
    const find = detail.getByRole('searchbox', { name: 'Search logs' });
    const said = detail.getByText(/^[\d,]+ of [\d,]+ lines?$/);
    const numbers = async () => ((await said.textContent()) ?? '').match(/[\d,]+/g)?.map(Number) ?? [];
    const press = (name: string) => detail.getByRole('button', { name, exact: true }).click();
    await press('Regular expression');
    await find.fill('[Ee]xception|Traceback');
    await expect(said).toBeVisible();
    const [some = 0, every = 0] = await numbers();
    await press('Hide the lines found');
    await expect.poll(numbers).toEqual([every - some, every]);
    await press('Hide the lines found');
    await find.fill('(');
    await expect(detail.getByText(/^This is no regular expression/)).toBeVisible();
    await press('Regular expression');
    await find.fill('');
    // levels, long lines, times
    const level = detail.getByRole('group', { name: 'Levels' }).getByRole('button').first();
    const shown = async () => Number(await lines.getByRole('listitem').first().getAttribute('aria-setsize'));
    await expect.poll(shown).toBe(every);
    const ofLevel = Number(((await level.textContent()) ?? '').replace(/\D/g, ''));
    await level.click();
    await expect(level).toHaveAttribute('aria-pressed', 'false');
    await expect.poll(shown).toBe(every - ofLevel);
    await level.click();
    await press('Wrap long lines');
    await detail.getByRole('combobox', { name: 'Times' }).selectOption('Since the first line');
    await expect(lines.locator('time').first()).toHaveText(/^\+?0/);
    await detail.getByRole('combobox', { name: 'Times' }).selectOption('Clock');
    await press('Wrap long lines');
    await find.fill('exception');
    await expect.poll(() => lines.getByRole('listitem').count()).toBeGreaterThan(hits);
    await lines.focus();
    await page.keyboard.press('Home');
    await page.keyboard.press('Shift+ArrowDown');
    await expect(chosen).toHaveCount(2);
    await page.keyboard.press('Control+c');
    expect((await window.pasted()).match(/prefect\.task_runs - /g)).toHaveLength(2);
    const path = await running.savedFile(async () => {
      await detail.getByRole('button', { name: 'Save lines as a file…' }).click();
      await page.getByRole('menuitem', { name: 'Save the lines shown' }).click();
    });
    const file = await readFile(path, 'utf8');
    expect(file.match(/ prefect\.task_runs \| /g)).toHaveLength(await lines.getByRole('listitem').count());
    await page.getByRole('button', { name: 'Clear all filters' }).click();
  });

  await test.step('a search says where it looked and of how many runs logs are kept; filters typed into it are offered', async () => {
    await search.fill('state:failed attribute');
    await expect(page.getByRole('button', { name: /Filter by state Failed/ })).toBeVisible();
    await search.press('Enter');
    await expect(chips.getByRole('listitem')).toHaveCount(1);
    await expect(search).toHaveValue('attribute');
    // the word stands in the message: every run that is left failed of it
    await expect(
      list.getByRole('button', { name: /^AttributeError: .* no attribute .*, [\d,]+ runs?\b/ }),
    ).toBeVisible();
    await expect(window.rows().first()).toBeVisible();
    await expect(
      page.getByText(
        /^(No logs and artifacts are kept of|All logs and artifacts are kept of|Logs and artifacts of all)/,
      ),
    ).toBeVisible();
    await accessible(page, 'main');
    await page.getByRole('button', { name: 'Clear all filters' }).click();
  });

  await test.step('what it says is found, and is a column', async () => {
    await search.fill('failure~"too many requests"');
    await search.press('Enter');
    await page.getByRole('button', { name: /columns/i }).click();
    await page.getByRole('checkbox', { name: 'Failure', exact: true }).check();
    await page.keyboard.press('Escape');
    await expect(page.getByRole('columnheader', { name: 'Failure', exact: true })).toBeVisible();
    await expect(window.row(/Too Many Requests/)).toBeVisible();
  });
});
