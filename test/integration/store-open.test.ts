import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import Sqlite, { type Database } from 'better-sqlite3';
import { AppError } from '../../src-main/contract/errors.ts';
import { columnNames, layouts } from '../../src-main/store/layout.ts';
import { columns } from '../../src-main/store/columns.ts';
import { entities } from '../../src-main/contract/fields.ts';
import { encodeRows } from '../../src-main/store/write/encode.ts';
import { migrate, migrations, newestVersion, versionOf, type Migration } from '../../src-main/store/file/migrate.ts';
import { addColumnSql } from '../../src-main/store/file/schema.ts';
import { fillColumn } from '../../src-main/store/write/fill-column.ts';
import { openReader } from '../../src-main/store/read/reader.ts';
import { openWriter } from '../../src-main/store/write/writer.ts';
import { taskRuns, type Row } from '../fixtures/prefect-rows.ts';
import { root } from '../fixtures/source-files.ts';
import { tempDir } from '../fixtures/temp-dir.ts';

const onChange = () => undefined;
const is = (code: string) => (thrown: unknown) => thrown instanceof AppError && thrown.code === code;

function filled(path: string, rows: readonly Row[]): void {
  const writer = openWriter(path, { onChange });
  for (let from = 0; from < rows.length; from += 200)
    writer.write({ batches: [encodeRows('task_run', rows.slice(from, from + 200))], state: { cursor: from } });
  writer.markGone('task_run', [rows[0].value.id as string], 77);
  const activity = {
    history: [],
    logs: [],
    artifacts: [],
    gap: null,
    kept: 0,
    count: null,
    fetched: 5,
    problem: null,
    missed: {},
  };
  writer.saveActivity(rows[0].value.id as string, activity, 5);
  writer.close();
}

/** id → text of every known task run */
function contents(path: string): Map<string, string> {
  const reader = openReader(path);
  try {
    const rids = Array.from(reader.rows('task_run', 0, reader.maxRid('task_run')), ([rid]) => rid);
    const texts = reader.json('task_run', rids).filter((text) => text !== 'null');
    return new Map(texts.map((json) => [(JSON.parse(json) as { id: string }).id, json]));
  } finally {
    reader.close();
  }
}

/** Overwrites whole pages, counted from 0. */
function spoil(path: string, pages: readonly number[]): void {
  const file = openSync(path, 'r+');
  for (const page of pages) writeSync(file, Buffer.alloc(4096, 0xa5), 0, 4096, page * 4096);
  closeSync(file);
}

const asides = (path: string) => readdirSync(dirname(path)).filter((name) => name.includes('.damaged-'));

test('an empty file gets the tables and columns that the code names', (t) => {
  const path = join(tempDir(t), 'a.sqlite');
  const db = new Sqlite(path);
  t.after(() => db.close());
  assert.equal(migrate(db, path), null);
  assert.equal(versionOf(db), newestVersion());
  assert.equal(db.pragma('application_id', { simple: true }), 0x54534b53);
  for (const entity of entities) {
    const found = db.prepare('SELECT name, type FROM pragma_table_info(?)').raw().all(entity) as [string, string][];
    assert.deepEqual(found.map(([name]) => name).sort(), ['rid', ...columnNames(entity), 'hash'].sort());
    const types = new Map(found);
    for (const [name, kind] of Object.entries(columns[entity])) {
      const wanted = kind === 'uuid' ? 'BLOB' : kind === 'text' ? 'TEXT' : kind === 'real' ? 'REAL' : 'INTEGER';
      assert.equal(types.get(name), wanted, `${entity}.${name}`);
    }
    assert.equal(layouts[entity].columns.length, columnNames(entity).length - 3);
  }
  assert.equal(migrate(db, path), null, 'a second time there is nothing to do');
});

