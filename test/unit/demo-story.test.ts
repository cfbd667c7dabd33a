import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseTime } from '../../src-main/contract/time.ts';
import { failuresOf } from '../../src-main/demo/story/failures.ts';
import { logJson, taskLines } from '../../src-main/demo/story/logs.ts';
import { outcomes } from '../../src-main/demo/story/plan.ts';
import { Story } from '../../src-main/demo/story/story.ts';
import type { JsonRow } from '../../src-main/demo/json.ts';
import { flowRunJson, taskRunJson, taskStatesJson } from '../../src-main/demo/server/wire-rows.ts';

const EPOCH = Date.UTC(2026, 10, 23, 9, 30) * 1000;
const story = new Story(7, EPOCH, 3000);
const all = Array.from({ length: story.tasks.length }, (_, task) => task);
const present = all.filter((task) => story.tasks.at.created[task] <= EPOCH);
const rows = new Map(present.map((task) => [task, taskRunJson(story, task, EPOCH)]));
const rowOf = (task: number) => rows.get(task) as JsonRow;
const at = (value: unknown) => (value === null ? null : parseTime(value as string));

test('exactly the number of task runs that was asked for, whatever it is', () => {
  for (const runs of [0, 1, 37, 600, 3000]) {
    const told = new Story(3, EPOCH, runs);
    const there = Array.from(told.tasks.at.created.subarray(0, told.tasks.length)).filter(
      (created) => created <= EPOCH,
    );
    assert.equal(there.length, runs);
  }
});

test('the same seed, epoch and number tell the same story; another seed another', () => {
  const again = new Story(7, EPOCH, 3000);
  for (const task of present.slice(0, 300)) assert.deepEqual(taskRunJson(again, task, EPOCH), rowOf(task));
  const other = new Story(8, EPOCH, 3000);
  assert.notEqual(other.taskId(0), story.taskId(0));
});

test('every id is found again by its row number, and no other is', () => {
  for (const task of all) assert.equal(story.taskOf(story.taskId(task)), task);
  for (let run = 0; run < story.runs.length; run++) assert.equal(story.runOf(story.runId(run)), run);
  const ids = new Set(all.map((task) => story.taskId(task)));
  assert.equal(ids.size, all.length);
  assert.equal(story.taskOf('01a20678-b1a4-774d-ab1f-62570f8668ae'), -1);
  assert.equal(story.taskOf(story.runId(0)), -1);
});

test('a row agrees with its history, and its times with one another', () => {
  for (const task of present) {
    const row = rowOf(task);
    const states = taskStatesJson(story, task, EPOCH);
    assert.deepEqual(states.at(-1), row.state);
    assert.equal((row.state as JsonRow).type, row.state_type);
    const times = states.map((state) => at(state.timestamp) as number);
    assert.deepEqual(
      times,
      [...times].sort((a, b) => a - b),
      `history of ${String(row.name)} in order`,
    );
    assert.equal(row.run_count, states.filter((state) => state.type === 'RUNNING').length);
    const [start, end] = [at(row.start_time), at(row.end_time)];
    if (start !== null && end !== null) assert.ok(start <= end);
    if (end !== null) assert.ok(end <= EPOCH);
    assert.equal(end !== null, ['COMPLETED', 'FAILED', 'CRASHED', 'CANCELLED'].includes(row.state_type as string));
    assert.ok((row.total_run_time as number) >= 0);
  }
});

test('what a run took from others was there before it, in the same flow run', () => {
  const byId = new Map(present.map((task) => [story.taskId(task), rowOf(task)]));
  let links = 0;
  for (const row of byId.values()) {
    for (const inputs of Object.values(row.task_inputs as Record<string, { input_type: string; id: string }[]>)) {
      for (const input of inputs.filter(({ input_type }) => input_type === 'task_run')) {
        const upstream = byId.get(input.id);
        assert.ok(upstream);
        assert.equal(upstream.flow_run_id, row.flow_run_id);
        if (upstream.end_time && row.start_time)
          assert.ok((at(upstream.end_time) as number) <= (at(row.start_time) as number));
        links += 1;
      }
    }
  }
  assert.ok(links > 1000);
});

