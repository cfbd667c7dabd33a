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
/** Of the expected starts; null: that run has none. */
const DAYS = ['2026-11-21T23:59:59Z', '2026-11-22T00:00:00Z', '2026-11-24T12:00:00Z', null];
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
      const time = DAYS[i % DAYS.length];
      const value = { id: idOf(i), name: `run ${i}`, state_type: state, state_name: state, expected_start_time: time };
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
  const day = (id: string) => DAYS[Number.parseInt(id, 16) % DAYS.length] ?? '9';
  const byDay = onScreen.toSorted((a, b) => day(a).localeCompare(day(b)));

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
    // each day's runs in their order
    assert.deepEqual(await read(path), asked.by_day ? byDay : onScreen, JSON.stringify(asked));
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

test('notes are exported as they are, in every format; a window that only reads sees them, and a workspace opened anew still has them', async (t) => {
  const { dir, results } = await archive(t);
  const { handlers } = results;
  const note = 'disk, "full";\n=1+1\t😀 é';
  const run = { kind: 'task_run' as const, id: idOf(3) };
  const version = async (of: QueryResults) => {
    for await (const news of of.handlers.watch({}, never)) return news.version;
    return -1;
  };
  const before = await version(results);
  const made = await handlers.changeNotes(
    { changes: [{ ...run, text: { was: '', now: note }, bookmarked: true, seen: 1_700_000_000_000_000 }] },
    never,
  );
  assert.equal(made.notes[0].text, note);
  assert.ok((await version(results)) > before, 'windows are told');
  await assert.rejects(async () => handlers.changeNotes({ changes: [{ ...run, text: { was: 'x', now: 'y'.repeat(9_999) } }] }, never), { code: 'BAD_INPUT' }); // prettier-ignore

  const columns = ['id', 'note', 'bookmarked', 'seen', 'seen_at'];
  const where = { field: 'id', in: [idOf(3), idOf(4)] };
  const sort = [{ field: 'bookmarked', dir: 'desc' as const }];
  const write = async (asked: ExportAsked, name: string): Promise<string> => {
    const path = join(dir, name);
    const options = exportOptionsSchema.parse({ ...asked, columns });
    const place = { query: { where, sort }, result: null, path, overwrite: true };
    for await (const _ of handlers.export({ ...options, ...place }, never));
    return path;
  };
  const expected = [
    { id: idOf(3), note, bookmarked: true, seen: true, seen_at: '2023-11-14T22:13:20.000000Z' },
    { id: idOf(4), note: null, bookmarked: false, seen: false, seen_at: null },
  ];
  assert.deepEqual(JSON.parse(await text(await write({ format: 'json' }, 'n.json'))), expected);
  const lines = (await text(await write({ format: 'jsonl' }, 'n.jsonl'))).trimEnd().split('\n');
  assert.deepEqual(
    lines.map((line) => JSON.parse(line) as unknown),
    expected,
  );
  const csv = await text(await write({ format: 'csv' }, 'n.csv'));
  assert.ok(csv.includes(`${idOf(3)},"disk, ""full"";\n=1+1\t😀 é",true,true,2023-11-14T22:13:20.000000Z\r\n`), csv);
  assert.ok(csv.includes(`${idOf(4)},,false,false,\r\n`), csv);
  const parquet = await write({ format: 'parquet' }, 'n.parquet');
  assert.deepEqual(
    await askDuck(`SELECT id, note, bookmarked, seen FROM read_parquet('${parquet}')`),
    expected.map((one) => [one.id, one.note, one.bookmarked, one.seen]),
  );
  const zip = await openPromise(await write({ format: 'xlsx' }, 'n.xlsx'));
  let sheet = '';
  for await (const entry of zip.eachEntry())
    if (entry.fileName.endsWith('sheet1.xml'))
      for await (const part of (await zip.openReadStreamPromise(entry)) as AsyncIterable<Buffer>)
        sheet += part.toString();
  assert.ok(sheet.includes('disk, "full";\n=1+1\t😀 é') || sheet.includes('disk, &quot;full&quot;;'), sheet);

  const open = async (watchFile: boolean) => {
    const other = new QueryResults();
    t.after(() => other.close());
    const told = await other.handlers.open({ path: join(dir, 'a.sqlite'), dialect: 'sqlite', watchFile, foreign: false }, never); // prettier-ignore
    assert.equal(told.notice, null);
    return other;
  };
  const reading = await open(true);
  assert.deepEqual(await reading.handlers.notes({ about: [run] }, never), made.notes);
  await assert.rejects(async () => reading.handlers.changeNotes({ changes: [{ ...run, bookmarked: false }] }, never), { code: 'FOLDER_IN_USE' }); // prettier-ignore
  await results.close();
  const again = await open(false);
  const found = await again.handlers.ids(
    { query: { where: { field: 'note', contains: 'DISK' }, sort: [] }, limit: 9 },
    never,
  );
  assert.deepEqual(found.ids, [idOf(3)]);
});
