import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  noActivity,
  type LogLine,
  type RunActivity,
  type RunLink,
  type TaskRunDetail,
} from '../../src-main/contract/run.ts';
import { AppError } from '../../src-main/contract/errors.ts';
import { errorWords } from '../../src-main/contract/error-words.ts';
import { compareRuns } from '../../src-renderer/views/detail/compare.ts';
import { logsNote } from '../../src-renderer/views/detail/compare-logs.ts';
import { diffTexts, folded, linesOf, masked } from '../../src-renderer/views/detail/text-diff.ts';
import fc from 'fast-check';
import '../fixtures/ci-seed.ts';

const link = (id: string, name: string, state_type = 'COMPLETED'): RunLink => ({
  id,
  kind: 'task_run',
  name,
  state_type,
  state_name: state_type,
  parameter: 'rows',
});

type Change = { row?: Partial<TaskRunDetail['row']>; json?: unknown; flow?: unknown; upstream?: RunLink[] };
/** What a comparison reads of a run. */
function detail({ row = {}, json = {}, flow = null, upstream = [] }: Change): TaskRunDetail {
  const times = { expected_start_time: 0, start_time: 1e6, end_time: 61e6 };
  const whole = {
    state_name: 'Completed',
    run_count: 1,
    tags: ['a'],
    flow_name: 'etl',
    deployment_name: null,
    ...times,
  };
  return {
    row: { ...whole, ...row },
    json: JSON.stringify(json),
    flow_run_json: flow === null ? null : JSON.stringify(flow),
    upstream,
  } as unknown as TaskRunDetail;
}
const compare = (left: Change, right: Change) => compareRuns([detail(left), detail(right)], 0);
const differs = (left: Change, right: Change) =>
  compare(left, right).groups.flatMap(({ title, differs }) => differs.map((one) => [title, one.label, ...one.values]));

describe('runs beside each other', () => {
  it('the same run differs in nothing', () => {
    const one = {
      json: { task_inputs: { n: [{ input_type: 'constant', type: 'int' }] } },
      flow: { parameters: { a: 1 } },
    };
    assert.deepEqual(differs(one, one), []);
    assert.equal(compare(one, one).differences, 0);
    assert.ok(compare(one, one).groups.some(({ same }) => same.some(({ label }) => label === 'n')));
  });

  it('state, message, duration, attempts and tags', () => {
    const failed = {
      row: { state_name: 'Failed', run_count: 3, end_time: 31e6, tags: ['b', 'a'] },
      json: { state: { message: 'boom' } },
    };
    assert.deepEqual(differs(failed, {}), [
      ['Run', 'State', 'Failed', 'Completed'],
      ['Run', 'Message', 'boom', null],
      ['Run', 'Duration', '30 s', '1 m 0 s'],
      ['Run', 'Attempts', '3', '1'],
      ['Run', 'Tags', 'a, b', 'a'],
    ]);
  });

  it('inputs by where they came from: a run of the same task is the same', () => {
    const given = (id: string) => ({ task_inputs: { rows: [{ input_type: 'task_run', id }] } });
    const left = { json: given('1'), upstream: [link('1', 'extract-a1b')] };
    assert.deepEqual(differs(left, { json: given('2'), upstream: [link('2', 'extract-c3d')] }), []);
    assert.deepEqual(differs(left, { json: given('3'), upstream: [link('3', 'load-c3d')] }), [
      ['Inputs', 'rows', 'result of extract', 'result of load'],
    ]);
    assert.deepEqual(
      differs(
        { ...left, upstream: [link('1', 'extract-a1b', 'FAILED')] },
        { json: given('2'), upstream: [link('2', 'extract-c')] },
      ),
      [['Run', 'Upstream', 'extract-a1b FAILED', null]],
    );
  });

  it('parameters by path, down to the value that differs, numbers as they were sent', () => {
    const left = { flow: { parameters: { day: '1', deep: { n: [1, 2], same: 1 }, only: null } } };
    const right = { flow: { parameters: { day: '2', deep: { n: [1, 3], same: 1 } } } };
    assert.deepEqual(differs(left, right), [
      ['Flow run parameters', 'day', '"1"', '"2"'],
      ['Flow run parameters', 'deep.n[1]', '2', '3'],
      ['Flow run parameters', 'only', 'null', null],
    ]);
    const [wide] = [1, 2].map((value) => ({
      flow: { parameters: Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`p${i}`, value])) },
    }));
    assert.deepEqual([compare(wide ?? {}, {}).differences, compare(wide ?? {}, {}).more], [300, 100]);
  });

  it('survives flow runs that are not there and JSON that is none', () => {
    const broken = { ...detail({}), json: 'not json', flow_run_json: 'not json' };
    assert.equal(compareRuns([broken, { ...broken, flow_run_json: null }], 0).differences, 0);
  });

  it('six runs: a line differs when one of them does', () => {
    const runs = [1, 1, 1, 2, 1, 1].map((n) =>
      detail({ row: { run_count: n }, flow: { parameters: { a: { b: n, c: 0 } } } }),
    );
    const { groups } = compareRuns(runs, 0);
    assert.deepEqual(
      groups.flatMap(({ differs }) => differs.map(({ label, values }) => [label, ...values])),
      [
        ['Attempts', '1', '1', '1', '2', '1', '1'],
        ['a.b', '1', '1', '1', '2', '1', '1'],
      ],
    );
  });
});

