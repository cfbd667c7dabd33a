/** One sync thread for all workspaces, and what happens when a thread dies. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, existsSync, openSync, readdirSync, writeFileSync, writeSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import type { Worker } from 'node:worker_threads';
import Sqlite from 'better-sqlite3';
import { exportOptionsSchema } from '../../src-main/contract/export.ts';
import { errorWords } from '../../src-main/contract/error-words.ts';
import { toAppError, type AppError } from '../../src-main/contract/errors.ts';
import type { SyncStatus } from '../../src-main/contract/sync.ts';
import { createApp, type App } from '../../src-main/core/app.ts';
import { plainShell } from '../../src-main/core/shell.ts';
import { workerLimits } from '../../src-main/core/workers/start-worker.ts';
import { deaths, type Death } from '../fixtures/worker-faults.ts';
import { NaivePrefect } from '../fixtures/naive-prefect.ts';
import { serveHttp, type TestServer } from '../fixtures/prefect-http.ts';
import { until } from '../fixtures/until.ts';

const RUNS = 900;
const shell = {
  ...plainShell,
  chooseSavePath: (path: string) => Promise.resolve({ path, download: null, overwrite: true }),
};
let server: TestServer;
const prefect = new NaivePrefect();
let now = 0;
let most = 0;
let dir = '';
let app: App;
/** MB of heap at which a thread ends here: it is filled within a moment */
const HEAP = 64;
for (const name of ['query', 'writer', 'sync', 'demo'] as const) workerLimits[name] = { maxOldGenerationSizeMb: HEAP };
/** every thread started so far, by name */
const threads = new Map<string, Worker[]>();
const onWorker = (worker: Worker) => {
  const name = worker.threadName ?? '';
  threads.set(name, [...(threads.get(name) ?? []), worker]);
};
process.on('worker', onWorker);
before(async () => {
  for (let i = 0; i < RUNS; i++)
    prefect.put('task_runs', {
      id: `${String(i).padStart(8, '0')}-0000-4000-8000-000000000000`,
      ...{ name: `run ${i}`, state_type: 'COMPLETED', flow_run_id: null, pad: 'x'.repeat(i % 50) },
      expected_start_time: new Date(1.76e12 + i * 60_000).toISOString(),
    });
  prefect.limit = 50;
  server = await serveHttp((...asked) => prefect.answer(...asked));
  server.fault = ({ method, path, body }, _response, send) => {
    most = Math.max(most, ++now);
    setTimeout(() => {
      now -= 1;
      const reply = prefect.answer(method, path, body === '' ? null : JSON.parse(body));
      send(reply.status, JSON.stringify(reply.body));
    }, 3);
    return true;
  };
});
beforeEach(async () => {
  most = 0;
  dir = await mkdtemp(join(tmpdir(), 'taskscope-thread-'));
  app = await createApp({ dataDir: dir, shell, log: () => undefined });
});
after(async () => {
  process.off('worker', onWorker);
  await server.close();
});

const ended = async () => {
  await app.close();
  await rm(dir, { recursive: true, force: true });
};
const add = (name: string) =>
  app.workspaces.add({ name, api_url: server.apiUrl, auth: { kind: 'none' }, headers: {}, insecure_tls: false, ca_file: null, dialect: 'sqlite' }); // prettier-ignore
const synced = async (name: string) => {
  await until(async () => (await app.archive(name)).sync.get().last_success !== null);
  assert.equal((await (await app.archive(name)).query.stats({})).task_runs, RUNS);
};

test('two workspaces of one server sync side by side within its budget; one is closed and the other goes on', async () => {
  try {
    await Promise.all(
      ['one', 'two'].map(async (name) => {
        await add(name);
        await synced(name);
      }),
    );
    assert.equal(most, 2);
    await app.archives.close('one');
    const two = await app.archive('two');
    two.startSync(null, true);
    await two.settled();
    assert.equal(two.sync.get().problem, null);
    await synced('one');
  } finally {
    await ended();
  }
});

test('an archive is closed in the middle of a sync: at once, and it goes on from there', async () => {
  try {
    await add('one');
    const archive = await app.archive('one');
    await until(() => archive.sync.get().received > 0);
    await app.archives.close('one');
    const asked = server.asked.length;
    await new Promise((resolve) => setTimeout(resolve, 30));
    assert.equal(server.asked.length, asked, 'nothing is asked any more');
    await synced('one');
  } finally {
    await ended();
  }
});

