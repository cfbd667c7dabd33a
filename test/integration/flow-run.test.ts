/** A flow run as the query thread reads it equals the rows that were stored, also when it is large, and no piece of it takes long. */
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { FlowRunItem } from '../../src-main/contract/flow-run.ts';
import { readFlowRun, readFlowRunLogs } from '../../src-main/core/workers/flow-run.ts';
import { openReader, type Reader } from '../../src-main/store/read/reader.ts';
import { PartBuilder, type Part } from '../../src-renderer/state/flow-run/model.ts';
import { ExportArchive } from '../fixtures/export-archive.ts';
import { random, uuid4, uuid7 } from '../fixtures/prefect-rows.ts';
import { SEED } from '../fixtures/ci-seed.ts';

const RUNS = 3_000;
const START = 1.764e15;
const next = random(SEED);
const [flowRun, other, child] = [uuid4(next), uuid4(next), uuid4(next)];
const iso = (micros: number) => new Date(micros / 1000).toISOString();
const outside = uuid4(next);

type Made = { id: string; upstream: string[]; json: string };
function made(count: number): Made[] {
  const list: Made[] = [];
  for (let i = 0; i < count; i++) {
    const start = START + i * 1000;
    const id = uuid7(start, next);
    const upstream = i === 0 ? [] : [...new Set([1, 2].map(() => list[Math.floor(next() * i)].id))];
    const ids = i % 10 === 0 ? [...upstream, outside] : upstream;
    const json = JSON.stringify({
      ...{ id, name: `work-${i}`, flow_run_id: flowRun, task_key: `work-${i % 7}`, dynamic_key: `${i}` },
      task_inputs: {
        data: ids.map((one) => ({ input_type: 'task_run', id: one })),
        count: [{ input_type: 'constant', type: 'int' }],
        // what a newer server may send
        odd: i % 100 === 0 ? null : [],
      },
      ...{ state_type: 'COMPLETED', state_name: 'Completed', run_count: 1 + (i % 3), total_run_time: i / 10 },
      ...{ expected_start_time: iso(start), start_time: iso(start + 1000), end_time: iso(start + 5000) },
      state: { type: 'COMPLETED', name: 'Completed', timestamp: iso(start + 5000) },
    });
    list.push({ id, upstream, json });
  }
  return list;
}
const runs = made(RUNS);
const flowRunRow = (id: string, more: object) =>
  JSON.stringify({
    id,
    name: `of ${id.slice(0, 4)}`,
    tags: ['a'],
    state_type: 'COMPLETED',
    parameters: { n: 1 },
    ...more,
  });

let archive: ExportArchive;
let reader: Reader;
before(async () => {
  archive = await ExportArchive.make([
    ['task_run', runs.map(({ json }) => json)],
    [
      'flow_run',
      [flowRunRow(flowRun, {}), flowRunRow(other, {}), flowRunRow(child, { parent_task_run_id: runs[5].id })],
    ],
  ]);
  for (const { id } of runs.slice(10, 12))
    archive.writer.saveActivity(
      id,
      {
        ...{ artifacts: [], gap: null, kept: 2, count: null, fetched: START, problem: null, missed: {} },
        history: [
          { id: `${id}-a`, type: 'RUNNING', name: 'Running', timestamp: START, message: null },
          { id: `${id}-b`, type: 'COMPLETED', name: 'Completed', timestamp: START + 5, message: 'done' },
        ],
        logs: [1, 2].map((n) => ({
          id: `${id}-${n}`,
          name: 'x',
          level: 20,
          message: `line ${n}`,
          timestamp: START + n,
        })),
      },
      null,
    );
  archive.update();
  reader = openReader(join(archive.dir, 'archive.sqlite'));
});
after(async () => {
  reader.close();
  archive.writer.close();
  rmSync(archive.dir, { recursive: true, force: true });
});

const signal = new AbortController().signal;
async function read(id: string, linked: { count: number; last: string } | null = null): Promise<FlowRunItem[]> {
  const items: FlowRunItem[] = [];
  for await (const item of readFlowRun({ engine: archive.engine, reader }, { id, linked }, signal)) items.push(item);
  return items;
}
function built(items: readonly FlowRunItem[], before: Part | null = null): Part {
  const [head, ...rest] = items;
  assert.ok(head.kind === 'head');
  const builder = new PartBuilder(head, before);
  for (const item of rest) {
    if (item.kind === 'runs') builder.addRuns(item);
    else if (item.kind === 'links') builder.addLinks(item);
  }
  return builder.part(true);
}

