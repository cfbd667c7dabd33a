/** A machine without file descriptors or room, and faults that nothing caught: the program goes on, or ends with a sentence. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, test } from 'node:test';
import { createApp } from '../../src-main/core/app.ts';
import { plainShell } from '../../src-main/core/shell.ts';
import { start } from '../fixtures/command-line.ts';
import { root } from '../fixtures/source-files.ts';
import { syncedFolder, words, type Synced } from '../fixtures/synced-folder.ts';

let synced: Synced;
before(async () => {
  synced = await syncedFolder();
});
after(() => synced.remove());

describe('a program that goes on', () => {
  type Served = { url: string; apiUrl: string; token: string };

  /** `serve` under a shell command, such as a limit. */
  async function serving(
    data: string,
    limit: string,
    work: (served: Served) => Promise<void>,
    before: string[] = [],
  ): Promise<string> {
    const cli = join(root, 'src-main/shell/cli/main.ts');
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
    const { data } = synced.copy('descriptors');
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
      assert.ok((await count(served)) >= synced.total);
    });
  });

  const noMounts = spawnSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt']).status !== 0;
  // none for the lock; some for the lock and none for the archive's log
  for (const free of [0, 16])
    test(`on a disk with ${free} kB left the window opens to read, and says how to make room`, async (t) => {
      if (noMounts) return t.diagnostic('a small file system cannot be mounted here');
      const { data } = synced.copy(`full-${free}`);
      const small = join(synced.dir, `small-${free}`);
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
          assert.equal(await count(served), synced.total);
        },
        ['unshare', '-m'],
      );
      assert.match(err, /The disk is full/);
      assert.match(err, /only reads what it has until there is room.*Delete or move files/);
    });

  test('after a fault that nobody caught: it is logged, and said to the next window', async () => {
    const { data } = synced.copy('fault');
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
      const fault = join(synced.dir, `${kind}.mjs`);
      writeFileSync(fault, code);
      const { child, ended } = start(['query', '--body', '-', '--data-dir', synced.data], {
        NODE_OPTIONS: `--import=${join(synced.dir, 'late.mjs')}`,
        FAULT: fault,
      });
      child.stdin?.on('error', () => undefined);
      words(await ended, 1, /Something failed inside Taskscope/, /boom/);
    });
  before(() => {
    // the command waits for its body; the fault strikes meanwhile
    writeFileSync(join(synced.dir, 'late.mjs'), 'setTimeout(() => import(process.env.FAULT), 1500).unref();');
  });
});
