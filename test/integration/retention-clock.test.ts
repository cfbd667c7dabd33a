/** What an archive deletes by itself is old by the server's clock as well as by this machine's. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Client } from '../../src-main/contract/define.ts';
import type { Retention } from '../../src-main/contract/sync.ts';
import { formatTime } from '../../src-main/contract/time.ts';
import { enforceRetention } from '../../src-main/core/archive/retention.ts';
import type { writerContract } from '../../src-main/core/workers/contracts.ts';
import { encodeRows } from '../../src-main/store/write/encode.ts';
import { openWriter } from '../../src-main/store/write/writer.ts';
import { freshState, STATE_KEY } from '../../src-main/sync/state.ts';

type Asked = { retention: Retention; now: number };

const DAY = 86_400_000_000;
const NOW = Date.UTC(2026, 5, 1) * 1000;

/** Runs of 0 to 9 days ago. Deletes what is older than 5 days; returns how many runs that were. */
async function deleted(t: { mock: typeof test.mock }, machine: number, server: number | null, byItself: boolean) {
  const dir = await mkdtemp(join(tmpdir(), 'taskscope-retention-'));
  const writer = openWriter(join(dir, 'a.sqlite'), { onChange: () => undefined });
  t.mock.method(Date, 'now', () => machine / 1000);
  try {
    const rows = Array.from({ length: 10 }, (_, i) => {
      const at = formatTime(NOW - i * DAY);
      const id = `${String(i).padStart(8, '0')}-0000-4000-8000-000000000000`;
      const value = { id, name: `run ${i}`, task_key: 'run', state_type: 'COMPLETED', state_name: 'Completed' };
      const row = { ...value, flow_run_id: null, tags: [], expected_start_time: at, end_time: at, updated: at };
      return { json: JSON.stringify(row), value: row };
    });
    writer.write({
      batches: [encodeRows('task_run', rows)],
      state: { [STATE_KEY]: { ...freshState(), through: server } },
    });
    const client = {
      state: ({ key }: { key: string }) => Promise.resolve(writer.getState(key)),
      setState: ({ key, value }: { key: string; value: unknown }) => Promise.resolve(writer.setState(key, value)),
      preview: ({ retention, now }: Asked) => Promise.resolve(writer.preview(retention, now)),
      enforce: ({ retention, now }: Asked) => Promise.resolve(writer.enforce(retention, now)),
    } as unknown as Client<typeof writerContract>;
    return (await enforceRetention(client, { gone: 'keep', max_days: 5, max_bytes: null }, byItself)).task_runs;
  } finally {
    t.mock.restoreAll();
    writer.close();
    await rm(dir, { recursive: true, force: true });
  }
}

test('clocks that agree, and one that is years ahead or behind', async (t) => {
  const years = 3 * 365 * DAY;
  const usual = await deleted(t, NOW, NOW, true);
  assert.equal(usual, 4);
  assert.equal(await deleted(t, NOW + years, NOW, true), usual, 'this machine is ahead');
  assert.equal(await deleted(t, NOW, NOW + years, true), usual, 'the server is ahead');
  assert.equal(await deleted(t, NOW - years, NOW, true), 0, 'this machine is behind');
  assert.equal(await deleted(t, NOW, null, true), usual, 'nothing is known of the server');
  assert.equal(await deleted(t, NOW + years, NOW, false), 10, 'a person who has seen what goes decides');
});
