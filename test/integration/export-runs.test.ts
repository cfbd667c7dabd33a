/** Exports of a real archive: every row of one state, whatever values it has and whatever is written meanwhile. */
import assert from 'node:assert/strict';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { errorWords } from '../../src-main/contract/error-words.ts';
import { toAppError } from '../../src-main/contract/errors.ts';
import {
  exportColumn,
  exportOptionsSchema,
  MOST_XLSX_ROWS,
  tooManyRows,
  type ExportAsked,
} from '../../src-main/contract/export.ts';
import { activityFields, logChunks } from '../../src-main/core/workers/export/activity.ts';
import { exportRows, fieldsOf } from '../../src-main/core/workers/export/export.ts';
import { TRUE } from '../../src-main/contract/query.ts';
import { formatTime } from '../../src-main/contract/time.ts';
import { jsonPaths, moreValues } from '../../src-main/core/workers/more-columns.ts';
import { artifactFile } from '../../src-main/export/activity-text.ts';
import { openReader } from '../../src-main/store/read/reader.ts';
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

test('a list’s columns that its rows do not hold have the values of an export, and every path that is offered leads somewhere', async () => {
  const { signal } = new AbortController();
  const { engine, reader } = archive;
  const order = engine.ask({ where: TRUE, sort: [], now: 0 }).order;
  const { of, paths } = await jsonPaths(reader, order, signal);
  assert.ok(of > 0 && paths.length > 0);
  for (const wanted of ['task_inputs.int64', 'flow_run.parameters.day', 'labels.prefect.flow.id', 'state.message'])
    assert.ok(
      paths.some(({ path }) => path === wanted),
      wanted,
    );
  const columns = [...paths.slice(0, 60).map(({ path }) => path), 'flow_run.parameters.day', 'labels.prefect.flow.id'];
  const distinct = [...new Set(['id', 'flow_run.state_name', 'flow_run.created', ...columns])];
  const lines = (await exported({ format: 'jsonl', columns: distinct })).trimEnd().split('\n');
  const rows = lines.map((line) => JSON.parse(line) as { id: string } & Record<string, unknown>);
  const ids = [...rows.map(({ id }) => id), '00000000-0000-4000-8000-00000000dead'];
  const values = await moreValues(engine, reader, { ids, columns: distinct, most: null }, signal);
  const shown = await moreValues(engine, reader, { ids, columns: distinct, most: 3 }, signal);
  assert.equal(values.pop(), null);
  const met = new Set<string>();
  for (const [r, row] of rows.entries())
    for (const [c, path] of distinct.entries()) {
      const [value, cut] = [values[r]?.[c] ?? null, shown[r]?.[c] ?? null];
      const { kind } = exportColumn(path);
      const plain = kind === 'json' && value !== null ? (JSON.parse(value as string) as unknown) : value;
      assert.deepEqual(kind === 'time' && plain !== null ? formatTime(plain as number) : plain, row[path], path);
      if (plain !== null) met.add(path);
      if (typeof cut === 'string') assert.ok(cut.length <= 3);
      if (typeof plain === 'string' && kind === 'json') assert.equal(cut, plain.slice(0, 3));
    }
  for (const { path } of paths.slice(0, 60)) assert.ok(met.has(path), path);
});