test('an older file is copied before it is changed; a step that fails leaves it as it was', (t) => {
  const path = join(tempDir(t), 'a.sqlite');
  const rows = [...taskRuns(1, { rows: 50, flowRuns: 3 })];
  filled(path, rows);
  const next: Migration = {
    version: newestVersion() + 1,
    sql: `CREATE TABLE later (x INTEGER) STRICT; INSERT INTO later VALUES (1);
      ALTER TABLE task_run DROP COLUMN run_count; ${addColumnSql('task_run', 'run_count')}`,
    move: (archive) => archive.prepare('UPDATE task_run SET run_count = 7').run(),
  };
  const broken: Migration = {
    version: newestVersion() + 2,
    sql: 'CREATE TABLE half (x INTEGER) STRICT; INSERT INTO nowhere VALUES (1);',
  };
  const db = new Sqlite(path);
  t.after(() => db.close());
  assert.throws(() => migrate(db, path, [...migrations, next, broken]), /nowhere/);
  assert.equal(versionOf(db), next.version);
  assert.equal(db.prepare("SELECT count(*) FROM sqlite_schema WHERE name = 'half'").pluck().get(), 0);
  assert.deepEqual(
    db.prepare('SELECT DISTINCT run_count FROM task_runs').pluck().all(),
    [7],
    'the views are there again',
  );
  const copy = `${path}.before-v${newestVersion() + 1}`;
  assert.deepEqual(contents(copy), new Map(rows.map(({ json, value }) => [value.id as string, json])));
  assert.throws(() => migrate(db, path, [broken]), /out of order/);
});

test('a migration that adds columns fills them from the rows that are kept', (t) => {
  const path = join(tempDir(t), 'a.sqlite');
  filled(path, [...taskRuns(1, { rows: 1500, flowRuns: 3 })]);
  const db = new Sqlite(path);
  t.after(() => db.close());
  const names = layouts.task_run.columns.map(({ name }) => name);
  const rows = () => db.prepare(`SELECT rid, ${names.join(', ')} FROM task_run ORDER BY rid`).all();
  const before = rows();
  const version = newestVersion() + 1;
  const sql = names
    .map((name) => `ALTER TABLE task_run DROP COLUMN ${name}; ${addColumnSql('task_run', name)}`)
    .join('\n');
  const move = (archive: Database) => names.forEach((name) => fillColumn(archive, 'task_run', name));
  migrate(db, path, [...migrations, { version, sql, move }]);
  assert.deepEqual(rows(), before);
});

test('a file from a newer version is refused, by writer and reader, and not touched', (t) => {
  const path = join(tempDir(t), 'a.sqlite');
  filled(path, [...taskRuns(1, { rows: 5, flowRuns: 1 })]);
  const db = new Sqlite(path);
  db.pragma('user_version = 999');
  db.pragma('wal_checkpoint(TRUNCATE)');
  db.close();
  const before = readFileSync(path);
  const refused = (thrown: unknown) => is('ARCHIVE_NEWER')(thrown) && (thrown as AppError).details.version === 999;
  assert.throws(() => openWriter(path, { onChange }), refused);
  assert.throws(() => openReader(path), refused);
  assert.deepEqual(readFileSync(path), before);
  assert.deepEqual(asides(path), []);
});

test('no file: the reader says so, the writer makes one; a folder that is missing is an error', (t) => {
  const dir = tempDir(t);
  assert.throws(() => openReader(join(dir, 'a.sqlite')), is('NOT_FOUND'));
  const writer = openWriter(join(dir, 'a.sqlite'), { onChange });
  assert.equal(writer.notice, null);
  writer.close();
  assert.throws(() => openWriter(join(dir, 'nowhere', 'a.sqlite'), { onChange }), AppError);
});

test('an empty file, as a crash at the first start leaves it, is simply filled', (t) => {
  const path = join(tempDir(t), 'a.sqlite');
  writeFileSync(path, '');
  assert.throws(() => openReader(path), is('FOLDER_READ_ONLY'));
  const writer = openWriter(path, { onChange });
  assert.equal(writer.notice, null);
  writer.close();
});