const newest = (name: string): Worker => {
  const worker = threads.get(name)?.at(-1);
  assert.ok(worker, name);
  return worker;
};
const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => null,
    (thrown: unknown) => toAppError(thrown).code,
  );

const ways = Object.keys(deaths) as Death[];

for (const [thread, how] of (['query', 'writer', 'sync', 'demo'] as const).flatMap((thread) =>
  ways.map((how) => [thread, how] as const),
))
  test(`the ${thread} thread dies (${how}): seen by all who wait, opened again once by itself, and nothing is lost`, async () => {
    const abort = new AbortController();
    const options = { signal: abort.signal };
    const isDemo = thread === 'demo';
    const { name } = isDemo ? await app.workspaces.demo(RUNS, RUNS + 1) : await add('one');
    const through = isDemo
      ? () => until(async () => (await app.archive(name)).sync.get().last_success !== null)
      : () => synced(name);
    try {
      const archive = await app.archive(name);
      // a window that watches, and a sync in the middle
      const seen: SyncStatus[] = [];
      const watched = codeOf(
        (async () => {
          for await (const status of app.handlers['sync.watch']({ workspace: name }, options)) seen.push(status);
        })(),
      );
      await until(() => archive.sync.get().received > 0 && seen.length > 0);
      const first = newest(thread);
      const waiting = thread === 'query' ? codeOf(archive.query.activity({ id: 'x', from: null })) : null;
      await deaths[how](first);
      if (waiting) assert.ok([null, 'THREAD_DIED'].includes(await waiting));
      await archive.settled();
      assert.equal(archive.syncing, false);
      if (thread === 'query') assert.equal(await codeOf(archive.query.stats({})), 'THREAD_DIED');
      await until(async () => (await app.archive(name)) !== archive);
      await through();
      await until(() => seen.at(-1)?.last_success !== null);
      const { reopened } = seen.at(-1) as SyncStatus;
      assert.deepEqual([reopened?.code, reopened?.details.thread], ['THREAD_DIED', thread], 'the window can say it');
      const said = errorWords(reopened!);
      assert.match(`${said.title}. ${said.advice}`, /has died\. It was started again by itself/);

      const second = await app.archive(name);
      await until(() => newest(thread) !== first); // the demo's begins with the next sync
      await deaths[how](newest(thread));
      await until(async () => (await codeOf(app.archive(name))) === 'THREAD_DIED');
      const closed = await app.archive(name).catch(toAppError);
      assert.match(errorWords(closed as AppError).title, /died twice within a minute, so .+ stays closed/);
      assert.equal(await watched, 'THREAD_DIED', 'the window hears that it stays closed');
      await until(() => !second.syncing);
      await app.handlers['workspace.open']({ workspace: name }, options); // a person opens it again
      await through();
    } finally {
      abort.abort();
      await ended();
    }
  });

const never = { signal: new AbortController().signal };
const everything = { where: { and: [] }, sort: [] };
const reopened = (name: string, code: string) =>
  until(async () => (await app.archive(name).catch(() => null))?.sync.get().reopened?.code === code);

test('the query thread runs out of memory: opened again', async () => {
  workerLimits.query = { maxOldGenerationSizeMb: 48 }; // less than the question takes
  try {
    await add('one');
    await synced('one');
    const many = Array.from({ length: 1_500_000 }, (_, i) => `a name that no run has, number ${i}`);
    const archive = await app.archive('one');
    const counts = archive.query.counts({ queries: [{ where: { field: 'name', in: many }, sort: [] }] });
    assert.equal(await codeOf(counts), 'THREAD_DIED');
    await reopened('one', 'THREAD_DIED');
    await synced('one');
  } finally {
    workerLimits.query = { maxOldGenerationSizeMb: HEAP };
    await ended();
  }
});

/** Overwrites the page where a table begins, under the threads that have the file open. */
function spoilRoot(path: string, table: string): void {
  const db = new Sqlite(path, { readonly: true });
  const page = db.prepare('SELECT rootpage FROM sqlite_schema WHERE name = ?').pluck().get(table) as number;
  db.close();
  const file = openSync(path, 'r+');
  writeSync(file, Buffer.alloc(4096, 0xa5), 0, 4096, (page - 1) * 4096);
  closeSync(file);
}