test('more rows than a sheet holds are refused in a sentence before anything is written, and the window asks the same', async () => {
  const [rid] = archive.engine.ask({ where: TRUE, sort: [], now: 0 }).order;
  const options = exportOptionsSchema.parse({ format: 'xlsx', columns: ['id'] });
  const reader = openReader(join(archive.dir, 'archive.sqlite'));
  const frozen = archive.engine.freeze(fieldsOf(options));
  // one run over and over: what counts is how many rows the answer has
  const order = new Uint32Array(MOST_XLSX_ROWS + 1).fill(rid);
  const snapshot = { engine: archive.engine, order, frozen, reader, release: () => undefined };
  const path = join(archive.dir, 'mine.xlsx');
  await writeFile(path, 'mine');
  const names = (await readdir(archive.dir)).sort();
  const items = exportRows(snapshot, options, { path, overwrite: true }, new AbortController().signal);
  await assert.rejects(items.next(), (thrown) => {
    const { title, advice } = errorWords(toAppError(thrown));
    assert.equal(title, 'These are 1,048,576 rows, and a sheet holds 1,048,575');
    return advice.includes('CSV or Parquet');
  });
  archive.engine.thaw(frozen);
  reader.close();
  assert.equal(await readFile(path, 'utf8'), 'mine');
  assert.deepEqual((await readdir(archive.dir)).sort(), names);
  assert.equal(tooManyRows(options, MOST_XLSX_ROWS), null);
  assert.equal(tooManyRows({ format: 'csv' }, order.length), null);
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
  const all: ExportAsked[] = [{}, { columns }, { format: 'jsonl' }, ...(['json', 'parquet', 'xlsx'] as const).map((format) => ({ format, columns }))]; // prettier-ignore
  for (const asked of all) {
    const [quiet, rounds, runs] = [await exported(asked), round, archive.count()];
    assert.ok((await exported(asked, meanwhile)) === quiet, JSON.stringify(asked));
    assert.ok(round > rounds && archive.count() > runs);
  }
});

test('logs and artifacts of the runs of a question: every line, each artifact as a file', async () => {
  const [first, second] = archive.ids();
  const line = (i: number, level: number, message: string) => ({
    ...{ id: `00000000-0000-4000-8000-00000000000${i}`, name: 'prefect.task_runs', level, message },
    timestamp: 1_790_000_000_000_000 + i,
  });
  const artifact = (id: string, type: string, data: string) => ({
    ...{ id, key: 'report/../x', type, description: null, data, truncated: false, created: null, updated: null },
  });
  const kept = { history: [], gap: null, kept: 0, count: null, fetched: 1, problem: null, missed: {} };
  const traceback = 'Finished\nTraceback (most recent call last):\n  File "a.py"\nValueError: =1';
  archive.writer.saveActivity(
    first,
    {
      ...kept,
      logs: [line(1, 20, '\u001b[32mbegin\u001b[0m, "quoted"'), line(2, 40, traceback)],
      artifacts: [
        artifact('11111111-0000-4000-8000-000000000001', 'markdown', JSON.stringify('# Title\n')),
        artifact(
          '11111111-0000-4000-8000-000000000002',
          'table',
          JSON.stringify('[{"a": 1.50, "b": "x,y"}, {"a": null}]'),
        ),
        artifact('11111111-0000-4000-8000-000000000003', 'table', JSON.stringify('{"a": [1, 2], "b": ["é"]}')),
        artifact('11111111-0000-4000-8000-000000000004', 'progress', '50.0'),
      ],
    },
    null,
  );
  archive.writer.saveActivity(second, { ...kept, logs: [line(3, 50, '=other')], artifacts: [] }, null);

  const text = await exported({ what: 'logs', format: 'text' });
  assert.equal(text.split('\n').filter((one) => /^\d{4}-/.test(one)).length, 3);
  assert.match(text, /ERROR {4}.*Finished\n {4}Traceback/);
  const lines = (await exported({ what: 'logs', format: 'jsonl' })).trimEnd().split('\n');
  assert.deepEqual(
    lines.map((one) => (JSON.parse(one) as { task_run_id: string; message: string }).message),
    ['\u001b[32mbegin\u001b[0m, "quoted"', traceback, '=other'],
  );
  const shown = { find: 'other', regex: false, inverted: true, off: [], logger: null, context: 0 };
  const some = await exported({ what: 'logs', format: 'text', lines: { ...shown, off: ['error'] } });
  assert.match(some, /^\S+ INFO {5}.* begin, "quoted"\n$/, 'the lines that the window shows, without colours');
  const errors = await exported({ what: 'logs', format: 'jsonl', lines: { ...shown, find: 'finished', inverted: false, context: 3 } }); // prettier-ignore
  assert.equal(errors.trimEnd().split('\n').length, 2, 'lines around are of the same run');
  const csv = await exported({ what: 'logs', format: 'csv' });
  assert.ok(csv.startsWith('timestamp,level,level_name,logger,message,task_run_id,task_run_name,flow_run_name\r\n'));
  assert.ok(csv.includes('20,INFO,prefect.task_runs,"begin, ""quoted""",'));
  const sheet = { delimiter: ';', safe: true, bom: true, header: 'title' } as const;
  const people = await exported({ what: 'logs', format: 'csv', ...sheet });
  assert.ok(people.startsWith('\ufeffTime;Level number;Level;Logger;Message;Task run id;Task run;Flow run\r\n'));
  assert.ok(people.includes(`50;CRITICAL;prefect.task_runs;'=other;`), people);

  const path = await archive.export('artifacts', { what: 'artifacts', format: 'files' });
  const names = (await readdir(path)).sort();
  assert.deepEqual(
    names.map((name) => name.slice(name.lastIndexOf('_'))),
    ['1.md', '2.csv', '3.csv', '4.json'].map((end) => `_11111111-0000-4000-8000-00000000000${end}`),
  );
  assert.deepEqual(await Promise.all(names.map((name) => readFile(join(path, name), 'utf8'))), [
    '# Title\n',
    'a,b\r\n1.50,"x,y"\r\n,\r\n',
    'a,b\r\n1,é\r\n2,\r\n',
    '50.0',
  ]);
  const sheets = await archive.export('sheets', { what: 'artifacts', format: 'files', ...sheet });
  const tables = names.filter((name) => name.endsWith('.csv')).map((name) => readFile(join(sheets, name), 'utf8'));
  assert.deepEqual(await Promise.all(tables), ['\ufeffa;b\r\n1.50;x,y\r\n;\r\n', '\ufeffa;b\r\n1;é\r\n2;\r\n']);
  await assert.rejects(archive.export('artifacts', { what: 'artifacts', format: 'files' }), { code: 'FILE_EXISTS' });

  const columns = ['id', 'error_lines', 'traceback'];
  const rows = (await exported({ format: 'jsonl', columns }))
    .trimEnd()
    .split('\n')
    .map((one) => JSON.parse(one) as Record<string, unknown>);
  assert.deepEqual(
    rows.slice(0, 3).map(({ error_lines }) => error_lines),
    [1, 1, null],
  );
  assert.equal(rows[0].traceback, traceback.slice('Finished\n'.length));
});

