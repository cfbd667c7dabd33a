/** Rows in the file = rows on screen: an export of an answer has its rows, in its order, whatever was written since, in every format. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { openPromise } from 'yauzl';
import { exportOptionsSchema, type ExportAsked } from '../../src-main/contract/export.ts';
import { QueryResults } from '../../src-main/core/workers/results.ts';
import { encodeRows } from '../../src-main/store/write/encode.ts';
import { openWriter } from '../../src-main/store/write/writer.ts';
import { askDuck } from '../fixtures/duck.ts';
import { tempDir } from '../fixtures/temp-dir.ts';

const RUNS = 1200;
const never = { signal: new AbortController().signal };
const idOf = (i: number) => `${i.toString(16).padStart(8, '0')}-0000-4000-8000-000000000000`;

async function archive(t: TestContext) {
  const dir = tempDir(t);
  const results = new QueryResults();
  const writer = openWriter(join(dir, 'a.sqlite'), { onChange: (change) => results.onChange(change) });
  t.after(async () => {
    await results.close();
    writer.close();
  });
  const put = (numbers: readonly number[], state: string) => {
    const rows = numbers.map((i) => {
      const value = { id: idOf(i), name: `run ${i}`, state_type: state, state_name: state };
      return { json: JSON.stringify(value), value };
    });
    writer.write({ batches: [encodeRows('task_run', rows)] });
  };
  put([...Array(RUNS).keys()], 'FAILED');
  await results.handlers.open(
    { path: join(dir, 'a.sqlite'), dialect: 'sqlite', watchFile: false, foreign: false },
    never,
  );
  return { dir, results, writer, put };
}

const query = {
  where: { field: 'state_type', in: ['FAILED'] },
  sort: [{ field: 'name', dir: 'desc' as const }],
};

const duckIds = async (source: string): Promise<string[]> =>
  (await askDuck(`SELECT id FROM ${source}`)).map(([id]) => id as string);

async function sheetIds(path: string): Promise<string[]> {
  const zip = await openPromise(path);
  const parts: Buffer[] = [];
  for await (const entry of zip.eachEntry())
    if (entry.fileName.endsWith('sheet1.xml'))
      for await (const part of (await zip.openReadStreamPromise(entry)) as AsyncIterable<Buffer>) parts.push(part);
  return Array.from(
    Buffer.concat(parts)
      .toString()
      .matchAll(/r="A(?!1")\d+"[^>]*><is><t[^>]*>([^<]*)/g),
    ([, id]) => id,
  );
}

const text = (path: string) => readFile(path, 'utf8');
const idsIn: [ExportAsked, (path: string) => Promise<string[]>][] = [
  [{ format: 'csv' }, async (path) => (await text(path)).trimEnd().split('\r\n').slice(1)],
  [{ format: 'jsonl' }, async (path) => (await text(path)).trimEnd().split('\n').map(idIn)],
  [{ format: 'json' }, async (path) => (JSON.parse(await text(path)) as { id: string }[]).map(({ id }) => id)],
  [{ format: 'parquet' }, (path) => duckIds(`read_parquet('${path}')`)],
  [{ format: 'parquet', by_day: true }, (path) => duckIds(`read_parquet('${path}/*/*.parquet')`)],
  [{ format: 'xlsx' }, sheetIds],
];
const idIn = (line: string) => (JSON.parse(line) as { id: string }).id;

test('runs that come, change or go after the list was shown do not change which rows an export of it has', async (t) => {
  const { dir, results, writer, put } = await archive(t);
  const { handlers } = results;
  const ask = { query, rows: { from: 0, to: 10 }, facets: [], histogram: null };
  const shown = await handlers.ask(ask, never);
  const order = Array.from({ length: RUNS }, (_, i) => `run ${i}`).sort().reverse(); // prettier-ignore
  const onScreen = order.map((name) => idOf(Number(name.slice('run '.length))));
  assert.equal(shown.count, RUNS);

  put(
    [...Array(300).keys()].map((i) => RUNS + i),
    'FAILED',
  );
  put([5, 6, 7], 'COMPLETED');
  for (const [i, [asked, read]] of idsIn.entries()) {
    const path = join(dir, String(i));
    const options = exportOptionsSchema.parse({ ...asked, columns: ['id'] });
    let rows = 0;
    for await (const item of handlers.export(
      { ...options, query, result: shown.result, path, overwrite: false },
      never,
    )) {
      rows = item.rows;
      put([2000 + i], 'FAILED');
    }
    assert.equal(rows, shown.count);
    assert.deepEqual(await read(path), onScreen, JSON.stringify(asked));
  }

  // only what retention has removed cannot be written any more
  writer.remove('task_run', [idOf(9)], 0);
  const [asked, read] = idsIn[0];
  const last = {
    ...exportOptionsSchema.parse({ ...asked, columns: ['id'] }),
    query,
    path: join(dir, 'last'),
    overwrite: false,
  };
  for await (const _ of handlers.export({ ...last, result: shown.result }, never));
  assert.deepEqual(await read(last.path), onScreen.filter((id) => id !== idOf(9))); // prettier-ignore

  await assert.rejects(
    async () => {
      for await (const _ of handlers.export({ ...last, result: 'unknown', overwrite: true }, never));
    },
    { code: 'NOT_FOUND' },
  );
});
