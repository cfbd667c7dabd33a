/** The command line from outside: results on stdout, words on stderr, and exit codes that a script can trust. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, test } from 'node:test';
import { start, taskscope, type Ended } from '../fixtures/command-line.ts';
import { startDemo } from '../fixtures/demo/server.ts';
import { root } from '../fixtures/source-files.ts';

let dir = '';
let data = '';
const RUNS = 300;

before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'taskscope-cli-'));
  data = join(dir, 'data');
  const synced = await taskscope(['sync', '--demo', '--demo-runs', String(RUNS), '--data-dir', data]);
  assert.equal(synced.code, 0, synced.err);
});
after(() => rm(dir, { recursive: true, force: true }));

const run = (...args: string[]) => taskscope([...args, '--data-dir', data]);
const ask = (body: string) => taskscope(['query', '--body', '-', '--data-dir', data], { input: body });

/** What is printed on stderr for people must not be what a pipe reads. */
function words(ended: Ended, code: number, pattern: RegExp): void {
  assert.equal(ended.code, code, ended.err);
  assert.match(ended.err, pattern);
}

describe('wrong usage ends with 2 and says how it is used', () => {
  const cases: [string[], RegExp][] = [
    [['bogus'], /no command bogus/],
    [['query', '--nonsense'], /nonsense/],
    [['query', 'stray'], /stray|positional/i],
    [['query', '--preset', 'a', '--body', 'b'], /give one/],
    [['query', '--demo', '--workspace', 'x'], /leave out --workspace/],
    [['sync', '--demo-runs', '5'], /goes with --demo/],
    [['sync', '--demo', '--demo-runs', 'many'], /whole number/],
    [['sync', '--since', 'yesterday'], /30d/],
    [['sync', '--since', '1d', '--all'], /exclude each other/],
    [['export'], /--out/],
    [['export', '--out', 'x', '--format', 'yaml'], /csv, jsonl/],
    [['export', '--out', 'x.xlxs'], /\.xlxs says no format of runs/],
    [['export', '--out', 'x.parquet', '--what', 'logs'], /\.parquet says no format of logs/],
    [['export', '--out', 'x', '--delimiter', '#'], /--delimiter takes/],
    [['export', '--out', 'x', '--columns', 'id,id'], /twice/],
    [['export', '--out', 'x', '--format', 'csv', '--by-day'], /--by-day goes with Parquet/],
    [['export', '--out', 'x.JSON', '--bom'], /--bom goes with CSV/],
    [['export', '--out', 'x', '--what', 'logs', '--columns', 'id'], /--columns goes with --what runs/],
    [['export', '--out', '-', '--by-day'], /folder/],
    [['case', '--out', 'x.zip'], /ends with \.taskscope/],
    [['query', '--as', 'perl'], /curl, python, body, sql/],
    [['serve', '--port', '70000'], /65535/],
    [['workspace'], /add, edit, cloud, list or remove/],
    [['workspace', 'rename', 'a'], /no rename/],
    [['workspace', 'add'], /takes a name/],
    [['workspace', 'add', 'a'], /--api-url/],
    [['workspace', 'add', '../a', '--api-url', 'http://127.0.0.1:1/api'], /a name has/],
    [['workspace', 'add', 'a', '--api-url', 'http://x', '--api-key-env', 'A', '--auth-string-env', 'B'], /give one/],
    [['workspace', 'remove'], /takes a name/],
  ];
  for (const [args, pattern] of cases)
    test(args.join(' '), async () => {
      const ended = await run(...args);
      words(ended, 2, pattern);
      assert.match(ended.err, /taskscope --help/);
      assert.equal(ended.out, '');
    });
});

test('an empty data folder is wrong usage, and not the folder one is in', async () => {
  words(await taskscope(['doctor', '--data-dir', '']), 2, /--data-dir needs the path of a folder/);
});

