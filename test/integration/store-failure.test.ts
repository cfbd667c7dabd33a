/** The failure of runs is made by a rule: an archive that an older rule wrote is brought up to date in slices after it was opened. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { MessageChannel } from 'node:worker_threads';
import Sqlite from 'better-sqlite3';
import type { WireError } from '../../src-main/contract/errors.ts';
import { startWorker, type Started } from '../../src-main/core/workers/start-worker.ts';
import { writerContract } from '../../src-main/core/workers/contracts.ts';
import type { Change } from '../../src-main/store/columns.ts';
import { encodeRows } from '../../src-main/store/write/encode.ts';
import { failureOf } from '../../src-main/store/failure.ts';
import { isObject } from '../../src-main/store/layout.ts';
import { openReader } from '../../src-main/store/read/reader.ts';
import { openWriter } from '../../src-main/store/write/writer.ts';
import { taskRuns, type Row } from '../fixtures/prefect-rows.ts';
import { tempDir } from '../fixtures/temp-dir.ts';
import { until } from '../fixtures/until.ts';

const onChange = () => undefined;

/** id → failure, by the column */
function kept(path: string): Map<string, string | null> {
  const db = new Sqlite(path, { readonly: true });
  try {
    return new Map(db.prepare('SELECT id, failure FROM task_runs').raw().all() as [string, string | null][]);
  } finally {
    db.close();
  }
}

/** The same by the rows' own JSON. */
const expected = (rows: readonly Row[]) =>
  new Map(
    rows.map(({ value }) => {
      const message = isObject(value.state) ? value.state.message : null;
      return [String(value.id), failureOf(value.state_type, message)];
    }),
  );

function filled(path: string, rows: readonly Row[]): void {
  const writer = openWriter(path, { onChange });
  writer.write({ batches: [encodeRows('task_run', rows)] });
  writer.close();
}

/** As another rule would have left it: some runs without a failure, some with another one, some that have one and should not. */
function spoilt(path: string): number[] {
  const db = new Sqlite(path);
  db.exec(`
    UPDATE meta SET value = '0' WHERE key = 'failure_rule';
    INSERT OR IGNORE INTO term (text) VALUES ('what an older rule made');
    UPDATE task_run SET failure = NULL WHERE failure IS NOT NULL AND rid % 3 = 0;
    UPDATE task_run SET failure = (SELECT id FROM term WHERE text = 'what an older rule made') WHERE rid % 7 = 0;
  `);
  const changed = db.prepare("SELECT count(*) FROM task_runs WHERE failure = 'what an older rule made'").pluck().get();
  assert.ok((changed as number) > 0);
  const rids = db.prepare('SELECT rid FROM task_run ORDER BY rid').pluck().all() as number[];
  db.close();
  return rids;
}

test('an older rule’s column is made anew, told row by row, and nothing else has changed', (t) => {
  const path = join(tempDir(t), 'a.sqlite');
  const rows = [...taskRuns(6, { rows: 600, flowRuns: 10 })];
  filled(path, rows);
  const wanted = expected(rows);
  assert.ok([...wanted.values()].filter((failure) => failure !== null).length > 10, 'the rows have failures');
  assert.deepEqual(kept(path), wanted);
  const cells = () => {
    const db = new Sqlite(path, { readonly: true });
    try {
      return db.prepare('SELECT * FROM task_runs ORDER BY id').all();
    } finally {
      db.close();
    }
  };
  const before = cells();
  spoilt(path);
  const wrong = [...kept(path)].filter(([id, failure]) => wanted.get(id) !== failure).map(([id]) => id);
  assert.ok(wrong.length > 50);

  const changes: Change[] = [];
  const writer = openWriter(path, { onChange: (change) => changes.push(change) });
  t.after(() => writer.close());
  assert.equal(writer.notice, null);
  assert.notDeepEqual(kept(path), wanted, 'opening does not wait for it');
  while (writer.refreshFailures());
  assert.deepEqual(cells(), before);
  const reader = openReader(path);
  t.after(() => reader.close());
  const told = changes.flatMap(({ changed }) => changed.task_run ?? []).sort((a, b) => a - b);
  assert.deepEqual(
    told,
    wrong.map((id) => reader.ridOf('task_run', id)).sort((a, b) => Number(a) - Number(b)),
  );
  assert.equal(reader.state('failure_refresh'), undefined);
  const count = changes.length;
  assert.equal(writer.refreshFailures(), false, 'a second time there is nothing to do');
  assert.equal(changes.length, count);
});

