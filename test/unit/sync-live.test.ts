/** Events become rows: folded, read by id with what they refer to, tried again until they are there, and never older than what is kept. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, test } from 'node:test';
import { AppError } from '../../src-main/contract/errors.ts';
import { formatTime } from '../../src-main/contract/time.ts';
import { stateEvent } from '../../src-main/demo/server/events.ts';
import { newRow } from '../fixtures/demo/new-rows.ts';
import { startDemo, type Demo } from '../fixtures/demo/server.ts';
import type { JsonRow } from '../../src-main/demo/json.ts';
import { createClient, type PrefectClient, type Row } from '../../src-main/prefect/client.ts';
import { runLive, type LiveItem } from '../../src-main/sync/live.ts';
import { Recency } from '../../src-main/sync/recency.ts';
import { memorySink, type MemorySink } from '../fixtures/memory-sink.ts';
import { syncOnce } from '../fixtures/sync-once.ts';
import { until } from '../fixtures/until.ts';

const EPOCH = Date.UTC(2026, 5, 1) * 1000;
let demo: Demo;
let client: PrefectClient;
let sink: MemorySink;
let recency: Recency;
let abort: AbortController;
let following: Promise<void>;
let items: LiveItem[];

beforeEach(async () => {
  demo = await startDemo({ runs: 50, seed: 5, epoch: EPOCH, now: EPOCH });
  client = createClient({ api_url: demo.apiUrl, auth: null });
  sink = memorySink();
  recency = new Recency();
  abort = new AbortController();
  items = [];
  following = runLive({
    client,
    connection: { api_url: demo.apiUrl, auth: null },
    reader: () => recency.reader(sink),
    signal: abort.signal,
    onState: (item) => items.push(item),
  });
  await until(() => demo.control.events.listening > 0);
  demo.control.requests.length = 0;
});
afterEach(async () => {
  abort.abort();
  await following;
  await client.close();
  await demo.close();
  assert.deepEqual(demo.control.faults.problems, []);
});

const reads = (entity: string) => demo.control.requests.filter((one) => one === `POST /api/${entity}/filter`).length;
const row = (id: string) => sink.rows.task_run.get(id);

/** The row as the server has it once it is in that state. */
function entered(id: string, name: string, updated = EPOCH): JsonRow {
  const state = { id: randomUUID(), type: name.toUpperCase(), name, timestamp: formatTime(updated) };
  return { id, state, state_id: state.id, state_type: state.type, state_name: name, updated: formatTime(updated) };
}

test('a run is there with what it refers to', async () => {
  const flow = [...demo.control.database.flow.byTime().keys][0];
  const flowId = String(demo.control.database.flow.json(flow, EPOCH)['id']);
  const placeholder = demo.control.database.insert(
    'task_run',
    newRow(demo.control.database, 'task_run', { name: 'placeholder' }, EPOCH),
  );
  const run = demo.control.database.insert(
    'flow_run',
    newRow(
      demo.control.database,
      'flow_run',
      { flow_id: flowId, deployment_id: null, parent_task_run_id: placeholder },
      EPOCH,
    ),
  );
  const id = demo.control.insert('task_run', { flow_run_id: run });
  await until(() => sink.rows.flow.has(flowId) && sink.rows.task_run.size === 2);
  assert.deepEqual([...sink.rows.task_run.keys()].sort(), [id, placeholder].sort());
  assert.deepEqual([...sink.rows.flow_run.keys()], [run]);
});

test('the event comes before its row: asked again until it is there', async () => {
  const { database, events } = demo.control;
  const late = newRow(database, 'task_run', entered(randomUUID(), 'Completed'), EPOCH);
  const event = stateEvent('task_run', late);
  assert.ok(event);
  events.emit(event);
  await until(() => reads('task_runs') >= 2);
  assert.equal(sink.rows.task_run.size, 0);
  database.insert('task_run', late);
  await until(() => row(String(late['id'])) !== undefined);
});

test('the row is there, but not yet in the state of the event', async () => {
  const { database, events } = demo.control;
  const id = randomUUID();
  database.insert('task_run', newRow(database, 'task_run', entered(id, 'Running'), EPOCH));
  const next = entered(id, 'Completed', EPOCH + 1_000_000);
  const event = stateEvent('task_run', next);
  assert.ok(event);
  events.emit(event);
  await until(() => row(id)?.value.state_type === 'RUNNING');
  database.update('task_run', id, next, EPOCH);
  await until(() => row(id)?.value.state_type === 'COMPLETED');
  const asked = reads('task_runs');
  demo.control.insert('task_run');
  await until(() => sink.rows.task_run.size === 2);
  assert.ok(reads('task_runs') <= asked + 2, 'a row that has arrived is not asked for again');
});

test('a burst is folded: many events of many runs, few requests', async () => {
  const ids = Array.from({ length: 300 }, () => demo.control.insert('task_run'));
  for (const name of ['Pending', 'Running', 'Completed'])
    for (const id of ids) demo.control.update('task_run', id, { ...entered(id, name), id });
  await until(() => ids.every((id) => row(id)?.value.state_type === 'COMPLETED'));
  assert.ok(reads('task_runs') <= 12, `${reads('task_runs')} requests for 1200 events`);
});

