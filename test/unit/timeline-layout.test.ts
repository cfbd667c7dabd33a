import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { errorWords } from '../../src-main/contract/error-words.ts';
import { AppError } from '../../src-main/contract/errors.ts';
import type { LogLine, StateHistory, TaskRunRow } from '../../src-main/contract/run.ts';
import { attemptErrors, errorLines, keptErrorLines } from '../../src-renderer/ui/charts/attempt-errors.ts';
import {
  historySpans,
  layTimeline,
  rowSpans,
  runSpans,
  type Span,
} from '../../src-renderer/ui/charts/timeline-layout.ts';
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

  it('ends with the row where the kept states are older', () => {
    fc.assert(
      fc.property(fc.nat(5), fc.constantFrom('FAILED', 'COMPLETED', 'RUNNING'), fc.nat(500), (kept, type, later) => {
        const [whole, now] = [[...retried.slice(0, 4), state(type, type, 200 + later)], 900 * S];
        const last = whole.at(-1)!;
        const row = { ...last, state_type: type, state_name: type, state_timestamp: last.timestamp, expected_start_time: 0, start_time: S, end_time: type === 'RUNNING' ? null : last.timestamp }; // prettier-ignore
        const spans = runSpans(row, whole.slice(0, kept), now);
        assert.equal(spans.some(({ open }) => open), type === 'RUNNING'); // prettier-ignore
        assert.equal(spans.at(-1)?.to, type === 'RUNNING' ? now : last.timestamp);
        assert.deepEqual(runSpans(row, whole, now), historySpans(whole, now));
      }),
    );
  });

  it('says what each attempt failed with, wherever that is kept', () => {
    const error = fc.constantFrom("ValueError('no rows - Retry 9/9')", 'KeyError: é', "HTTPError('502')");
    // where an attempt's error is kept: with the state after it, or in a line of the log
    const how = fc.constantFrom('message', 'line', 'late line', 'error line', 'nothing' as const);
    fc.assert(
      fc.property(
        fc.array(fc.tuple(error, how, fc.boolean()), { minLength: 1, maxLength: 6 }),
        fc.constantFrom('FAILED', 'COMPLETED', 'RUNNING'),
        (failed, end) => {
          const history: StateHistory = [state('PENDING', 'Pending', 0), state('RUNNING', 'Running', 1)];
          const lines: LogLine[] = [];
          const line = (seconds: number, level: number, message: string) =>
            lines.push({ id: String(lines.length), timestamp: seconds * S, level, name: 'x', message });
          const expected = failed.map(([text, where, delayed], i): string | null => {
            const [from, over, next] = [1 + i * 10, 6 + i * 10, 11 + i * 10];
            line(from + 1, 40, 'an error that was caught');
            const last = i === failed.length - 1;
            const message = where === 'message' ? `Task run encountered an exception ${text}\n\nTraceback …` : null;
            if (last && end !== 'FAILED')
              history.push(...(end === 'RUNNING' ? [] : [state('COMPLETED', 'Completed', over)]));
            else if (last) history.push({ ...state('FAILED', 'Failed', over), message });
            else if (delayed)
              history.push(
                { ...state('SCHEDULED', 'AwaitingRetry', over), message },
                state('RUNNING', 'Retrying', next),
              );
            else history.push({ ...state('RUNNING', 'Retrying', next), message });
            if (last && end !== 'FAILED') return null;
            const retry = last ? 'Retries are exhausted' : `Retry ${i + 1}/${failed.length} will start immediately`;
            const told = `Task run failed with exception: ${text} - ${retry}\nTraceback (most recent call last):`;
            if (where === 'line') line(over - 0.001, last ? 40 : 20, told);
            if (where === 'late line') line(last ? over : next + 0.001, last ? 40 : 20, told);
            if (where === 'error line') line(over - 0.001, 40, text);
            return where === 'nothing' ? 'an error that was caught' : text;
          });
          assert.deepEqual(attemptErrors(history, lines), expected);
          const told = errorLines(expected).join('\n');
          const kept = keptErrorLines({ history, logs: lines });
          if (told !== '') assert.equal(kept.join('\n'), told);
          // a run that was retried says at least that nothing is kept
          else assert.equal(kept.length, failed.length > 1 ? 1 : 0);
          for (const text of expected) assert.ok(text === null || told.includes(text));
        },
      ),
    );
    assert.deepEqual(errorLines(['a', 'a', null, 'b', 'a']), ['attempts 1 to 2: a', 'attempt 4: b', 'attempt 5: a']);
  });

  it('says when what the attempts failed with is not kept, or could not be read', () => {
    const history = [
      state('RUNNING', 'Running', 1),
      state('RUNNING', 'Retrying', 5),
      state('COMPLETED', 'Completed', 9),
    ];
    assert.deepEqual(keptErrorLines({ history, logs: [] }), ['what its attempts failed with is not kept']);
    assert.deepEqual(keptErrorLines({ history: history.slice(1), logs: [] }), []);
    const problem = new AppError('ARCHIVE_DAMAGED', 'a page is not what was written');
    assert.ok(keptErrorLines(problem)[0]?.endsWith(errorWords(problem).title));
  });
});
