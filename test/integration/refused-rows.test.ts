/** Rows that the archive cannot keep: SQLite refuses them, or no columns can be made of them. Each stops nothing but itself, and is named. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import Sqlite from 'better-sqlite3';
import type { Entity } from '../../src-main/contract/fields.ts';
import type { Skipped } from '../../src-main/contract/sync.ts';
import { openReader } from '../../src-main/store/read/reader.ts';
import { encodeRows, prepare } from '../../src-main/store/write/encode.ts';
import { RowSender } from '../../src-main/store/write/row-sender.ts';
import { openWriter, type Writer } from '../../src-main/store/write/writer.ts';
import { uuidBytes } from '../../src-main/store/uuid.ts';
import type { Sink } from '../../src-main/sync/sink.ts';
import { parseState } from '../../src-main/sync/state.ts';
import { taskRuns } from '../fixtures/prefect-rows.ts';
import { sync, tables, World } from '../fixtures/sync-world.ts';
import { tempDir } from '../fixtures/temp-dir.ts';

const hex = (id: string) => Buffer.from(uuidBytes(id) as Uint8Array).toString('hex');

/** SQLite refuses the rows of a table for which `when` holds, in the real file, until the result is called. */
function poison(path: string, table: string, when: string): () => void {
  const db = new Sqlite(path);
  const names = ['INSERT', 'UPDATE'].map((event) => `poison_${table}_${event}`);
  for (const name of names)
    db.exec(
      `CREATE TRIGGER ${name} BEFORE ${name.split('_').at(-1)} ON ${table} WHEN ${when} BEGIN SELECT RAISE(ABORT, 'poison'); END`,
    );
  return () => {
    for (const name of names) db.exec(`DROP TRIGGER ${name}`);
    db.close();
  };
}
const isOneOf = (ids: readonly string[]) => `NEW.known = 1 AND NEW.id IN (${ids.map((id) => `x'${hex(id)}'`).join()})`;

function sinkOf(writer: Writer): Sink {
  const sender = new RowSender({
    needed: (keys) => Promise.resolve(writer.needed(keys)),
    // as in another thread: what the writer throws is a rejection
    write: (input) => new Promise((resolve) => resolve(writer.write(input))),
  });
  const now = <T>(value: T) => Promise.resolve(value);
  return {
    write: (batches, state) => sender.write(batches, state),
    markGone: (entity, ids, at) => now(writer.markGone(entity, ids, at)),
    replaceDocuments: (kind, documents, at, all) => now(writer.replaceDocuments(kind, documents, at, { all, drop: false })), // prettier-ignore
    unfinished: (entity, since) => now(writer.lookup((it) => it.unfinished(entity, since))),
    stubs: (entity, limit) => now(writer.lookup((it) => it.stubs(entity, limit))),
    ids: (entity, range) => now(writer.lookup((it) => it.ids(entity, range))),
    histogram: (entity, step) => now(writer.lookup((it) => it.histogram(entity, step))),
    differing: (entity, rows) => now(writer.differing(prepare(entity, rows).keys)),
  };
}

/** Ids → names of the rows that are kept; checks that none lies there half. */
function kept(path: string, entity: Entity): Map<string, unknown> {
  const reader = openReader(path);
  try {
    const db = new Sqlite(path, { readonly: true });
    const rids = db.prepare(`SELECT rid FROM ${entity} WHERE known = 1 AND gone IS NULL`).pluck().all() as number[];
    assert.equal(db.prepare(`SELECT count(*) FROM ${entity}_json`).pluck().get(), rids.length);
    db.close();
    const rows = reader.json(entity, rids).map((json) => JSON.parse(json) as { id: string; name: string });
    return new Map(rows.map(({ id, name }) => [id, name]));
  } finally {
    reader.close();
  }
}

