/** One sync thread for all workspaces, and what happens when a thread dies. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import type { Worker } from 'node:worker_threads';
import { toAppError } from '../../src-main/contract/errors.ts';
import type { SyncStatus } from '../../src-main/contract/sync.ts';
import { createApp, type App } from '../../src-main/core/app.ts';
import { plainShell } from '../../src-main/core/shell.ts';
import { NaivePrefect } from '../fixtures/naive-prefect.ts';
import { serveHttp, type TestServer } from '../fixtures/prefect-http.ts';
import { until } from '../fixtures/until.ts';

const RUNS = 900;
let server: TestServer;
let now = 0;
let most = 0;
let dir = '';
let app: App;
/** every thread started so far, by name */
const threads = new Map<string, Worker[]>();
const onWorker = (worker: Worker) => {
  const name = worker.threadName ?? '';
  threads.set(name, [...(threads.get(name) ?? []), worker]);
};
process.on('worker', onWorker);
before(async () => {
  const prefect = new NaivePrefect();
  for (let i = 0; i < RUNS; i++)
    prefect.put('task_runs', {
      id: `${String(i).padStart(8, '0')}-0000-4000-8000-000000000000`,
      ...{ name: `run ${i}`, state_type: 'COMPLETED', flow_run_id: null },
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
  app = await createApp({ dataDir: dir, shell: plainShell, log: () => undefined });
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
const kills: Record<string, (worker: Worker) => unknown> = {
  terminate: (worker) => worker.terminate(),
  // a message without its ports: an exception that nothing catches
  exception: (worker) => worker.postMessage({ t: 'attach' }),
};
const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => null,
    (thrown: unknown) => toAppError(thrown).code,
  );

for (const [thread, how] of [
  ['query', 'terminate'],
  ['writer', 'terminate'],
  ['sync', 'terminate'],
  ['sync', 'exception'],
] as const)
  test(`the ${thread} thread dies (${how}): seen by all who wait, opened again once by itself, and nothing is lost`, async () => {
    const abort = new AbortController();
    try {
      await add('one');
      const archive = await app.archive('one');
      // a window that watches, and a sync in the middle
      const seen: SyncStatus[] = [];
      const options = { signal: abort.signal };
      const watched = codeOf(
        (async () => {
          for await (const status of app.handlers['sync.watch']({ workspace: 'one' }, options)) seen.push(status);
        })(),
      );
      await until(() => archive.sync.get().received > 0 && seen.length > 0);
      const waiting = thread === 'query' ? codeOf(archive.query.activity({ id: 'x' })) : null;
      await kills[how](newest(thread));
      if (waiting) assert.ok([null, 'THREAD_DIED'].includes(await waiting));
      await archive.settled();
      assert.equal(archive.syncing, false);
      if (thread === 'query') assert.equal(await codeOf(archive.query.stats({})), 'THREAD_DIED');
      await until(async () => (await app.archive('one')) !== archive);
      await synced('one');
      await until(() => seen.at(-1)?.last_success !== null);

      const second = await app.archive('one');
      await kills[how](newest(thread));
      await until(async () => (await codeOf(app.archive('one'))) === 'THREAD_DIED');
      assert.equal(await watched, 'THREAD_DIED', 'the window hears that it stays closed');
      assert.equal(second.syncing, false);
      await app.handlers['workspace.open']({ workspace: 'one' }, options); // a person opens it again
      await synced('one');
    } finally {
      abort.abort();
      await ended();
    }
  });