for (const [what, make] of [
  ['text', (path: string) => writeFileSync(path, 'this is not a database\n'.repeat(500))],
  [
    'another program’s database',
    (path: string) => new Sqlite(path).exec('CREATE TABLE mine (x); INSERT INTO mine VALUES (1)').close(),
  ],
] as const) {
  test(`a file that is not an archive (${what}) is set aside unchanged, and the caller is told`, (t) => {
    const path = join(tempDir(t), 'a.sqlite');
    make(path);
    const before = readFileSync(path);
    const writer = openWriter(path, { onChange });
    t.after(() => writer.close());
    assert.equal(writer.notice?.code, 'ARCHIVE_DAMAGED');
    assert.deepEqual([writer.notice.details.salvaged, writer.notice.details.lost], [0, 0]);
    assert.deepEqual(readFileSync(writer.notice.details.set_aside as string), before);
    writer.write({ batches: [encodeRows('task_run', [...taskRuns(1, { rows: 2, flowRuns: 1 })])] });
    assert.equal(contents(path).size, 2);
  });
}

test('an archive cut short is set aside, and every row that can be read is in the new one', (t) => {
  const path = join(tempDir(t), 'a.sqlite');
  const rows = [...taskRuns(1, { rows: 2000, flowRuns: 30 })];
  filled(path, rows);
  truncateSync(path, Math.floor(statSync(path).size / 4096 / 2) * 4096);
  const writer = openWriter(path, { onChange });
  const { notice } = writer;
  assert.equal(notice?.code, 'ARCHIVE_DAMAGED');
  assert.equal(writer.getState('cursor'), undefined, 'a cursor would hide what is missing');
  writer.close();
  const found = contents(path);
  assert.equal(found.size, notice.details.salvaged);
  assert.ok(found.size > 500, `${found.size} of 2,000`);
  for (const { value, json } of rows) {
    const kept = found.get(value.id as string);
    if (kept !== undefined) assert.equal(kept, json);
  }
  assert.equal(asides(path).length, 1);
  assert.ok(existsSync(notice.details.set_aside as string));
  const again = openWriter(path, { onChange });
  assert.equal(again.notice, null);
  again.close();
});

test('a spoilt page in the middle: met in use, told, and at the next opening the other rows are salvaged with their marks', (t) => {
  const path = join(tempDir(t), 'a.sqlite');
  const rows = [...taskRuns(2, { rows: 3000, flowRuns: 40 })];
  filled(path, rows);
  const pages = statSync(path).size / 4096;
  spoil(
    path,
    Array.from({ length: 10 }, (_, i) => Math.floor(pages * 0.3) + i),
  );
  const sound = new Map(rows.map(({ json, value }) => [value.id as string, json]));
  // whoever reads everything meets it; whoever opens may or may not
  try {
    contents(path);
  } catch (thrown) {
    assert.ok(is('ARCHIVE_DAMAGED')(thrown), String(thrown));
  }
  assert.ok(existsSync(`${path}.suspect`));
  const writer = openWriter(path, { onChange });
  const { notice } = writer;
  writer.close();
  assert.equal(notice?.code, 'ARCHIVE_DAMAGED');
  const found = contents(path);
  assert.equal(found.size, notice.details.salvaged);
  assert.ok(found.size > 2500, `${found.size} of 3,000`);
  assert.ok((notice.details.lost as number) + found.size <= 3000);
  for (const [id, json] of found) assert.equal(json, sound.get(id));
  const reader = openReader(path);
  t.after(() => reader.close());
  const first = rows[0];
  const rid = reader.ridOf('task_run', first.value.id as string);
  if (rid !== null) assert.equal(reader.rowsByRid('task_run', [rid])[0]?.at(-1), 77);
  assert.equal(reader.activity(first.value.id as string)?.fetched, 5);
  assert.equal(existsSync(`${path}.suspect`), false);
});