test('a full disk behind stdout is said as what it is', { skip: process.platform !== 'linux' }, () => {
  const full = openSync('/dev/full', 'w');
  try {
    const program = join(root, 'src-main/shell/cli/main.ts');
    const ended = spawnSync(process.execPath, [program, '--help'], {
      stdio: ['ignore', full, 'pipe'],
      encoding: 'utf8',
    });
    assert.equal(ended.status, 1);
    assert.match(ended.stderr, /The disk is full\.\n {2}Make room for what is printed/);
  } finally {
    closeSync(full);
  }
});

test('help and version are results', async () => {
  const help = await taskscope(['--help']);
  assert.equal(help.code, 0);
  assert.match(help.out, /taskscope query/);
  assert.match((await taskscope(['--version'])).out, /^\d+\.\d+\.\d+\n$/);
});

describe('query', () => {
  test('prints a page and nothing else on stdout', async () => {
    const { code, out } = await ask('{"limit": 3, "sort": "NAME_ASC"}');
    const page = JSON.parse(out) as { results: { id: string; name: string }[]; count: number; pages: number };
    assert.equal(code, 0);
    assert.equal(page.results.length, 3);
    assert.ok(page.count >= RUNS);
    assert.equal(page.pages, Math.ceil(page.count / 3));
  });

  test('a body the server would refuse: its own 422 on stdout, exit 1', async () => {
    const ended = await ask('{"task_runs": {"nonsense": {}}}');
    words(ended, 1, /422/);
    assert.match(ended.out, /"exception_message":"Invalid request received\."/);
    assert.equal((await ask('{"limit":')).code, 1);
  });

  test('a preset is found by name in any case and keeps its order', async () => {
    const { code, out } = await run('query', '--preset', 'slowest THIS week');
    const { results } = JSON.parse(out) as { results: { total_run_time: number }[] };
    assert.equal(code, 0);
    assert.ok(results.length > 1);
    const times = results.map((row) => row.total_run_time);
    assert.deepEqual(
      times,
      times.toSorted((a, b) => b - a),
    );
  });

  test('a preset that another workspace has saved finds the flow of that name here, and says what is not here', async () => {
    const id = '00000000-0000-4000-8000-000000000001';
    const preset = (name: string, flow: string) => ({
      ...{ id: name, name, columns: null, builtin: false, names: { [id]: flow } },
      query: { where: { field: 'flow_run.flow_id', in: [id] }, sort: [] },
    });
    await writeFile(
      join(data, 'presets.json'),
      JSON.stringify([preset('of orders', 'ingest-orders'), preset('of none', 'no such flow')]),
    );
    const here = await run('query', '--preset', 'of orders');
    assert.equal(here.code, 0, here.err);
    const { count } = JSON.parse(here.out) as { count: number };
    const { count: all } = JSON.parse((await ask('{"flows": {"name": {"any_": ["ingest-orders"]}}}')).out) as {
      count: number;
    };
    assert.ok(count > 0 && count === all, `${count} of ${all}`);
    const absent = await run('query', '--preset', 'of none');
    words(absent, 0, /names "no such flow" .* which this archive does not have/);
    assert.equal((JSON.parse(absent.out) as { count: number }).count, 0);
    await rm(join(data, 'presets.json'));
  });

  test('unknown presets, workspaces and files are failures that say what there is', async () => {
    const evil = await run('query', '--preset', '\x1b]0;title\x07\x9b2J');
    words(evil, 1, /named "�\]0;title��2J"/); // what a terminal would obey is shown, not sent
    words(await run('query', '--preset', 'nope'), 1, /"Running now"/);
    words(await run('query', '--workspace', 'nope'), 1, /no workspace named “nope”/);
    words(await run('query', '--body', join(dir, 'missing.json')), 1, /missing\.json cannot be read\.\n.*--body - is/);
  });
});

