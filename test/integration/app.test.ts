/** The whole core, no window: demo server → sync → archive → index → answers, over real threads and a real file. */
import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { MessageChannel } from 'node:worker_threads';
import { contract } from '../../src-main/contract/calls.ts';
import type { Query } from '../../src-main/contract/query.ts';
import { createApp, type App } from '../../src-main/core/app.ts';
import { plainShell, type Shell } from '../../src-main/core/shell.ts';
import { noPrefect } from '../fixtures/prefect/server.ts';
import { runProgram } from '../fixtures/run-program.ts';
import { portChannel } from '../../src-main/rpc/channels.ts';
import type { Client } from '../../src-main/contract/define.ts';
import { connect } from '../../src-main/rpc/rpc.ts';
import { until } from '../fixtures/until.ts';

const RUNS = 3000;
const workspace = `demo-${RUNS}`;
const everything = { where: { and: [] }, sort: [{ field: 'expected_start_time', dir: 'desc' as const }] };

let dir = '';
let app: App;
let client: Client<typeof contract>;
const closers: (() => void)[] = [];
/** the folder that each dialog for saving opened in */
const dialogs: (string | null)[] = [];

async function open(): Promise<void> {
  const shell: Shell = {
    ...plainShell,
    capabilities: { ...plainShell.capabilities, save_dialog: true },
    chooseSavePath: (suggested, _, start) => {
      dialogs.push(start);
      return Promise.resolve({ path: join(dir, suggested), download: null, overwrite: true });
    },
  };
  app = await createApp({ dataDir: join(dir, 'data'), shell, demoRuns: RUNS, log: () => undefined });
  const { port1, port2 } = new MessageChannel();
  app.serve(portChannel(port1));
  client = connect(contract, portChannel(port2));
  closers.push(() => port2.close());
}

before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'taskscope-app-'));
  await open();
});
after(async () => {
  for (const close of closers) close();
  await app.close();
  await rm(dir, { recursive: true, force: true });
});

test('the first start makes the demo workspace, syncs it and answers', async () => {
  const hello = await client.hello({});
  assert.deepEqual(
    hello.workspaces.map(({ name, kind }) => ({ name, kind })),
    [{ name: workspace, kind: 'demo' }],
  );
  await client['workspace.open']({ workspace });
  for await (const status of client['sync.watch']({ workspace }))
    if (status.phase === 'failed') assert.fail(JSON.stringify(status.problem));
    else if (status.phase === 'idle') break;
  const answer = await client['query.ask']({
    workspace,
    query: everything,
    rows: { from: 0, to: 50 },
    facets: [{ field: 'state_type', limit: 20 }],
    histogram: { field: 'expected_start_time', buckets: 90 },
  });
  assert.ok(answer.total >= RUNS, `${answer.total} runs`);
  assert.equal(answer.count, answer.total);
  assert.equal(answer.rows.length, 50);
  const facet = answer.facets[0];
  assert.ok(facet);
  assert.equal(
    facet.values.reduce((sum, { count }) => sum + count, 0),
    answer.count,
  );
  const drawn = answer.histogram?.series.flatMap(({ counts }) => counts).reduce((a, b) => a + b, 0) ?? 0;
  assert.equal(drawn + (answer.histogram?.missing ?? 0), answer.count);
});

test('a result is pages, jumps and positions of one order', async () => {
  const answer = await client['query.ask']({
    workspace,
    query: { ...everything, where: { field: 'state_type', in: ['FAILED'] } },
    rows: { from: 0, to: 10 },
    facets: [],
    histogram: null,
  });
  assert.ok(answer.count > 10);
  const last = await client['query.rows']({
    workspace,
    result: answer.result,
    rows: { from: answer.count - 1, to: answer.count },
  });
  assert.equal(last.length, 1);
  assert.equal(last[0]?.state_type, 'FAILED');
  const id = last[0]?.id ?? '';
  assert.deepEqual(await client['query.position']({ workspace, result: answer.result, id }), {
    position: answer.count - 1,
  });
  await assert.rejects(client['query.rows']({ workspace, result: 'gone', rows: { from: 0, to: 1 } }), {
    code: 'NOT_FOUND',
  });
});

test('a run opens with its JSON, and its activity comes from the server', async () => {
  const { rows } = await client['query.ask']({
    workspace,
    query: { ...everything, where: { field: 'state_type', in: ['FAILED'] } },
    rows: { from: 0, to: 1 },
    facets: [],
    histogram: null,
  });
  const id = rows[0]?.id ?? '';
  const detail = await client['run.get']({ workspace, id });
  assert.equal((JSON.parse(detail.json) as { id: string }).id, id);
  const activity = await client['run.activity']({ workspace, id });
  assert.equal(activity.problem, null);
  assert.ok(activity.history.length > 0);
  assert.equal(activity.history.at(-1)?.type, 'FAILED');
  await assert.rejects(client['run.get']({ workspace, id: '00000000-0000-0000-0000-000000000000' }), {
    code: 'NOT_FOUND',
  });
});

