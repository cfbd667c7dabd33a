import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile as write } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { z } from 'zod';
import { AppError } from '../../src-main/contract/errors.ts';
import { settingsSchema } from '../../src-main/contract/settings.ts';
import { openLogFile, keepOutOfLogs } from '../../src-main/core/files/log-file.ts';
import { entrySchema } from '../../src-main/core/workspaces/workspaces.ts';
import { networkName } from '../../src-main/store/file/network.ts';
import { timerMillis } from '../../src-main/contract/time.ts';
import { makePrivateFolder } from '../../src-main/store/file/private.ts';
import { fileSecrets, secretsOf } from '../../src-main/core/files/secrets.ts';
import type { Secrets } from '../../src-main/core/shell.ts';
import { openJsonFile } from '../../src-main/core/files/json-file.ts';
import { Latest } from '../../src-main/core/archive/latest.ts';
import { builtinPresets, Presets } from '../../src-main/core/files/presets.ts';
import { writeFile, type Chunk } from '../../src-main/export/file.ts';

let dir = '';
before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'taskscope-core-'));
});
after(() => rm(dir, { recursive: true, force: true }));

test('a JSON file is there after set, with its mode, and read back', async () => {
  const path = join(dir, 'a.json');
  const file = await openJsonFile(path, z.array(z.number()), [], { holds: 'numbers' });
  await Promise.all([file.change((all) => [...all, 1]), file.change((all) => [...all, 2])]); // neither is lost
  assert.deepEqual(JSON.parse(await readFile(path, 'utf8')), [1, 2]);
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  assert.deepEqual((await openJsonFile(path, z.array(z.number()), [], { holds: 'numbers' })).get(), [1, 2]);
});

test('an unreadable JSON file is set aside, not overwritten', async () => {
  const path = join(dir, 'b.json');
  await write(path, '{"half": ');
  const file = await openJsonFile(path, z.array(z.number()), [], { holds: 'numbers' });
  assert.deepEqual(file.get(), []);
  const { code, details } = file.setAside!;
  assert.equal(code, 'FILE_SET_ASIDE');
  assert.equal(await readFile(details.set_aside as string, 'utf8'), '{"half": ');
  assert.deepEqual([details.path, details.content], [path, 'numbers: 9 bytes that are not JSON']);
});

test('what is set aside is counted, also where nothing may be written', async () => {
  const path = join(dir, 'd.json');
  await write(path, '[{"newer": 1}, {"newer": 2}, {"newer": 3}]');
  const held = new AppError('FOLDER_IN_USE', 'held');
  const reader = await openJsonFile(path, z.array(z.number()), [], { holds: 'workspaces', readOnly: held });
  assert.deepEqual(reader.setAside?.details, { path, content: '3 workspaces' });
  const writer = await openJsonFile(path, z.array(z.number()), [], { holds: 'workspaces' });
  assert.equal(writer.setAside?.details.content, '3 workspaces');
  await assert.rejects(stat(path), { code: 'ENOENT' });
});

test('files and folders are their owner’s alone, existing ones too, whatever the umask', async () => {
  const before = process.umask(0);
  try {
    const folder = join(dir, 'private');
    const path = join(folder, 'settings.json');
    await mkdir(folder, { mode: 0o755 });
    await write(path, '[1]', { mode: 0o644 });
    await openJsonFile(path, z.array(z.number()), [], { holds: 'numbers' });
    assert.equal((await stat(path)).mode & 0o777, 0o600);
    makePrivateFolder(folder);
    assert.equal((await stat(folder)).mode & 0o777, 0o700);
    makePrivateFolder(join(dir, 'new', 'data'));
    assert.equal((await stat(join(dir, 'new', 'data'))).mode & 0o777, 0o700);
  } finally {
    process.umask(before);
  }
});

test('a folder that serves other purposes as well keeps its mode', async () => {
  const folder = join(dir, 'shared');
  await mkdir(folder);
  await chmod(folder, 0o755);
  await write(join(folder, 'thesis.tex'), '');
  makePrivateFolder(folder);
  assert.equal((await stat(folder)).mode & 0o777, 0o755);
});

test('network file systems are known by their numbers, also where the number is signed', () => {
  assert.equal(networkName(0x6969), 'NFS');
  assert.equal(networkName(0xfe534d42), 'SMB');
  assert.equal(networkName(0xfe534d42 | 0), 'SMB');
  assert.equal(networkName(0x65735546), 'FUSE');
  for (const local of [0xef53, 0x58465342, 0x9123683e, 0x01021994, 0x794c7630]) assert.equal(networkName(local), null);
});

test('every number of the settings files has bounds', () => {
  const numbers = (schema: unknown, path: string): string[] => {
    if (typeof schema !== 'object' || schema === null) return [];
    const { type, minimum, maximum } = schema as { type?: string; minimum?: number; maximum?: number };
    const isNumber = type === 'number' || type === 'integer';
    const bounded = minimum !== undefined && maximum !== undefined && maximum < 2 ** 53 - 1;
    return [
      ...(isNumber && !bounded ? [path] : []),
      ...Object.entries(schema).flatMap(([name, inner]) => numbers(inner, `${path}/${name}`)),
    ];
  };
  for (const [name, schema] of Object.entries({ settings: settingsSchema, workspaces: entrySchema }))
    assert.deepEqual(numbers(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }), name), []);
  assert.ok(!settingsSchema.safeParse({ sync_every: 3_000_000 }).success);
});

