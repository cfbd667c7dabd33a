/** Exports of a real archive: every row of one state, whatever values it has and whatever is written meanwhile, in every format. */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { exportOptionsSchema, type ExportAsked } from '../../src-main/contract/export.ts';
import { TRUE } from '../../src-main/contract/query.ts';
import { columnsOf, exportRows, fieldsOf } from '../../src-main/core/workers/export.ts';
import { takeSnapshot } from '../../src-main/core/workers/export-snapshot.ts';
import { Engine } from '../../src-main/query/engine.ts';
import type { Change } from '../../src-main/store/columns.ts';
import { openReader, type Reader } from '../../src-main/store/read/reader.ts';
import { encodeRows } from '../../src-main/store/write/encode.ts';
import { openWriter, type Writer } from '../../src-main/store/write/writer.ts';
import { hostileRows } from '../fixtures/hostile-rows.ts';

let dir = '';
let writer: Writer;
let reader: Reader;
let engine: Engine;
let pending: Change[] = [];
const signal = new AbortController().signal;

const put = (entity: 'task_run' | 'flow_run' | 'flow', values: readonly Record<string, unknown>[]) =>
  writer.write({
    batches: [
      encodeRows(
        entity,
        values.map((value) => ({ json: JSON.stringify(value), value })),
      ),
    ],
  });
const update = () => {
  for (const change of pending.splice(0)) engine.apply(change);
};

before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'taskscope-export-runs-'));
  const path = join(dir, 'archive.sqlite');
  writer = openWriter(path, { onChange: (change) => pending.push(change) });
  for (const [entity, rows] of hostileRows())
    writer.write({
      batches: [
        encodeRows(
          entity,
          rows.map((json) => ({ json, value: JSON.parse(json) as Record<string, unknown> })),
        ),
      ],
    });
  reader = openReader(path);
  engine = new Engine(reader, { dialect: 'sqlite' });
  pending = [];
  engine.load(reader.batch());
});
after(async () => {
  reader.close();
  writer.close();
  await rm(dir, { recursive: true, force: true });
});

const sort = [{ field: 'name', dir: 'asc' as const }];
const count = () => engine.count('task_run', TRUE, 0);
const ids = () => Array.from(engine.ask({ where: TRUE, sort, now: 0 }).order, (rid) => engine.idOf('task_run', rid));

async function exported(asked: ExportAsked, meanwhile: () => void = () => undefined): Promise<string> {
  const options = exportOptionsSchema.parse(asked);
  const fields = fieldsOf(columnsOf(options) ?? []);
  const order = () => engine.ask({ where: TRUE, sort, now: 0 }).order;
  const open = () => openReader(join(dir, 'archive.sqlite'));
  const snapshot = await takeSnapshot({ engine, open, update, order, fields, signal });
  const path = join(dir, 'out');
  try {
    for await (const item of exportRows(snapshot, options, { path, overwrite: true }, signal))
      if (item.kind === 'progress') meanwhile();
  } finally {
    snapshot.release();
  }
  return readFile(path, 'utf8');
}

test('JSON lines are the rows as the server sent them; the array holds the same', async () => {
  const sent = new Map(
    hostileRows()
      .flatMap(([entity, rows]) => (entity === 'task_run' ? rows : []))
      .map((json) => [(JSON.parse(json) as { id: string }).id, json]),
  );
  const lines = (await exported({ format: 'jsonl' })).split('\n');
  assert.equal(lines.pop(), '');
  assert.deepEqual(
    lines,
    ids().map((id) => sent.get(id)?.replaceAll('\n', ' ')),
  );
  assert.deepEqual(
    JSON.parse(await exported({ format: 'json' })),
    lines.map((line) => JSON.parse(line) as unknown),
  );
});

test('chosen columns as JSON: numbers as they stand, paths into the rows, what a row lacks is null', async () => {
  const columns = [
    'id',
    'state.message',
    'task_inputs.big',
    'flow_run.parameters.day',
    'labels.prefect.flow.id',
    'tags',
    'start_time',
  ];
  const lines = (await exported({ format: 'jsonl', columns })).trimEnd().split('\n');
  assert.equal(lines.length, count());
  assert.ok(lines.some((line) => line.includes('"task_inputs.big":123456789012345678901234567890.50,')));
  for (const line of lines) assert.deepEqual(Object.keys(JSON.parse(line) as object), columns);
});

test('a column that is neither a field nor a key of the rows is refused, and says which there are', async () => {
  await assert.rejects(exported({ columns: ['id', 'nope'] }), { code: 'BAD_INPUT', message: /nope/ });
  await assert.rejects(exported({ columns: ['flow_run.nope.x'] }), { code: 'BAD_INPUT' });
  await exported({ columns: ['task_inputs.nothing.has.this'] });
});

test('what is written during an export is not in it: all rows are of one state', async () => {
  const columns = ['id', 'name', 'state_type', 'flow_run.name', 'state.message', 'flow_run.parameters.day'];
  const rows = hostileRows().find(([entity]) => entity === 'task_run')?.[1] ?? [];
  const flowRuns = hostileRows().find(([entity]) => entity === 'flow_run')?.[1] ?? [];
  let round = 0;
  const meanwhile = () => {
    round += 1;
    const changed = (json: string) => ({ ...(JSON.parse(json) as object), name: `changed ${round}` });
    put('task_run', rows.slice(0, 5).map(changed));
    put('task_run', [{ id: `99999999-0000-4000-8000-${String(round).padStart(12, '0')}`, name: `a new one ${round}` }]);
    put('flow_run', flowRuns.map(changed));
    update();
  };
  for (const asked of [{}, { format: 'jsonl' as const }, { columns }, { format: 'json' as const, columns }]) {
    const [quiet, rounds, runs] = [await exported(asked), round, count()];
    assert.equal(await exported(asked, meanwhile), quiet);
    assert.ok(round > rounds && count() > runs);
  }
});
