/** Files that are damaged, missing, left behind or open to others: nothing is answered, replaced or shared without a word. */
import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import Sqlite from 'better-sqlite3';
import { createApp } from '../../src-main/core/app.ts';
import { plainShell } from '../../src-main/core/shell.ts';
import { syncedFolder, words, type Synced } from '../fixtures/synced-folder.ts';

let synced: Synced;
before(async () => {
  synced = await syncedFolder();
});
after(() => synced.remove());

describe('an archive that has lost rows is never answered from without a word', () => {
  test('spoilt from its first byte', async () => {
    const { archive, run, data } = synced.copy('spoilt');
    const bytes = readFileSync(archive);
    writeFileSync(archive, bytes.fill(0xff, 0, 4096));
    words(await run('doctor', '--offline'), 1, /NOT {2}archive/);
    const first = await run('query');
    words(first, 1, /The archive was damaged/, /set aside as .*damaged-/, /--allow-damaged/);
    assert.equal(first.out, '');
    const out = join(data, 'rows.csv');
    words(await run('export', '--out', out), 1, /The archive was damaged/);
    assert.ok(!existsSync(out));
    const told = await run('query', '--allow-damaged');
    words(told, 0, /The archive was damaged/);
    assert.ok((JSON.parse(told.out) as { count: number }).count < synced.total);
    words(await run('doctor', '--offline'), 1, /was damaged before; .*damaged-/, /ok {3}archive .*sound/);
  });

  test('cut in half: half of the rows are saved, and nothing is answered without a word', async () => {
    const { archive, run } = synced.copy('half');
    truncateSync(archive, Math.floor(statSync(archive).size / 2));
    words(await run('doctor', '--offline'), 1, /NOT {2}archive/);
    const first = await run('query');
    words(first, 1, /The archive was damaged/, /set aside as .*damaged-/);
    assert.equal(first.out, '');
    const told = await run('query', '--allow-damaged');
    words(told, 0, /The archive was damaged/);
    const { count } = JSON.parse(told.out) as { count: number };
    assert.ok(count > synced.total / 10 && count < synced.total, `${count} of ${synced.total}`);
  });

  test('one bit of one row: doctor says what the export says', async () => {
    const { archive, run } = synced.copy('bit');
    const db = new Sqlite(archive, { readonly: true });
    const z = db.prepare('SELECT z FROM task_run_json ORDER BY rid LIMIT 1 OFFSET 100').pluck().get() as Buffer;
    db.close();
    const bytes = readFileSync(archive);
    bytes[bytes.indexOf(z) + 60] ^= 4;
    writeFileSync(archive, bytes);
    words(await run('doctor', '--offline'), 1, /NOT {2}archive/);
    words(await run('export', '--format', 'jsonl', '--out', '-'), 1, /The archive was damaged/);
    words(await run('doctor', '--offline'), 1, /NOT {2}archive/);
  });

  for (const how of ['deleted', 'emptied'])
    test(`${how}, though its index remembers it`, async () => {
      const { archive, run } = synced.copy(how);
      if (how === 'deleted') rmSync(archive);
      else truncateSync(archive, 0);
      const lost = new RegExp(`missing or empty, though it held ${synced.total} task runs`);
      words(await run('doctor', '--offline'), 1, lost);
      for (let i = 0; i < 2; i++) {
        const ended = await run('query');
        words(ended, 1, lost);
        assert.equal(ended.out, '');
      }
      words(await run('sync'), 0, lost);
      words(await run('query'), 0);
      words(await run('doctor', '--offline'), 1, /damaged-.*\.index/);
    });

  test('a window that only reads does not answer from nothing either', async () => {
    const { archive, data } = synced.copy('reader');
    const writer = await createApp({ dataDir: data, shell: plainShell, log: () => undefined, syncOnOpen: false });
    rmSync(archive);
    const reader = await createApp({ dataDir: data, shell: plainShell, log: () => undefined, syncOnOpen: false });
    assert.equal(reader.readOnly?.code, 'FOLDER_IN_USE');
    await assert.rejects(reader.archive(synced.name), { code: 'ARCHIVE_DAMAGED' });
    await reader.close();
    await writer.close();
  });
});

