import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { countLevels, foldMessage, levelOf, logText, marked } from '../../src-renderer/ui/text/log-lines.ts';

const line = (level: number, message: string) => ({
  id: message,
  name: 'prefect.task_runs',
  level,
  message,
  timestamp: 1,
});

describe('log lines', () => {
  it('any number is a level', () => {
    assert.deepEqual([55, 40, 35, 20, 5, 0].map(levelOf), ['critical', 'error', 'warning', 'info', 'debug', 'debug']);
    assert.equal(countLevels([line(40, 'a'), line(45, 'b'), line(20, 'c')]).error, 2);
  });

  it('folds long messages only', () => {
    assert.equal(foldMessage('a\nb\nc\nd'), null);
    assert.deepEqual(foldMessage('a\nb\nc\nd\ne'), { head: 'a\nb', hidden: 3 });
  });

  it('marks every hit and loses nothing', () => {
    assert.deepEqual(marked('Batch batch', 'batch'), [
      { text: 'Batch', hit: true },
      { text: ' ', hit: false },
      { text: 'batch', hit: true },
    ]);
    assert.deepEqual(marked('İ batch', 'batch'), [{ text: 'İ batch', hit: false }]);
  });

  it('marks 1,000 hits of a message that is nothing else', () => {
    const parts = marked('ab'.repeat(500_000), 'a');
    assert.equal(parts.filter(({ hit }) => hit).length, 1000);
    assert.equal(parts.map(({ text }) => text).join(''), 'ab'.repeat(500_000));
  });

  it('copies with the date and every digit', () => {
    assert.equal(logText([line(40, 'no')], 'UTC'), '1970-01-01T00:00:00.000001Z ERROR prefect.task_runs - no');
  });
});
