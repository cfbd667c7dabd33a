/** Two transactions on their way, and the first fails: the second must not be kept, for its cursor says that the first one's rows are there. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { MessageChannel } from 'node:worker_threads';
import { writerContract } from '../../src-main/core/workers/contracts.ts';
import { startWorker } from '../../src-main/core/workers/start-worker.ts';
import { pageBatches } from '../fixtures/store-pages.ts';
import { tempDir } from '../fixtures/temp-dir.ts';

/** What the writer cannot store: it meets it after the rows, when the transaction has begun. */
const unstorable = 1n;

test('after a write of a chain has failed, those already on their way fail with it; another chain goes on', async (t) => {
  const [batches, changes] = [new MessageChannel(), new MessageChannel()];
  const writer = startWorker('writer', writerContract, {
    data: { sync: batches.port1, changes: changes.port1 },
    transfer: [batches.port1, changes.port1],
    log: () => undefined,
  });
  t.after(async () => {
    await writer.stop();
    batches.port2.close();
    changes.port2.close();
  });
  const { client } = writer;
  await client.open({ path: join(tempDir(t), 'a.sqlite'), server: '' });
  const write = (chain: number, page: number, cursor: unknown) =>
    client.write({ batches: pageBatches(page), state: { cursor }, chain });
  const outcome = (work: Promise<unknown>) => work.then(() => 'kept', () => 'failed'); // prettier-ignore

  await write(1, 1, 1);
  const handedOver = [write(1, 2, unstorable), write(1, 3, 3), write(2, 4, 4), write(1, 5, 5)].map(outcome);
  assert.deepEqual(await Promise.all(handedOver), ['failed', 'failed', 'kept', 'failed']);
  assert.equal(await client.state({ key: 'cursor' }), 4);
  await write(3, 2, 'again');
  assert.equal(await client.state({ key: 'cursor' }), 'again');
});