describe('a settings file that cannot be understood', () => {
  test('is said on the command line, to the window and by doctor, with its path and what it held', async () => {
    const { data, run } = synced.copy('unreadable');
    const path = join(data, 'workspaces.json');
    const before = '[{"name":"prod"},{"name":"staging"}]';
    writeFileSync(path, before);
    const ended = await run('workspace', 'list');
    words(ended, 0, /workspaces\.json could not be understood/, /set aside as .*unreadable-\d+ \(2 workspaces\)/);
    const aside = readdirSync(data).find((name) => name.includes('.unreadable-'))!;
    assert.equal(readFileSync(join(data, aside), 'utf8'), before);
    for (const [file, held] of [
      ['presets.json', 'presets: 5 bytes that are not JSON'],
      ['settings.json', 'settings: 5 bytes that are not JSON'],
      ['secrets.json', 'secrets: 5 bytes that are not JSON'],
    ] as const) {
      writeFileSync(join(data, file), '{"a":');
      const app = await createApp({ dataDir: data, shell: plainShell, log: () => undefined, syncOnOpen: false });
      const { notices } = await app.handlers.hello({}, { signal: new AbortController().signal });
      await app.close();
      assert.deepEqual(
        notices.map(({ code, details }) => [code, details.path, details.content]),
        [['FILE_SET_ASIDE', join(data, file), held]],
      );
    }
    writeFileSync(join(data, 'settings.json'), '{"sync_every": 3000000}');
    words(await run('doctor', '--offline'), 1, /NOT {2}data folder: .*settings\.json could not be understood/);
  });
});

test('everything in a data folder is its owner’s alone, also what an earlier version made', async () => {
  const { data } = synced.copy('modes');
  const all = (folder: string): string[] =>
    readdirSync(folder, { withFileTypes: true }).flatMap((one) => {
      const path = join(folder, one.name);
      return one.isDirectory() ? [path, ...all(path)] : [path];
    });
  spawnSync('chmod', ['-R', 'a+rX', data]);
  writeFileSync(join(data, 'settings.json'), '{}', { mode: 0o644 });
  const before = process.umask(0);
  try {
    const app = await createApp({ dataDir: data, shell: plainShell, log: () => undefined, syncOnOpen: false });
    const archive = await app.archive(synced.name);
    archive.startSync();
    await archive.settled();
    await app.settings.change((settings) => ({ ...settings, theme: 'dark' }));
    app.log('info', 'a line');
    const seen = [data, ...all(data)];
    assert.ok(seen.some((path) => path.endsWith('-wal')) && seen.some((path) => path.endsWith('.log')), seen.join());
    const open = seen.filter((path) => statSync(path).mode & 0o077);
    await app.close();
    assert.deepEqual(open, []);
    assert.deepEqual(
      all(data).filter((path) => statSync(path).mode & 0o077),
      [],
    );
  } finally {
    process.umask(before);
  }
});

test('what a killed export left goes at the next one, what a living one writes stays', async () => {
  const { run } = synced.copy('partials');
  const folder = join(synced.dir, 'exports-here');
  mkdirSync(folder);
  const dead = spawnSync('true').pid;
  const names = [
    `old.csv.${dead}-00000000.taskscope-partial`,
    `old.csv.${process.pid}-00000000.taskscope-partial`,
    `film.${dead}.partial`,
  ];
  for (const name of names) {
    writeFileSync(join(folder, name), 'x');
    utimesSync(join(folder, name), 1, 1);
  }
  const recent = `new.csv.${dead}-00000000.taskscope-partial`; // another machine may be writing it
  writeFileSync(join(folder, recent), 'x');
  words(await run('export', '--out', join(folder, 'rows.csv')), 0);
  assert.deepEqual(readdirSync(folder).sort(), [names[2], recent, names[1], 'rows.csv'].sort());
});