describe('texts beside each other', () => {
  it('the lines of both stand in their order, and what is the same but for its mask is said to be', () => {
    const line = fc.constantFrom('a', 'b', 'took 5 s', 'took 71 s', '');
    fc.assert(
      fc.property(fc.array(line, { maxLength: 30 }), fc.array(line, { maxLength: 30 }), (left, right) => {
        const diff = diffTexts(left, right, masked);
        assert.ok(diff);
        assert.deepEqual(
          diff.filter(({ kind }) => kind !== 'right').map(({ text }) => masked(text)),
          left.map(masked),
        );
        assert.deepEqual(
          diff.filter(({ kind }) => kind !== 'left').map(({ text }) => masked(text)),
          right.map(masked),
        );
        const shown = folded(diff).flatMap((one) => ('same' in one ? new Array<string>(one.same).fill('') : one.text));
        assert.equal(shown.length, diff.length);
      }),
    );
  });

  it('each line of a log message stands for itself, with a sign of its own', () => {
    const message = fc.string({ unit: fc.constantFrom('a', 'b', '\n', '\r\n') });
    const texts = fc.array(message, { maxLength: 8 });
    const same = (line: string) => line;
    fc.assert(
      fc.property(texts, texts, (left, right) => {
        const diff = diffTexts(linesOf(left), linesOf(right), same);
        assert.ok(diff);
        for (const { text } of diff) assert.ok(!text.includes('\n'));
        const of = (side: 'left' | 'right') => diff.filter(({ kind }) => kind === side || kind === 'same');
        const plain = (list: readonly string[]) => list.join('\n').replaceAll('\r\n', '\n');
        assert.equal(plain(of('left').map(({ text }) => text)), plain(left));
        assert.equal(plain(of('right').map(({ text }) => text)), plain(right));
      }),
    );
  });

  it('numbers, times, ids and the ends of names are masked, words are not', () => {
    assert.equal(
      masked('2026-11-23T08:00:00.123+01:00 row 17 of 1,234 in 0.5s'),
      masked('2025-01-02 09:01:02 row 3 of 9 in 12.75s'),
    );
    assert.equal(masked("Task run 'load-a1f' at 0x7f3a"), masked("Task run 'load-09c' at 0x1"));
    assert.equal(
      masked('run 01a2b3c4-d5e6-7f89-8abc-def012345678'),
      masked('run 91a2b3c4-d5e6-7f89-8abc-def012345670'),
    );
    assert.notEqual(masked('loaded orders'), masked('loaded users'));
  });

  it('texts that have nothing in common are given up instead of holding the window', () => {
    const lines = (word: string) =>
      Array.from({ length: 2000 }, (_, i) => `${word}${String.fromCharCode(97 + (i % 26))}${i}`);
    const diff = diffTexts(lines('x'), lines('y'), (one) => one);
    assert.equal(diff, null);
  });
});

describe('what is said of the logs of compared runs', () => {
  const problem = new AppError('SERVER_TIMEOUT', 'no answer', { url: 'http://prefect.test' });
  const lines: LogLine[] = ['1', '2'].map((id) => ({ id, timestamp: 1, level: 20, name: 'x', message: 'm' }));
  const note = (change: Partial<RunActivity>) => logsNote({ ...noActivity(null), fetched: 1, kept: 2, ...change });
  const notRead = `not read. ${errorWords(problem).title}.`;

  it('tells apart what is on its way, what failed and what does not exist', () => {
    assert.equal(logsNote(null), 'being read…');
    assert.equal(logsNote(noActivity(problem)), notRead);
    assert.equal(note({ kept: 0, missed: { logs: problem } }), notRead);
    assert.equal(note({ kept: 0 }), 'no lines.');
    assert.equal(note({ kept: 0, problem }), 'no lines.');
  });

  it('says when not all lines are compared', () => {
    assert.equal(note({ logs: lines }), null);
    assert.equal(note({ logs: lines, problem }), null);
    assert.equal(note({ logs: lines, kept: 5000 }), 'only 2 of 5,000 lines are compared.');
    assert.equal(note({ logs: lines, gap: '1', count: 9 }), 'only 2 of 9 lines are compared.');
    assert.equal(note({ logs: lines, gap: '1' }), 'only a part of the lines is here.');
  });
});