test('an export holds every row of the question', async () => {
  const query = { ...everything, where: { field: 'state_type', in: ['COMPLETED'] } };
  const save = await client['export.choose']({ suggested: 'completed.csv' });
  assert.ok(save);
  let done;
  for await (const item of client['export.run']({ workspace, query, columns: ['id', 'name'], save: save.save }))
    done = item;
  assert.equal(done?.kind, 'done');
  const lines = (await readFile(save.path, 'utf8')).trimEnd().split('\r\n');
  assert.equal(lines[0], 'id,name');
  const [count] = await client['query.counts']({ workspace, queries: [query] });
  assert.equal(lines.length - 1, count);
});

test('what is copied of a view or of a run runs as it stands: curl, SQL, and Python with Prefect’s client', async (t) => {
  const asked = (query: Query) =>
    client['query.ask']({ workspace, query, rows: { from: 0, to: 100 }, facets: [], histogram: null });
  const failed = { field: 'state_type', in: ['FAILED'] };
  const oldest = { where: { and: [failed] }, sort: [{ field: 'expected_start_time', dir: 'asc' as const }] };
  const run = (await asked(oldest)).rows[0];
  const query = { ...oldest, where: { and: [failed, { field: 'flow_run_id', in: [run?.flow_run_id ?? ''] }] } };
  const ids = (await asked(query)).rows.map(({ id }) => id);
  assert.ok(run && ids.includes(run.id));
  const write = async (as: 'curl' | 'python' | 'body' | 'sql') => {
    const { text, lost, order_lost } = await client['query.writeAs']({
      workspace,
      query,
      columns: ['name', 'tags'],
      as,
    });
    assert.deepEqual([lost, order_lost], [[], false], as);
    return text;
  };
  const found = (json: string) => (JSON.parse(json) as { id: string }[]).map(({ id }) => id);

  const curl = await write('curl');
  assert.deepEqual(found(await runProgram('sh', ['-c', curl])).sort(), ids.toSorted());
  const one = await client['run.writeAs']({ workspace, id: run.id, as: 'curl' });
  assert.equal((JSON.parse(await runProgram('sh', ['-c', one.text])) as { id: string }).id, run.id);
  const body = await write('body');
  assert.ok(curl.includes(body.split('\n')[1] ?? 'nothing'), curl);

  const sql = await write('sql');
  const path = /sqlite3 -readonly '(.*)'/.exec(sql)?.[1] ?? '';
  const sqlite3 = process.env.TASKSCOPE_SQLITE3 ?? 'sqlite3';
  assert.deepEqual(found(await runProgram(sqlite3, ['-readonly', '-json', path, sql])), ids, 'in the order on screen');

  if (noPrefect()) return t.diagnostic(`Python was not run: ${String(noPrefect())}`);
  const python = process.env.TASKSCOPE_PREFECT_PYTHON ?? '';
  const env = { PREFECT_HOME: join(dir, 'prefect') };
  const printed = await runProgram(python, ['-c', await write('python')], env);
  assert.deepEqual(printed.trimEnd().split('\n').map((line) => line.split(' ')[0]).sort(), ids.toSorted()); // prettier-ignore
  const { text } = await client['run.writeAs']({ workspace, id: run.id, as: 'python' });
  assert.equal((JSON.parse(await runProgram(python, ['-c', text], env)) as { id: string }).id, run.id);
});

test('an export that the window ends leaves nothing unfinished', async () => {
  const save = await client['export.choose']({ suggested: 'ended.csv' });
  assert.deepEqual(dialogs, [null, dir]); // the dialog opens where the last file went
  assert.ok(save);
  const items = client['export.run']({ workspace, query: everything, columns: null, save: save.save });
  for await (const _ of items) break;
  await until(async () => !(await readdir(dir)).some((name) => name.endsWith('.partial')));
});

test('a second process on the same folder reads and says who holds it', async () => {
  const second = await createApp({ dataDir: join(dir, 'data'), shell: plainShell, log: () => undefined });
  try {
    assert.equal(second.readOnly?.code, 'FOLDER_IN_USE');
    const archive = await second.archive(workspace);
    const [count] = await archive.query.counts({ queries: [everything] });
    assert.ok(count && count >= RUNS);
    assert.throws(() => archive.startSync(), { code: 'FOLDER_IN_USE' });
  } finally {
    await second.close();
  }
});

test('a restart finds presets, settings and runs without the server', async () => {
  const preset = await client['preset.save']({ name: 'Mine', query: everything, columns: null });
  await client['settings.update']({ theme: 'dark', sync_every: 0 });
  await app.close();
  await open();
  const hello = await client.hello({});
  assert.equal(hello.settings.theme, 'dark');
  assert.ok((await client['preset.list']({})).some(({ id }) => id === preset.id));
  const [count] = await client['query.counts']({ workspace, queries: [everything] });
  assert.ok(count && count >= RUNS);
});
