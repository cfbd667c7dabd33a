/**
 * The whole story, on a real Prefect server with real flows: connect wrong and right, find a failure by what it says, read its log, see its
 * last success, export, and go on without the server. By mouse, and then by keyboard alone.
 */
import { readFile } from 'node:fs/promises';
import type { Page } from '@playwright/test';
import { noPrefect, startPrefect, type PrefectServer } from '../fixtures/prefect/server.ts';
import { keyboard, mouse, type Hand } from './hands.ts';
import { expect, test, type Running } from './host.ts';
import { Window } from './window.ts';

type ServerRun = {
  id: string;
  name: string;
  state_type: string;
  state_name: string;
  run_count: number;
  start_time: string;
  tags: string[];
};
/** Ids of a run that failed and of the one at its place in the flow run before; `name` is the failed one's, `completed` a sibling's. */
type Story = { success: string; failure: string; name: string; completed: string };

let server: PrefectServer | null = null;
let story: Story;
const missing = noPrefect();

test.use({ clock: 'machine' });
test.skip(missing !== false, missing || '');

test.beforeAll(async () => {
  test.setTimeout(240_000);
  server = await startPrefect({ ui: true });
  story = JSON.parse(await server.run('story_flows.py')) as Story;
});
test.afterAll(() => server?.stop());

async function serverRuns({ apiUrl }: PrefectServer): Promise<ServerRun[]> {
  const reply = await fetch(`${apiUrl}/task_runs/filter`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ sort: 'EXPECTED_START_TIME_DESC' }),
  });
  return (await reply.json()) as ServerRun[];
}

const said = 'no rows in "orders": expected > 0 — ünïcode ✗';
const logged = 'shop 1 answered with an empty page';
const searchField = (page: Page) => page.getByRole('combobox', { name: /^Search/ });

async function connect(page: Page, hand: Hand, apiUrl: string, name: string): Promise<void> {
  await hand.choose(
    page.getByRole('button', { name: /^Workspace:/ }),
    page.getByRole('menuitem', { name: /Add a server/ }),
  );
  const dialog = page.getByRole('dialog', { name: 'Add a server' });
  await hand.fill(dialog.getByLabel('API address'), apiUrl.replace('http:', 'https:'));
  await hand.fill(dialog.getByLabel('Name'), name);
  await hand.press(dialog.getByRole('button', { name: 'Test connection' }));
  await expect(dialog.getByText(/speaks http, not https/)).toBeVisible();
  await hand.press(dialog.getByRole('button', { name: 'Use http' }));
  await expect(dialog.getByText(/It answers/)).toBeVisible();
  await hand.press(dialog.getByRole('button', { name: 'Add and sync' }));
  await expect(dialog).toBeHidden();
  await expect(page.getByRole('button', { name: `Workspace: ${name}` })).toBeVisible();
  // until then the list is the other workspace’s
  await expect(page.getByRole('main')).toHaveAttribute('aria-busy', 'false');
  await expect(page.getByRole('button', { name: /^Every run since/ })).toBeVisible({ timeout: 60_000 });
}

/** Finds the failed run by what it says, and reads its log. */
async function findFailure(window: Window, hand: Hand): Promise<void> {
  const { page, detail } = window;
  await hand.search(searchField(page), 'no rows in');
  await window.expectCount(1);
  await hand.open(window.row(story.name));
  await expect(detail.getByRole('group', { name: 'Failure' })).toContainText(said);
  await hand.tab(detail.getByRole('tab', { name: /^Logs/ }));
  await expect(detail.getByText(logged)).toBeVisible();
}

async function exportRuns(running: Running, hand: Hand): Promise<string[][]> {
  const { page } = running;
  const path = await running.savedFile(async () => {
    if (hand.name === 'keyboard') await page.keyboard.press('e');
    else await page.getByRole('button', { name: 'Export…' }).click();
    const dialog = page.getByRole('dialog', { name: /Export/ });
    if (hand.name === 'keyboard') {
      await expect(dialog.getByRole('radio', { name: /Those of the list/ })).toBeFocused();
      await page.keyboard.press('ArrowDown');
    } else await dialog.getByRole('radio', { name: /The usual set/ }).check();
    await expect(dialog.getByRole('radio', { name: /The usual set/ })).toBeChecked();
    await hand.press(dialog.getByRole('button', { name: /^(Export|Choose a file…)$/ }));
    // those made before stand below it
    await expect(
      dialog
        .getByRole('status')
        .filter({ hasText: /exported/ })
        .first(),
    ).toBeVisible();
    await hand.press(dialog.getByRole('button', { name: 'Done' }));
    await expect(dialog).toBeHidden();
  });
  // the dialog writes for spreadsheets: the mark that tells Excel of UTF-8 comes first
  return parseCsv((await readFile(path, 'utf8')).replace(/^\uFEFF/, ''));
}

