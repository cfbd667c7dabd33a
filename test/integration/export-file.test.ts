/** An exported file is whole or not there, whatever ends the export; links, FIFOs and devices are written as a person expects. */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmod,
  lstat,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  stat,
  symlink,
  utimes,
  writeFile as write,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { AppError } from '../../src-main/contract/errors.ts';
import { discardUnfinished, writeFile, type Chunk } from '../../src-main/export/file.ts';
import { asFolder, folderVersion, linesOf, version } from '../fixtures/export-child.ts';
import { noLimits } from '../fixtures/file-limit.ts';
import { inProcess } from '../fixtures/mount-namespace.ts';

const child = fileURLToPath(new URL('../fixtures/export-child.ts', import.meta.url));
const posix = process.platform === 'win32' && 'no FIFOs, modes and devices here';

let dir = '';
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'taskscope-export-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

async function exportTo(path: string, number: number, signal = new AbortController().signal): Promise<void> {
  for await (const _ of writeFile(path, version(number), { signal }));
}

test('after kill -9 at any moment the file is the old one or a whole new one, and the next export removes what was left', async () => {
  const path = join(dir, 'runs.csv');
  await write(path, 'old');
  for (let kill = 0; kill < 12; kill++) {
    // most end at any moment; the last one surely in the middle of a file
    const how = kill < 11 ? 'versions' : 'held';
    const running = spawn(process.execPath, [child, how, path], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(running.stdout, 'data');
    if (how === 'versions') await setTimeout(kill * 3);
    running.kill('SIGKILL');
    await once(running, 'close');
    const text = await readFile(path, 'utf8');
    assert.ok(text === 'old' || text === linesOf(Number.parseInt(text)), `kill ${kill}: ${text.length} characters`);
  }
  const partials = () => readdir(dir).then((names) => names.filter((name) => name.endsWith('.taskscope-partial')));
  const left = await partials();
  assert.ok(left.length > 0, 'a kill in the middle of a file leaves its partial file');
  await exportTo(path, 1);
  assert.deepEqual(await partials(), left, 'another machine may still write them');
  for (const name of left) await utimes(join(dir, name), 1, 1);
  const running = join(dir, `runs.csv.${process.pid}-00000000.taskscope-partial`);
  await write(running, '');
  await utimes(running, 1, 1);
  await exportTo(path, 2);
  assert.deepEqual(await readdir(dir), ['runs.csv', `runs.csv.${process.pid}-00000000.taskscope-partial`]);
});

test('a full disk leaves the old file and nothing else', { skip: noLimits() }, async () => {
  const path = join(dir, 'runs.csv');
  await write(path, 'old');
  assert.equal(await inProcess<string>(child, 'limited', path, '100000'), 'DISK_FULL');
  assert.equal(await readFile(path, 'utf8'), 'old');
  assert.deepEqual(await readdir(dir), ['runs.csv']);
});

/** Of a folder that `folderVersion` wrote; null: there is none. */
async function folderText(path: string): Promise<string | null> {
  const names = await readdir(path).catch(() => null);
  if (names === null) return null;
  assert.deepEqual(names.sort(), ['part=1', 'part=2']);
  return (await Promise.all(names.map((name) => readFile(join(path, name, 'a'), 'utf8')))).join('');
}

test('a folder: after kill -9 at any moment it is whole or not there, and the next export removes what was left', async () => {
  const path = join(dir, 'days');
  for (let kill = 0; kill < 8; kill++) {
    const how = kill < 7 ? 'versions' : 'held';
    const running = spawn(process.execPath, [child, how, path, 'folder'], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(running.stdout, 'data');
    if (how === 'versions') await setTimeout(kill * 5);
    running.kill('SIGKILL');
    await once(running, 'close');
    const text = await folderText(path);
    assert.ok(text === null || text === linesOf(Number.parseInt(text)), `kill ${kill}`);
  }
  const partials = (await readdir(dir)).filter((name) => name !== 'days');
  assert.ok(partials.length > 0 && partials.every((name) => name.endsWith('.taskscope-partial')), partials.join());
  for (const name of partials) await utimes(join(dir, name), 1, 1);
  for await (const _ of writeFile(path, folderVersion(3), asFolder));
  assert.deepEqual(await readdir(dir), ['days']);
  assert.equal(await folderText(path), linesOf(3));
});

test('a folder: the old one survives a kill -9 between its renaming and that of the new one, and is back at the next export', async () => {
  const path = join(dir, 'days');
  const killed = async () => {
    await rm(path, { recursive: true, force: true });
    for await (const _ of writeFile(path, folderVersion(1), asFolder));
    const running = spawn(process.execPath, [child, 'replacing', path, 'folder'], { stdio: 'inherit' });
    const [, signal] = (await once(running, 'close')) as [number | null, string | null];
    assert.equal(signal, 'SIGKILL');
    assert.equal(await folderText(path), null, 'neither has the name');
  };
  await killed();
  await assert.rejects(
    async () => {
      for await (const _ of writeFile(path, folderVersion(3), { ...asFolder, overwrite: false }));
    },
    { code: 'FILE_EXISTS' },
  );
  assert.equal(await folderText(path), linesOf(1));
  await killed();
  await exportTo(join(dir, 'another.csv'), 1);
  assert.equal(await folderText(path), linesOf(1), 'by any export into the same folder');
  await killed();
  for await (const _ of writeFile(path, folderVersion(3), asFolder));
  assert.equal(await folderText(path), linesOf(3));
  for (const name of await readdir(dir)) if (name.includes('-partial')) await utimes(join(dir, name), 1, 1);
  await exportTo(join(dir, 'another.csv'), 1);
  assert.deepEqual((await readdir(dir)).sort(), ['another.csv', 'days']);
  // the same when only the thread dies
  await rename(path, `${path}.${process.pid}-0123abcd.taskscope-replaced`);
  await discardUnfinished(path);
  assert.equal(await folderText(path), linesOf(3));
});

test('a folder on a full disk: the old one stays, and nothing else', { skip: noLimits() }, async () => {
  const path = join(dir, 'days');
  for await (const _ of writeFile(path, folderVersion(1), asFolder));
  assert.equal(await inProcess<string>(child, 'limited', path, '300000', 'folder'), 'DISK_FULL');
  assert.equal(await folderText(path), linesOf(1));
  assert.deepEqual(await readdir(dir), ['days']);
});

test('an export that is cancelled leaves the old file and nothing else', async () => {
  const path = join(dir, 'runs.csv');
  await write(path, 'old');
  const abort = new AbortController();
  await assert.rejects(
    async () => {
      for await (const { rows } of writeFile(path, version(1), { signal: abort.signal }))
        if (rows === 100) abort.abort();
    },
    { code: 'CANCELLED' },
  );
  for await (const _ of writeFile(path, version(1))) break;
  assert.equal(await readFile(path, 'utf8'), 'old');
  assert.deepEqual(await readdir(dir), ['runs.csv']);
});

test('two exports to one file at the same time: the file is one of them', async () => {
  const path = join(dir, 'runs.csv');
  await Promise.all([exportTo(path, 1), exportTo(path, 2)]);
  const text = await readFile(path, 'utf8');
  assert.ok(text === linesOf(1) || text === linesOf(2));
  assert.deepEqual(await readdir(dir), ['runs.csv']);
});

test('a symbolic link stays, and what it points to is written, there or not', { skip: posix }, async () => {
  await symlink('real.csv', join(dir, 'second'));
  await symlink('second', join(dir, 'link.csv'));
  for (const number of [1, 2]) {
    await exportTo(join(dir, 'link.csv'), number);
    assert.equal(await readFile(join(dir, 'real.csv'), 'utf8'), linesOf(number));
    assert.equal(await readlink(join(dir, 'link.csv')), 'second');
  }
  await symlink('round', join(dir, 'round'));
  await assert.rejects(exportTo(join(dir, 'round'), 1), { code: 'FILE_NOT_WRITABLE' });
});

test('a file that is replaced keeps its mode', { skip: posix }, async () => {
  const path = join(dir, 'runs.csv');
  await write(path, 'old');
  await chmod(path, 0o600);
  await exportTo(path, 1);
  assert.equal((await stat(path)).mode & 0o777, 0o600);
});

test(
  'a FIFO is written into: its reader gets every byte, and without one the export can be cancelled',
  { skip: posix },
  async () => {
    const path = join(dir, 'pipe');
    execFileSync('mkfifo', [path]);
    const written = exportTo(path, 1);
    const reader = spawn('cat', [path], { stdio: ['ignore', 'pipe', 'inherit'] });
    let text = '';
    reader.stdout.setEncoding('utf8').on('data', (part: string) => (text += part));
    await Promise.all([written, once(reader, 'close')]);
    assert.equal(text, linesOf(1));
    assert.ok((await lstat(path)).isFIFO());

    const abort = new AbortController();
    const waiting = exportTo(path, 1, abort.signal);
    abort.abort();
    await assert.rejects(waiting, { code: 'CANCELLED' });

    const impatient = spawn('head', ['-c', '10', path], { stdio: 'ignore' });
    await assert.rejects(exportTo(path, 1), { code: 'FILE_NOT_WRITABLE' });
    if (impatient.exitCode === null) await once(impatient, 'close');
  },
);

test('a device is written into and stays, a folder is refused', { skip: posix }, async () => {
  await exportTo('/dev/null', 1);
  assert.ok((await stat('/dev/null')).isCharacterDevice());
  await assert.rejects(exportTo(dir, 1), { code: 'FILE_NOT_WRITABLE' });
  assert.deepEqual(await readdir(dir), []);
});

test('what is there is not overwritten unasked, not even what comes while the export runs', async () => {
  const path = join(dir, 'runs.csv');
  await write(path, 'old');
  const unasked = async (during: () => Promise<void> = () => Promise.resolve()) => {
    for await (const { rows } of writeFile(path, version(1), { overwrite: false })) if (rows === 1) await during();
  };
  await assert.rejects(unasked(), { code: 'FILE_EXISTS' });
  await rm(path);
  await assert.rejects(
    unasked(() => write(path, 'new')),
    { code: 'FILE_EXISTS' },
  );
  assert.equal(await readFile(path, 'utf8'), 'new');
  assert.deepEqual(await readdir(dir), ['runs.csv']);
  await rm(path);
  await unasked();
  assert.equal(await readFile(path, 'utf8'), linesOf(1));
  assert.deepEqual(await readdir(dir), ['runs.csv']);
});

test('an export that would not fit ends before the disk is full', async () => {
  function* endless(): Generator<Chunk> {
    for (let rows = 20_000; ; rows += 20_000) yield { chunk: Buffer.alloc(10_000_000), rows, total: 1e13 };
  }
  const path = join(dir, 'runs.csv');
  let written = 0;
  await assert.rejects(
    async () => {
      for await (const { bytes } of writeFile(path, endless())) written = bytes;
    },
    ({ code, details }: AppError) => code === 'DISK_FULL' && Number(details.needed) > Number(details.free),
  );
  assert.ok(written < 20_000_000);
  assert.deepEqual(await readdir(dir), []);
});
