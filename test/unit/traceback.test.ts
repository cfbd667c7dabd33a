import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { headline, parseTraceback } from '../../src-renderer/ui/text/traceback.ts';

const chained = `Encountered an exception during execution:
Traceback (most recent call last):
  File "/usr/lib/python3.12/socket.py", line 720, in readinto
    return self._sock.recv_into(b)
           ^^^^^^^^^^^^^^^^^^^^^^^
ConnectionResetError: [Errno 104] Connection reset by peer

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "/opt/venv/lib/python3.12/site-packages/prefect/task_engine.py", line 868, in run_context
    yield self
  File "/opt/venv/lib/python3.12/site-packages/prefect/task_engine.py", line 1547, in run_task_sync
    engine.call_task_fn(txn)
  File "/srv/flows/flows/orders.py", line 88, in load_orders
    rows = db.copy(batch)
           ^^^^^^^^^^^^^^
  File "/srv/flows/orders/db.py", line 41, in copy
    self.sock.sendall(buf)
    ~~~~~~~~~~~~~~~~~^^^^^
orders.errors.LoadError: batch 7 of 40
  rows 30000 to 35000
`;

describe('traceback', () => {
  it('reads chained exceptions, own frames and library frames', () => {
    const read = parseTraceback(chained);
    assert.ok(read);
    assert.equal(read.before, 'Encountered an exception during execution:');
    assert.equal(read.failures.length, 2);
    const [cause, end] = read.failures;
    assert.ok(cause && end);
    assert.equal(cause.leadsTo, 'cause');
    assert.equal(headline(cause), 'ConnectionResetError: [Errno 104] Connection reset by peer');
    assert.equal(headline(end), 'orders.errors.LoadError: batch 7 of 40\n  rows 30000 to 35000');
    assert.deepEqual(
      end.groups.map(({ library, frames }) => [library, frames.length]),
      [
        [true, 2],
        [false, 2],
      ],
    );
    assert.deepEqual(end.groups[1]?.frames[0], {
      file: '/srv/flows/flows/orders.py',
      short: 'flows/orders.py',
      line: 88,
      name: 'load_orders',
      code: 'rows = db.copy(batch)',
      library: false,
    });
  });

  it('reads while-handling chains, repeated lines and exceptions without a message', () => {
    const read = parseTraceback(`Traceback (most recent call last):
  File "a.py", line 1, in f
    f()
  [Previous line repeated 993 more times]
RecursionError: maximum recursion depth exceeded

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "C:\\flows\\b.py", line 2, in <module>
    raise KeyboardInterrupt
KeyboardInterrupt
`);
    assert.equal(read?.failures[0]?.leadsTo, 'context');
    assert.equal(read?.failures[1]?.type, 'KeyboardInterrupt');
    assert.equal(read?.failures[1]?.message, '');
    assert.equal(read?.failures[1]?.groups[0]?.frames[0]?.short, 'flows/b.py');
  });

  it('keeps the outer exception of a group', () => {
    const read = parseTraceback(`  + Exception Group Traceback (most recent call last):
  |   File "/srv/x.py", line 3, in <module>
  |     raise ExceptionGroup("two", [])
  | ExceptionGroup: two (2 sub-exceptions)
  +-+---------------- 1 ----------------
    | ValueError: one
    +------------------------------------
`);
    assert.equal(read?.failures[0]?.type, 'ExceptionGroup');
    assert.equal(read?.failures[0]?.groups[0]?.frames.length, 1);
  });

  it('survives a text that is cut off, and says when there is none', () => {
    assert.equal(parseTraceback('Task run encountered an exception ValueError: no'), null);
    const cut = parseTraceback('Traceback (most recent call last):\n  File "a.py", line 1, in f\n    f()');
    assert.equal(cut?.failures[0]?.type, null);
    assert.equal(cut?.failures[0]?.groups[0]?.frames[0]?.code, 'f()');
  });

  it('knows where libraries live', () => {
    const library = (file: string) =>
      parseTraceback(`Traceback (most recent call last):\n  File "${file}", line 1, in f\nE`)?.failures[0]?.groups[0]
        ?.library;
    assert.equal(library('/opt/venv/lib/python3.12/site-packages/a/b.py'), true);
    assert.equal(library('/usr/lib/python3/dist-packages/a.py'), true);
    assert.equal(library('/usr/lib/python3.11/asyncio/base_events.py'), true);
    assert.equal(library('<frozen importlib._bootstrap>'), true);
    assert.equal(library('C:\\Python312\\Lib\\socket.py'), true);
    assert.equal(library('/srv/library/python/orders.py'), false);
    assert.equal(library('flows/orders.py'), false);
  });
});

it('ends soon whatever 1 MB holds', () => {
  const size = 1_000_000;
  const traceback = (text: string) => parseTraceback(`Traceback (most recent call last):\n${text}`);
  for (const line of [
    `${'^'.repeat(size)}x`,
    `${' '.repeat(size)}x`,
    `  File "a", line 1, in ${' '.repeat(size)}\u2028x`,
    `  File "${'", line 1, in x'.repeat(size / 14)}\u2028x`,
    `  File "a", line ${'1'.repeat(size)}x`,
    `  File "${'/lib/python3'.repeat(size / 12)}", line 1`,
    `  File "${'/Lib/a'.repeat(size / 6)}", line 1`,
    `${'a.'.repeat(size / 2)} x`,
    `a:${' '.repeat(size)}\u2028x`,
  ])
    for (const text of [line, `|${line}`, `  File "a", line 1\n${line}`, `E: x\n${line}`]) assert.ok(traceback(text));
  const chain =
    'E\n\nThe above exception was the direct cause of the following exception:\n\nTraceback (most recent call last):\n';
  assert.equal(traceback(chain.repeat(size / 100))?.failures.length, size / 100 + 1);
});
