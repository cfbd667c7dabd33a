import assert from 'node:assert/strict';
import { statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import Sqlite from 'better-sqlite3';
import { entities, type Entity } from '../../src-main/contract/fields.ts';
import { BEFORE_LINES, LINES_AT_ONCE, TEXT_AT_ONCE, type RunActivity } from '../../src-main/contract/run.ts';
import { columns, type Cell, type Change } from '../../src-main/store/columns.ts';
import { encodeRows } from '../../src-main/store/write/encode.ts';
import { openReader } from '../../src-main/store/read/reader.ts';
import { uuidText } from '../../src-main/store/uuid.ts';
import { openWriter } from '../../src-main/store/write/writer.ts';
import { taskRuns } from '../fixtures/prefect-rows.ts';
import { tempDir } from '../fixtures/temp-dir.ts';

const uuid = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
const row = (value: Record<string, unknown>) => ({ json: JSON.stringify(value), value });

function archive(t: TestContext) {
  const path = join(tempDir(t), 'a.sqlite');
  const changes: Change[] = [];
  const writer = openWriter(path, { onChange: (change) => changes.push(change) });
  const reader = openReader(path);
  t.after(() => {
    reader.close();
    writer.close();
  });
  const write = (entity: Entity, ...rows: Record<string, unknown>[]) =>
    writer.write({ batches: [encodeRows(entity, rows.map(row))] });
  return { path, writer, reader, changes, write };
}

/** a row as an object by column name, terms as their texts, parents as their ids */
function named(reader: ReturnType<typeof openReader>, entity: Entity, rid: number): Record<string, Cell> | null {
  const found = reader.rowsByRid(entity, [rid])[0];
  if (!found) return null;
  const terms = new Map(reader.terms(0));
  return Object.fromEntries(
    Object.entries(columns[entity]).map(([name, kind], i) => {
      const cell = found[i + 1];
      if (cell === null) return [name, null];
      if (kind === 'uuid') return [name, uuidText(cell as Uint8Array)];
      if (kind === 'term' || kind === 'tags') return [name, terms.get(cell as number) ?? 'no such term'];
      if ((entities as readonly string[]).includes(kind)) {
        const parent = reader.rowsByRid(kind as Entity, [cell as number])[0];
        return [name, parent ? uuidText(parent[1] as Uint8Array) : 'no such parent'];
      }
      return [name, cell];
    }),
  );
}

test('a row written is read as columns and as its exact text', (t) => {
  const { reader, write } = archive(t);
  const counts = write('task_run', {
    id: uuid(1),
    name: 'load-abc',
    flow_run_id: uuid(9),
    tags: ['b', 'a'],
    state_type: 'FAILED',
    state: { message: 'Task run encountered an exception ValueError: 7' },
    start_time: '2026-11-23T08:00:00.000001Z',
    total_run_time: 0.1,
    run_count: 3,
  });
  assert.deepEqual(counts, { inserted: 1, changed: 0, unchanged: 0 });
  const rid = reader.ridOf('task_run', uuid(1));
  assert.ok(rid);
  const found = Object.entries(named(reader, 'task_run', rid) ?? assert.fail('no row')).filter(
    ([, value]) => value !== null,
  );
  assert.deepEqual(
    Object.fromEntries(found),
    {
      id: uuid(1),
      known: 1,
      name: 'load-abc',
      flow_run: uuid(9),
      state_type: 'FAILED',
      failure: 'ValueError: <n>',
      tags: '["b","a"]',
      start_time: Date.UTC(2026, 10, 23, 8) * 1000 + 1,
      run_count: 3,
      total_run_time: 0.1,
    },
    'every other column is null',
  );
  const text = reader.json('task_run', [rid])[0];
  assert.equal((JSON.parse(text) as { name: string }).name, 'load-abc');
  assert.equal(reader.ridOf('task_run', uuid(2)), null);
  assert.equal(reader.ridOf('task_run', 'rubbish'), null);
});

test('a parent referred to is a bare id, told as changed, and filled in later under the same number', (t) => {
  const { reader, changes, write } = archive(t);
  write('task_run', { id: uuid(1), flow_run_id: uuid(9) });
  const rid = reader.ridOf('flow_run', uuid(9));
  assert.ok(rid);
  assert.equal(named(reader, 'flow_run', rid)?.known, 0);
  assert.deepEqual(reader.json('flow_run', [rid, 12345]), ['null', 'null']);
  assert.deepEqual(changes.at(-1)?.changed.flow_run, [rid]);
  const counts = write('flow_run', { id: uuid(9), name: 'fast-fox', flow_id: uuid(8), parent_task_run_id: uuid(1) });
  assert.equal(counts.inserted, 1);
  assert.equal(reader.ridOf('flow_run', uuid(9)), rid);
  const found = named(reader, 'flow_run', rid);
  assert.equal(found?.known, 1);
  assert.equal(found.flow, uuid(8));
  assert.equal(found.parent_task_run, uuid(1));
  assert.deepEqual(changes.at(-1)?.changed.flow_run, [rid]);
});

test('rows that are as they were are skipped and no one is told; a changed one keeps its number', (t) => {
  const { reader, changes, write } = archive(t);
  const a = { id: uuid(1), name: 'a', updated: '2026-01-01T00:00:00Z', estimated_run_time: 1 };
  const b = { id: uuid(2), name: 'b', updated: '2026-01-01T00:00:00Z', estimated_run_time: 1 };
  write('task_run', a, b);
  const told = changes.length;
  assert.deepEqual(write('task_run', { ...a, estimated_run_time: 9 }, b), { inserted: 0, changed: 0, unchanged: 2 });
  assert.equal(changes.length, told);
  const rid = reader.ridOf('task_run', uuid(2)) as number;
  // the server's `updated` has milliseconds only: another content under the same stamp is a change
  assert.deepEqual(write('task_run', a, { ...b, name: 'c' }), { inserted: 0, changed: 1, unchanged: 1 });
  assert.equal(changes.length, told + 1);
  assert.deepEqual(changes.at(-1)?.changed, { task_run: [rid] });
  assert.equal(named(reader, 'task_run', rid)?.name, 'c');
  assert.equal((JSON.parse(reader.json('task_run', [rid])[0]) as { name: string }).name, 'c');
});

test('the batch number grows by one with every change and survives reopening', (t) => {
  const path = join(tempDir(t), 'a.sqlite');
  const seen: number[] = [];
  for (let i = 0; i < 3; i++) {
    const writer = openWriter(path, { onChange: ({ batch }) => seen.push(batch) });
    writer.write({ batches: [encodeRows('flow', [row({ id: uuid(i), name: 'x' })])] });
    writer.write({ batches: [encodeRows('flow', [row({ id: uuid(i), name: 'y' })])] });
    writer.write({ batches: [encodeRows('flow', [row({ id: uuid(i), name: 'y' })])], state: { a: i } });
    writer.close();
  }
  assert.deepEqual(seen, [1, 2, 3, 4, 5, 6]);
  const reader = openReader(path);
  t.after(() => reader.close());
  assert.equal(reader.batch(), 6);
  assert.equal(reader.state('a'), 2);
  assert.deepEqual(reader.changesSince(6), { batch: 6, changed: {}, removed: {} });
  assert.deepEqual(reader.changesSince(3), { batch: 6, changed: { flow: [2, 3] }, removed: {} });
  assert.equal(reader.changesSince(7), null);
});

test('state is stored with the rows or not at all', (t) => {
  const { writer, reader } = archive(t);
  const batch = encodeRows('task_run', [row({ id: uuid(1), name: 'a' })]);
  writer.write({ batches: [batch], state: { cursor: { at: 5 }, none: null } });
  assert.deepEqual(writer.getState('cursor'), { at: 5 });
  assert.equal(writer.getState('none'), null);
  assert.equal(writer.getState('never'), undefined);
  const broken = { ...encodeRows('task_run', [row({ id: uuid(2) }), row({ id: uuid(3) })]), jsonEnds: [3, 3] };
  const partly = encodeRows('task_run', [row({ id: uuid(1), name: 'b' })]);
  const text = {
    toJSON: () => {
      throw new Error('cannot be stored');
    },
  };
  assert.throws(() => writer.write({ batches: [partly, broken], state: { cursor: text } }));
  assert.deepEqual(reader.state('cursor'), { at: 5 });
  assert.equal(reader.ridOf('task_run', uuid(2)), null);
  assert.equal(named(reader, 'task_run', 1)?.name, 'a');
  // and the writer goes on after it
  assert.deepEqual(writer.write({ batches: [partly], state: { cursor: 6 } }), {
    inserted: 0,
    changed: 1,
    unchanged: 0,
  });
  assert.equal(reader.state('cursor'), 6);
});

test('gone is kept from the first time, and lifted when the row is seen again', (t) => {
  const { writer, reader, write, changes } = archive(t);
  write('task_run', { id: uuid(1), name: 'a' });
  writer.markGone('task_run', [uuid(1), uuid(5), 'rubbish'], 100);
  writer.markGone('task_run', [uuid(1)], 200);
  assert.equal(named(reader, 'task_run', 1)?.gone, 100);
  assert.equal(changes.length, 2);
  assert.deepEqual(write('task_run', { id: uuid(1), name: 'a' }), { inserted: 0, changed: 0, unchanged: 1 });
  assert.equal(named(reader, 'task_run', 1)?.gone, null);
  assert.deepEqual(changes.at(-1)?.changed, { task_run: [1] });
});

test('removing: a task run goes, what others may refer to stays as a bare id', (t) => {
  const { writer, reader, write, changes } = archive(t);
  write('flow_run', { id: uuid(9), name: 'f', parent_task_run_id: uuid(2) });
  write('task_run', { id: uuid(1), flow_run_id: uuid(9) }, { id: uuid(2) });
  const plain = reader.ridOf('task_run', uuid(1)) as number;
  assert.equal(writer.remove('task_run', [uuid(1), uuid(2), uuid(3)], 5), 2);
  assert.deepEqual(changes.at(-1)?.removed, { task_run: [plain] });
  assert.equal(reader.ridOf('task_run', uuid(1)), null);
  assert.equal(named(reader, 'task_run', reader.ridOf('task_run', uuid(2)) as number)?.known, 0);
  assert.equal(writer.remove('flow_run', [uuid(9)], 5), 1);
  assert.equal(named(reader, 'flow_run', 1)?.known, 0);
  assert.equal(writer.remove('flow_run', [uuid(9)], 5), 0);
  // a number once given is not given to another row
  write('task_run', { id: uuid(4) });
  assert.ok((reader.ridOf('task_run', uuid(4)) as number) > plain);
});

test('activity of a run comes back whole', (t) => {
  const { writer, reader } = archive(t);
  const activity: RunActivity = {
    history: [{ id: uuid(3), type: 'RUNNING', name: 'Running', timestamp: 5, message: null }],
    logs: [{ id: uuid(4), name: 'prefect', level: 20, message: 'línea\n'.repeat(500), timestamp: 6 }],
    artifacts: [],
    gap: null,
    kept: 1,
    count: null,
    fetched: 7,
    problem: null,
    missed: {},
  };
  writer.saveActivity(uuid(1), { ...activity, fetched: 1 }, null);
  writer.saveActivity(uuid(1), activity, null);
  assert.deepEqual(reader.activity(uuid(1)), activity);
  assert.equal(reader.activity(uuid(2)), null);
});

test('lines are added, each once, and come back by time and id, also in parts', (t) => {
  const { writer, reader } = archive(t);
  const line = (id: string, timestamp: number) => ({ id, name: 'prefect', level: 20, message: id, timestamp });
  const lines = [line(uuid(9), 1), line(uuid(8), 1), line('no uuid', 1), line(uuid(7), 2), line(uuid(6), 3)];
  const head = { history: [], artifacts: [], kept: 0, count: 9, fetched: 7, problem: null, missed: {} };
  const save = (logs: RunActivity['logs'], gap: string | null) =>
    writer.saveActivity(uuid(1), { ...head, logs, gap }, null);
  save(lines.slice(2), 'no uuid');
  assert.deepEqual(reader.activityEnd(uuid(1)), { timestamp: 1, id: 'no uuid' });
  save(lines.slice(0, 4), null);
  assert.deepEqual(reader.activityEnd(uuid(1)), { timestamp: 3, id: uuid(6) });
  const ids = (found: readonly { id: string }[] | undefined) => found?.map(({ id }) => id);
  const inOrder = ['no uuid', uuid(8), uuid(9), uuid(7), uuid(6)];
  const { logs, kept, count } = reader.activity(uuid(1)) as RunActivity;
  assert.deepEqual([ids(logs), kept, count], [inOrder, 5, 9]);
  assert.deepEqual(ids(reader.activity(uuid(1), 2)?.logs), inOrder.slice(3));
  assert.deepEqual(ids(reader.activity(uuid(1), null, 2)?.logs), inOrder.slice(0, 2));
  for (let at = 0; at < 5; at++)
    assert.deepEqual(ids(reader.lines(uuid(1), logs[at], 2)), inOrder.slice(at + 1, at + 3));
  assert.equal(writer.remove('task_run', [uuid(1)], 5), 0);
  assert.equal(reader.activity(uuid(1)), null);
});

test('a few huge lines: a part of them ends early, the next goes on, and all of them come where all are asked for', (t) => {
  const { writer, reader } = archive(t);
  const logs = Array.from({ length: 10 }, (_, i) => ({
    ...{ id: uuid(10 + i), name: 'prefect', level: 20, message: `${i}`.repeat(i === 9 ? TEXT_AT_ONCE * 2 : 3_000_000) },
    timestamp: i,
  }));
  const head = { history: [], artifacts: [], gap: null, kept: 0, count: null, fetched: 7, problem: null, missed: {} };
  writer.saveActivity(uuid(1), { ...head, logs }, null);
  assert.equal(reader.activity(uuid(1))?.logs.length, 10);
  for (const from of [null, 4]) {
    const part = reader.activity(uuid(1), from, LINES_AT_ONCE);
    assert.deepEqual([part?.logs[0].timestamp, part?.logs.length, part?.kept], [from ?? 0, 3, 10]);
  }
  assert.equal(writer.activity(uuid(1), null, LINES_AT_ONCE)?.logs.length, 3);
  const pages: number[] = [];
  let place = BEFORE_LINES;
  for (let page; (page = reader.lines(uuid(1), place, LINES_AT_ONCE)).length > 0; place = page[page.length - 1])
    pages.push(page.length);
  assert.deepEqual([pages, place.id], [[3, 3, 3, 1], uuid(19)]);
});

test('a reader sees what another connection commits, also after it has been opened', (t) => {
  const { reader, write } = archive(t);
  const version = reader.dataVersion();
  write('flow', { id: uuid(1), name: 'a' });
  assert.notEqual(reader.dataVersion(), version);
  assert.equal(reader.maxRid('flow'), 1);
  assert.equal(reader.stats().rows.flow, 1);
  assert.match(reader.archiveId(), /^[0-9a-f]{32}$/);
});

test('a row that has lost its text is damage, one that is only referred to or not there is none', (t) => {
  const { path, reader, write } = archive(t);
  write('task_run', { id: uuid(1), flow_run_id: uuid(9) }, { id: uuid(2) });
  const other = new Sqlite(path);
  other.exec('DELETE FROM task_run_json WHERE rid = 2');
  other.close();
  assert.deepEqual(reader.json('flow_run', [1]), ['null']);
  assert.deepEqual(reader.json('task_run', [3]), ['null']);
  assert.throws(() => reader.json('task_run', [1, 2]), { code: 'ARCHIVE_DAMAGED' });
});

test('a file that is cut off while it is read is an error, and not the end of the process', (t) => {
  const path = join(tempDir(t), 'a.sqlite');
  const writer = openWriter(path, { onChange: () => undefined });
  writer.write({ batches: [encodeRows('task_run', [...taskRuns(5, { rows: 2000, flowRuns: 20 })])] });
  writer.close();
  const reader = openReader(path);
  t.after(() => reader.close());
  reader.hold();
  assert.ok(reader.json('task_run', [1])[0].length > 0);
  truncateSync(path, Math.floor(statSync(path).size / 8));
  const all = Array.from({ length: 2000 }, (_, i) => i + 1);
  assert.throws(() => reader.json('task_run', all), { name: 'AppError' });
});

test('rewriting everything again and again does not make the file grow without end', (t) => {
  const { writer, reader } = archive(t);
  const rows = [...taskRuns(3, { rows: 1000, flowRuns: 20 })];
  const write = (changed: (i: number) => boolean, mark: string) => {
    for (let from = 0; from < rows.length; from += 200) {
      const page = rows
        .slice(from, from + 200)
        .map(({ value }, i) => row(changed(from + i) ? { ...value, mark } : value));
      writer.write({ batches: [encodeRows('task_run', page)] });
    }
  };
  for (let round = 0; round < 30; round++) write((i) => (i * 7919 + round * 31) % 10 < 3, `r${round}`);
  const { bytes } = reader.stats();
  const text = rows.reduce((sum, { json }) => sum + json.length, 0);
  // written once they take a third of that; every version kept would be nine times as much again
  assert.ok(bytes < text, `${bytes} bytes for ${text} of text`);
  for (const rid of [1, 500, 1000]) {
    const { id } = JSON.parse(reader.json('task_run', [rid])[0]) as { id: string };
    assert.equal(reader.ridOf('task_run', id), rid);
  }
});
