/** Exports of a real archive: every row of one state, whatever values it has and whatever is written meanwhile. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { ExportAsked } from '../../src-main/contract/export.ts';
import { ExportArchive } from '../fixtures/export-archive.ts';
import { hostileRows } from '../fixtures/hostile-rows.ts';

const rows = new Map(hostileRows());
const taskRuns = rows.get('task_run') ?? [];
let archive: ExportArchive;
before(async () => {
  archive = await ExportArchive.make(hostileRows());
});
after(() => archive.close());

const exported = async (asked: ExportAsked, meanwhile?: () => void): Promise<string> =>
  readFile(await archive.export('out', asked, meanwhile ? { meanwhile } : {}), 'utf8');

test('JSON lines are the rows as the server sent them; the array holds the same', async () => {
  const sent = new Map(taskRuns.map((json) => [(JSON.parse(json) as { id: string }).id, json]));
  const lines = (await exported({ format: 'jsonl' })).split('\n');
  assert.equal(lines.pop(), '');
  assert.deepEqual(
    lines,
    archive.ids().map((id) => sent.get(id)?.replaceAll('\n', ' ')),
  );
  assert.deepEqual(
    JSON.parse(await exported({ format: 'json' })),
    lines.map((line) => JSON.parse(line) as unknown),
  );
});

test('chosen columns as JSON: numbers as they stand, paths into the rows, what a row lacks is null', async () => {
  const columns = [
    ...['id', 'state.message', 'task_inputs.int64', 'task_inputs.big', 'flow_run.parameters.day'],
    ...['labels.prefect.flow.id', 'tags', 'start_time', 'error_lines', 'traceback'],
  ];
  const lines = (await exported({ format: 'jsonl', columns })).trimEnd().split('\n');
  assert.equal(lines.length, archive.count());
  for (const line of lines) {
    assert.ok(line.includes('"task_inputs.int64":9223372036854775807,'));
    assert.ok(line.includes('"task_inputs.big":123456789012345678901234567890.50,'));
    assert.deepEqual(Object.keys(JSON.parse(line) as object), columns);
  }
});

test('a column that is neither a field nor a key of the rows is refused, and says which there are', async () => {
  await assert.rejects(exported({ columns: ['id', 'nope'] }), { code: 'BAD_INPUT', message: /nope/ });
  await assert.rejects(exported({ columns: ['flow_run.nope.x'] }), { code: 'BAD_INPUT' });
  await exported({ columns: ['task_inputs.nothing.has.this'] });
});

test('what is written during an export is not in it: all rows are of one state', async () => {
  const columns = ['id', 'name', 'state_type', 'flow_run.name', 'state.message', 'flow_run.parameters.day'];
  let round = 0;
  const meanwhile = () => {
    round += 1;
    const changed = (json: string) => JSON.stringify({ ...(JSON.parse(json) as object), name: `changed ${round}` });
    archive.put('task_run', taskRuns.slice(-5).map(changed));
    const id = `99999999-0000-4000-8000-${String(round).padStart(12, '0')}`;
    archive.put('task_run', [JSON.stringify({ id, name: `a new one ${round}` })]);
    archive.put('flow_run', (rows.get('flow_run') ?? []).map(changed));
    archive.update();
  };
  for (const asked of [{}, { format: 'jsonl' as const }, { columns }, { format: 'json' as const, columns }]) {
    const [quiet, rounds, runs] = [await exported(asked), round, archive.count()];
    assert.equal(await exported(asked, meanwhile), quiet, JSON.stringify(asked));
    assert.ok(round > rounds && archive.count() > runs);
  }
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