test('no timer overflows', () => {
  for (const [asked, given] of [
    [3_000_000_000, 2 ** 31 - 1],
    [Infinity, 2 ** 31 - 1],
    [-1, 0],
    [NaN, 0],
    [30_000, 30_000],
  ])
    assert.equal(timerMillis(asked), given);
});

test('the log: lines of JSON, without secrets, private, of bounded size, and never in the way', async () => {
  const path = join(dir, 'log', 'taskscope.log');
  const { log, close } = openLogFile(path);
  keepOutOfLogs({ scheme: 'api_key', secret: 'pnu_"quoted"' }, { 'x-gate': 'open-sesame' });
  log('error', 'call failed', { message: 'Bearer pnu_"quoted" refused', deep: [{ gate: 'open-sesame' }] });
  const [line] = (await readFile(path, 'utf8')).trimEnd().split('\n');
  const entry = JSON.parse(line) as Record<string, unknown>;
  assert.deepEqual([entry.level, entry.event, entry.message], ['error', 'call failed', 'Bearer ••• refused']);
  assert.doesNotMatch(line, /pnu_|sesame/);
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  for (let i = 0; i < 400; i++) log('info', 'filler', { text: 'x'.repeat(i === 0 ? 1_000_000 : 15_000) });
  close();
  const names = (await readdir(join(dir, 'log'))).sort();
  assert.deepEqual(names, ['taskscope.log', 'taskscope.log.1', 'taskscope.log.2']);
  for (const name of names) {
    const text = await readFile(join(dir, 'log', name), 'utf8');
    assert.ok(text.length < 1_100_000, `${name}: ${text.length}`);
    for (const one of text.trimEnd().split('\n')) JSON.parse(one);
  }
  openLogFile(join(dir, 'a.json', 'impossible.log')).log('error', 'goes nowhere');
});

test('a read-only JSON file refuses to change, with the reason', async () => {
  const file = await openJsonFile(join(dir, 'c.json'), z.array(z.number()), [], {
    holds: 'numbers',
    readOnly: new AppError('FOLDER_IN_USE', 'held by process 7', { pid: 7 }),
  });
  await assert.rejects(
    file.change(() => [1]),
    { code: 'FOLDER_IN_USE', details: { pid: 7 } },
  );
  assert.deepEqual(file.get(), []);
});

test('secrets of a window that may only read: neither the file nor a keychain is written', async () => {
  const path = join(dir, 'held', 'secrets.json');
  await mkdir(dirname(path), { recursive: true });
  await write(path, '{"one":"kept"}', { mode: 0o600 });
  const held = new AppError('FOLDER_IN_USE', 'held by process 7', { pid: 7 });
  const inFile = await fileSecrets(path, held);
  const written: string[] = [];
  const keychain: Secrets = {
    ...{ kind: 'keychain', setAside: null },
    get: () => Promise.resolve(null),
    set: (name) => Promise.resolve(void written.push(name)),
    remove: (name) => Promise.resolve(void written.push(name)),
  };
  for (const secrets of [inFile, secretsOf(keychain, inFile, held)]) {
    assert.equal(await secrets.get('one'), 'kept');
    assert.equal(await secrets.get('constructor'), null);
    await assert.rejects(secrets.set('two', 'new'), { code: 'FOLDER_IN_USE' });
    await assert.rejects(secrets.remove('one'), { code: 'FOLDER_IN_USE' });
  }
  assert.deepEqual(written, []);
  assert.equal(await readFile(path, 'utf8'), '{"one":"kept"}');
  assert.deepEqual(await readdir(dirname(path)), ['secrets.json']);
});

test('presets: save, rename, update, remove, kept over a restart; built-in ones stand', async () => {
  const path = join(dir, 'presets.json');
  const presets = await Presets.open(path, null);
  const query = { where: { field: 'state_type', in: ['FAILED'] }, sort: [] };
  const saved = await presets.save({ name: 'Mine', query, folder: '', names: {}, columns: null, frozen: 0 });
  await assert.rejects(presets.save({ name: 'mine', query, folder: '', names: {}, columns: null, frozen: 0 }), {
    code: 'BAD_INPUT',
  });
  await presets.update({ ...saved, name: 'Renamed', columns: ['id'] });
  const again = await Presets.open(path, null);
  assert.deepEqual(again.list().slice(builtinPresets.length), [{ ...saved, name: 'Renamed', columns: ['id'] }]);
  await again.remove(saved.id);
  await assert.rejects(again.remove(saved.id), { code: 'NOT_FOUND' });
  await assert.rejects(again.remove('builtin-running'), { code: 'BAD_INPUT' });
  assert.equal((await Presets.open(path, null)).list().length, builtinPresets.length);
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
  assert.deepEqual(last, { rows: 3, total: 3, bytes: 6, cut: 0 });
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