describe('a flow run', () => {
  it('has every task run with its times, inputs and kept states', async () => {
    const part = built(await read(flowRun));
    assert.equal(part.runs.length, RUNS);
    assert.deepEqual(part.head.tags, ['a']);
    const byId = new Map(part.runs.map((run) => [run.id, run]));
    for (const [i, { id, upstream }] of runs.entries()) {
      const run = byId.get(id);
      assert.ok(run);
      assert.deepEqual([run.name, run.task_key, run.dynamic_key], [`work-${i}`, `work-${i % 7}`, `${i}`]);
      assert.deepEqual([run.start_time, run.end_time], [START + i * 1000 + 1000, START + i * 1000 + 5000]);
      assert.deepEqual([run.run_count, run.total_run_time], [1 + (i % 3), i / 10]);
      assert.deepEqual(run.upstream.map((place) => part.runs[place].id).toSorted(), upstream.toSorted());
      assert.equal(run.outside, i % 10 === 0 ? 1 : 0);
    }
    assert.equal(part.kept, 2);
    assert.deepEqual(
      byId.get(runs[10].id)?.states.map(({ type, timestamp }) => [type, timestamp]),
      [
        ['RUNNING', START],
        ['COMPLETED', START + 5],
      ],
    );
    assert.deepEqual(
      byId.get(runs[5].id)?.subflows.map(({ id, runs: count }) => [id, count]),
      [[child, 0]],
    );
  });

  it('is read on from where a reading has ended, and anew when the runs before are others', async () => {
    const whole = built(await read(flowRun));
    const place = 1_999;
    const linked = { count: place + 1, last: whole.runs[place].id };
    const on = await read(flowRun, linked);
    assert.ok(on.every((item) => item.kind !== 'links' || item.from > place));
    assert.deepEqual(built(on, whole), whole);
    const anew = await read(flowRun, { ...linked, last: whole.runs[0].id });
    assert.ok(anew.some((item) => item.kind === 'links' && item.from === 0));
  });

  it('says what started it, and has no rows where none are kept', async () => {
    const { head, runs: none } = built(await read(child));
    assert.equal(none.length, 0);
    assert.deepEqual([head.parent?.task_run_id, head.parent?.flow_run_id], [runs[5].id, flowRun]);
    assert.equal(built(await read(other)).head.parent, null);
    await assert.rejects(read(outside), { code: 'NOT_FOUND' });
  });

  it('has the kept lines of its runs, each with its run', async () => {
    const lines: string[] = [];
    let kept = 0;
    let done = 0;
    for await (const piece of readFlowRunLogs({ engine: archive.engine, reader }, flowRun, signal)) {
      lines.push(...piece.lines.map(({ run, message }) => `${run} ${message}`));
      ({ kept, done } = piece);
    }
    assert.deepEqual([done, kept], [RUNS, 2]);
    const wanted = runs.slice(10, 12).flatMap(({ id }) => [`${id} line 1`, `${id} line 2`]);
    assert.deepEqual(lines.toSorted(), wanted.toSorted());
  });

  it('has the first of a run’s huge lines, in pieces that fit into a message', async () => {
    const lines = (id: string) =>
      [1, 2, 3].map((n) => ({ id: `${id}-${n}`, name: 'x', level: 20, message: 'm'.repeat(700_000), timestamp: n }));
    const head = { history: [], artifacts: [], gap: null, kept: 3, count: null, fetched: START, problem: null, missed: {} }; // prettier-ignore
    for (const { id } of runs.slice(20, 30)) archive.writer.saveActivity(id, { ...head, logs: lines(id) }, null);
    const seen: number[] = [];
    let cut = 0;
    for await (const piece of readFlowRunLogs({ engine: archive.engine, reader }, flowRun, signal)) {
      assert.ok(JSON.stringify(piece).length < 4_000_000);
      seen.push(piece.lines.filter(({ message }) => message.length > 9).length);
      cut += piece.cut;
    }
    assert.deepEqual([seen.reduce((sum, n) => sum + n, 0), cut], [20, 10]);

    for (const most of [
      { lines: 7, characters: Infinity },
      { lines: Infinity, characters: 4_000_000 },
    ]) {
      const [all, full] = [[] as number[], [] as boolean[]];
      for await (const piece of readFlowRunLogs({ engine: archive.engine, reader }, flowRun, signal, most)) {
        all.push(...piece.lines.map(({ message }) => message.length));
        full.push(piece.full);
      }
      assert.equal(full.at(-1), true, 'it says that there is more');
      assert.ok(all.length <= most.lines, `${all.length} lines`);
      const characters = all.reduce((sum, length) => sum + length, 0);
      assert.ok(characters > 1_000_000 && characters < most.characters + 2_000_000, `${characters} characters`);
    }
  });
});
