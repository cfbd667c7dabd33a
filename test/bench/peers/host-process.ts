/**
 * Taskscope over a kept archive, in a process of its own as the server it is compared with: `host-process.ts TASK_RUNS`.
 * Sends the local API's address and token once the index is there.
 */
import { copyFileSync, constants } from 'node:fs';
import { archiveOf } from '../archives.ts';
import { served, taskRuns } from '../served.ts';

export type HostSays = { apiUrl: string; token: string };

const neverAsked = 'http://127.0.0.1:9/api';
const { archive, host } = await served(neverAsked, async (path) => {
  copyFileSync(await archiveOf(Number(process.argv[2])), path, constants.COPYFILE_FICLONE);
});
await taskRuns(archive);
process.send?.({ apiUrl: host.apiUrl, token: host.token } satisfies HostSays);