test('long logs are written in chunks of about 1 MB', () => {
  const big = 'm'.repeat(1_000_000);
  const ids = archive.ids();
  const kept = { history: [], artifacts: [], gap: null, kept: 0, count: null, fetched: 1, problem: null, missed: {} };
  // 25 lines of 1 MB: several parts of a run, each chunk about one line
  const logs = Array.from({ length: 25 }, (_, i) => ({
    ...{ id: `22222222-0000-4000-8000-${String(i).padStart(12, '0')}`, name: 'big', level: 20, message: big },
    timestamp: 1_790_000_001_000_000 + i,
  }));
  archive.writer.saveActivity(ids[2], { ...kept, logs }, null);
  const reader = openReader(join(archive.dir, 'archive.sqlite'));
  const frozen = archive.engine.freeze(activityFields);
  const { order } = archive.engine.ask({ where: { field: 'id', in: [ids[2]] }, sort: [], now: 0 });
  const snapshot = { engine: archive.engine, order, frozen, reader, release: () => undefined };
  const sizes: number[] = [];
  let lines = 0;
  for (const { chunk, rows } of logChunks(snapshot, exportOptionsSchema.parse({ what: 'logs', format: 'jsonl' }))) {
    sizes.push(chunk.byteLength);
    lines = rows;
  }
  archive.engine.thaw(frozen);
  reader.close();
  assert.equal(lines, 25);
  assert.ok(Math.max(...sizes) < 2_000_000, sizes.join());
});

test('a table artifact with too many cells is written as it is', () => {
  const rows = Array.from({ length: 8_000 }, (_, i) => ({ [`k${i}`]: 1 }));
  const columns = Object.fromEntries(rows.map((_, i) => [`k${i}`, i === 0 ? rows.map(() => 1) : []]));
  const run = { id: 'r', name: 'run', flow_run: null };
  for (const table of [rows, columns]) {
    const text = JSON.stringify(table);
    const artifact = { id: 'a', key: 'k', type: 'table', description: null, created: null, updated: null };
    const file = artifactFile(
      { ...artifact, data: JSON.stringify(text), truncated: false },
      run,
      exportOptionsSchema.parse({}),
    );
    assert.deepEqual(file, { name: 'run_k_a.json', text });
  }
});
