/** Taskscope as `serve` runs it, with one workspace in a folder of its own, for the bench's processes: it ends with their parent. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createApp } from '../../src-main/core/app.ts';
import { startBrowserHost } from '../../src-main/shell/browser/host.ts';
import { Downloads } from '../../src-main/shell/browser/downloads.ts';
import { browserShell } from '../../src-main/shell/browser/shell.ts';

const name = 'bench';

/** Nothing is synced unless it is said to. `fill`: puts an archive where the workspace will open one. */
export async function served(apiUrl: string, fill?: (path: string) => Promise<void>) {
  const dir = mkdtempSync(join(tmpdir(), 'taskscope-bench-'));
  process.once('exit', () => rmSync(dir, { recursive: true, force: true }));
  const downloads = await Downloads.open(join(dir, 'exports'));
  const shell = browserShell(downloads);
  const app = await createApp({ dataDir: dir, shell, log: () => undefined, syncOnOpen: false });
  const { file } = await app.workspaces.add({
    name,
    api_url: apiUrl,
    auth: { kind: 'none' },
    headers: {},
    insecure_tls: false,
    ca_file: null,
    dialect: null,
  });
  // rows only: logs of failed runs are another kind of download
  await app.workspaces.update(name, { fetch_rule: { states: [], days: 0 } });
  if (fill) {
    const path = app.paths.archive(file);
    mkdirSync(dirname(path), { recursive: true });
    await fill(path);
  }
  const archive = await app.archive(name);
  const host = await startBrowserHost({
    assets: join(import.meta.dirname, '../../out/renderer'),
    port: 0,
    downloads,
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
  return { archive, host };
}

/** Answered once the index is there. */
export async function taskRuns({ query }: Awaited<ReturnType<typeof served>>['archive']): Promise<number> {
  const [runs = 0] = await query.counts({ queries: [{ where: { and: [] }, sort: [] }] });
  return runs;
}
