/**
 * Taskscope as `serve` runs it, over a kept archive, in a process of its own as the server it is compared with: `host-process.ts TASK_RUNS`.
 * Sends the local API's address and token once the index is there; ends with its parent.
 */
import { copyFileSync, constants, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createApp } from '../../../src-main/core/app.ts';
import { pathsIn } from '../../../src-main/core/paths.ts';
import { plainShell } from '../../../src-main/core/shell.ts';
import { startBrowserHost } from '../../../src-main/shell/browser-host.ts';
import { Downloads } from '../../../src-main/shell/downloads.ts';
import { archiveOf } from '../archives.ts';

export type HostSays = { apiUrl: string; token: string };

const name = 'bench';
const dir = mkdtempSync(join(tmpdir(), 'taskscope-bench-'));
process.once('exit', () => rmSync(dir, { recursive: true, force: true }));
const app = await createApp({ dataDir: dir, shell: plainShell, log: () => undefined, syncOnOpen: false });
const { file } = await app.workspaces.add({
  name,
  api_url: 'http://127.0.0.1:9/api', // never asked
  auth: { kind: 'none' },
  headers: {},
  insecure_tls: false,
  ca_file: null,
  dialect: 'sqlite',
});
await app.workspaces.update(name, { fetch_rule: { states: [], days: 0 } });
const path = pathsIn(dir).archive(file);
mkdirSync(dirname(path), { recursive: true });
copyFileSync(await archiveOf(Number(process.argv[2])), path, constants.COPYFILE_FICLONE);
const archive = await app.archive(name);
await archive.query.counts({ queries: [{ where: { and: [] }, sort: [] }] });
const host = await startBrowserHost({
  assets: dir, // no page is asked for
  port: 0,
  downloads: await Downloads.open(join(dir, 'exports')),
  serve: (channel) => app.serve(channel),
  api: (request) => app.api(name, request),
  log: () => undefined,
});
process.once('disconnect', () => {
  void host
    .close()
    .then(() => app.close())
    .finally(() => process.exit());
});
process.send?.({ apiUrl: host.apiUrl, token: host.token } satisfies HostSays);
