import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, stat, writeFile as write } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { z } from 'zod';
import { openJsonFile } from '../../src-main/core/files/json-file.ts';
import { Latest } from '../../src-main/core/archive/latest.ts';
import { builtinPresets, Presets } from '../../src-main/core/files/presets.ts';
import { csvCell, csvLine } from '../../src-main/export/csv.ts';
import { writeFile, type Chunk } from '../../src-main/export/file.ts';

let dir = '';
before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'taskscope-core-'));
});
after(() => rm(dir, { recursive: true, force: true }));

test('a JSON file is there after set, with its mode, and read back', async () => {
  const path = join(dir, 'a.json');
  const file = await openJsonFile(path, z.array(z.number()), [], { mode: 0o600 });
  await Promise.all([file.change((all) => [...all, 1]), file.change((all) => [...all, 2])]); // neither is lost
  assert.deepEqual(JSON.parse(await readFile(path, 'utf8')), [1, 2]);
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  assert.deepEqual((await openJsonFile(path, z.array(z.number()), [])).get(), [1, 2]);
});

test('an unreadable JSON file is set aside, not overwritten', async () => {
  const path = join(dir, 'b.json');
  await write(path, '{"half": ');
  const file = await openJsonFile(path, z.array(z.number()), []);
  assert.deepEqual(file.get(), []);
  assert.ok(file.setAside);
  assert.equal(await readFile(file.setAside, 'utf8'), '{"half": ');
});

test('a read-only JSON file refuses to change', async () => {
  const file = await openJsonFile(join(dir, 'c.json'), z.array(z.number()), [], { readOnly: true });
  await assert.rejects(
    file.change(() => [1]),
    { code: 'FOLDER_READ_ONLY' },
  );
  assert.deepEqual(file.get(), []);
});

test('presets: save, rename, update, remove, kept over a restart; built-in ones stand', async () => {
  const path = join(dir, 'presets.json');
  const presets = await Presets.open(path, false);
  const query = { where: { field: 'state_type', in: ['FAILED'] }, sort: [] };
  const saved = await presets.save({ name: 'Mine', query, columns: null });
  await assert.rejects(presets.save({ name: 'mine', query, columns: null }), { code: 'BAD_INPUT' });
  await presets.update({ ...saved, name: 'Renamed', columns: ['id'] });
  const again = await Presets.open(path, false);
  assert.deepEqual(again.list().slice(builtinPresets.length), [{ ...saved, name: 'Renamed', columns: ['id'] }]);
  await again.remove(saved.id);
  await assert.rejects(again.remove(saved.id), { code: 'NOT_FOUND' });
  await assert.rejects(again.remove('builtin-running'), { code: 'BAD_INPUT' });
  assert.equal((await Presets.open(path, false)).list().length, builtinPresets.length);
});

test('Latest gives the present value, then the newest, and ends with its signal', async () => {
  const latest = new Latest(1);
  const abort = new AbortController();
  const got: number[] = [];
  const done = (async () => {
    for await (const value of latest.watch(abort.signal)) {
      got.push(value);
      if (value === 3) abort.abort();
    }
  })();
  await new Promise((resolve) => setImmediate(resolve));
  latest.set(2);
  latest.set(3);
  await done;
  assert.deepEqual(got, [1, 3]);
});

test('CSV cells: quotes, missing against empty, times, lists, spreadsheet guard only when asked', () => {
  assert.equal(csvCell(null, 'text', false), '');
  assert.equal(csvCell('', 'text', false), '""');
  assert.equal(csvCell('a,"b"\n', 'text', false), '"a,""b""\n"');
  assert.equal(csvCell(1_600_000_000_000_001, 'time', false), '2020-09-13T12:26:40.000001Z');
  assert.equal(csvCell(['a,b', 'c'], 'tags', false), '"[""a,b"",""c""]"');
  assert.equal(csvCell('=1+1', 'text', false), '=1+1');
  assert.equal(csvCell('=1+1', 'text', true), "'=1+1");
  assert.equal(csvCell(-1.5, 'number', true), '-1.5');
  assert.equal(csvLine(['a', 'b']), 'a,b\r\n');
});

async function* chunks(n: number, fail = false): AsyncGenerator<Chunk> {
  for (let i = 1; i <= n; i++) {
    if (fail && i === n) throw new Error('source failed');
    yield { chunk: Buffer.from(`${i}\n`), rows: i, total: n };
  }
}

test('an export file appears whole under its name', async () => {
  const path = join(dir, 'out.csv');
  let last;
  for await (const progress of writeFile(path, chunks(3))) last = progress;
  assert.deepEqual(last, { rows: 3, total: 3, bytes: 6 });
  assert.equal(await readFile(path, 'utf8'), '1\n2\n3\n');
});

test('an export that fails or is ended leaves no file, and an old one as it was', async () => {
  const path = join(dir, 'old.csv');
  await write(path, 'old');
  await assert.rejects(async () => {
    for await (const _ of writeFile(path, chunks(3, true)));
  }, /source failed/);
  for await (const _ of writeFile(path, chunks(3))) break;
  assert.equal(await readFile(path, 'utf8'), 'old');
  assert.deepEqual(
    (await readdir(dir)).filter((name) => name.includes('partial')),
    [],
  );
  await assert.rejects(
    async () => {
      for await (const _ of writeFile(join(dir, 'no', 'such', 'x.csv'), chunks(1)));
    },
    { code: 'FILE_NOT_WRITABLE' },
  );
});
