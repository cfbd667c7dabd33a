import assert from 'node:assert/strict';
import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import Sqlite from 'better-sqlite3';
import { dictionaryOf } from '../../src-main/store/json/row-json.ts';
import { encodeRows } from '../../src-main/store/write/encode.ts';
import { openReader } from '../../src-main/store/read/reader.ts';
import { openWriter } from '../../src-main/store/write/writer.ts';
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

/** entity → Adler-32 of its dictionary and its bytes */
function dictionaries(path: string): Map<string, { adler: number; bytes: Buffer }> {
  const db = new Sqlite(path, { readonly: true });
  try {
    type Found = { entity: string; adler: number; bytes: Buffer };
    const found = db.prepare('SELECT entity, adler, bytes FROM dictionary').all() as Found[];
    return new Map(found.map(({ entity, adler, bytes }) => [entity, { adler, bytes }]));
  } finally {
    db.close();
  }
}

test('the first page gives the dictionary; later pages and rows changed alone are compressed against it', (t) => {
  const path = join(tempDir(t), 'a.sqlite');
  const rows = [...taskRuns(4, { rows: 600, flowRuns: 10 })];
  const writer = openWriter(path, { onChange });
  writer.write({ batches: [encodeRows('task_run', rows.slice(0, 200))] });
  const made = dictionaries(path);
  assert.deepEqual([...made.keys()], ['task_run']);
  writer.write({ batches: [encodeRows('task_run', rows.slice(200, 400))] });
  const mixed = rows.slice(390, 410);
  assert.deepEqual(writer.write({ batches: [encodeRows('task_run', mixed)] }), {
    inserted: 10,
    changed: 0,
    unchanged: 10,
  });
  writer.close();
  const again = openWriter(path, { onChange });
  again.write({ batches: [encodeRows('task_run', rows.slice(410))] });
  again.close();
  assert.deepEqual(dictionaries(path), made);
  assert.deepEqual(contents(path), textsOf(rows));
  const db = new Sqlite(path, { readonly: true });
  t.after(() => db.close());
  const streams = db.prepare('SELECT z FROM task_run_json').pluck().all() as Buffer[];
  assert.deepEqual(
    new Set(streams.map(dictionaryOf)),
    new Set([made.get('task_run')?.adler]),
    'the rows of the first page as well',
  );
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
  writer.write({ batches: [encodeRows('task_run', changed)] });
  writer.close();
  assert.deepEqual(contents(path), textsOf(changed));
});

test('a page that is rolled back leaves no dictionary behind', (t) => {
  const path = join(tempDir(t), 'a.sqlite');
  // so many that none of which can be kept are no fault of the rows
  const rows = [...taskRuns(5, { rows: 80, flowRuns: 2 })];
  const writer = openWriter(path, { onChange });
  const good = encodeRows('task_run', rows);
  const unbindable = good.texts.map(() => ({})) as unknown as string[];
  const broken = { ...good, hashes: good.hashes.map((hash) => hash + 1), texts: unbindable };
  assert.throws(() => writer.write({ batches: [broken] }));
  assert.equal(dictionaries(path).size, 0);
  writer.write({ batches: [good] });
  writer.close();
  assert.deepEqual(contents(path), textsOf(rows));
});

test('a spoilt dictionary loses no row: it is kept twice', (t) => {
  const path = join(tempDir(t), 'a.sqlite');
  const rows = [...taskRuns(6, { rows: 1000, flowRuns: 20 })];
  const writer = openWriter(path, { onChange });
  for (let from = 0; from < rows.length; from += 200)
    writer.write({ batches: [encodeRows('task_run', rows.slice(from, from + 200))] });
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
