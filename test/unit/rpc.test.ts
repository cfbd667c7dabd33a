import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MessageChannel } from 'node:worker_threads';
import { z } from 'zod';
import { AppError } from '../../src-main/contract/errors.ts';
import { MAX_WAITING, portChannel, socketChannel } from '../../src-main/rpc/channels.ts';
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

/** Frames by hand, as a peer that keeps no rule may send them. */
function byHand(maxCalls = Infinity) {
  const replies: { t: string; id: number; error?: { code: string; message: string } }[] = [];
  let receive: (frame: unknown) => void = () => undefined;
  const aborted: number[] = [];
  const deep: z.ZodType = z.lazy(() => z.object({ in: deep.nullable() }));
  const stop = serve(
    {
      wait: call(z.object({ n: z.number() }), z.null()),
      deep: call(deep, z.null()),
      endless: stream(z.object({}), z.number()),
    },
    {
      wait: ({ n }, { signal }) =>
        new Promise(() => signal.addEventListener('abort', () => aborted.push(n), { once: true })),
      deep: () => null,
      async *endless() {
        for (let i = 0; ; i++) yield i;
      },
    },
    {
      send: (frame) => void replies.push(frame as (typeof replies)[number]),
      onMessage: (listener) => (receive = listener),
      onClose: () => undefined,
      close: () => undefined,
    },
    { maxCalls },
  );
  return { replies, aborted, stop, send: (frame: unknown) => receive(frame) };
}

test('a call beyond the limit of a channel is refused in words, and room is given back', async () => {
  const { replies, aborted, stop, send } = byHand(3);
  for (let id = 1; id <= 4; id++) send({ t: 'call', id, name: 'wait', input: { n: id } });
  await new Promise(setImmediate);
  assert.deepEqual(
    replies.map(({ id, error }) => [id, error?.code]),
    [[4, 'BAD_INPUT']],
  );
  assert.match(replies[0].error!.message, /more than 3 calls are open at once/);
  send({ t: 'cancel', id: 1 });
  stop();
  assert.deepEqual(aborted, [1, 2, 3]);
});

test('the id of an open call cannot be used again: the open one stays as it was', async () => {
  const { replies, aborted, stop, send } = byHand();
  send({ t: 'call', id: 7, name: 'wait', input: { n: 1 } });
  send({ t: 'call', id: 7, name: 'wait', input: { n: 2 } });
  await new Promise(setImmediate);
  assert.match(replies[0].error!.message, /call 7 is still open/);
  send({ t: 'cancel', id: 7 });
  assert.deepEqual(aborted, [1]);
  stop();
});

test('an input nested deeper than the stack is refused, not thrown past the call', async () => {
  const { replies, stop, send } = byHand();
  let input: unknown = { in: null };
  for (let i = 0; i < 100_000; i++) input = { in: input };
  send({ t: 'call', id: 1, name: 'deep', input });
  await new Promise(setImmediate);
  assert.equal(replies[0].error?.code, 'BAD_INPUT');
  stop();
});

test('no number of pulls lets a stream run further ahead than the largest window', async () => {
  const { replies, stop, send } = byHand();
  send({ t: 'call', id: 1, name: 'endless', input: {} });
  for (let i = 0; i < 100; i++) send({ t: 'pull', id: 1, n: 1024 });
  for (let i = 0; i < 20; i++) await new Promise(setImmediate);
  assert.ok(replies.length <= 1024 + 16, `${replies.length} items`);
  stop();
});

test('a peer that does not read its answers is cut off', () => {
  let cut = false;
  const socket = {
    readyState: 1,
    bufferedAmount: 0,
    send: (text: string) => (socket.bufferedAmount += text.length),
    close: () => assert.fail('a close would wait behind the bytes'),
    terminate: () => {
      cut = true;
      socket.readyState = 3;
    },
    addEventListener: () => undefined,
  };
  const channel = socketChannel(socket);
  for (let i = 0; i < 1000 && !cut; i++) channel.send('x'.repeat(1_000_000));
  assert.ok(cut);
  assert.ok(socket.bufferedAmount < MAX_WAITING + 2_000_000);
});
