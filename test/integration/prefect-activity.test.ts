/** A failed run's logs, all lines of them, and artifacts are there when the server is gone and nobody had opened it. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { MessageChannel } from 'node:worker_threads';
import { contract } from '../../src-main/contract/calls.ts';
import { createApp, type App } from '../../src-main/core/app.ts';
import { plainShell } from '../../src-main/core/shell.ts';
import { portChannel } from '../../src-main/rpc/channels.ts';
import { connect } from '../../src-main/rpc/rpc.ts';
import { readArtifact } from '../../src-renderer/views/detail/artifacts.ts';
import { noPrefect, startPrefect, type PrefectServer } from '../fixtures/prefect/server.ts';

/** A run is fetched 10 s after its end at the earliest; the rest is patience with a busy machine. */
const WITHIN = 120_000;
const skip = noPrefect();
const workspace = 'real';
let server: PrefectServer | null = null;
let app: App | null = null;
let dir = '';

before(async () => {
  if (skip) return;
  dir = await mkdtemp(join(tmpdir(), 'taskscope-activity-'));
  server = await startPrefect();
});
after(async () => {
  await app?.close();
  await server?.stop();
  if (dir) await rm(dir, { recursive: true, force: true });
});

/** More than both ends that are read at first. */
const LINES = 10_600;

/** `from`: ms. A line each ms. */
async function postLines(server: PrefectServer, id: string, from: number): Promise<void> {
  for (let at = 0; at < LINES; at += 200) {
    const lines = Array.from({ length: 200 }, (_, i) => ({
      ...{ name: 'prefect.task_runs', level: 20, message: `posted ${at + i}`, task_run_id: id },
      timestamp: new Date(from + 10 + at + i).toISOString(),
    }));
    const body = JSON.stringify(lines);
    const reply = await fetch(`${server.apiUrl}/logs/`, { method: 'POST', headers: { 'content-type': 'application/json' }, body }); // prettier-ignore
    assert.ok(reply.ok, await reply.text());
  }
}

test('fetched by rule, kept without the server', { skip }, async () => {
  assert.ok(server);
  const names = JSON.parse(await server.run('published.py')) as string[];
  app = await createApp({ dataDir: dir, shell: plainShell, log: () => undefined });
  const { port1, port2 } = new MessageChannel();
  app.serve(portChannel(port1));
  const client = connect(contract, portChannel(port2));
  await client['workspace.add']({ name: workspace, api_url: server.apiUrl, auth: { kind: 'none' } });
  await client['workspace.open']({ workspace });
  for (const end = Date.now() + WITHIN; (await client['sync.coverage']({ workspace })).with_activity < 1;) {
    assert.ok(Date.now() < end, 'the failed run was not fetched');
    await delay(500);
    await client['sync.start']({ workspace });
    for await (const { phase, problem } of client['sync.watch']({ workspace })) {
      assert.equal(problem, null);
      if (phase === 'idle') break;
    }
  }
  const query = { where: { and: [] }, sort: [{ field: 'start_time', dir: 'asc' as const }] };
  const { rows } = await client['query.ask']({
    workspace,
    query,
    rows: { from: 0, to: 9 },
    facets: [],
    histogram: null,
  });
  assert.deepEqual(
    rows.map(({ name, state_type }) => [name, state_type]),
    [
      [names[0], 'COMPLETED'],
      [names[1], 'FAILED'],
    ],
  );
  const [completed, failed] = rows;
  // a run that logs much: its ends come first, then the lines between, piece by piece
  const id = failed?.id ?? '';
  const { logs: few } = await client['run.activity']({ workspace, id });
  await postLines(server, id, (few.at(-1)?.timestamp ?? 0) / 1000);
  const ends = await client['run.activity']({ workspace, id });
  assert.ok(ends.gap !== null && ends.kept < few.length + LINES, `${ends.kept} lines`);
  assert.equal(ends.count, few.length + LINES, 'the server’s count');
  for (let read = ends; read.gap !== null;) {
    const more = await client['run.activity']({ workspace, id, rest: true });
    assert.ok(more.kept > read.kept, 'each call reads some of them');
    read = more;
  }
  await server.stop();

  const none = await client['run.activity']({ workspace, id: completed?.id ?? '' });
  assert.equal(none.fetched, null, 'the rule does not name it');
  const kept = await client['run.activity']({ workspace, id: failed?.id ?? '' });
  assert.equal(kept.problem?.code, 'SERVER_UNREACHABLE');
  assert.deepEqual(
    kept.history.map(({ type }) => type),
    ['PENDING', 'RUNNING', 'FAILED'],
  );
  const messages = kept.logs.map(({ message }) => message);
  assert.deepEqual([kept.logs.length, kept.kept, kept.gap], [few.length + LINES, few.length + LINES, null]);
  for (const n of [0, 5555, LINES - 1]) assert.equal(messages[few.length + n], `posted ${n}`);
  const found = { where: { log: '"posted 5555"' }, sort: [] };
  const search = await client['query.ask']({ workspace, query: found, rows: { from: 0, to: 9 }, facets: [], histogram: null }); // prettier-ignore
  assert.deepEqual([search.rows.map((row) => row.id), search.searched], [[id], { kept: 1, runs: 2, indexing: null }]);
  const [after] = await client['run.lines']({ workspace, id, after: kept.logs[few.length + 5554] });
  assert.equal(after.message, 'posted 5555');
  assert.deepEqual(messages.slice(0, 3), ['line 0', 'line 1', 'line 2']);
  assert.ok(messages.some((message) => /ValueError: after it has published/.test(message)));
  assert.deepEqual(
    kept.artifacts.map((artifact) => [artifact.key, readArtifact(artifact)]),
    [
      ['report', { kind: 'markdown', text: '# Report\n\n**bold** <b>raw</b>' }],
      ['rows', { kind: 'table', columns: ['id', 'b'], rows: [['12345678901234567890', 'null']], left: 0 }],
      ['link', { kind: 'markdown', text: '[see](https://example.com/a?b=c)' }],
      ['image', { kind: 'image', url: 'https://example.com/a.png' }],
      [null, { kind: 'progress', percent: 55.5 }],
    ],
  );
  port2.close();
});
