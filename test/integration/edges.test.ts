/** Where the program meets a broken machine: damaged, missing, foreign and full files, no file descriptors, faults nobody caught. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, test } from 'node:test';
import { createApp } from '../../src-main/core/app.ts';
import { plainShell } from '../../src-main/core/shell.ts';
import { start, taskscope, type Ended } from '../fixtures/command-line.ts';
import { root } from '../fixtures/source-files.ts';

const RUNS = 1500;
const NAME = `demo-${RUNS}`;
let dir = '';
let synced = '';
let total = 0;

before(async () => {
  dir = mkdtempSync(join(tmpdir(), 'taskscope-edges-'));
  synced = join(dir, 'synced');
  const ended = await taskscope(['sync', '--demo', '--demo-runs', String(RUNS), '--data-dir', synced]);
  assert.equal(ended.code, 0, ended.err);
  total = (JSON.parse(ended.out) as { total: number }).total;
});
after(() => rmSync(dir, { recursive: true, force: true }));

/** A data folder like the synced one, for a test to break. */
function copy(name: string): { data: string; archive: string; run: (...args: string[]) => Promise<Ended> } {
  const data = join(dir, name);
  cpSync(synced, data, { recursive: true });
  const run = (...args: string[]) => taskscope([...args, '--data-dir', data]);
  return { data, archive: join(data, 'archives', `${NAME}.sqlite`), run };
}

function words(ended: Ended, code: number, ...patterns: RegExp[]): void {
  assert.equal(ended.code, code, ended.err);
  for (const pattern of patterns) assert.match(ended.err, pattern);
}

describe('an archive that has lost rows is never answered from without a word', () => {
  test('spoilt from its first byte', async () => {
    const { archive, run, data } = copy('spoilt');
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
    assert.ok((JSON.parse(told.out) as { count: number }).count < total);
    words(await run('doctor', '--offline'), 1, /was damaged before; .*damaged-/, /ok {3}archive .*sound/);
  });

  for (const how of ['deleted', 'emptied'])
    test(`${how}, though its index remembers it`, async () => {
      const { archive, run } = copy(how);
      if (how === 'deleted') rmSync(archive);
      else truncateSync(archive, 0);
      const lost = new RegExp(`missing or empty, though it held ${total} task runs`);
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
    const { archive, data } = copy('reader');
    const writer = await createApp({ dataDir: data, shell: plainShell, log: () => undefined, syncOnOpen: false });
    rmSync(archive);
    const reader = await createApp({ dataDir: data, shell: plainShell, log: () => undefined, syncOnOpen: false });
    assert.equal(reader.readOnly?.code, 'FOLDER_IN_USE');
    await assert.rejects(reader.archive(NAME), { code: 'ARCHIVE_DAMAGED' });
    await reader.close();
    await writer.close();
  });
});

describe('a settings file that cannot be understood', () => {
  test('is said on the command line, to the window and by doctor, with its path and what it held', async () => {
    const { data, run } = copy('unreadable');
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
        notices.map(({ code, details }) => [code, details.path, details.held]),
        [['FILE_SET_ASIDE', join(data, file), held]],
      );
    }
    writeFileSync(join(data, 'settings.json'), '{"sync_every": 3000000}');
    words(await run('doctor', '--offline'), 1, /NOT {2}data folder: .*settings\.json could not be understood/);
  });
});

describe('each impossible place has a sentence of its own', () => {
  const long = 'a'.repeat(300);
  const cases: [string, (data: string) => string[], number, RegExp][] = [
    [
      'a name longer than the system allows',
      (data) => ['export', '--out', join(data, long)],
      1,
      /longer than the system allows/,
    ],
    ['a folder in the place of an export', (data) => ['export', '--out', data], 1, /is a folder/],
    [
      'a folder that does not exist',
      (data) => ['export', '--out', join(data, 'no', 'x.csv')],
      1,
      /The folder of .* does not exist/,
    ],
    [
      'a data folder with a longer name',
      (data) => ['workspace', 'list', '--data-dir', join(data, '..', long)],
      1,
      /longer than the system allows/,
    ],
    [
      'a data folder that SQLite cannot name',
      (data) => ['workspace', 'list', '--data-dir', join(data, '..', ...['a', 'b', 'c'].map((one) => one.repeat(200)))],
      1,
      /longer than the system allows/,
    ],
    [
      'a header of two lines',
      () => ['workspace', 'add', 'h', '--api-url', 'http://127.0.0.1:1', '--header', 'X: a\r\nb'],
      1,
      /X must be plain ASCII on one line/,
    ],
    [
      'an address that is a file',
      () => ['workspace', 'add', 'h', '--api-url', 'file:///'],
      1,
      /starts with http:\/\/ or https:\/\/, not file:/,
    ],
  ];
  for (const [name, args, code, pattern] of cases)
    test(name, async () => {
      const asked = args(synced);
      words(await taskscope(asked.includes('--data-dir') ? asked : [...asked, '--data-dir', synced]), code, pattern);
    });

  test('a folder in the place of the archive', async () => {
    const { archive, run } = copy('folder');
    rmSync(archive);
    rmSync(`${archive}.index`);
    mkdirSync(archive);
    words(await run('query'), 1, /\.sqlite is a folder/);
  });

  test('a folder that another Taskscope holds', async () => {
    const { data, run } = copy('held');
    const holder = await createApp({ dataDir: data, shell: plainShell, log: () => undefined, syncOnOpen: false });
    const ended = await run('workspace', 'add', 'x', '--api-url', 'http://127.0.0.1:1/api');
    await holder.close();
    words(ended, 1, /Another Taskscope \(process \d+\) has this data folder open/);
    assert.doesNotMatch(ended.err, /cannot be written/);
  });
});