describe('export', () => {
  test('writes the whole result and says where and how much', async () => {
    const out = join(dir, 'all.csv');
    const ended = await run('export', '--out', out, '--columns', 'id,state_type');
    assert.equal(ended.code, 0, ended.err);
    const told = JSON.parse(ended.out) as { path: string; rows: number; bytes: number };
    const text = await readFile(out, 'utf8');
    assert.deepEqual(told, { path: out, rows: text.trimEnd().split('\n').length - 1, bytes: Buffer.byteLength(text) });
    assert.match(text, /^id,state_type\r?\n/);
  });

  test('a file that ends with .tsv has tabs, one that ends with .ndjson the server’s rows', async () => {
    const [tsv, ndjson] = [join(dir, 'all.tsv'), join(dir, 'all.NDJSON')];
    words(await run('export', '--out', tsv, '--columns', 'id,state_type'), 0, /^/);
    assert.match(await readFile(tsv, 'utf8'), /^id\tstate_type\r\n/);
    words(await run('export', '--out', ndjson, '--quiet'), 0, /^/);
    assert.match(await readFile(ndjson, 'utf8'), /^\{"id":"[^\n]*\}\n\{/);
  });

  test('a misspelt column is told what columns there are, with the way to them', async () => {
    const out = join(dir, 'misspelt.csv');
    words(
      await run('export', '--out', out, '--columns', 'nmae'),
      1,
      /no such column: nmae[^]* failure, .* name, .* traceback,/i,
    );
    words(
      await run('export', '--out', out, '--columns', 'flow_run.nmae'),
      1,
      /flow_run\.name, .*flow_run\.parameters,/,
    );
    assert.equal(existsSync(out), false);
  });

  test('asks with a body as query does', async () => {
    const body = join(dir, 'failed.json');
    await writeFile(body, '{"task_runs":{"state":{"type":{"any_":["FAILED"]}}},"limit":1}');
    const counted = JSON.parse((await run('query', '--body', body)).out) as { count: number };
    const out = join(dir, 'failed.csv');
    const told = JSON.parse((await run('export', '--body', body, '--out', out)).out) as { rows: number };
    assert.equal(told.rows, counted.count);
  });

  test('goes to stdout with nothing else on it, in the format that was asked for', async () => {
    const body = join(dir, 'three.json');
    await writeFile(body, '{"task_runs":{"state":{"type":{"any_":["FAILED"]}}}}');
    const lines = await run('export', '--body', body, '--out', '-', '--format', 'jsonl', '--quiet');
    assert.equal(lines.code, 0, lines.err);
    assert.equal(lines.err, '');
    const { results } = JSON.parse((await run('query', '--body', body)).out) as { results: { id: string }[] };
    const rows = lines.out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { id: string });
    assert.deepEqual(rows.map(({ id }) => id).sort(), results.map(({ id }) => id).sort());
    const sheet = ['--bom', '--delimiter', 'tab', '--header', 'title', '--columns', 'id,state.message,state_type'];
    const table = await run('export', '--body', body, '--out', '-', ...sheet);
    assert.match(table.out, /^\ufeffTask run id\tState message\tState\r\n/);
    const local = ['--safe', '--times', 'local', '--tags', 'joined', '--columns', 'name,tags,start_time'];
    const here = await taskscope(['export', '--body', body, '--out', '-', ...local, '--data-dir', data], {
      env: { TZ: 'Asia/Kolkata' },
    });
    assert.match(here.out, /T\d\d:\d\d:\d\d\.\d{6}\+05:30\r\n/);
    assert.doesNotMatch(here.out, /Z\r\n|"\[/);
  });

  test('a folder by day, and logs; where a script has put its files is not where the window’s next dialog opens', async () => {
    const days = join(dir, 'days');
    const told = await run('export', '--by-day', '--compression', 'snappy', '--out', days);
    assert.equal(told.code, 0, told.err);
    const names = await readdir(days);
    assert.ok(names.length > 0 && names.every((name) => /^day=\d{4}-\d\d-\d\d$/.test(name)), names.join(' '));
    words(
      await run('export', '--what', 'logs', '--format', 'jsonl', '--out', join(dir, 'logs.jsonl')),
      0,
      /kept of \d+ of \d{3} runs/,
    );
    const settings = await readFile(join(data, 'settings.json'), 'utf8').catch(() => '{}');
    assert.doesNotMatch(settings, /export_folder": *"/);
  });

  test('a question in the words of other programs, with what they cannot be asked on stderr', async () => {
    const asked = ['query', '--preset', 'Failed, last 24 h', '--as'];
    const sql = await run(...asked, 'sql');
    assert.deepEqual([sql.code, sql.err], [0, '']);
    assert.match(sql.out, /^\/\* Taskscope: [^]*\nSELECT[^]*FROM task_runs/);
    const body = await run(...asked, 'body');
    assert.equal(body.code, 0, body.err);
    const same = await ask(body.out);
    assert.equal(same.code, 0, same.out);
    const fresh = await run('query', '--preset', 'New failures, last 24 h', '--as', 'curl');
    words(fresh, 0, /Prefect cannot be asked this, so more runs come back: /);
    assert.match(fresh.out, /\ncurl --fail-with-body -sS -X POST /);
  });

  test('a case file of a body’s runs, which says what it will hold; none when none match', async () => {
    const body = join(dir, 'crashed.json');
    await writeFile(body, '{"task_runs":{"state":{"type":{"any_":["CRASHED"]}}}}');
    const { count } = JSON.parse((await run('query', '--body', body)).out) as { count: number };
    const out = join(dir, 'night.taskscope');
    const ended = await run('case', '--body', body, '--out', out, '--no-activity');
    assert.equal(ended.code, 0, ended.err);
    assert.match(ended.err, new RegExp(`can read ${count} runs with their inputs, `));
    const told = JSON.parse(ended.out) as { path: string; bytes: number; task_runs: number };
    assert.deepEqual([told.path, told.task_runs, told.bytes], [out, count, (await readFile(out)).length]);
    words(await run('case', '--body', body, '--out', out), 1, /is there already[^]*--force/);
    const again = await run('case', '--body', body, '--out', out, '--no-activity', '--force', '--quiet');
    assert.deepEqual([again.code, again.out, again.err], [0, '', '']);
    await writeFile(body, '{"task_runs":{"name":{"any_":["no run has this name"]}}}');
    words(
      await run('case', '--body', body, '--out', join(dir, 'none.taskscope')),
      1,
      /1 to 2000 runs[^]*No run matches/,
    );
    assert.ok(!(await readdir(dir)).some((name) => name.startsWith('none.')));
  });

  test('overwrites only when told to', async () => {
    const out = join(dir, 'there.json');
    await writeFile(out, 'mine');
    words(await run('export', '--out', out), 1, /is there already/);
    assert.equal(await readFile(out, 'utf8'), 'mine');
    assert.equal((await run('export', '--out', out, '--force')).code, 0);
    const rows = JSON.parse(await readFile(out, 'utf8')) as unknown[];
    assert.ok(rows.length >= RUNS);
  });

  test('a failure leaves no file', async () => {
    const out = join(dir, 'none.csv');
    words(await run('export', '--out', out, '--columns', 'id,nope'), 1, /nope/);
    words(await run('export', '--out', join(dir, 'no', 'such', 'x.csv')), 1, /The folder of .* does not exist/);
    const body = join(dir, 'bad.json');
    await writeFile(body, '{"sort":"nope"}');
    words(await run('export', '--out', out, '--body', body), 1, /refused/);
    assert.deepEqual(
      (await readdir(dir)).filter((name) => name.startsWith('none.csv')),
      [],
    );
  });
});

describe('workspace', () => {
  test('is added without its server, listed without its secret, and removed', async () => {
    const env = { CLI_TEST_KEY: 'pnu_very_secret' };
    const args = ['workspace', 'add', 'away', '--api-url', 'http://127.0.0.1:1/api', '--api-key-env', 'CLI_TEST_KEY'];
    words(await taskscope([...args, '--data-dir', data], { env }), 0, /cannot be reached/);
    const listed = await run('workspace', 'list');
    assert.doesNotMatch(listed.out, /very_secret/);
    const names = (JSON.parse(listed.out) as { name: string }[]).map((one) => one.name);
    assert.deepEqual(names, [`demo-${RUNS}`, 'away']);
    words(await run('query'), 2, /which workspace/);
    words(await taskscope([...args, '--data-dir', data], { env }), 1, /already a workspace named away/);
    words(await run('sync', '--workspace', 'away'), 1, /CLI_TEST_KEY is not set/);
    words(await run('workspace', 'remove', 'away'), 0, /Removed away/);
    words(await run('workspace', 'remove', 'away'), 1, /no workspace named/);
  });

  test('an address that cannot be one is not added', async () => {
    words(await run('workspace', 'add', 'bad', '--api-url', 'ftp://example.test'), 1, /http/);
    assert.doesNotMatch((await run('workspace', 'list')).out, /"bad"/);
  });
});

describe('sync against servers that answer wrongly', () => {
  const answers: [string, number, string, RegExp][] = [
    ['401', 401, '{"exception_message":"Unauthorized"}', /refused the sign-in/],
    ['403', 403, '{"detail":"Forbidden"}', /does not allow/],
    ['no API', 404, '<html>not here</html>', /no Prefect API/],
    ['not JSON', 200, '<html>a login page</html>', /no Prefect API|not JSON/],
  ];
  for (const [name, status, body, pattern] of answers)
    test(name, async () => {
      const server = createServer((_, response) => response.writeHead(status).end(body));
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      try {
        const folder = join(dir, `sync-${name}`);
        const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/api`;
        await taskscope(['workspace', 'add', 'w', '--api-url', url, '--data-dir', folder]);
        const ended = await taskscope(['sync', '--data-dir', folder]);
        words(ended, 1, pattern);
        assert.equal((JSON.parse(ended.out) as { done: boolean }).done, false);
      } finally {
        server.closeAllConnections();
        server.close();
      }
    });
});

describe('the data folder', () => {
  test('one that holds nothing asks for a workspace', async () => {
    words(await taskscope(['query', '--data-dir', join(dir, 'empty')]), 1, /no workspace yet/);
  });

  test('one that cannot be made or written', async (t) => {
    if (process.getuid?.() === 0) {
      const file = join(dir, 'file');
      await writeFile(file, '');
      words(await taskscope(['workspace', 'list', '--data-dir', join(file, 'data')]), 1, /taskscope: /);
      t.diagnostic('root may write everywhere: only the impossible folder was tried');
      return;
    }
    const locked = join(dir, 'locked');
    await mkdir(locked, { mode: 0o500 });
    words(await taskscope(['workspace', 'list', '--data-dir', join(locked, 'data')]), 1, /cannot be written/);
    await chmod(locked, 0o700);
  });

  test('doctor finds the archive sound, and a damaged one not', async () => {
    const sound = await run('doctor', '--offline');
    assert.equal(sound.code, 0, sound.err);
    assert.match(sound.err, /ok {3}archive demo-300: sound/);
    const folder = join(dir, 'damaged');
    await taskscope(['sync', '--demo', '--demo-runs', '50', '--data-dir', folder]);
    const file = join(folder, 'archives', 'demo-50.sqlite');
    const bytes = await readFile(file);
    bytes.fill(0xff, 4096 * 3, 4096 * 6);
    await writeFile(file, bytes);
    words(await taskscope(['doctor', '--offline', '--data-dir', folder]), 1, /NOT {2}archive demo-50/);
  });
});

test('a sync names what could not be read, in words on stderr, and is through', async () => {
  const epoch = Date.UTC(2026, 5, 1) * 1000;
  const demo = await startDemo({ runs: 60, seed: 4, epoch, now: epoch });
  try {
    const { database, faults } = demo.control;
    const [key] = database.flow_run.byTime().keys;
    const { id } = database.flow_run.facts(key, epoch);
    faults.add({ kind: 'poison', ids: [id], alone: true, times: Infinity });
    const folder = join(dir, 'poisoned');
    const add = ['workspace', 'add', 'w', '--api-url', demo.apiUrl, '--data-dir', folder];
    assert.equal((await taskscope(add)).code, 0);
    const synced = await taskscope(['sync', '--data-dir', folder]);
    words(synced, 0, new RegExp(`Could not be read or kept[^]*Flow run ${id}: .*HTTP 500`));
    assert.deepEqual(demo.control.faults.problems, []);
    const { done, skipped } = JSON.parse(synced.out) as { done: boolean; skipped: number };
    assert.deepEqual([done, skipped], [true, 1]);
  } finally {
    await demo.close();
  }
});

describe('serve', () => {
  type Served = { url: string; apiUrl: string; token: string };

  async function serving(
    folder: string,
    work: (served: Served) => Promise<void>,
    command: readonly string[] = ['serve'],
  ): Promise<Ended> {
    const { child, ended } = start([...command, '--no-open', '--data-dir', folder]);
    try {
      const lines = createInterface({ input: child.stdout! });
      const [first] = (await Promise.race([
        once(lines, 'line'),
        ended.then((e) => Promise.reject(new Error(e.err))),
      ])) as [string];
      await work(JSON.parse(first) as Served);
    } finally {
      child.kill('SIGTERM');
    }
    return ended;
  }

  const count = ({ apiUrl, token }: Served) =>
    fetch(`${apiUrl}/task_runs/count`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: '{}',
    });

  test('prints its addresses first, answers the API, holds the folder, and ends in order', async () => {
    const ended = await serving(data, async (served) => {
      assert.match(served.url, /^http:\/\/s[0-9a-f]{16}\.localhost:\d+\/#[0-9a-f]{64}$/);
      assert.match(served.apiUrl, /^http:\/\/127\.0\.0\.1:\d+\/api$/);
      const reply = await count(served);
      assert.equal(reply.status, 200);
      assert.ok(((await reply.json()) as number) >= RUNS);
      assert.equal((await count({ ...served, token: 'x' })).status, 401);
      // a second process reads what the first holds, and changes nothing
      assert.equal((await run('query')).code, 0);
      words(await run('sync'), 1, /Another Taskscope/);
      words(await run('workspace', 'add', 'x', '--api-url', 'http://127.0.0.1:1/api'), 1, /Another Taskscope|written/);
    });
    assert.equal(ended.code, 0, ended.err);
    assert.match(ended.err, /Open this address/);
    const left = existsSync(join(data, 'exports')) ? await readdir(join(data, 'exports')) : [];
    assert.deepEqual(left, []);
    const freed = await run('sync');
    assert.equal(freed.code, 0, `the folder is free again: ${freed.err}`);
  });

  test('a case file is opened with its runs and no server; half of one is refused in a sentence', async () => {
    const body = join(dir, 'failed-runs.json');
    await writeFile(body, '{"task_runs":{"state":{"type":{"any_":["FAILED"]}}}}');
    const file = join(dir, 'colleague.taskscope');
    const told = await run('case', '--body', body, '--out', file, '--no-activity');
    const { task_runs } = JSON.parse(told.out) as { task_runs: number };
    const ended = await serving(
      join(dir, 'colleague'),
      async (served) => assert.equal(await (await count(served)).json(), task_runs),
      ['open', file],
    );
    assert.equal(ended.code, 0, ended.err);
    const half = join(dir, 'half.taskscope');
    await writeFile(half, (await readFile(file)).subarray(0, 500));
    const refused = await taskscope(['open', half, '--no-open', '--data-dir', join(dir, 'colleague')]);
    words(refused, 1, /This case file cannot be opened[^]*cut off/);
  });

  test('a port in use is a failure in words', async () => {
    await serving(join(dir, 'first'), async ({ apiUrl }) => {
      const second = await taskscope([
        'serve',
        '--no-open',
        '--port',
        new URL(apiUrl).port,
        '--data-dir',
        join(dir, 'b'),
      ]);
      words(second, 1, /Port \d+ is already in use/);
    });
  });
});