/** Every row of the file is what the server says of the run, and every run is there once. */
function expectRows(lines: string[][], truth: ServerRun[]): void {
  const header = lines[0] ?? [];
  const cell = (line: string[], column: string) => line[header.indexOf(column)];
  const byId = new Map(lines.slice(1).map((line) => [cell(line, 'id'), line]));
  expect([...byId.keys()].sort()).toEqual(truth.map(({ id }) => id).sort());
  expect(lines.length - 1).toBe(truth.length);
  for (const run of truth) {
    const line = byId.get(run.id) ?? [];
    expect(cell(line, 'name')).toBe(run.name);
    expect(cell(line, 'state_type')).toBe(run.state_type);
    expect(cell(line, 'state_name')).toBe(run.state_name);
    expect(cell(line, 'run_count')).toBe(String(run.run_count));
    expect(JSON.parse(cell(line, 'tags') ?? '')).toEqual(run.tags);
    expect(cell(line, 'start_time')?.slice(0, 26)).toBe(withMicros(run.start_time).slice(0, 26));
  }
}

test('from a wrong address to a file, and on without the server', async ({ host, hostKind }) => {
  test.setTimeout(240_000);
  if (!server) throw new Error('no server');
  const truth = await serverRuns(server);
  expect(truth.length).toBe(8);
  const running = await host.start();
  const { page } = running;
  const window = new Window(page);
  await window.ready();

  for (const hand of [mouse, keyboard(page)]) {
    await test.step(`by ${hand.name}`, async () => {
      await connect(page, hand, server?.apiUrl ?? '', hand.name);
      await findFailure(window, hand);

      const success = window.detail.locator('dt', { hasText: 'Last success' }).locator('+ dd');
      await hand.press(success.getByRole('button').first());
      await expect(window.detail.getByText('Completed', { exact: true }).first()).toBeVisible();
      await expect(window.detail.locator('dt', { hasText: 'success' })).toBeHidden(); // it is the first one
      await hand.tab(window.detail.getByRole('tab', { name: 'Details' }));
      await expect(window.detail.getByText(story.success)).toBeVisible();

      if (hand.name === 'keyboard') await page.keyboard.press('Escape');
      else await hand.press(window.detail.getByRole('button', { name: 'Close', exact: true }));
      expectRows(
        await exportRuns(running, hand),
        truth.filter(({ id }) => id === story.failure),
      );
      if (hand.name === 'keyboard') await page.keyboard.press('/');
      await hand.press(page.getByRole('button', { name: 'Clear all filters' }));
      await window.expectCount(truth.length);
      if (hand.name === 'mouse') return;
      await page.keyboard.press('Escape');
      expectRows(await exportRuns(running, hand), truth);
    });
  }

  await test.step('a success says when the one before was, a task that never succeeded says so', async () => {
    await mouse.open(window.row(story.completed));
    await expect(window.detail.locator('dt', { hasText: 'Previous success' })).toBeVisible();
    await mouse.open(window.row(/publish/));
    const last = window.detail.locator('dt', { hasText: 'Last success' }).locator('+ dd');
    await expect(last).toHaveText(/^never before this flow run/);
  });

  // elsewhere a browser is opened
  if (hostKind === 'shell' && process.platform === 'linux')
    await test.step('the link into Prefect leads to the page of the run, in both of its UIs', async () => {
      await mouse.open(window.row(story.name));
      await window.detail.getByRole('button', { name: 'Open in Prefect' }).click();
      const link = page.getByRole('status').filter({ hasText: 'Copied:' }).getByRole('link');
      const url = new URL((await link.getAttribute('href')) ?? '');
      const prefect = await page.context().newPage();
      for (const path of [url.pathname, `/v2${url.pathname}`]) {
        await prefect.goto(`${url.origin}${path}`);
        await expect(prefect.getByText(story.name).first()).toBeVisible({ timeout: 60_000 });
        await expect(prefect.getByText(said).first()).toBeVisible();
      }
      await prefect.close();
    });

  await server.stop();
  server = null;
  const offline = (await host.restart()).page;
  const again = new Window(offline);
  await again.ready();
  await expect(offline.getByRole('button', { name: 'Workspace: keyboard' })).toBeVisible();
  await expect(offline.getByText('Offline', { exact: true })).toBeVisible();
  for (const hand of [mouse, keyboard(offline)]) {
    await again.expectCount(truth.length);
    await findFailure(again, hand);
    await offline.keyboard.press('Escape');
    await offline.getByRole('button', { name: 'Clear all filters' }).click();
    await offline.keyboard.press('Escape'); // out of the search
  }
});

/** Prefect leaves the fraction out when it is zero. */
function withMicros(time: string): string {
  return time.includes('.') ? time : time.replace('Z', '.000000Z');
}

/** RFC 4180, as a reader of its own: the product's writer must not check itself. */
function parseCsv(text: string): string[][] {
  const lines: string[][] = [];
  let line: string[] = [];
  let cell = '';
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (quoted) {
      if (c === '"' && text[i + 1] === '"') cell += text[++i];
      else if (c === '"') quoted = false;
      else cell += c;
    } else if (c === '"') quoted = true;
    else if (c === ',') {
      line.push(cell);
      cell = '';
    } else if (c === '\r' && text[i + 1] === '\n') {
      i++;
      lines.push([...line, cell]);
      line = [];
      cell = '';
    } else cell += c;
  }
  return lines;
}
