/** Parquet as DuckDB reads it, over hostile values; one file, or a folder by day that is whole or not there. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { parseTime } from '../../src-main/contract/time.ts';
import { askDuck as ask } from '../fixtures/duck.ts';
import { ExportArchive } from '../fixtures/export-archive.ts';
import { BIG, formed, hostileRows, INT64, type HostileRow } from '../fixtures/hostile-rows.ts';

const columns = ['id', 'name', 'state.message', 'tags', 'run_count', 'total_run_time', 'start_time', 'task_inputs.int64', 'task_inputs.big']; // prettier-ignore
let archive: ExportArchive;
let rows: HostileRow[] = [];
before(async () => {
  archive = await ExportArchive.make(hostileRows());
  rows = archive.sent<HostileRow>();
});
after(() => archive.close());

/** The binding drops a byte order mark at the beginning of a text, so texts are compared by their bytes. */
const hex = (text: string | null) =>
  text === null ? null : Buffer.from(text.toWellFormed()).toString('hex').toUpperCase();
const unmarked = (text: string | null) => text?.replace(/^\ufeff/, '') ?? null;
const micros = ({ start_time }: HostileRow) => (start_time === null ? null : parseTime(start_time));

describe('Parquet', () => {
  const sql = (path: string) =>
    `SELECT id, hex(name), hex("state.message"), tags, run_count, total_run_time, epoch_us(start_time), "task_inputs.int64", "task_inputs.big" FROM read_parquet('${path}')`;
  const expected = (row: HostileRow) => [
    ...[row.id, hex(row.name), hex(row.state.message), row.tags.map(formed).map(unmarked)],
    ...[row.run_count, row.total_run_time, micros(row), INT64, BIG],
  ];
  const plain = (found: unknown[][]) =>
    found.map((row) => row.map((value) => (typeof value === 'bigint' ? Number(value) : value)));

  for (const compression of ['zstd', 'snappy'] as const)
    test(`DuckDB gets every value by its type, with ${compression}`, async () => {
      const path = await archive.export('rows.parquet', { format: 'parquet', columns, compression });
      const found = plain(await ask(sql(path)));
      assert.equal(found.length, archive.count());
      // row by row: the difference of all rows at once is a million characters
      found.forEach((row, i) => assert.deepEqual(row, expected(rows[i])));
      const types = await ask(`SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM read_parquet('${path}'))`);
      assert.deepEqual(Object.fromEntries(types), {
        ...{ id: 'VARCHAR', name: 'VARCHAR', 'state.message': 'VARCHAR', tags: 'VARCHAR[]', run_count: 'BIGINT' },
        ...{ total_run_time: 'DOUBLE', start_time: 'TIMESTAMP WITH TIME ZONE' },
        ...{ 'task_inputs.int64': 'VARCHAR', 'task_inputs.big': 'VARCHAR' },
      });
    });

  test('a folder by day: DuckDB finds every run in the file of its day', async () => {
    const path = await archive.export('days', { format: 'parquet', by_day: true });
    const [[count, wrong]] = (await ask(
      `SELECT count(*), count(*) FILTER (WHERE day IS DISTINCT FROM strftime(expected_start_time AT TIME ZONE 'UTC', '%Y-%m-%d')) FROM read_parquet('${path}/*/*.parquet', hive_partitioning = true, hive_types_autocast = false)`,
    )) as [[bigint, bigint]];
    assert.deepEqual([Number(count), Number(wrong)], [archive.count(), 0]);
  });

  test('no rows are a file with columns', async () => {
    const none = { field: 'name', in: ['no run has this name'] };
    const path = await archive.export('none.parquet', { format: 'parquet', where: none });
    assert.deepEqual(Number((await ask(`SELECT count(*) FROM read_parquet('${path}')`))[0]?.[0]), 0);
  });
});

test('a folder by day: whole or not there; only one that an export made is replaced', async () => {
  const asked = { format: 'parquet' as const, by_day: true };
  const path = await archive.export('days', asked);
  const days = (await readdir(path)).sort();
  assert.ok(days.length > 50 && days.includes('day=__HIVE_DEFAULT_PARTITION__'), days.join());
  assert.ok(days.slice(0, -1).every((day) => /^day=\d{4}-\d\d-\d\d$/.test(day)));
  await assert.rejects(archive.export('days', asked, { overwrite: false }), { code: 'FILE_EXISTS' });
  await archive.export('days', asked);
  await writeFile(join(path, 'mine.txt'), 'mine');
  await assert.rejects(archive.export('days', asked), { code: 'FILE_EXISTS' });
  assert.equal(await readFile(join(path, 'mine.txt'), 'utf8'), 'mine');
  await mkdir(join(archive.dir, 'empty'));
  await archive.export('empty', asked, { overwrite: false });
  const abort = new AbortController();
  const ended = archive.export('ended', asked, { signal: abort.signal, meanwhile: () => abort.abort() });
  await assert.rejects(ended, { code: 'CANCELLED' });
  assert.ok(!existsSync(join(archive.dir, 'ended')));
  assert.ok((await readdir(archive.dir)).every((name) => !name.endsWith('partial')));
});
