/** The demo server in a process of its own, its clock standing still: `demo-process.ts RUNS`. Sends its address, ends with its parent. */
import { startDemo } from '../../fixtures/demo/server.ts';

const EPOCH = Date.UTC(2026, 5, 1) * 1000;
const demo = await startDemo({ runs: Number(process.argv[2]), seed: 7, epoch: EPOCH, now: EPOCH });
process.once('disconnect', () => process.exit());
process.send?.({ apiUrl: demo.apiUrl });