test('rows that SQLite refuses: the others are stored, they are named, the sync goes on, and they come when they can', async (t) => {
  const path = join(tempDir(t), 'a.sqlite');
  const world = new World(5, 9, 40);
  world.fill(120);
  const writer = openWriter(path, { onChange: () => undefined });
  t.after(() => writer.close());
  const sink = { ...sinkOf(writer), state: (key: string) => writer.getState(key) };
  const pass = async (verify = false): Promise<Skipped> => {
    let skipped: Skipped = { count: 0, rows: [] };
    await sync(world, sink, { verify, onStatus: (status) => ({ skipped } = status) });
    return skipped;
  };
  const named = ({ rows }: Skipped) => rows.map(({ id }) => id).sort();
  const check = (without: readonly string[]) => {
    for (const [table, entity] of tables) {
      const there = new Map([...world.prefect.tables[table].values()].map((row) => [row.id, row['name']]));
      for (const id of without) there.delete(id);
      const here = kept(path, entity);
      for (const id of without) here.delete(id); // its former version may be kept
      assert.deepEqual(new Map([...here].sort()), new Map([...there].sort()), entity);
    }
  };
  const idsOf = (table: 'task_runs' | 'flow_runs') => [...world.prefect.tables[table].keys()].sort();
  const [first, second, known] = [11, 70, 40].map((at) => idsOf('task_runs')[at]) as [string, string, string];
  const parent = idsOf('flow_runs')[3];
  const queue = [...world.prefect.documents.work_queues.keys()][1];
  let cureRuns = poison(path, 'task_run', isOneOf([first]));
  // the second one's columns are stored by the time that its text is refused: nothing of it may stay
  const cures = [
    poison(path, 'task_run_json', `NEW.rid = (SELECT rid FROM task_run WHERE id = x'${hex(second)}')`),
    poison(path, 'flow_run', isOneOf([parent])),
    poison(path, 'document', `NEW.id = x'${hex(queue)}'`),
  ];

  const harvest = await pass();
  assert.deepEqual(named(harvest), [first, second, parent, queue].sort());
  for (const { reason } of harvest.rows) assert.equal(reason, 'cannot be kept: poison');
  check([first, second, parent]);
  const state = parseState(writer.getState('sync'));
  assert.ok(state.through !== null && state.open === null, 'the harvest is through');
  assert.deepEqual(state.skipped.map(({ id }) => id).sort(), named(harvest), 'and after a restart they are named');

  // changes: one that is kept is refused from now on, and one that was refused can be kept
  cureRuns();
  cureRuns = poison(path, 'task_run', isOneOf([known]));
  world.now += 60_000_000;
  world.insert('task_runs', false, world.now);
  for (const id of [known, first]) {
    const row = world.prefect.tables.task_runs.get(id)!;
    const expected_start_time = new Date(world.now / 1000).toISOString();
    world.prefect.put('task_runs', { ...row, id, name: 'changed', expected_start_time });
  }
  assert.deepEqual(named(await pass()), [known, second, parent, queue].sort());
  check([known, second, parent]);

  for (const cure of [cureRuns, ...cures]) cure();
  assert.equal((await pass(true)).count, 0);
  check([]);
});

test('an archive that refuses every row stops the sync: the rows are not at fault', (t) => {
  const path = join(tempDir(t), 'a.sqlite');
  const writer = openWriter(path, { onChange: () => undefined });
  t.after(() => writer.close());
  const rows = [...taskRuns(3, { rows: 100, flowRuns: 4 })];
  const cure = poison(path, 'task_run', 'NEW.known = 1');
  assert.throws(() => writer.write({ batches: [encodeRows('task_run', rows)], state: { page: 1 } }), /poison/);
  assert.equal(writer.getState('page'), undefined);
  cure();
  assert.deepEqual(writer.write({ batches: [encodeRows('task_run', rows)] }).refused, undefined);
});

test('many refused rows at the beginning of a transaction leave the others stored', (t) => {
  const path = join(tempDir(t), 'a.sqlite');
  const writer = openWriter(path, { onChange: () => undefined });
  t.after(() => writer.close());
  const rows = [...taskRuns(3, { rows: 100, flowRuns: 4 })];
  const ids = rows.slice(0, 70).map(({ value }) => value.id as string);
  poison(path, 'task_run', isOneOf(ids));
  const { inserted, refused } = writer.write({ batches: [encodeRows('task_run', rows)] });
  assert.equal(inserted, 30);
  assert.deepEqual(refused?.map(({ id }) => id).sort(), ids.sort());
});

test('rows of which no columns can be made are passed over and named; the sender throws when that is so of all', async () => {
  const stored: string[][] = [];
  const sender = new RowSender({
    needed: ({ rows }) => Promise.resolve(new Uint8Array(rows).fill(1)),
    write: ({ batches }) => {
      stored.push(batches.flatMap(({ jsonEnds, json }) => jsonEnds.map((end, i) => Buffer.from(json.subarray(jsonEnds[i - 1] ?? 0, end)).toString()))); // prettier-ignore
      return Promise.resolve({ inserted: batches.reduce((sum, { rows }) => sum + rows, 0), changed: 0, unchanged: 0 });
    },
  });
  const rows = [...taskRuns(4, { rows: 80, flowRuns: 3 })];
  const faulty = (row: (typeof rows)[number], key: string) => {
    const value = { ...row.value };
    Object.defineProperty(value, key, { get: () => assert.fail(`no ${key}`) });
    return { json: row.json, value };
  };
  const page = rows.map((row, i) => (i === 7 ? faulty(row, 'tags') : i === 30 ? faulty(row, 'updated') : row));
  const { inserted, unchanged, refused } = await sender.write([{ entity: 'task_run', rows: page }], {});
  assert.deepEqual([inserted, unchanged], [78, 0]);
  assert.deepEqual(
    refused,
    [30, 7].map((i) => ({
      entity: 'task_run',
      id: rows[i]?.value.id,
      reason: `cannot be kept: no ${i === 7 ? 'tags' : 'updated'}`,
    })),
  );
  assert.deepEqual(
    stored[0],
    rows.filter((_, i) => i !== 7 && i !== 30).map(({ json }) => json),
  );
  const all = rows.map((row) => faulty(row, 'tags'));
  await assert.rejects(sender.write([{ entity: 'task_run', rows: all }], {}), /no tags/);
});
