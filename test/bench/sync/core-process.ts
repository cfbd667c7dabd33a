/**
 * The core in a process of its own, so that what its main thread does is not mixed with what the bench does:
 * `core-process.ts API_URL`. Sends the page's address; for each message syncs everything once and sends what that took.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { createApp } from '../../../src-main/core/app.ts';
import { plainShell } from '../../../src-main/core/shell.ts';
import { startBrowserHost } from '../../../src-main/shell/browser-host.ts';
import { Downloads } from '../../../src-main/shell/downloads.ts';

export type CoreSays = { url: string } | Synced;
export type Synced = { seconds: number; runs: number; busy: number; stall: number; received: number };

const name = 'bench';
const dir = mkdtempSync(join(tmpdir(), 'taskscope-bench-'));
const app = await createApp({ dataDir: dir, shell: plainShell, log: () => undefined, syncOnOpen: false });
await app.workspaces.add({
  name,
  api_url: process.argv[2],
  auth: { kind: 'none' },
  headers: {},
  insecure_tls: false,
  ca_file: null,
  dialect: null,
});
// rows only: logs of failed runs are another kind of download
await app.workspaces.update(name, { fetch_rule: { states: [], days: 0 } });
const archive = await app.archive(name);
const host = await startBrowserHost({
  assets: join(import.meta.dirname, '../../../out/renderer'),
  port: 0,
  downloads: await Downloads.open(join(dir, 'exports')),
  serve: (channel) => app.serve(channel),
  api: (request) => app.api(name, request),
  log: () => undefined,
});

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
  const [runs = 0] = await archive.query.counts({ queries: [{ where: { and: [] }, sort: [] }] });
  return { seconds, runs, busy, stall: delay.max / 1e6, received };
}

process.on('message', () => {
  void syncOnce().then((told) => process.send?.(told));
});
process.once('disconnect', () => {
  void host
    .close()
    .then(() => app.close())
    .finally(() => {
      rmSync(dir, { recursive: true, force: true });
      process.exit();
    });
});
process.send?.({ url: host.url });
