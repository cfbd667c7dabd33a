/** What failed the same way is called the same, whatever differs from run to run; what is another failure stays another. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { failureOf } from '../../src-main/store/failure.ts';
import '../fixtures/ci-seed.ts';

const failed = (message: string) => failureOf('FAILED', message);

describe('a failure’s name', () => {
  const cases: [string, string][] = [
    ['Task run encountered an exception ValueError: bad row 1234', 'ValueError: bad row <n>'],
    ["Flow run encountered an exception: KeyError: 'discount_code'", "KeyError: 'discount_code'"],
    ['Execution was interrupted by an unexpected exception: OSError: gone', 'OSError: gone'],
    ['Task run encountered unexpected exception: RuntimeError(3)', 'RuntimeError(<n>)'],
    ['Execution was aborted by a termination signal.', 'Execution was aborted by a termination signal.'],
    ['Task run exceeded timeout of 60.0 second(s)', 'Task run exceeded timeout of <n> second(s)'],
    ['Task run encountered an exception StopIteration: ', 'StopIteration'],
    [
      "Task run encountered an exception HTTPStatusError: Client error '429 Too Many Requests' for url 'https://api.example/v2/orders?page=17'\nFor more information check: https://x",
      "HTTPStatusError: Client error '429 Too Many Requests' for url '<url>'",
    ],
    [
      "Task run encountered an exception FileNotFoundError: [Errno 2] No such file or directory: '/mnt/scratch/a-7/part.parquet'",
      "FileNotFoundError: [Errno 2] No such file or directory: '<path>'",
    ],
    ['Process exited with status code 137 after 12.5s', 'Process exited with status code 137 after <n>s'],
    [
      'run 7d1f9a52-33c1-4a08-9c71-0f0f3d6c2a11 of <Job at 0x7f3a> at 2026-11-28T08:00:01.5Z',
      'run <id> of <Job at <id>> at <time>',
    ],
    ['1,204/3 states of utf8 v2 failed, -7 left, 2-3', '<n>/<n> states of utf8 v2 failed, <n> left, <n>-<n>'],
    ['Traceback (most recent call last):\n  File "a.py", line 3, in b\nKeyError: 7\n', 'KeyError: <n>'],
    ['000630 (57014): 01b7-076: timeout of 1.5e-05 s', 'timeout of <n> s'],
    ['ProgrammingError: 000630 (57014): 01b7-076: timeout of 3 s', 'ProgrammingError: timeout of <n> s'],
    ['E: 2026-11-28T08:00:01Z: 17: row 3: 4: bad', 'E: row <n>: <n>: bad'],
    ['ValidationError: 2 validation errors for Order', 'ValidationError: <n> validation errors for Order'],
    ['KeyError: (3): ', 'KeyError: (<n>)'],
    ['time data 2026-02-30 does not match', 'time data <time> does not match'],
    ['commit 9fceb02d0ae598e95dc970b74767f19372d61af8 is deadbeefcafe', 'commit <id> is deadbeefcafe'],
  ];
  for (const [message, name] of cases)
    it(JSON.stringify(message.slice(0, 60)), () => assert.equal(failed(message), name));

  it('only what failed or crashed has one, and only if it says something', () => {
    assert.equal(failureOf('CRASHED', 'x'), 'x');
    for (const type of ['COMPLETED', 'SCHEDULED', 'CANCELLED', null, undefined, 3])
      assert.equal(failureOf(type, 'x'), null);
    for (const message of [null, undefined, 3, '', ' \n ']) assert.equal(failureOf('FAILED', message), null);
  });
});

/** what a message is made of: words that are the same in each run, and places where something differs */
const word = fc.constantFrom('row', 'of', 'column', 'orders.id:', "'key'", '(null)', 'Über', '…');
const differing = fc.constantFrom<(i: number) => string>(
  (i) => String(i),
  (i) => `${i}.5`,
  (i) => `${i % 9 ? '' : '-'}${1000 + i}`,
  (i) => `https://host-${i}.example/a?b=${i}`,
  (i) => `/tmp/run-${i}/x_${i}.csv`,
  (i) => `7d1f9a52-33c1-4a08-9c71-${String(i).padStart(12, '0')}`,
  (i) => `01b7-0${i}`,
  (i) => `${i}e${i % 2 ? '+' : '-'}05`,
  (i) => `2026-11-${String(10 + (i % 19))}T08:00:${String(10 + (i % 49))}.${i + 1}Z`,
);
const part = fc.oneof(
  word.map((text) => () => text),
  differing,
);

describe('properties', () => {
  it('two runs that differ only in numbers, ids, times, paths and addresses have one name', () => {
    fc.assert(
      fc.property(fc.array(part, { maxLength: 8 }), fc.nat(99_999), fc.nat(99_999), (parts, a, b) => {
        const message = (i: number) => `ValueError: ${parts.map((one) => one(i)).join(' ')}`;
        assert.equal(failed(message(a)), failed(message(b)));
      }),
    );
  });

  it('colours make no failure of their own', () => {
    const message = 'Task run encountered an exception ValueError: bad row 7';
    const escape = fc.constantFrom('\u001b[31m', '\u001b[1;38;5;196m', '\u001b[0m', '\u001b[38;2;1;2;3m', '\u009b4m');
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(message.length), escape)), (places) => {
        let text = message;
        for (const [at, one] of places.toSorted(([a], [b]) => b - a)) text = text.slice(0, at) + one + text.slice(at);
        assert.equal(failed(text), failed(message));
      }),
    );
  });

  it('any text: one line of at most 160 characters, well formed, the same when it is named again', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 600 }),
      fc.array(fc.oneof(word, fc.string())).map((all) => all.join(' ')),
    );
    fc.assert(
      fc.property(text, (message) => {
        const name = failed(message);
        if (name === null) return;
        assert.ok(
          name !== '' && name.length <= 160 && !name.includes('\n') && name.isWellFormed() && name === name.trim(),
          name,
        );
      }),
    );
  });

  it('what differs in its words is another failure', () => {
    fc.assert(
      fc.property(fc.array(word, { maxLength: 4 }), fc.array(word, { maxLength: 4 }), (a, b) => {
        fc.pre(a.join(' ') !== b.join(' '));
        assert.notEqual(failed(`E: ${a.join(' ')} x`), failed(`E: ${b.join(' ')} x`));
      }),
    );
  });

  it('a long line of one kind of character is read in time that grows with its length', () => {
    // 400 characters are looked at: were any rule exponential, this would not end
    for (const one of ['a', '1', 'f', '/', '/a', '-', 'a:', "'", '1.', '0x', '2026-11-28'])
      assert.ok(failed(one.repeat(5000)));
  });
});