const change = (name: string) =>
  prefect.put('task_runs', {
    id: '00000000-0000-4000-8000-000000000000',
    ...{ name, state_type: 'FAILED', flow_run_id: null, pad: '' },
    expected_start_time: new Date(1.76e12).toISOString(),
  });

for (const met of ['taken into the index', 'written'] as const)
  test(`a damaged page is met while a commit is ${met}: the archive is opened again, salvaged, and it is said`, async () => {
    try {
      await add('one');
      await synced('one');
      await (await app.archive('one')).settled();
      await app.archives.close('one'); // all is in the file
      const archive = await app.archive('one');
      await archive.settled();
      await archive.setPaused(true);
      if (met === 'taken into the index') {
        // the writer has the page in its memory then, and the index reads it from the file
        change('once');
        archive.startSync(null, true);
        await archive.settled();
      }
      spoilRoot(archive.path, 'task_run');
      change(`damaged, ${met}`);
      archive.startSync(null, true);
      await reopened('one', 'ARCHIVE_DAMAGED');
      const after = await app.archive('one');
      assert.notEqual(after, archive);
      assert.ok(existsSync(String(after.sync.get().reopened?.details.set_aside)));
      assert.equal((await after.query.stats({})).task_runs, RUNS);
    } finally {
      await ended();
    }
  });

const saveAt = async (path: string) =>
  (await app.handlers['export.choose']({ suggested: path, folder: false }, never))!.save;

test('a damaged page is met while a run is read or exported: the call fails with its own code and the thread lives', async () => {
  try {
    await add('one');
    await synced('one');
    const archive = await app.archive('one');
    await archive.settled();
    await app.archives.close('one'); // all is in the file and none of it in a thread's memory
    const again = await app.archive('one');
    await again.setPaused(true);
    spoilRoot(again.path, 'task_run_json');
    const id = `${'0'.repeat(5)}450-0000-4000-8000-000000000000`;
    assert.equal(await codeOf(again.query.run({ id })), 'ARCHIVE_DAMAGED');
    const out = join(dir, 'rows.jsonl');
    const asked = { ...exportOptionsSchema.parse({ format: 'jsonl' }), workspace: 'one', query: everything };
    const exporting = async () => {
      for await (const _ of app.handlers['export.run']({ ...asked, save: await saveAt(out), result: null }, never));
    };
    assert.equal(await codeOf(exporting()), 'ARCHIVE_DAMAGED');
    assert.deepEqual(
      readdirSync(dir).filter((name) => name.startsWith('rows')),
      [],
    );
    assert.deepEqual(await again.query.counts({ queries: [everything] }), [RUNS]);
    assert.equal(await app.archive('one'), again);
  } finally {
    await ended();
  }
});

const posix = process.platform === 'win32' && 'no FIFOs here';
for (const how of ways)
  test(
    `a thread dies during an export and during a save (${how}): an error or a whole result, and the archive goes on`,
    { skip: posix },
    async () => {
      try {
        await add('one');
        await synced('one');
        // nobody reads the FIFO, so the export is under way for as long as the thread lives
        const out = join(dir, 'rows.csv');
        execFileSync('mkfifo', [out]);
        const left = `${out}.${process.pid}-0123abcd.taskscope-partial`;
        const other = `${out}.${process.pid + 1}-0123abcd.taskscope-partial`;
        for (const path of [left, other]) writeFileSync(path, 'half of it');
        const run = { workspace: 'one', query: everything, save: await saveAt(out), result: null };
        const what = { ...exportOptionsSchema.parse({ columns: ['id'] }), ...run };
        const exporting = codeOf(
          (async () => {
            for await (const _ of app.handlers['export.run'](what, never));
          })(),
        );
        await (await app.archive('one')).query.stats({}); // the thread has begun the export by then
        await deaths[how](newest('query'));
        assert.equal(await exporting, 'THREAD_DIED');
        assert.deepEqual([existsSync(left), existsSync(other)], [false, true], 'what the thread has left goes at once');
        await synced('one');

        await add('two');
        await synced('two');
        const archive = await app.archive('two');
        const { retention } = app.workspaces.get('two');
        const saving = codeOf(
          Promise.resolve(app.handlers['workspace.setRetention']({ workspace: 'two', retention }, never)),
        );
        await deaths[how](newest('writer'));
        assert.ok([null, 'THREAD_DIED'].includes(await saving));
        await until(async () => (await app.archive('two')) !== archive);
        await synced('two');
      } finally {
        await ended();
      }
    },
  );