test('everything in a data folder is its owner’s alone, also what an earlier version made', async () => {
  const { data } = copy('modes');
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
    const archive = await app.archive(NAME);
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
  const { run } = copy('partials');
  const folder = join(dir, 'exports-here');
  mkdirSync(folder);
  const dead = spawnSync('true').pid;
  const names = [
    `old.csv.${dead}.taskscope-partial`,
    `old.csv.${process.pid}.taskscope-partial`,
    `film.${dead}.partial`,
  ];
  for (const name of names) {
    writeFileSync(join(folder, name), 'x');
    utimesSync(join(folder, name), 1, 1);
  }
  const recent = `new.csv.${dead}.taskscope-partial`; // another machine may be writing it
  writeFileSync(join(folder, recent), 'x');
  words(await run('export', '--out', join(folder, 'rows.csv')), 0);
  assert.deepEqual(readdirSync(folder).sort(), [names[2], recent, names[1], 'rows.csv'].sort());
});

test('a window may show finished exports only, and may not read any variable of the environment', async () => {
  const { data } = copy('rights');
  const shown: string[] = [];
  const out = join(dir, 'shown.csv');
  const shell = {
    ...plainShell,
    chooseSavePath: () => Promise.resolve({ path: out, download: null }),
    revealFile: (path: string) => Promise.resolve(void shown.push(path)),
  };
  process.env.EDGES_SECRET = 'sesame';
  const app = await createApp({ dataDir: data, shell, log: () => undefined, syncOnOpen: false });
  const never = { signal: new AbortController().signal };
  try {
    await assert.rejects(async () => app.handlers['shell.revealFile']({ path: '/etc/passwd' }, never), {
      code: 'NOT_FOUND',
    });
    const { save } = (await app.handlers['export.choose']({ suggested: 'x.csv' }, never))!;
    const query = { where: { and: [] }, sort: [] };
    const what = { save, workspace: NAME, query, columns: ['id'], spreadsheet: false };
    for await (const _ of app.handlers['export.run'](what, never));
    await app.handlers['shell.revealFile']({ path: out }, never);
    assert.deepEqual(shown, [out]);

    const auth = { kind: 'env' as const, scheme: 'api_key' as const, variable: 'EDGES_SECRET' };
    const server = { name: 'evil', api_url: 'http://127.0.0.1:9/api', auth };
    const input = { ...server, headers: {}, insecure_tls: false, ca_file: null, dialect: null };
    const refused = { code: 'BAD_INPUT', message: /may not read the environment variable EDGES_SECRET/ };
    await assert.rejects(async () => app.handlers['workspace.test']({ input, candidate: null }, never), refused);
    await assert.rejects(async () => app.handlers['workspace.add'](input, never), refused);
    await assert.rejects(
      async () => app.handlers['workspace.cloud']({ auth, api_url: 'http://127.0.0.1:9' }, never),
      refused,
    );
    const edit = { ...input, headers: {} };
    await assert.rejects(async () => app.handlers['workspace.testEdit']({ workspace: NAME, edit }, never), refused);
  } finally {
    delete process.env.EDGES_SECRET;
    await app.close();
  }
});

