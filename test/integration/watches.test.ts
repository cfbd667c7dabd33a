/** Watched presets over a whole core and a server that gets new runs: told once, in quiet hours later, through restarts and an archive made anew. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { formatTimeLikePrefect } from '../../src-main/contract/time.ts';
import { workspaceInputSchema } from '../../src-main/contract/workspace.ts';
import { createApp, type App } from '../../src-main/core/app.ts';
import { plainShell } from '../../src-main/core/shell.ts';
import { startDemo, type Demo } from '../fixtures/demo/server.ts';
import { until } from '../fixtures/until.ts';

const EPOCH = Date.UTC(2026, 5, 1, 12) * 1000;
const HOUR = 3_600_000_000;
const never = { signal: new AbortController().signal };
const NAMES = ['one', 'two'];
const CRASHED = 'builtin-crashed';

/** µs; the clock of the watches. The server's stands still, so that its story brings nothing by itself */
let now = EPOCH;
let dir = '';
let app: App;
/** crashed in `one` before it was watched */
let crashedEarlier = '';
const servers = new Map<string, Demo>();
let notices: { title: string; body: string; click: () => void }[] = [];
let badge = 0;

async function start(): Promise<void> {
  const shell = {
    ...plainShell,
    notify: ({ title, body }: { title: string; body: string }, click: () => void) =>
      void notices.push({ title, body, click }),
    badge: (count: number) => void (badge = count),
  };
  app = await createApp({ dataDir: dir, shell, log: () => undefined, watchEvery: 1e6, now: () => now });
}

async function sync(name: string, verify = false): Promise<void> {
  const archive = await app.archive(name);
  await archive.settled();
  archive.startSync(null, verify);
  await archive.settled();
  assert.equal(archive.sync.get().problem, null);
  await app.watches.look();
}
/** Counts by workspace and preset, of those that are not 0. */
const counts = () =>
  Object.fromEntries(
    app.watches.news
      .get()
      .watches.flatMap(({ workspace, preset, count }) => (count > 0 ? [[`${workspace} ${preset}`, count]] : [])),
  );
const crashed = (name: string, change: object = {}) => run(name, 'CRASHED', 'Crashed', change);
const run = (name: string, state_type: string, state_name: string, change: object = {}) => {
  const [at, expected] = [now, EPOCH].map(formatTimeLikePrefect);
  const state = {
    id: crypto.randomUUID(),
    type: state_type,
    name: state_name,
    timestamp: at,
    message: 'gone',
    data: null,
  };
  const times = { expected_start_time: expected, start_time: expected };
  return { ...times, name, state_type, state_name, state: { ...state, state_details: {} }, updated: at, ...change };
};
const server = (name: string) => servers.get(name)!.control;

before(async () => {
  dir = mkdtempSync(join(tmpdir(), 'taskscope-watches-'));
  await start();
  for (const [i, name] of NAMES.entries()) {
    const demo = await startDemo({ runs: 300, seed: 3 + i, epoch: EPOCH, now: EPOCH });
    servers.set(name, demo);
    if (name === 'one') {
      now = EPOCH - HOUR;
      crashedEarlier = demo.control.insert('task_run', crashed('earlier'));
      now = EPOCH;
    }
    const input = workspaceInputSchema.parse({ name, api_url: demo.apiUrl, auth: { kind: 'none' } });
    await app.handlers['workspace.add']({ ...input, archive: null }, never);
    await (await app.archive(name)).settled();
  }
});
after(async () => {
  await app.close();
  for (const demo of servers.values()) await demo.close();
  rmSync(dir, { recursive: true, force: true });
});

