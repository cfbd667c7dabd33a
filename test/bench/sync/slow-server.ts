/** The demo server with many runs, each reply as late as a real server's: `slow-server.ts RUNS MILLIS`. Sends its address and how many flow runs it has. */
import { startDemo } from '../../fixtures/demo/server.ts';

export type SlowSays = { apiUrl: string; flowRuns: number };

const [runs, delay] = process.argv.slice(2).map(Number) as [number, number];
const demo = await startDemo({ runs, seed: 5 });
// the demo sorts its runs at the first question, which a real server's database has done long before
const newest = {
  sort: 'EXPECTED_START_TIME_DESC',
  limit: 200,
  task_runs: { expected_start_time: { before_: new Date().toISOString() } },
};
const headers = { 'content-type': 'application/json' };
await (
  await fetch(`${demo.apiUrl}/task_runs/filter`, { method: 'POST', headers, body: JSON.stringify(newest) })
).text();
demo.control.faults.add({ kind: 'slow', delay, times: Infinity });
process.once('disconnect', () => void demo.close().finally(() => process.exit()));
const { database } = demo.control;
process.send?.({ apiUrl: demo.apiUrl, flowRuns: database.flow_run.byTime().keys.length } satisfies SlowSays);
