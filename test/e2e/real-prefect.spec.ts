/** The main job, on a real Prefect server with real flows: find the failed task, open it, keep the filter, export, and go on without the server. */
import { readFile } from 'node:fs/promises';
import { noPrefect, startPrefect, type PrefectServer } from '../fixtures/prefect/server.ts';
import { expect, test } from './host.ts';
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

let server: PrefectServer | null = null;
const missing = noPrefect();

test.use({ clock: 'machine' });
test.skip(missing !== false, missing || '');

test.beforeAll(async () => {
  test.setTimeout(240_000);
  server = await startPrefect();
  await server.run('flows.py');
});
test.afterAll(() => server?.stop());

async function failedRuns({ apiUrl }: PrefectServer): Promise<ServerRun[]> {
  const reply = await fetch(`${apiUrl}/task_runs/filter`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      task_runs: { state: { type: { any_: ['FAILED'] } } },
      sort: 'EXPECTED_START_TIME_DESC',
    }),
  });
  return (await reply.json()) as ServerRun[];
}

test('the failed task is found, opened, kept as a preset, exported, and still there without the server', async ({
  host,
}) => {
  test.setTimeout(180_000);
  if (!server) throw new Error('no server');
  const truth = await failedRuns(server);
  expect(truth.length).toBeGreaterThan(0);

  const running = await host.start();
  const { page } = running;
  const window = new Window(page);
  await window.ready();
  await window.addServer('real', server.apiUrl);
  await expect(page.getByRole('button', { name: 'Workspace: real' })).toBeVisible();
  await expect(window.row('always_fails')).toBeVisible({ timeout: 60_000 });

  await window.filter('State', 'Failed');
  await window.expectCount(truth.length);
  await window.row('always_fails').dblclick();
  await expect(page.getByText('ValueError: no rows in "orders"').first()).toBeVisible();

  await window.savePreset('Broken tasks');

  const path = await running.savedFile(() => window.export());
  const lines = parseCsv(await readFile(path, 'utf8'));
  const header = lines[0] ?? [];
  const cell = (line: string[], column: string) => line[header.indexOf(column)];
  const byId = new Map(lines.slice(1).map((line) => [cell(line, 'id'), line]));
  expect([...byId.keys()].sort()).toEqual(truth.map(({ id }) => id).sort());
  for (const run of truth) {
    const line = byId.get(run.id) ?? [];
    expect(cell(line, 'name')).toBe(run.name);
    expect(cell(line, 'state_type')).toBe(run.state_type);
    expect(cell(line, 'state_name')).toBe(run.state_name);
    expect(cell(line, 'run_count')).toBe(String(run.run_count));
    expect(JSON.parse(cell(line, 'tags') ?? '')).toEqual(run.tags);
    expect(cell(line, 'start_time')?.slice(0, 26)).toBe(withMicros(run.start_time).slice(0, 26));
  }
  await window.closeDialog();

  await server.stop();
  server = null;
  const again = new Window((await host.restart()).page);
  await again.ready();
  await expect(again.page.getByRole('button', { name: 'Workspace: real' })).toBeVisible();
  await again.preset('Broken tasks').click();
  await again.expectCount(truth.length);
  await again.row('always_fails').dblclick();
  await expect(again.page.getByText('ValueError: no rows in "orders"').first()).toBeVisible();
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