test('a flood is left to the next pass: requests stay few, what is read is right', async () => {
  const { database, events } = demo.control;
  for (let i = 0; i < 10_000; i++) {
    const event = stateEvent('task_run', entered(randomUUID(), 'Completed'));
    if (event) events.emit(event);
  }
  const known = database.insert('task_run', newRow(database, 'task_run', {}, EPOCH));
  await until(() => reads('task_runs') > 10);
  await syncOnce(client, sink, { signal: abort.signal });
  assert.ok(row(known));
  assert.equal(items.at(-1)?.state, 'on');
});

test('a server that fails for a moment: the run comes later', async () => {
  demo.control.faults.add({ kind: 'status', status: 403, path: '/task_runs/filter', times: 2 });
  const id = demo.control.insert('task_run');
  await until(() => row(id) !== undefined);
});

test('an archive that cannot be written for a moment: the run comes later', async () => {
  let failures = 0;
  sink.beforeWrite = () => {
    if (failures++ < 2) return Promise.reject(new AppError('DISK_FULL', 'no room'));
    return Promise.resolve();
  };
  const id = demo.control.insert('task_run');
  await until(() => row(id) !== undefined);
  assert.ok(failures > 2);
});

test('nothing is marked as gone by events', async () => {
  const event = stateEvent('task_run', entered(randomUUID(), 'Completed'));
  assert.ok(event);
  demo.control.events.emit(event);
  await until(() => reads('task_runs') >= 2);
  assert.equal(sink.gone.task_run.size, 0);
});

test('a page that a pass has read before does not put the old state back', async () => {
  const { control } = demo;
  const id = control.insert('task_run', entered(randomUUID(), 'Running'));
  await until(() => row(id) !== undefined);
  // the pass has its page, the run ends, the event's refetch is written, then the pass's page
  const pass = recency.reader(sink);
  let struck = false;
  const between: PrefectClient = {
    ...client,
    page: async (entity, body, options) => {
      const page = await client.page(entity, body, options);
      if (struck || entity !== 'task_run' || !page.rows.some(({ value }) => value.id === id)) return page;
      struck = true;
      control.update('task_run', id, entered(id, 'Completed', EPOCH + 1_000_000));
      await until(() => row(id)?.value.state_type === 'COMPLETED');
      return page;
    },
  };
  await syncOnce(between, sink, { sink: pass.sink, signal: abort.signal });
  pass.end();
  assert.ok(struck);
  assert.equal(row(id)?.value.state_type, 'COMPLETED');
});

test('of two readers the newer row wins, whoever writes last; what came since is not marked as gone', async () => {
  const of = (id: string, updated: number, note: string): Row => {
    const value = { id, updated: formatTime(updated), note };
    return { json: JSON.stringify(value), value };
  };
  const [a, b, c] = [recency.reader(sink), recency.reader(sink), recency.reader(sink)];
  await a.sink.write([{ entity: 'task_run', rows: [of('x', EPOCH + 2, 'new'), of('y', EPOCH, 'same')] }], { k: 1 });
  await b.sink.write([{ entity: 'task_run', rows: [of('x', EPOCH + 1, 'old'), of('y', EPOCH, 'again')] }], { k: 2 });
  assert.equal(row('x')?.value['note'], 'new');
  assert.equal(row('y')?.value['note'], 'again');
  assert.equal(sink.state.get('k'), 2, 'its cursor is kept all the same');
  await c.sink.markGone('task_run', ['x', 'z'], EPOCH);
  assert.deepEqual([...sink.gone.task_run], ['z']);
  for (const { end } of [a, b, c]) end();
  const later = recency.reader(sink);
  await later.sink.write([{ entity: 'task_run', rows: [of('x', EPOCH + 1, 'read anew')] }], {});
  assert.equal(row('x')?.value['note'], 'read anew', 'a clock set back: who reads now is right');
});

test('a row counts as brought once it is written: when that fails, a reader with an older copy writes its own', async () => {
  const of = (id: string, updated: number, note: string): Row => {
    const value = { id, updated: formatTime(updated), note };
    return { json: JSON.stringify(value), value };
  };
  const batch = (...rows: Row[]) => [{ entity: 'task_run' as const, rows }];
  for (const fails of [true, false]) {
    const [pass, live] = [recency.reader(sink), recency.reader(sink)];
    const held: (() => void)[] = [];
    sink.beforeWrite = () =>
      new Promise((resolve, reject) => held.push(() => (fails ? reject(new Error('no room')) : resolve())));
    const [x, y, z] = ['x', 'y', 'z'].map((name) => `${name} ${fails}`) as [string, string, string];
    const lived = live.sink.write(batch(of(x, EPOCH + 2, 'live'), of(z, EPOCH + 2, 'live')), {}).catch(() => 'failed');
    await until(() => held.length === 1);
    const late = [
      pass.sink.write(batch(of(x, EPOCH + 1, 'pass')), { cursor: 1 }),
      pass.sink.write(batch(of(y, EPOCH + 1, 'pass')), { cursor: 2 }),
      pass.sink.markGone('task_run', [z], EPOCH),
    ];
    sink.beforeWrite = () => Promise.resolve();
    held[0]?.();
    await Promise.all(late);
    assert.equal((await lived) === 'failed', fails);
    assert.equal(row(x)?.value['note'], fails ? 'pass' : 'live');
    assert.equal(row(y)?.value['note'], 'pass');
    assert.equal(sink.state.get('cursor'), 2, 'in the order they were given');
    assert.equal(sink.gone.task_run.has(z), fails, 'what was not written may be gone');
    for (const { end } of [pass, live]) end();
  }
});
