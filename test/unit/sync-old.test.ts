/** Replies recorded from Prefect 2.20.25 and 3.0.11: their rows, filter keys and missing endpoints. prefect-old.test.ts runs the real ones. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fetchActivity } from '../../src-main/prefect/activity.ts';
import { createClient } from '../../src-main/prefect/client.ts';
import { encodeRows } from '../../src-main/store/write/encode.ts';
import { memorySink } from '../fixtures/memory-sink.ts';
import { NaivePrefect, type Reply, type Row } from '../fixtures/naive-prefect.ts';
import { serveHttp } from '../fixtures/prefect-http.ts';
import { syncOnce } from '../fixtures/sync-once.ts';

type Recorded = Record<'task_runs' | 'flow_runs' | 'flows', Row[]> & {
  version: string;
  filters: Record<string, string[]>;
  paginate: Reply;
  opened: string;
  states: unknown;
  logs: unknown;
};

for (const version of ['2.20.25', '3.0.11'])
  test(`Prefect ${version} is synced, compared and opened`, async () => {
    const path = join(import.meta.dirname, `../fixtures/prefect/recorded/${version}.json`);
    const recorded = JSON.parse(readFileSync(path, 'utf8')) as Recorded;
    const prefect = new NaivePrefect();
    prefect.taskRunKeys = recorded.filters['TaskRunFilter'] ?? [];
    prefect.flowRunKeys = recorded.filters['FlowRunFilter'] ?? [];
    for (const table of ['task_runs', 'flow_runs', 'flows'] as const)
      for (const row of recorded[table]) prefect.put(table, row);
    const server = await serveHttp((method, asked, body) => {
      if (asked === '/admin/version') return { status: 200, body: recorded.version };
      if (asked === '/flow_runs/paginate') return recorded.paginate;
      if (asked.startsWith('/task_run_states/')) return { status: 200, body: recorded.states };
      if (asked === '/logs/filter') return { status: 200, body: recorded.logs };
      if (asked === '/artifacts/filter') return { status: 200, body: [] };
      return prefect.answer(method, asked, body);
    });
    const client = createClient({ api_url: server.apiUrl, auth: null });
    try {
      const sink = memorySink();
      for (const verify of [false, true]) await syncOnce(client, sink, { verify });
      for (const [entity, table] of [
        ['task_run', 'task_runs'],
        ['flow_run', 'flow_runs'],
        ['flow', 'flows'],
      ] as const) {
        const rows = [...sink.rows[entity].values()];
        assert.deepEqual(
          new Map(rows.map(({ json, value }) => [value.id, JSON.parse(json) as unknown])),
          new Map(recorded[table].map((row) => [row.id, row])),
        );
        assert.equal(sink.gone[entity].size, 0);
        encodeRows(entity, rows); // the archive takes them
      }
      const { history, logs } = await fetchActivity(client, recorded.opened);
      assert.equal(history.at(-1)?.type, 'FAILED');
      assert.ok(logs.length > 0);
    } finally {
      await client.close();
      await server.close();
    }
  });