test('it goes on after a restart where it stopped, and rows written meanwhile stay right', (t) => {
  const path = join(tempDir(t), 'a.sqlite');
  const failed = (n: number, message: string): Row => {
    const id = `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
    const value = { id, state_type: 'FAILED', state: { type: 'FAILED', message } };
    return { json: JSON.stringify(value), value };
  };
  const rows = Array.from({ length: 2500 }, (_, i) => failed(i, `KeyError: ${i}`));
  filled(path, rows);
  spoilt(path);
  const told: number[] = [];
  let openings = 0;
  for (let more = true; more; openings++) {
    const writer = openWriter(path, {
      onChange: ({ changed }) => openings !== 1 && told.push(...(changed.task_run ?? [])),
    });
    if (openings === 1) {
      rows[0] = failed(0, 'OSError: no space left');
      rows.push(failed(5000, 'OSError: no space left'));
      writer.write({ batches: [encodeRows('task_run', [rows[0], ...rows.slice(-1)])] });
    }
    more = writer.refreshFailures();
    writer.close();
  }
  assert.equal(openings, 3, 'some thousand rows at a time');
  assert.equal(new Set(told).size, told.length, 'no row twice');
  assert.deepEqual(kept(path), expected(rows));
});

/** `work` with a writer's thread, what it has logged, and whether it has died. */
async function inThread(
  work: (writer: Started<typeof writerContract>, seen: { lines: string[]; died: boolean }) => Promise<void>,
): Promise<void> {
  const [sync, changes] = [new MessageChannel(), new MessageChannel()];
  const seen = { lines: [] as string[], died: false };
  const writer = startWorker('writer', writerContract, {
    data: { sync: sync.port1, changes: changes.port1 },
    transfer: [sync.port1, changes.port1],
    log: (_, message) => seen.lines.push(message),
    onDeath: () => (seen.died = true),
  });
  try {
    await work(writer, seen);
  } finally {
    if (!seen.died) await writer.stop();
    sync.port2.close();
    changes.port2.close();
  }
}

test('the writer’s thread does it by itself', async (t) => {
  const path = join(tempDir(t), 'a.sqlite');
  const rows = [...taskRuns(6, { rows: 600, flowRuns: 10 })];
  filled(path, rows);
  spoilt(path);
  await inThread(async (writer) => {
    await writer.client.open({ path, server: '' });
    await until(() => {
      const db = new Sqlite(path, { readonly: true });
      const rule = db.prepare("SELECT value FROM meta WHERE key = 'failure_rule'").pluck().get();
      db.close();
      return rule !== '0';
    });
    assert.deepEqual(kept(path), expected(rows));
  });
});

test('when it cannot, that is logged, and the archive goes on', async (t) => {
  const path = join(tempDir(t), 'a.sqlite');
  filled(path, [...taskRuns(6, { rows: 600, flowRuns: 10 })]);
  spoilt(path);
  const db = new Sqlite(path);
  db.exec("CREATE TRIGGER refused BEFORE UPDATE OF failure ON task_run BEGIN SELECT RAISE(ABORT, 'no'); END");
  db.close();
  await inThread(async (writer, seen) => {
    await writer.client.open({ path, server: '' });
    await until(() => seen.lines.some((line) => line.includes('not brought up to date')));
    await writer.client.setState({ key: 'page', value: 1 });
    assert.equal(await writer.client.state({ key: 'page' }), 1);
    assert.equal(seen.died, false);
  });
});

test('a damaged row that is met in doing so ends the thread, and the next opening saves the others and says so', async (t) => {
  const path = join(tempDir(t), 'a.sqlite');
  const rows = [...taskRuns(6, { rows: 3000, flowRuns: 10 })];
  filled(path, rows);
  const db = new Sqlite(path);
  db.exec("UPDATE task_run_json SET z = x'00' WHERE rid = 1234; DELETE FROM meta WHERE key = 'search_rule'");
  db.close();
  let said: WireError | null = null;
  await inThread(async (writer, seen) => {
    ({ notice: said } = await writer.client.open({ path, server: '' }));
    if (said === null) await until(() => seen.died); // else one of the few rows that an opening looks at was that one
  });
  await inThread(async (writer) => {
    const { notice } = await writer.client.open({ path, server: '' });
    said ??= notice;
  });
  const { code, details } = said as unknown as WireError;
  assert.deepEqual([code, details.salvaged, details.lost], ['ARCHIVE_DAMAGED', rows.length - 1, 1]);
});

test('a run that fails, is run again and completes has none any more', (t) => {
  const path = join(tempDir(t), 'a.sqlite');
  const [{ value }] = [...taskRuns(7, { rows: 1, flowRuns: 1 })];
  const as = (type: string, message: string | null): Row => {
    const next = { ...value, state_type: type, state: { type, name: type, message } };
    return { json: JSON.stringify(next), value: next };
  };
  const writer = openWriter(path, { onChange });
  for (const [type, message, failure] of [
    ['FAILED', 'Task run encountered an exception KeyError: 7', 'KeyError: <n>'],
    ['RUNNING', null, null],
    ['CRASHED', 'Execution was aborted by a termination signal.', 'Execution was aborted by a termination signal.'],
    ['COMPLETED', 'KeyError: 7', null],
  ] as const) {
    writer.write({ batches: [encodeRows('task_run', [as(type, message)])] });
    assert.deepEqual([...kept(path).values()], [failure]);
  }
  writer.close();
});
