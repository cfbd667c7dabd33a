/** Migration 0005: an archive from before failures had a column gets it, the same as if its rows were written now. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import Sqlite from 'better-sqlite3';
import { encodeRows } from '../../src-main/store/write/encode.ts';
import { failureOf } from '../../src-main/store/failure.ts';
import { isObject } from '../../src-main/store/layout.ts';
import { migrations, versionOf } from '../../src-main/store/migrations/migrate.ts';
import { openReader } from '../../src-main/store/read/reader.ts';
import { openWriter } from '../../src-main/store/write/writer.ts';
import { taskRuns, type Row } from '../fixtures/prefect-rows.ts';
import { tempDir } from '../fixtures/temp-dir.ts';

const onChange = () => undefined;

/** id → failure, by the column */
function kept(path: string): Map<string, string | null> {
  const db = new Sqlite(path, { readonly: true });
  try {
    const sql =
      'SELECT lower(hex(task_run.id)), text FROM task_run LEFT JOIN term ON term.id = failure WHERE known = 1';
    return new Map(db.prepare(sql).raw().all() as [string, string | null][]);
  } finally {
    db.close();
  }
}

/** The same by the rows' own JSON. */
const expected = (rows: readonly Row[]) =>
  new Map(
    rows.map(({ value }) => {
      const message = isObject(value.state) ? value.state.message : null;
      return [String(value.id).replaceAll('-', ''), failureOf(value.state_type, message)];
    }),
  );

test('the column is made of every row, the old file is beside it, and nothing else has changed', (t) => {
  const path = join(tempDir(t), 'a.sqlite');
  const rows = [...taskRuns(6, { rows: 600, flowRuns: 10 })];
  const writer = openWriter(path, { onChange });
  writer.write({ batches: [encodeRows('task_run', rows)] });
  writer.close();
  const wanted = expected(rows);
  assert.ok([...wanted.values()].filter((failure) => failure !== null).length > 10, 'the rows have failures');
  assert.deepEqual(kept(path), wanted);

  const all = () => {
    const reader = openReader(path);
    const terms = new Map(reader.terms(0));
    const read = Array.from(reader.rows('task_run', 0, reader.maxRid('task_run')), (row) =>
      row.map((cell) => (typeof cell === 'number' && terms.has(cell) ? `${cell} ${terms.get(cell)}` : cell)),
    );
    const json = reader.json(
      'task_run',
      read.map(([rid]) => Number(String(rid).split(' ', 1)[0])),
    );
    reader.close();
    return { read, json };
  };
  const before = all();
  // as version 4 had it
  const db = new Sqlite(path);
  db.exec('ALTER TABLE task_run DROP COLUMN failure; PRAGMA user_version = 4');
  db.close();

  const again = openWriter(path, { onChange });
  assert.equal(again.notice, null);
  assert.ok(existsSync(`${path}.before-v5`), 'an archive is copied before it is changed');
  again.close();
  assert.deepEqual(all(), before);
  const after = new Sqlite(path, { readonly: true });
  t.after(() => after.close());
  assert.equal(versionOf(after), migrations.length);
});

test('a failed run that cannot be read: the archive is salvaged instead, and the others have their failures', (t) => {
  const path = join(tempDir(t), 'a.sqlite');
  const rows = [...taskRuns(6, { rows: 300, flowRuns: 10 })];
  const writer = openWriter(path, { onChange });
  writer.write({ batches: [encodeRows('task_run', rows)] });
  writer.close();
  const db = new Sqlite(path);
  const find = 'SELECT task_run.rid, lower(hex(id)), z FROM task_run JOIN row_json ON key = task_run.rid * 4';
  const [rid, id, z] = db.prepare(`${find} WHERE failure IS NOT NULL`).raw().get() as [number, string, Buffer];
  z[z.length >> 1] ^= 4;
  db.prepare('UPDATE row_json SET z = ? WHERE key = ? * 4').run(z, rid);
  db.exec('ALTER TABLE task_run DROP COLUMN failure; PRAGMA user_version = 4');
  db.close();
  const again = openWriter(path, { onChange });
  again.close();
  assert.equal(again.notice?.code, 'ARCHIVE_DAMAGED');
  const wanted = expected(rows);
  wanted.delete(id);
  assert.deepEqual(kept(path), wanted);
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
