/** Places that cannot be, and what a window may not do: each is refused with a sentence of its own. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { createApp } from '../../src-main/core/app.ts';
import { plainShell } from '../../src-main/core/shell.ts';
import { exportOptionsSchema } from '../../src-main/contract/export.ts';
import { taskscope } from '../fixtures/command-line.ts';
import { syncedFolder, words, type Synced } from '../fixtures/synced-folder.ts';

let synced: Synced;
before(async () => {
  synced = await syncedFolder();
});
after(() => synced.remove());

describe('each impossible place has a sentence of its own', () => {
  const long = 'a'.repeat(300);
  const cases: [string, (data: string) => string[], number, RegExp][] = [
    [
      'a name longer than the system allows',
      (data) => ['export', '--out', join(data, long)],
      1,
      /longer than the system allows/,
    ],
    [
      'an archive in the place of an export',
      (data) => ['export', '--format', 'csv', '--out', join(data, 'archives', `${synced.name}.sqlite`)],
      1,
      /is a place of Taskscope’s own files/,
    ],
    [
      'its settings in the place of an export',
      (data) => ['export', '--out', join(data, 'workspaces.json')],
      1,
      /own files/,
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
      const asked = args(synced.data);
      words(
        await taskscope(asked.includes('--data-dir') ? asked : [...asked, '--data-dir', synced.data]),
        code,
        pattern,
      );
    });

  const places: [string, (data: string) => string, RegExp][] = [
    ['where the system takes no folders', () => '/proc/taskscope', /cannot be written/],
    ['far below it', () => '/proc/self/taskscope/a/b', /cannot be written/],
    ['below a device', () => '/dev/null/taskscope', /is a file, not a folder/],
    ['below a file', (data) => join(data, 'workspaces.json', 'taskscope'), /is a file, not a folder/],
    ['in the place of a file', (data) => join(data, 'workspaces.json'), /is a file, not a folder/],
  ];
  if (process.platform === 'linux')
    for (const [name, place, pattern] of places)
      test(`a data folder ${name}`, async () => {
        const ended = await taskscope(['workspace', 'list', '--data-dir', place(synced.data)]);
        words(ended, 1, pattern);
      });

  test('a folder in the place of the archive', async () => {
    const { archive, run } = synced.copy('folder');
    rmSync(archive);
    rmSync(`${archive}.index`);
    mkdirSync(archive);
    words(await run('query'), 1, /\.sqlite is a folder/);
  });

  test('a folder that another Taskscope holds', async () => {
    const { data, run } = synced.copy('held');
    const holder = await createApp({ dataDir: data, shell: plainShell, log: () => undefined, syncOnOpen: false });
    const ended = await run('workspace', 'add', 'x', '--api-url', 'http://127.0.0.1:1/api');
    await holder.close();
    words(ended, 1, /Another Taskscope \(process \d+\) has this data folder open/);
    assert.doesNotMatch(ended.err, /cannot be written/);
  });
});

test('a window may show finished exports only, and may not read any variable of the environment', async () => {
  const { data } = synced.copy('rights');
  const shown: string[] = [];
  const out = join(synced.dir, 'shown.csv');
  const shell = {
    ...plainShell,
    chooseSavePath: () => Promise.resolve({ path: out, download: null, overwrite: true }),
    revealFile: (path: string) => Promise.resolve(void shown.push(path)),
  };
  process.env.EDGES_SECRET = 'sesame';
  const app = await createApp({ dataDir: data, shell, log: () => undefined, syncOnOpen: false });
  const never = { signal: new AbortController().signal };
  try {
    await assert.rejects(async () => app.handlers['shell.revealFile']({ path: '/etc/passwd' }, never), {
      code: 'NOT_FOUND',
    });
    const { save } = (await app.handlers['export.choose']({ suggested: 'x.csv', folder: false }, never))!;
    const query = { where: { and: [] }, sort: [] };
    const what = exportOptionsSchema.parse({ columns: ['id'] });
    for await (const _ of app.handlers['export.run'](
      { ...what, result: null, save, workspace: synced.name, query },
      never,
    ));
    await app.handlers['shell.revealFile']({ path: out }, never);
    assert.deepEqual(shown, [out]);

    const auth = { kind: 'env' as const, scheme: 'api_key' as const, variable: 'EDGES_SECRET' };
    const server = { name: 'evil', api_url: 'http://127.0.0.1:9/api', auth };
    const input = { ...server, headers: {}, insecure_tls: false, ca_file: null, dialect: null };
    const refused = { code: 'BAD_INPUT', message: /may not read the environment variable EDGES_SECRET/ };
    await assert.rejects(async () => app.handlers['workspace.test']({ input, candidate: null }, never), refused);
    await assert.rejects(async () => app.handlers['workspace.add']({ ...input, archive: null }, never), refused);
    await assert.rejects(
      async () => app.handlers['workspace.cloud']({ auth, api_url: 'http://127.0.0.1:9' }, never),
      refused,
    );
    for (const variable of [
      'PREFECT_API_DATABASE_PASSWORD',
      'PREFECT_SERVER_DATABASE_CONNECTION_URL',
      'XPREFECT_API_KEY',
      'PREFECT_API_KEY\n',
      'TASKSCOPE_DATA_DIR',
    ])
      // prettier-ignore
      await assert.rejects(
        async () => app.handlers['workspace.test']({ input: { ...input, auth: { ...auth, variable } }, candidate: null }, never),
        { code: 'BAD_INPUT', message: /may not read/ },
      );
    for (const variable of ['PREFECT_API_KEY', 'PREFECT_PROD_API_KEY', 'TASKSCOPE_AUTH_STRING'])
      await assert.rejects(
        async () =>
          app.handlers['workspace.test']({ input: { ...input, auth: { ...auth, variable } }, candidate: null }, never),
        { code: 'SECRET_MISSING' },
      );
    const edit = { ...input, headers: {} };
    await assert.rejects(
      async () => app.handlers['workspace.testEdit']({ workspace: synced.name, edit }, never),
      refused,
    );
  } finally {
    delete process.env.EDGES_SECRET;
    await app.close();
  }
});

test('doctor names the log and shows its end, workspaces and the state of sync, without secrets of any age', async () => {
  const { data } = synced.copy('told');
  const env = { LATE_KEY: 'pnu_open_sesame' };
  const add = [
    'add',
    'w',
    '--api-url',
    'http://127.0.0.1:9/api',
    '--api-key-env',
    'LATE_KEY',
    '--header',
    'X-Gate: let-me-in',
  ];
  assert.equal((await taskscope(['workspace', ...add, '--data-dir', data], { env })).code, 0);
  // lines of a process that did not know these secrets, the first cut off as after a rotation
  const lines = [
    `oken":"${env.LATE_KEY}"}`,
    JSON.stringify({ level: 'error', event: 'met', url: 'https://me:s3cret@proxy:3128/x', deep: ['let-me-in'] }),
  ];
  writeFileSync(join(data, 'taskscope.log'), `${lines.join('\n')}\n`);
  const list = JSON.parse(readFileSync(join(data, 'workspaces.json'), 'utf8')) as { name: string; api_url: string }[];
  list.find(({ name }) => name === 'w')!.api_url = 'https://me:s3cret@127.0.0.1:9/api';
  writeFileSync(join(data, 'workspaces.json'), JSON.stringify(list));
  const ended = await taskscope(['doctor', '--offline', '--data-dir', data], { env });
  words(ended, 0, /log: .*taskscope\.log/, /name: w\n/, /api_key, from the environment variable LATE_KEY/, /X-Gate/);
  words(ended, 0, /"event":"met","url":"https:\/\/•••@proxy:3128\/x"/, /phase: idle/);
  const facts = JSON.parse(ended.out) as { log: string; log_end: string[]; workspaces: { sync: unknown }[] };
  assert.equal(dirname(facts.log), data);
  assert.equal(facts.log_end.length, 2);
  for (const secret of ['sesame', 'let-me-in', 's3cret'])
    assert.ok(!(ended.out + ended.err).includes(secret), `${secret}: ${ended.err}`);
});
