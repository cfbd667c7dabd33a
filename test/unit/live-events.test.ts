/** The events socket against the demo server: what it tells, what it is refused, how it comes back. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, test } from 'node:test';
import { AppError } from '../../src-main/contract/errors.ts';
import { formatTime, parseTime } from '../../src-main/contract/time.ts';
import { startDemo, type Demo } from '../fixtures/demo/server.ts';
import { budgetFor } from '../../src-main/prefect/budget.ts';
import { subscribeToEvents, type EventOptions, type RunEvent } from '../../src-main/prefect/events.ts';
import { startProxy } from '../fixtures/proxy.ts';
import { until } from '../fixtures/until.ts';

const EPOCH = Date.UTC(2026, 5, 1) * 1000;
const MINUTE = 60_000_000;
let demo: Demo;
let listeners: { abort: AbortController; done: Promise<void> }[] = [];

beforeEach(async () => {
  demo = await startDemo({ runs: 50, seed: 5, epoch: EPOCH, now: EPOCH });
});
afterEach(async () => {
  for (const { abort, done } of listeners) {
    abort.abort();
    await done;
  }
  listeners = [];
  await demo.close();
  assert.deepEqual(demo.control.faults.problems, []);
});

type Heard = { states: string[]; events: RunEvent[]; slept: number[] };

/** Pauses of the reconnect policy are noted and not waited for, long ones are waited for until the end. */
function listen(options: Partial<EventOptions> = {}): Heard {
  const heard: Heard = { states: [], events: [], slept: [] };
  const abort = new AbortController();
  const done = subscribeToEvents({
    connection: { api_url: demo.apiUrl, auth: null },
    env: {},
    clock: () => EPOCH,
    signal: abort.signal,
    onState: (state) => heard.states.push(state),
    onRunEvent: (event) => heard.events.push(event),
    sleep: (seconds, signal) => {
      heard.slept.push(seconds);
      if (seconds < 100) return Promise.resolve();
      return new Promise((_, reject) => {
        signal?.addEventListener('abort', () => reject(new AppError('CANCELLED', 'cancelled')));
      });
    },
    random: () => 1,
    ...options,
  });
  listeners.push({ abort, done });
  return heard;
}
const isOn = (heard: Heard) => until(() => heard.states.at(-1) === 'on' && demo.control.events.listening > 0);

test('a change is told: which run, which state, when', async () => {
  const heard = listen();
  await isOn(heard);
  const id = demo.control.insert('task_run');
  const run = demo.control.insert('flow_run');
  await until(() => heard.events.length === 2);
  const state = (demo.control.database.task_run.json(-2, EPOCH)['state'] as { id: string }).id;
  assert.deepEqual(heard.events[0], { entity: 'task_run', id, state, occurred: EPOCH });
  assert.equal(heard.events[1]?.id, run);
  assert.deepEqual(heard.states, ['connecting', 'on']);
});

test('the filter asks far ahead, and a minute back', async () => {
  const heard = listen();
  await isOn(heard);
  const { occurred } = demo.control.events.filters[0] as { occurred: { since: number; until: number } };
  assert.equal(occurred.since, EPOCH - MINUTE);
  assert.ok(occurred.until > Date.now() * 1000 + 300 * 24 * 60 * MINUTE);
});

for (const [name, auth, given] of [
  ['an API key', { kind: 'api_key', key: 'pnu_x' }, { scheme: 'api_key', secret: 'pnu_x' }],
  ['an auth string', { kind: 'basic', auth: 'me:söcret' }, { scheme: 'basic', secret: 'me:söcret' }],
] as const)
  test(`signed in with ${name}, which is in no address`, async () => {
    demo.control.requireAuth(auth);
    const heard = listen({ connection: { api_url: demo.apiUrl, auth: given } });
    await isOn(heard);
    assert.deepEqual(demo.control.requests, ['GET /api/events/out']);
  });

test('the handshake takes one of the places for requests, until it is answered', async () => {
  const budget = budgetFor(new URL(demo.apiUrl).origin, false);
  const places = [await budget.take(), await budget.take()];
  const heard = listen();
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.deepEqual(demo.control.requests, [], 'two are in flight already');
  places[0]?.();
  await isOn(heard);
  (await budget.take())(); // the connection stays, its place is free
  places[1]?.();
});

test('a listener that is stopped before its turn leaves nothing behind', async () => {
  const budget = budgetFor(new URL(demo.apiUrl).origin, false);
  const places = [await budget.take(), await budget.take()];
  const heard = listen();
  const { abort, done } = listeners[0];
  abort.abort();
  await done;
  for (const release of places) release();
  for (const release of [await budget.take(), await budget.take()]) release();
  assert.deepEqual(heard.states, ['connecting']);
  assert.deepEqual(demo.control.requests, []);
});

