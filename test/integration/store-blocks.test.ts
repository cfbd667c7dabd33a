import assert from 'node:assert/strict';
import { closeSync, existsSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { zstdCompressSync } from 'node:zlib';
import Sqlite from 'better-sqlite3';
import { encodeRows } from '../../src-main/store/encode.ts';
import { migrate, migrations, versionOf } from '../../src-main/store/migrations/migrate.ts';
import { openReader } from '../../src-main/store/read.ts';
import { packRids } from '../../src-main/store/rid-list.ts';
import { uuidBytes } from '../../src-main/store/uuid.ts';
import { openWriter } from '../../src-main/store/writer.ts';
import { taskRuns, type Row } from '../fixtures/prefect-rows.ts';
import { tempDir } from '../fixtures/temp-dir.ts';

const onChange = () => undefined;

/** id → text */
function contents(path: string): Map<string, string> {
  const reader = openReader(path);
  try {
    const rids = Array.from(reader.rows('task_run', 0, reader.maxRid('task_run')), ([rid]) => rid);
    const texts = reader.json('task_run', rids);
    return new Map(texts.map((json) => [(JSON.parse(json) as { id: string }).id, json]));
  } finally {
    reader.close();
  }
}

const textsOf = (rows: readonly Row[]) => new Map(rows.map(({ json, value }) => [value.id as string, json]));

/** An archive as version 1 wrote it: 25 rows to a block, no dictionary. */
function versionOne(path: string, rows: readonly Row[]): void {
  const db = new Sqlite(path);
  migrate(db, path, migrations.slice(0, 1));
  const block = db.prepare('INSERT INTO block (blk, entity, live, rids, z) VALUES (?, 0, ?, ?, ?)');
  const run = db.prepare('INSERT INTO task_run (rid, id, known, hash, blk, bix) VALUES (?, ?, 1, 0, ?, ?)');
  for (let from = 0; from < rows.length; from += 25) {
    const part = rows.slice(from, from + 25);
    const blk = from / 25 + 1;
    const rids = part.map((_, i) => from + i + 1);
    block.run(blk, part.length, packRids(rids), zstdCompressSync(part.map(({ json }) => `${json}\x1e`).join('')));
    part.forEach(({ value }, bix) => run.run(rids[bix], uuidBytes(value.id as string), blk, bix));
  }
  db.close();
}

test('migration 0002: old blocks stay readable, are rewritten when they become sparse, and new ones stand beside them', (t) => {
  const path = join(tempDir(t), 'a.sqlite');
  const rows = [...taskRuns(3, { rows: 600, flowRuns: 10 })];
  const old = rows.slice(0, 400);
  versionOne(path, old);
  const writer = openWriter(path, { onChange });
  assert.ok(existsSync(`${path}.before-v2`), 'an archive is copied before it is changed');
  assert.deepEqual(contents(path), textsOf(old));
  writer.write({ batches: [encodeRows('task_run', rows.slice(400))] });
  assert.deepEqual(contents(path), textsOf(rows));
  // all but two rows of each old block come again in another version
  const changed = old
    .filter((_, i) => i % 25 > 1)
    .map(({ value }) => {
      const next = { ...value, name: 'renamed' };
      return { json: JSON.stringify(next), value: next };
    });
  assert.equal(writer.write({ batches: [encodeRows('task_run', changed)] }).changed, changed.length);
  writer.close();
  assert.deepEqual(contents(path), new Map([...textsOf(rows), ...textsOf(changed)]));
  const db = new Sqlite(path, { readonly: true });
  t.after(() => db.close());
  assert.equal(versionOf(db), migrations.length);
  const sparse = db.prepare('SELECT count(*) FROM block WHERE live < 7').pluck().get() as number;
  assert.equal(sparse, 0, 'the sixteen old blocks of two rows each were joined');
});

test('the first page gives the dictionary; later pages and rows changed alone are compressed against it', (t) => {
  const path = join(tempDir(t), 'a.sqlite');
  const rows = [...taskRuns(4, { rows: 600, flowRuns: 10 })];
  const writer = openWriter(path, { onChange });
  writer.write({ batches: [encodeRows('task_run', rows.slice(0, 200))] });
  const dictionary = writer.dictionary('task_run');
  assert.ok(dictionary);
  assert.equal(writer.dictionary('flow'), null);
  writer.write({ batches: [encodeRows('task_run', rows.slice(200, 400), dictionary)] });
  const mixed = rows.slice(390, 410);
  assert.deepEqual(writer.write({ batches: [encodeRows('task_run', mixed, dictionary)] }), {
    inserted: 10,
    changed: 0,
    unchanged: 10,
  });
  writer.close();
  const again = openWriter(path, { onChange });
  assert.deepEqual(again.dictionary('task_run')?.bytes.toString(), dictionary.bytes.toString());
  again.write({ batches: [encodeRows('task_run', rows.slice(410), again.dictionary('task_run'))] });
  again.close();
  assert.deepEqual(contents(path), textsOf(rows));
  const db = new Sqlite(path, { readonly: true });
  t.after(() => db.close());
  const sizes = db
    .prepare('SELECT dict, sum(length(z)) / sum(live) FROM block GROUP BY dict ORDER BY dict')
    .raw()
    .all();
  const [[none, plain], [one, dense]] = sizes as [number, number][];
  assert.deepEqual([none, one], [0, dictionary.id]);
  assert.ok(dense < plain * 0.9, `${dense} and ${plain} bytes a row`);
});

test('a page that is rolled back leaves no dictionary behind', (t) => {
  const path = join(tempDir(t), 'a.sqlite');
  const rows = [...taskRuns(5, { rows: 40, flowRuns: 2 })];
  const writer = openWriter(path, { onChange });
  const good = encodeRows('task_run', rows);
  const broken = { ...good, hashes: new Int32Array(0) };
  assert.throws(() => writer.write({ batches: [good, broken, { ...good, ids: new Uint8Array(3) }] }));
  assert.equal(writer.dictionary('task_run'), null);
  writer.write({ batches: [good] });
  writer.close();
  assert.deepEqual(contents(path), textsOf(rows));
});

test('a spoilt dictionary loses no row: it is kept twice', (t) => {
  const path = join(tempDir(t), 'a.sqlite');
  const rows = [...taskRuns(6, { rows: 1000, flowRuns: 20 })];
  const writer = openWriter(path, { onChange });
  for (let from = 0; from < rows.length; from += 200)
    writer.write({
      batches: [encodeRows('task_run', rows.slice(from, from + 200), writer.dictionary('task_run'))],
    });
  writer.close();
  const db = new Sqlite(path);
  const page = db.prepare("SELECT rootpage FROM sqlite_schema WHERE name = 'dictionary'").pluck().get() as number;
  db.close();
  const file = openSync(path, 'r+');
  writeSync(file, Buffer.alloc(4096, 0xa5), 0, 4096, (page - 1) * 4096);
  closeSync(file);
  const again = openWriter(path, { onChange });
  assert.equal(again.notice?.code, 'ARCHIVE_DAMAGED');
  assert.equal(again.notice.details.lost, 0);
  again.close();
  assert.deepEqual(contents(path), textsOf(rows));
});
