import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { encodeRows } from '../../src-main/store/write/encode.ts';
import { openWriter } from '../../src-main/store/write/writer.ts';

const id = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;

function run(n: number, state: string | null, flowRun: number | null) {
  const value = {
    id: id(n),
    name: `run-${n}`,
    task_key: 'run',
    flow_run_id: flowRun === null ? null : id(flowRun),
    state_type: state,
    state_name: state,
    tags: [],
    updated: '2026-01-01T00:00:00Z',
  };
  return { json: JSON.stringify(value), value };
}

test('unfinished runs and ids known from references only are listed, until they are marked gone', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'taskscope-lists-'));
  const writer = openWriter(join(dir, 'a.sqlite'), { onChange: () => undefined });
  try {
    const rows = [run(1, 'RUNNING', 90), run(2, 'COMPLETED', 91), run(3, null, null), run(4, 'NEW_KIND', 91)];
    writer.write({ batches: [encodeRows('task_run', rows)] });
    assert.deepEqual(writer.lookup((it) => it.unfinished('task_run', null)).sort(), [id(1), id(3), id(4)]);
    const updated = Date.UTC(2026, 0, 1) * 1000;
    assert.equal(writer.lookup((it) => it.unfinished('task_run', updated)).length, 3);
    assert.deepEqual(
      writer.lookup((it) => it.unfinished('task_run', updated + 1)),
      [],
    );
    assert.deepEqual(writer.lookup((it) => it.stubs('flow_run', 10)).sort(), [id(90), id(91)]);
    assert.equal(writer.lookup((it) => it.stubs('flow_run', 1)).length, 1);
    writer.markGone('task_run', [id(1)], 1);
    writer.markGone('flow_run', [id(90)], 1);
    assert.deepEqual(writer.lookup((it) => it.unfinished('task_run', null)).sort(), [id(3), id(4)]);
    assert.deepEqual(
      writer.lookup((it) => it.stubs('flow_run', 10)),
      [id(91)],
    );
  } finally {
    writer.close();
    await rm(dir, { recursive: true, force: true });
  }
});
