import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { StateHistory, TaskRunRow } from '../../src-main/contract/run.ts';
import { historySpans, layTimeline, rowSpans, type Span } from '../../src-renderer/ui/charts/timeline-layout.ts';
import '../fixtures/ci-seed.ts';

const S = 1_000_000;
const state = (type: string, name: string, seconds: number): StateHistory[number] => ({
  id: `${type}${seconds}`,
  type,
  name,
  timestamp: seconds * S,
  message: null,
});

const retried = [
  state('PENDING', 'Pending', 0),
  state('RUNNING', 'Running', 1),
  state('SCHEDULED', 'AwaitingRetry', 41),
  state('RUNNING', 'Retrying', 61),
  state('FAILED', 'Failed', 112),
];

const kinds = (spans: Span[]) => spans.map(({ kind, attempt }) => (attempt === null ? kind : `${kind} ${attempt}`));

describe('timeline', () => {
  it('counts attempts and shows the gap before a retry', () => {
    const spans = historySpans(retried, 999 * S);
    assert.deepEqual(kinds(spans), ['wait', 'run 1', 'retry', 'run 2', 'end']);
    assert.equal(spans[2]?.to, 61 * S);
    assert.equal(spans.at(-1)?.open, false);
  });

  it('a run that goes on ends now', () => {
    const spans = historySpans(retried.slice(0, 2), 30 * S);
    assert.equal(spans[1]?.to, 30 * S);
    assert.equal(spans[1]?.open, true);
    assert.deepEqual(historySpans([], 0), []);
  });

  it('tells what it can from the row alone', () => {
    const row = {
      state_type: 'FAILED',
      state_name: 'Failed',
      expected_start_time: 0,
      start_time: 1 * S,
      end_time: 5 * S,
    } as TaskRunRow;
    assert.deepEqual(kinds(rowSpans(row, 9 * S)), ['wait', 'run 1', 'end']);
    assert.deepEqual(kinds(rowSpans({ ...row, start_time: null, end_time: null, state_type: 'PENDING' }, 9 * S)), [
      'wait',
    ]);
    assert.deepEqual(rowSpans({ ...row, start_time: null, end_time: null, expected_start_time: null }, 9 * S), []);
  });

  it('a day of waiting does not squeeze two seconds of work out of sight', () => {
    const spans = historySpans(
      [state('PENDING', 'Pending', 0), state('RUNNING', 'Running', 86_400), state('COMPLETED', 'Completed', 86_402)],
      0,
    );
    const [wait, run] = layTimeline(spans, 380);
    assert.ok(wait?.cut && run && run.width > 150);
    assert.ok(Math.abs(wait.width - run.width) < 1e-6);
  });

  it('every span can be seen, in order, within the width', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 1e9 }), { minLength: 1, maxLength: 12 }), (times) => {
        const names = ['RUNNING', 'SCHEDULED', 'PENDING', 'PAUSED', 'FAILED'];
        const history = times.map((time, i) => state(names[i % 5] ?? 'RUNNING', 'x', time));
        const pieces = layTimeline(historySpans(history, 2e15), 380);
        let x = 0;
        for (const piece of pieces) {
          assert.ok(piece.x >= x - 1e-6 && piece.width >= 3 - 1e-6);
          x = piece.x + piece.width;
        }
        assert.ok(x <= 380 + 1e-6);
        const lasting = pieces.filter(({ kind }) => kind !== 'end').sort((a, b) => a.to - a.from - (b.to - b.from));
        for (const [i, piece] of lasting.entries())
          assert.ok(piece.width >= (lasting[i - 1]?.width ?? 0) - 1e-6, 'what lasted longer is drawn shorter');
      }),
    );
  });
});
