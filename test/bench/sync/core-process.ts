/**
 * The core in a process of its own, so that what its main thread does is not mixed with what the bench does:
 * `core-process.ts API_URL`. Sends the page's address; for each message syncs everything once and sends what that took.
 */
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { served, taskRuns } from '../served.ts';

export type CoreSays = { url: string } | Synced;
export type Synced = { seconds: number; runs: number; busy: number; stall: number; received: number };

const { archive, host } = await served(process.argv[2]);

async function syncOnce(): Promise<Synced> {
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  const before = performance.eventLoopUtilization();
  const began = performance.now();
  archive.startSync();
  await archive.settled();
  const seconds = (performance.now() - began) / 1000;
  const busy = performance.eventLoopUtilization(before).utilization * 100;
  delay.disable();
  const { phase, problem, received } = archive.sync.get();
  if (phase !== 'idle') throw new Error(`the sync ended as ${phase}: ${JSON.stringify(problem)}`);
  return { seconds, runs: await taskRuns(archive), busy, stall: delay.max / 1e6, received };
}

process.on('message', () => {
  void syncOnce().then((told) => process.connected && process.send?.(told)); // who only waits for the first rows has gone by then
});
process.send?.({ url: host.url });