test('a placeholder and its subflow point at each other and end alike', () => {
  const placeholders = present.filter((task) => story.child(task) >= 0);
  assert.ok(placeholders.length > 20);
  for (const task of placeholders) {
    const row = rowOf(task);
    const child = flowRunJson(story, story.child(task), EPOCH);
    assert.equal(child.parent_task_run_id, row.id);
    const details = (row.state as JsonRow).state_details as JsonRow;
    assert.equal(details.child_flow_run_id, child.id);
    assert.equal(child.state_type, row.state_type);
  }
});

test('it has every kind of run that people look for', () => {
  const names = new Set(present.map((task) => rowOf(task).state_name));
  for (const name of [
    'Completed',
    'Cached',
    'Failed',
    'TimedOut',
    'Crashed',
    'Cancelled',
    'Running',
    'NotReady',
    'Scheduled',
  ])
    assert.ok(names.has(name), `a run that is ${name}`);
  const retried = present.filter((task) => (rowOf(task).run_count as number) > 1);
  assert.ok(retried.length > 50);
  const history = taskStatesJson(story, retried[0] ?? 0, EPOCH).map((state) => state.name);
  assert.ok(history.includes('AwaitingRetry') && history.includes('Retrying'));
  const failed = present
    .map(rowOf)
    .find((row) => row.state_name === 'Failed' && /Traceback/.test(JSON.stringify(row.state)));
  assert.match(
    String((failed?.state as JsonRow).message),
    /^Task run encountered an exception \w+: [\s\S]+Traceback \(most recent call last\):/,
  );
});

test('failures come in bursts: some hour has ten times its share', () => {
  const byHour = new Map<number, number>();
  const failed = present.filter((task) => rowOf(task).state_type === 'FAILED');
  for (const task of failed) {
    const hour = Math.floor(story.tasks.at.expected[task] / 3600e6);
    byHour.set(hour, (byHour.get(hour) ?? 0) + 1);
  }
  assert.ok(Math.max(...byHour.values()) > (10 * failed.length) / (30 * 24));
});

test('logs are in order, within the run, and tell of its failure', () => {
  const failed = present.find((task) => rowOf(task).state_name === 'Failed' && story.child(task) < 0) ?? 0;
  const lines = taskLines(story, failed, EPOCH);
  const times = lines.map((line) => line.at);
  assert.deepEqual(
    times,
    [...times].sort((a, b) => a - b),
  );
  assert.ok(lines.some((line) => line.level === 40 && line.message.includes('Traceback')));
  const ids = new Set(lines.map((line, n) => logJson(line, failed, n, { task: null, run: null }).id));
  assert.equal(ids.size, lines.length);
});

test('time goes on: what ran has ended later, new runs have come, nothing has gone', () => {
  const later = EPOCH + 2 * 3600e6;
  const told = new Story(7, EPOCH, 3000);
  const running = present.filter((task) => rowOf(task).state_name === 'Running');
  told.advance(later);
  assert.ok(told.tasks.length > story.tasks.length);
  for (const task of present) assert.equal(told.taskId(task), story.taskId(task));
  const ended = running.filter((task) => taskRunJson(told, task, later).end_time !== null);
  assert.ok(ended.length > 0);
  const fresh = Array.from(told.tasks.at.created.subarray(0, told.tasks.length)).filter(
    (made) => made > EPOCH && made <= later,
  );
  assert.ok(fresh.length > 100);
});

test('whatever the hour, something has failed within a day as nothing had before', () => {
  const [upgrade] = failuresOf(['upgrade']);
  for (let hour = 0; hour < 24; hour++) {
    const epoch = Date.UTC(2026, 10, 20 + (hour % 7), hour, 40) * 1000;
    const { tasks } = new Story(20_000, epoch, 8000);
    const told = Array.from({ length: tasks.length }, (_, task) => task);
    const failed = told.filter((task) => tasks.at.failure[task] === upgrade && tasks.at.expected[task] <= epoch);
    assert.ok(
      failed.some((task) => outcomes[tasks.at.outcome[task] ?? 0] === 'Failed'),
      `at ${hour}`,
    );
    for (const task of failed) assert.ok((tasks.at.expected[task] ?? 0) > epoch - 24 * 3600e6, `at ${hour}`);
  }
});
