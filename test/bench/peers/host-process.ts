/**
 * Taskscope over a kept archive, in a process of its own as the server it is compared with: `host-process.ts TASK_RUNS`.
 * Sends the addresses of page and local API, and its token, once the index is there; between the messages `begin` and `end` it watches how
 * busy its main thread is.
 */
import { copyFileSync, constants } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { archiveOf } from '../archives.ts';
import { served, taskRuns } from '../served.ts';

export type HostSays = { url: string; apiUrl: string; token: string };
/** percent */
export type Busy = { busy: number };

const neverAsked = 'http://127.0.0.1:9/api';
const { archive, host } = await served(neverAsked, async (path) => {
  copyFileSync(await archiveOf(Number(process.argv[2])), path, constants.COPYFILE_FICLONE);
});
await taskRuns(archive);
let before = performance.eventLoopUtilization();
process.on('message', (said) => {
  if (said === 'begin') before = performance.eventLoopUtilization();
  else process.send?.({ busy: performance.eventLoopUtilization(before).utilization * 100 } satisfies Busy);
});
process.send?.({ url: host.url, apiUrl: host.apiUrl, token: host.token } satisfies HostSays);
