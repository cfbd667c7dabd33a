/** The demo server with many runs, each reply as late as a real server's: `slow-server.ts RUNS MILLIS`. Sends its address and how many flow runs it has. */
import { startDemo } from '../../fixtures/demo/server.ts';

export type SlowSays = { apiUrl: string; flowRuns: number };

const [runs, delay] = process.argv.slice(2).map(Number) as [number, number];
const demo = await startDemo({ runs, seed: 5 });
demo.control.faults.add({ kind: 'slow', delay, times: Infinity });
process.once('disconnect', () => void demo.close().finally(() => process.exit()));
const { database } = demo.control;
process.send?.({ apiUrl: demo.apiUrl, flowRuns: database.flow_run.byTime().keys.length } satisfies SlowSays);
