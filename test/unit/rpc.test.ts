import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MessageChannel } from 'node:worker_threads';
import { z } from 'zod';
import { AppError } from '../../src-main/contract/errors.ts';
import { portChannel } from '../../src-main/rpc/channels.ts';
import { call, stream } from '../../src-main/contract/define.ts';
import { connect, serve } from '../../src-main/rpc/rpc.ts';

const contract = {
  double: call(z.object({ n: z.number() }), z.number()),
  refuse: call(z.object({}), z.null()),
  wait: call(z.object({}), z.null()),
  lie: call(z.object({}), z.number()),
  count: stream(z.object({ to: z.number() }), z.number()),
};

function pair() {
  const { port1, port2 } = new MessageChannel();
  const seen = { produced: 0, aborted: 0 };
  serve(
    contract,
    {
      double: ({ n }) => n * 2,
      refuse: () => {
        throw new AppError('DISK_FULL', 'no room', { path: '/x' });
      },
      wait: (_, { signal }) =>
        new Promise(() => signal.addEventListener('abort', () => (seen.aborted += 1), { once: true })),
      lie: () => 'no number' as unknown as number,
      async *count({ to }) {
        for (let i = 0; i < to; i++) {
          seen.produced += 1;
          yield i;
        }
      },
    },
    portChannel(port1),
  );
  return { client: connect(contract, portChannel(port2)), seen, close: () => port2.close() };
}

test('a call is answered', async () => {
  const { client, close } = pair();
  assert.equal(await client.double({ n: 21 }), 42);
  close();
});

test('bad input, a wrong answer and a thrown code reach the asker as codes', async () => {
  const { client, close } = pair();
  await assert.rejects(client.double({ n: 'x' as unknown as number }), { code: 'BAD_INPUT' });
  await assert.rejects(client.lie({}), { code: 'INTERNAL' });
  await assert.rejects(client.refuse({}), { code: 'DISK_FULL', details: { path: '/x' } });
  close();
});

test('an abort cancels at the source', async () => {
  const { client, seen, close } = pair();
  const abort = new AbortController();
  const waiting = client.wait({}, { signal: abort.signal });
  await client.double({ n: 1 });
  abort.abort();
  await assert.rejects(waiting, { code: 'CANCELLED' });
  await client.double({ n: 1 });
  assert.equal(seen.aborted, 1);
  close();
});

test('a stream gives all items in order', async () => {
  const { client, close } = pair();
  const got: number[] = [];
  for await (const n of client.count({ to: 100 })) got.push(n);
  assert.deepEqual(
    got,
    Array.from({ length: 100 }, (_, i) => i),
  );
  close();
});

test('a source runs ahead of its reader by the window only, and stops when the reader breaks', async () => {
  const { client, seen, close } = pair();
  for await (const n of client.count({ to: 1_000_000 })) if (n === 99) break;
  await client.double({ n: 1 });
  assert.ok(seen.produced <= 100 + 32, `produced ${seen.produced}`);
  close();
});

test('closing the channel fails what waits with DISCONNECTED', async () => {
  const { client, close } = pair();
  const waiting = client.wait({});
  await client.double({ n: 1 });
  close();
  await assert.rejects(waiting, { code: 'DISCONNECTED' });
  await assert.rejects(client.double({ n: 1 }), { code: 'DISCONNECTED' });
});