test('what saving costs is bounded by what is bad, not by the size of the file', (t) => {
  const path = join(tempDir(t), 'a.sqlite');
  filled(path, [...taskRuns(2, { rows: 3000, flowRuns: 40 })]);
  const pages = statSync(path).size / 4096;
  const bad = Array.from({ length: 40 }, (_, i) => 60 + Math.floor(((pages - 60) * i) / 40)); // behind the schema and the first page of each table
  spoil(path, bad);
  writeFileSync(`${path}.suspect`, '');
  let reads = 0;
  const writer = openWriter(path, { onChange, onSalvage: () => void reads++ });
  writer.close();
  assert.ok(Number(writer.notice?.details.salvaged) > 2000, String(writer.notice?.details.salvaged));
  assert.ok(reads < 100 * bad.length, `${reads} reads for ${bad.length} bad pages`);
});

test('a mark without damage costs a full check and changes nothing', (t) => {
  const path = join(tempDir(t), 'a.sqlite');
  filled(path, [...taskRuns(2, { rows: 300, flowRuns: 4 })]);
  writeFileSync(`${path}.suspect`, '');
  const writer = openWriter(path, { onChange });
  assert.equal(writer.notice, null);
  writer.close();
  assert.equal(existsSync(`${path}.suspect`), false);
});

test('what is still in the log of a damaged archive is salvaged too, and the log goes with its file', (t) => {
  const dir = tempDir(t);
  const path = join(dir, 'a.sqlite');
  const rows = [...taskRuns(5, { rows: 400, flowRuns: 5 })];
  filled(path, rows.slice(0, 200));
  const writer = openWriter(path, { onChange });
  writer.write({ batches: [encodeRows('task_run', rows.slice(200))] });
  // as a crash leaves it: the file and its log, copied while the writer is open
  const crashed = join(dir, 'b.sqlite');
  for (const suffix of ['', '-wal']) writeFileSync(crashed + suffix, readFileSync(path + suffix));
  writer.close();
  spoil(crashed, [2]); // one of the first pages: a table's root
  writeFileSync(`${crashed}.suspect`, '');
  const opened = openWriter(crashed, { onChange });
  opened.close();
  if (opened.notice) assert.ok(existsSync(`${opened.notice.details.set_aside as string}-wal`));
  assert.equal(contents(crashed).size, 400);
});

test('a crash while a damaged file is replaced: the finished new one takes its place at the next opening', (t) => {
  const path = join(tempDir(t), 'a.sqlite');
  const rows = [...taskRuns(2, { rows: 20, flowRuns: 4 })];
  filled(`${path}.salvaged`, rows);
  writeFileSync(`${path}-wal`, 'left by the old file');
  const writer = openWriter(path, { onChange });
  writer.close();
  assert.equal(contents(path).size, 20);
});

test('a transaction that a crash has cut short without a WAL, as on a network file system, is undone by writer and reader', (t) => {
  const dir = tempDir(t);
  const path = join(dir, 'a.sqlite');
  filled(path, [...taskRuns(4, { rows: 3000, flowRuns: 40 })]);
  const before = contents(path);
  // more pages than the cache holds are changed, so that half of the transaction is in the file when the process dies
  const killed = `
    const db = new (require('better-sqlite3'))(${JSON.stringify(path)});
    for (const set of ['journal_mode = DELETE', 'cache_size = 5']) db.pragma(set);
    db.exec('BEGIN; UPDATE task_run_json SET z = zeroblob(300)');
    process.kill(process.pid, 'SIGKILL');`;
  spawnSync(process.execPath, ['-e', killed], { cwd: root });
  assert.ok(statSync(`${path}-journal`).size > 0);
  assert.deepEqual(contents(path), before, 'the reader undoes it in a copy');
  assert.ok(existsSync(`${path}-journal`));
  const writer = openWriter(path, { onChange });
  assert.equal(writer.notice, null);
  writer.close();
  assert.deepEqual(contents(path), before);
  assert.deepEqual(readdirSync(dir), ['a.sqlite']);
});