test('a wrong secret is refused, and not tried again and again', async () => {
  demo.control.requireAuth({ kind: 'api_key', key: 'right' });
  const heard = listen({ connection: { api_url: demo.apiUrl, auth: { scheme: 'api_key', secret: 'wrong' } } });
  await until(() => heard.states.at(-1) === 'unsupported');
  assert.deepEqual(heard.slept, [600]);
});

for (const fault of [
  { kind: 'status', status: 404 },
  { kind: 'status', status: 403 },
  { kind: 'status', status: 426 },
  { kind: 'html' },
] as const)
  test(`not offered: ${JSON.stringify(fault)}`, async () => {
    demo.control.faults.add({ ...fault, path: '/events/out', times: Infinity });
    const heard = listen();
    await until(() => heard.states.at(-1) === 'unsupported');
    assert.deepEqual(heard.states, ['connecting', 'unsupported']);
    assert.deepEqual(heard.slept, [600]);
  });

for (const fault of [{ kind: 'status', status: 503 }, { kind: 'reset' }] as const)
  test(`in passing: ${JSON.stringify(fault)}`, async () => {
    demo.control.faults.add({ ...fault, path: '/events/out', times: 3 });
    const heard = listen();
    await isOn(heard);
    assert.deepEqual(heard.slept, [1, 2, 4]);
    assert.ok(!heard.states.includes('unsupported'));
  });

test('something that never lets a socket through is given up, for ten minutes', async () => {
  demo.control.faults.add({ kind: 'reset', path: '/events/out', times: Infinity });
  const heard = listen();
  await until(() => heard.states.at(-1) === 'unsupported');
  assert.deepEqual(heard.slept, [1, 2, 4, 8, 600]);
});

test('a lost line comes back, and nothing is told twice or left out', async () => {
  const heard = listen();
  await isOn(heard);
  const first = demo.control.insert('task_run');
  await until(() => heard.events.length === 1);
  await demo.control.stop();
  const meanwhile = demo.control.insert('task_run');
  await demo.control.restart();
  await until(() => heard.events.length === 2);
  const after = demo.control.insert('task_run');
  await until(() => heard.events.length === 3);
  assert.deepEqual(
    heard.events.map(({ id }) => id),
    [first, meanwhile, after],
  );
  const { occurred } = demo.control.events.filters.at(-1) as { occurred: { since: number } };
  assert.equal(occurred.since, EPOCH - MINUTE);
});

test('a worker whose clock is ahead does not hide the others after a reconnect', async () => {
  const heard = listen();
  await isOn(heard);
  const id = randomUUID();
  const occurred = formatTime(EPOCH + 60 * MINUTE);
  const resource = { 'prefect.resource.id': `prefect.task-run.${id}` };
  demo.control.events.emit({
    ...{ id: randomUUID(), occurred, event: 'prefect.task-run.Running', resource },
    ...{ related: [], payload: {} },
  });
  await until(() => heard.events.length === 1);
  assert.equal(heard.events[0]?.occurred, parseTime(occurred));
  demo.control.events.drop();
  await until(() => demo.control.events.filters.length === 2);
  demo.control.insert('task_run');
  await until(() => heard.events.length === 2);
});

test('what is no state of a run is passed over', async () => {
  const heard = listen();
  await isOn(heard);
  for (const [event, resource] of [
    ['prefect.flow-run.heartbeat', `prefect.flow-run.${randomUUID()}`],
    ['prefect.task-run.Running', 'prefect.task-run.no-id'],
    ['prefect.task-run.Running', ''],
  ] as const)
    demo.control.events.emit({
      ...{ id: randomUUID(), occurred: formatTime(EPOCH), event, resource: { 'prefect.resource.id': resource } },
      ...{ related: [], payload: {} },
    });
  const id = demo.control.insert('task_run');
  await until(() => heard.events.length > 0);
  assert.deepEqual(
    heard.events.map((event) => event.id),
    [id],
  );
});

test('through a proxy by CONNECT, also without TLS', async () => {
  const proxy = await startProxy();
  try {
    const api_url = demo.apiUrl.replace('127.0.0.1', 'prefect.example.test');
    const heard = listen({ connection: { api_url, auth: null }, env: { HTTP_PROXY: proxy.url } });
    await isOn(heard);
    assert.equal(proxy.asked[0], `CONNECT prefect.example.test:${demo.port}`);
    for (const { abort, done } of listeners) {
      abort.abort();
      await done;
    }
  } finally {
    await proxy.close();
  }
});