describe('a program that goes on', () => {
  type Served = { url: string; apiUrl: string; token: string };

  /** `serve` under a shell command, such as a limit. */
  async function serving(
    data: string,
    limit: string,
    work: (served: Served) => Promise<void>,
    before: string[] = [],
  ): Promise<string> {
    const cli = join(root, 'src-main/shell/cli.ts');
    const line = `${limit}; exec "$0" "$@"`;
    const [program, ...args] = [
      ...before,
      'sh',
      '-c',
      line,
      process.execPath,
      cli,
      'serve',
      '--no-open',
      '--data-dir',
      data,
    ];
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let err = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
    const closed = once(child, 'close');
    try {
      const lines = createInterface({ input: child.stdout });
      const first = await Promise.race([once(lines, 'line'), closed.then(() => null)]);
      assert.ok(first, err);
      await work(JSON.parse(first[0] as string) as Served);
      assert.equal(child.exitCode, null, err);
    } finally {
      child.kill('SIGTERM');
      await closed;
    }
    return err;
  }

  const count = async ({ apiUrl, token }: Served) => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const reply = await fetch(`${apiUrl}/task_runs/count`, { method: 'POST', headers, body: '{}' });
    return Number(await reply.text());
  };

  test('without file descriptors: 300 half-open requests at a limit of 120', { timeout: 60_000 }, async () => {
    const { data } = copy('descriptors');
    await serving(data, 'ulimit -n 120', async (served) => {
      const port = Number(new URL(served.apiUrl).port);
      const sockets = Array.from({ length: 300 }, () => {
        const socket = connect({ host: '127.0.0.1', port });
        socket.on('error', () => undefined);
        socket.write('GET / HTTP/1.1\r\nHost');
        return socket;
      });
      await new Promise((resolve) => setTimeout(resolve, 6000)); // a look at the network comes every 5 s
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => setTimeout(resolve, 200));
      assert.ok((await count(served)) >= total);
    });
  });

  const noMounts = spawnSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt']).status !== 0;
  // none for the lock; some for the lock and none for the archive's log
  for (const free of [0, 16])
    test(`on a disk with ${free} kB left the window opens to read, and says how to make room`, async (t) => {
      if (noMounts) return t.diagnostic('a small file system cannot be mounted here');
      const { data } = copy(`full-${free}`);
      const small = join(dir, `small-${free}`);
      mkdirSync(small);
      const used = Number(spawnSync('du', ['-sk', data]).stdout.toString().split('\t')[0]);
      const filling = [
        `mount -t tmpfs -o size=${used + 400}k tmpfs ${small} || exit 9`,
        `cp -r ${data}/. ${small}`,
        `dd if=/dev/zero of=${small}/archives/filler bs=1k 2>/dev/null`,
        `truncate -s -${free}k ${small}/archives/filler`,
      ].join('; ');
      const err = await serving(
        small,
        filling,
        async (served) => {
          assert.equal(await count(served), total);
        },
        ['unshare', '-m'],
      );
      assert.match(err, /The disk is full/);
      assert.match(err, /only reads what it has until there is room.*Delete or move files/);
    });

  test('after a fault that nobody caught: it is logged, and said to the next window', async () => {
    const { data } = copy('fault');
    const app = await createApp({ dataDir: data, shell: plainShell, log: () => undefined, syncOnOpen: false });
    app.fault('uncaughtException', new Error('a listener threw'));
    const { notices } = await app.handlers.hello({}, { signal: new AbortController().signal });
    await app.close();
    assert.deepEqual(
      notices.map(({ code, message }) => [code, message]),
      [['INTERNAL', 'a listener threw']],
    );
    const lines = readFileSync(app.paths.log, 'utf8').trimEnd().split('\n');
    const logged = lines.map((line) => JSON.parse(line) as Record<string, unknown>).at(-1)!;
    assert.deepEqual([logged.level, logged.event, logged.message], ['error', 'uncaughtException', 'a listener threw']);
  });

  for (const [kind, code] of [
    ['uncaughtException', 'setTimeout(() => { throw new Error("boom") })'],
    ['unhandledRejection', 'Promise.reject(new Error("boom"))'],
  ])
    test(`a command ends with 1 and a sentence at an ${kind}`, async () => {
      const fault = join(dir, `${kind}.mjs`);
      writeFileSync(fault, code);
      const { child, ended } = start(['query', '--body', '-', '--data-dir', synced], {
        NODE_OPTIONS: `--import=${join(dir, 'late.mjs')}`,
        FAULT: fault,
      });
      child.stdin?.on('error', () => undefined);
      words(await ended, 1, /Something failed inside Taskscope/, /boom/);
    });
  before(() => {
    // the command waits for its body; the fault strikes meanwhile
    writeFileSync(join(dir, 'late.mjs'), 'setTimeout(() => import(process.env.FAULT), 1500).unref();');
  });
});

test('the log is named by doctor, and lies where it says', async () => {
  const ended = await taskscope(['doctor', '--offline', '--data-dir', synced]);
  words(ended, 0, /log: .*taskscope\.log/);
  assert.equal(dirname((JSON.parse(ended.out) as { log: string }).log), synced);
});
