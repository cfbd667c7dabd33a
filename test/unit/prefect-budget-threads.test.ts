/** What a server allows is shared by all threads of the program, workspaces of one server among them. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { createApp } from '../../src-main/core/app.ts';
import { plainShell } from '../../src-main/core/shell.ts';
import { budgetFor, budgetMemory, forgetThread } from '../../src-main/prefect/budget.ts';
import { createClient } from '../../src-main/prefect/client.ts';
import type { BudgetData } from '../fixtures/budget-thread.ts';
import { NaivePrefect } from '../fixtures/naive-prefect.ts';
import { serveHttp, type TestServer } from '../fixtures/prefect-http.ts';
import { until } from '../fixtures/until.ts';

let server: TestServer;
let now = 0;
let most = 0;
before(async () => {
  const prefect = new NaivePrefect();
  for (let i = 0; i < 900; i++)
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
beforeEach(() => {
  most = 0;
  server.asked.length = 0;
});
after(() => server.close());

const thread = (change: Partial<BudgetData>): Worker => {
  const data: BudgetData = { memory: budgetMemory(), apiUrl: server.apiUrl, requests: 40, lanes: 2, holds: false, ...change }; // prettier-ignore
  const worker = new Worker(new URL('../fixtures/budget-thread.ts', import.meta.url), { workerData: data });
  const { threadId } = worker;
  worker.once('exit', () => forgetThread(threadId));
  return worker;
};

test('three threads and this one: two requests in flight, everybody gets through', async () => {
  const workers = [thread({}), thread({}), thread({ lanes: 5 })];
  const ended = workers.map((worker) => once(worker, 'message'));
  const client = createClient({ apiUrl: server.apiUrl, auth: null });
  for (let i = 0; i < 20; i++) await client.count('task_run', {}, { urgent: i % 2 === 0 });
  await Promise.all(ended);
  await client.close();
  assert.equal(most, 2);
  assert.equal(server.asked.length, 40 * (2 + 2 + 5) + 20);
});

test('turns: a thread that is always busy does not keep another waiting, and who a person waits for is next', async () => {
  const worker = thread({ requests: 1e6, lanes: 8 });
  try {
    await until(() => server.asked.length > 20);
    const client = createClient({ apiUrl: server.apiUrl, auth: null });
    for (const urgent of [false, true]) {
      const before = server.asked.length;
      for (let i = 0; i < 20; i++) await client.count('task_run', {}, { urgent });
      const others = server.asked.length - before - 20;
      // while one is asked two are in flight, and the one after it has to wait its turn
      assert.ok(others < 20 * 4, `${others} of the other thread went before`);
    }
    await client.close();
    assert.equal(most, 2);
  } finally {
    await worker.terminate();
  }
});

test('two workspaces of one server sync side by side within its budget', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'taskscope-budget-'));
  const app = await createApp({ dataDir: dir, shell: plainShell, log: () => undefined });
  try {
    const { apiUrl } = server;
    await Promise.all(['one', 'two'].map(async (name) => {
      await app.workspaces.add({ name, api_url: apiUrl, auth: { kind: 'none' }, headers: {}, insecure_tls: false, ca_file: null, dialect: 'sqlite' });
      const archive = await app.archive(name);
      await until(() => archive.sync.get().last_success !== null);
      assert.equal((await archive.query.stats({})).task_runs, 900);
    })); // prettier-ignore
    assert.equal(most, 2);
  } finally {
    await app.close();
    await rm(dir, { recursive: true, force: true });
  }
});

// the last with this server: nobody asks it any more
test('a rate and a pause hold for all threads', async () => {
  const budget = budgetFor(new URL(server.apiUrl).origin, false);
  const worker = thread({ requests: 1e6, lanes: 1 });
  try {
    await until(() => server.asked.length > 5);
    budget.pause(3600);
    await until(() => now === 0);
    const before = server.asked.length;
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.ok(server.asked.length <= before + 1, 'paused by this thread, for the other too');
  } finally {
    await worker.terminate();
  }
});

test('a thread that ends while it holds every place gives them back', async () => {
  const apiUrl = server.apiUrl.replace('127.0.0.1', 'localhost'); // a server of its own, by its name
  const worker = thread({ apiUrl, holds: true });
  await once(worker, 'message');
  const budget = budgetFor(new URL(apiUrl).origin, false);
  let taken = false;
  const taking = budget.take().then((release) => {
    taken = true;
    release();
  });
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.equal(taken, false);
  await worker.terminate();
  await taking;
});
