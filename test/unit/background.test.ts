import assert from 'node:assert/strict';
import { once } from 'node:events';
import { getPriority } from 'node:os';
import { it } from 'node:test';
import { Worker } from 'node:worker_threads';

it(
  'a thread that stands back does so alone',
  { skip: process.platform !== 'linux' && 'only Linux has it' },
  async () => {
    const module = new URL('../../src-main/core/workers/background.ts', import.meta.url).href;
    const worker = new Worker(
      `const { parentPort } = require('node:worker_threads');
    const tid = Number(require('node:path').basename(require('node:fs').readlinkSync('/proc/thread-self')));
    import(${JSON.stringify(module)}).then(({ standBack }) => {
      standBack();
      parentPort.postMessage(require('node:os').getPriority(tid));
    });`,
      { eval: true },
    );
    const own = getPriority();
    const [theirs] = (await once(worker, 'message')) as [number];
    await worker.terminate();
    assert.equal(theirs, 5);
    assert.equal(getPriority(), own);
  },
);