test('what matches already is not told; each new match is, once, in its own workspace', async () => {
  for (const workspace of NAMES)
    for (const preset of [CRASHED, 'builtin-retried'])
      await app.handlers['watch.set']({ workspace, preset, on: true }, never);
  await sync('one');
  await sync('two');
  assert.deepEqual(counts(), {});
  now += HOUR;
  const id = server('one').insert('task_run', crashed('first'));
  server('one').insert('task_run', crashed('second'));
  server('one').insert('task_run', { name: 'fine' });
  await sync('one');
  await sync('two');
  assert.deepEqual(counts(), { [`one ${CRASHED}`]: 2 });
  assert.equal(badge, 2);
  assert.deepEqual(
    notices.map(({ title, body }) => [title, body]),
    [['2 new in “Crashed this week”', 'one']],
  );
  // the same rows come once more, one of them with another state in between
  server('one').update('task_run', id, { state_type: 'RUNNING', state_name: 'Running', run_count: 2 });
  await sync('one');
  now += HOUR;
  server('one').update('task_run', id, crashed('first', { run_count: 2 }));
  await sync('one');
  assert.deepEqual(counts(), { [`one ${CRASHED}`]: 2, 'one builtin-retried': 1 });
  assert.equal(notices.length, 2);
});

test('a click opens the preset; looking at it ends the count and names the new runs', async () => {
  notices[0]?.click();
  assert.deepEqual(app.watches.news.get().opened, { number: 1, workspace: 'one', preset: CRASHED });
  const { ids } = await app.handlers['watch.seen']({ workspace: 'one', preset: CRASHED }, never);
  assert.equal(ids.length, 2);
  assert.equal(app.watches.news.get().opened, null);
  assert.deepEqual(counts(), { 'one builtin-retried': 1 });
  await app.handlers['watch.seen']({ workspace: 'one', preset: 'builtin-retried' }, never);
  assert.equal(badge, 0);
});

test('nothing is told twice after a restart and after the archive is made anew; what came meanwhile is told', async () => {
  notices = [];
  await app.close();
  now += HOUR;
  server('two').insert('task_run', crashed('while closed'));
  await start();
  // watched archives open and sync by themselves
  await until(async () => (await app.archives.openNow('two')) !== null);
  await sync('two');
  await sync('one');
  assert.deepEqual(counts(), { [`two ${CRASHED}`]: 1 });
  assert.equal(notices.length, 1);
  const { path } = await app.archive('two');
  await app.close();
  rmSync(dirname(path), { recursive: true });
  await start();
  for (const name of NAMES) await sync(name);
  assert.ok((await (await app.archive('two')).query.stats({})).task_runs > 300);
  assert.deepEqual(counts(), { [`two ${CRASHED}`]: 1 });
  assert.equal(notices.length, 1);
});

test('in quiet hours it is counted, and told once they are over', async () => {
  notices = [];
  const time = new Date(now / 1000);
  const minute = time.getUTCHours() * 60 + time.getUTCMinutes();
  const quiet_hours = { from: minute, to: (minute + 120) % 1440, zone: 'UTC' };
  await app.handlers['settings.update']({ quiet_hours }, never);
  server('one').insert('task_run', crashed('at night'));
  await sync('one');
  assert.equal(counts()[`one ${CRASHED}`], 1);
  now += HOUR;
  server('one').insert('task_run', crashed('later at night'));
  await sync('one');
  assert.deepEqual(notices, []);
  now += HOUR;
  await app.watches.look();
  assert.deepEqual(
    notices.map(({ title }) => title),
    ['2 new in “Crashed this week”'],
  );
  await app.watches.look();
  assert.equal(notices.length, 1);
});

test('what could not be written down is told once it can be, and once', async () => {
  notices = [];
  const path = join(dir, 'watches.json');
  const kept = readFileSync(path);
  // a folder in its place cannot be replaced by a file
  rmSync(path);
  mkdirSync(join(path, 'full'), { recursive: true });
  now += HOUR;
  server('one').insert('task_run', crashed('nobody may write'));
  await sync('one');
  assert.deepEqual(notices, []);
  rmSync(path, { recursive: true });
  writeFileSync(path, kept);
  for (let look = 0; look < 2; look++) await app.watches.look();
  assert.deepEqual(
    notices.map(({ title }) => title),
    ['1 new in “Crashed this week”'],
  );
});

