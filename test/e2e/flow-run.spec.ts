/** What happened around a run? Its flow run as a whole: over time, as a graph and as one log, by mouse and by keyboard. */
import { randomUUID } from 'node:crypto';
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
  const { page } = await host.start({ args: ['--demo', '--demo-runs', '8000'] });
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
