import assert from 'node:assert/strict';
import { closeSync, existsSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { crc32 } from 'node:zlib';
import Sqlite from 'better-sqlite3';
import { encodeRows } from '../../src-main/store/write/encode.ts';
import { migrations, versionOf } from '../../src-main/store/migrations/migrate.ts';
import { openReader } from '../../src-main/store/read/reader.ts';
import { openWriter } from '../../src-main/store/write/writer.ts';
import { oldArchive } from '../fixtures/old-archives.ts';
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

for (const version of [1, 2, 3] as const) {
  test(`migration 0004: every row of an archive of version ${version} comes over byte for byte, the old file is beside it`, (t) => {
    const path = join(tempDir(t), 'a.sqlite');
    const rows = [...taskRuns(3, { rows: 600, flowRuns: 10 })];
    const old = rows.slice(0, 403);
    oldArchive(path, version, old);
    const writer = openWriter(path, { onChange });
    assert.ok(existsSync(`${path}.before-v${version + 1}`), 'an archive is copied before it is changed');
    assert.equal(writer.notice, null);
    assert.deepEqual(contents(path), textsOf(old));
    const dictionary = writer.dictionary('task_run');
    assert.ok(dictionary);
    writer.write({ batches: [encodeRows('task_run', rows.slice(400), dictionary)] });
    writer.close();
    assert.deepEqual(contents(path), textsOf(rows));
    const db = new Sqlite(path, { readonly: true });
    t.after(() => db.close());
    assert.equal(versionOf(db), migrations.length);
    assert.equal(db.prepare("SELECT count(*) FROM sqlite_schema WHERE name LIKE 'block%'").pluck().get(), 0);
  });

  test(`a damaged archive of version ${version} is salvaged instead of migrated`, (t) => {
    const path = join(tempDir(t), 'a.sqlite');
    const rows = [...taskRuns(3, { rows: 403, flowRuns: 10 })];
    oldArchive(path, version, rows);
    const db = new Sqlite(path);
    // a flipped bit in one block: only reading it tells
    const z = db.prepare('SELECT z FROM block WHERE blk = 5').pluck().get() as Buffer;
    z[z.length >> 1] ^= 4;
    db.prepare('UPDATE block SET z = ? WHERE blk = 5').run(z);
    db.close();
    const writer = openWriter(path, { onChange });
    writer.close();
    assert.equal(writer.notice?.code, 'ARCHIVE_DAMAGED');
    assert.deepEqual([writer.notice.details.salvaged, writer.notice.details.lost], [378, 25]);
    const sound = new Map([...textsOf(rows)].filter((_, i) => i < 75 || i >= 100));
    assert.deepEqual(contents(path), sound);
  });
}

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
  assert.deepEqual(crc32(again.dictionary('task_run')?.bytes ?? ''), crc32(dictionary.bytes));
  again.write({ batches: [encodeRows('task_run', rows.slice(410), again.dictionary('task_run'))] });
  again.close();
  assert.deepEqual(contents(path), textsOf(rows));
  const db = new Sqlite(path, { readonly: true });
  t.after(() => db.close());
  const first = db.prepare('SELECT hex(substr(z, 1, 1)) FROM row_json GROUP BY 1').pluck().all();
  assert.deepEqual(first, ['01'], 'the rows of the first page as well');
});

test('rows packed for another archive are refused, and nothing of them is stored', (t) => {
  const dir = tempDir(t);
  const rows = [...taskRuns(4, { rows: 400, flowRuns: 10 })];
  const [one, other] = ['a', 'b'].map((name) => openWriter(join(dir, name), { onChange }));
  one.write({ batches: [encodeRows('task_run', rows.slice(0, 200))] });
  other.write({ batches: [encodeRows('task_run', rows.slice(300))] });
  const packed = encodeRows('task_run', rows.slice(200), one.dictionary('task_run'));
  assert.throws(() => other.write({ batches: [packed] }));
  other.close();
  one.close();
  assert.deepEqual(contents(join(dir, 'b')), textsOf(rows.slice(300)));
});

test('a row of more than 32 kB and one of a few bytes come back', (t) => {
  const path = join(tempDir(t), 'a.sqlite');
  const rows = [...taskRuns(4, { rows: 30, flowRuns: 2 })].map(({ value }, i) => {
    const next = i === 3 ? { ...value, pad: 'é'.repeat(60_000) } : i === 4 ? { id: value.id } : value;
    return { json: JSON.stringify(next), value: next };
  });
  const writer = openWriter(path, { onChange });
  writer.write({ batches: [encodeRows('task_run', rows)] });
  const changed = rows.map(({ value }) => ({ json: JSON.stringify({ ...value, x: 1 }), value: { ...value, x: 1 } }));
  writer.write({ batches: [encodeRows('task_run', changed, writer.dictionary('task_run'))] });
  writer.close();
  assert.deepEqual(contents(path), textsOf(changed));
});

test('a page that is rolled back leaves no dictionary behind', (t) => {
  const path = join(tempDir(t), 'a.sqlite');
  const rows = [...taskRuns(5, { rows: 40, flowRuns: 2 })];
  const writer = openWriter(path, { onChange });
  const good = encodeRows('task_run', rows);
  const unbindable = good.texts.map(() => ({})) as unknown as string[];
  const broken = { ...good, hashes: good.hashes.map((hash) => hash + 1), texts: unbindable };
  assert.throws(() => writer.write({ batches: [good, broken] }));
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