test('a run that the server forgets is no new failure, and is one of those that are gone', async () => {
  // by the server's clock, which stands still, it is lost when this watch begins
  const at = now;
  now = EPOCH;
  await app.handlers['watch.set']({ workspace: 'one', preset: 'builtin-gone', on: true }, never);
  now = at + HOUR;
  const before = counts()[`one ${CRASHED}`];
  server('one').remove('task_run', [crashedEarlier]);
  await sync('one', true);
  assert.equal(counts()['one builtin-gone'], 1);
  assert.equal(counts()[`one ${CRASHED}`], before);
  await app.handlers['watch.set']({ workspace: 'one', preset: 'builtin-gone', on: false }, never);
});

test('what matches by the clock alone is told too, also when the program was closed meanwhile', async () => {
  notices = [];
  await app.handlers['watch.set']({ workspace: 'one', preset: 'builtin-late', on: true }, never);
  const due = formatTimeLikePrefect(now + 2 * HOUR);
  const state = { id: crypto.randomUUID(), type: 'SCHEDULED', name: 'Scheduled', message: null, data: null };
  server('one').insert('task_run', {
    ...{
      name: 'due',
      state_type: 'SCHEDULED',
      state_name: 'Scheduled',
      run_count: 0,
      start_time: null,
      end_time: null,
    },
    state: { ...state, timestamp: formatTimeLikePrefect(now), state_details: {} },
    ...{ expected_start_time: due, next_scheduled_start_time: due },
  });
  await sync('one');
  assert.equal(counts()['one builtin-late'], undefined);
  await app.close();
  now += 3 * HOUR;
  await start();
  await until(async () => (await app.archives.openNow('one')) !== null);
  await app.watches.look();
  assert.equal(counts()['one builtin-late'], 1);
});

test('a watch that began while the clock was years ahead tells what comes once the clock is right', async () => {
  const right = now;
  now += 3 * 365 * 24 * HOUR;
  await app.handlers['watch.set']({ workspace: 'two', preset: CRASHED, on: false }, never);
  await app.handlers['watch.set']({ workspace: 'two', preset: CRASHED, on: true }, never);
  await sync('two');
  now = right + HOUR;
  await app.watches.look();
  const before = counts()[`two ${CRASHED}`] ?? 0;
  now += HOUR;
  server('two').insert('task_run', crashed('after the clock was set right'));
  await sync('two');
  assert.equal((counts()[`two ${CRASHED}`] ?? 0) - before, 1);
});

test('a preset that is not watched any more, or deleted, tells nothing; one with another question begins anew', async () => {
  for (const { workspace, preset } of app.watches.news.get().watches)
    await app.handlers['watch.set']({ workspace, preset, on: false }, never);
  const query = { where: { field: 'state_type', in: ['CRASHED'] }, sort: [] };
  const mine = { name: 'mine', folder: '', query, names: {}, columns: null, frozen: 0 };
  const saved = await app.handlers['preset.save'](mine, never);
  await app.handlers['watch.set']({ workspace: 'one', preset: saved.id, on: true }, never);
  now += HOUR;
  server('one').insert('task_run', crashed('mine'));
  await sync('one');
  assert.deepEqual(counts(), { [`one ${saved.id}`]: 1 });
  await app.handlers['watch.seen']({ workspace: 'one', preset: saved.id }, never);
  const wider = { ...query, where: { field: 'state_type', in: ['CRASHED', 'COMPLETED'] } };
  await app.handlers['preset.update']({ ...mine, id: saved.id, query: wider }, never);
  await app.watches.look();
  assert.deepEqual(counts(), {}, 'what matches the changed question already');
  now += HOUR;
  server('one').insert('task_run', run('done', 'COMPLETED', 'Completed'));
  await sync('one');
  assert.deepEqual(counts(), { [`one ${saved.id}`]: 1 });
  await app.handlers['preset.remove']({ id: saved.id }, never);
  assert.deepEqual(app.watches.news.get().watches, []);
  assert.equal(badge, 0);
});
