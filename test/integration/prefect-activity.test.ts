/** A failed run's logs and artifacts are there when the server is gone and nobody had opened it. */
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
  await server.stop();

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
  const none = await client['run.activity']({ workspace, id: completed?.id ?? '' });
  assert.equal(none.fetched, null, 'the rule does not name it');
  const kept = await client['run.activity']({ workspace, id: failed?.id ?? '' });
  assert.equal(kept.problem?.code, 'SERVER_UNREACHABLE');
  assert.deepEqual(
    kept.history.map(({ type }) => type),
    ['PENDING', 'RUNNING', 'FAILED'],
  );
  const messages = kept.logs.map(({ message }) => message);
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
