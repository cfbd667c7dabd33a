/** `taskscope serve`: serves the window as a page for a browser, and the local API. Runs until a signal stops it. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { App } from '../../../core/app.ts';
import { createApp } from '../../../core/app.ts';
import { pathsIn } from '../../../core/files/paths.ts';
import type { Entry } from '../../../core/workspaces/workspaces.ts';
import { startBrowserHost } from '../../browser/host.ts';
import { browserShell } from '../../browser/shell.ts';
import { hasDisplay, openWindow } from '../../browser/browsers.ts';
import { Downloads } from '../../browser/downloads.ts';
import { onProcessFault } from '../../process-faults.ts';
import { DONE, print, say, sayError, untilStopped } from '../../terminal.ts';
import { appOptions, common, dataDirOf, numberOption, parse, workspaceOf, type Command } from './options.ts';

const options = {
  ...common,
  port: { type: 'string' },
  'no-open': { type: 'boolean' },
  case: { type: 'string' },
} as const;

export const serve: Command = async (args) => {
  const { values } = parse({ args, options });
  const port = numberOption('port', values.port, 0, 65_535) ?? 0;
  const stopped = untilStopped();
  const downloads = await Downloads.open(pathsIn(dataDirOf(values)).exports);
  let app: App | null = null;
  let host: Awaited<ReturnType<typeof startBrowserHost>> | null = null;
  let forget: (() => Promise<void>) | null = null;
  try {
    const opened = await createApp(appOptions(values, browserShell(downloads)));
    app = opened;
    onProcessFault((kind, thrown) => opened.fault(kind, thrown));
    const chosen = values.demo || values.workspace !== undefined ? await workspaceOf(opened, values) : null;
    if (values.case !== undefined) await opened.openCase(resolve(values.case));
    if (chosen !== null && !opened.readOnly)
      await opened.settings.change((settings) => ({ ...settings, workspace: chosen }));
    const named = chosen === null ? null : opened.workspaces.get(chosen);
    host = await startBrowserHost({
      assets: windowFolder(),
      port,
      downloads,
      serve: (channel) => opened.serve(channel),
      api: async (request) => opened.api(named === null ? await apiWorkspace(opened) : nameOf(opened, named), request),
      log: opened.log,
    });
    const { url, apiUrl, token } = host;
    await print(JSON.stringify({ url, apiUrl, token }));
    if (opened.readOnly) sayError(opened.readOnly);
    opened.notices.forEach(sayError);
    void openEarly(opened, chosen);
    forget = await open(url, values['no-open'] ?? false);
    await new Promise<void>((done) => {
      if (stopped.aborted) done();
      else stopped.addEventListener('abort', () => done());
    });
    return DONE;
  } finally {
    await forget?.();
    await host?.close();
    await app?.close();
    await downloads.close();
  }
};

/** Opens the archive before the first request, which would otherwise wait for it. */
async function openEarly(app: App, chosen: string | null): Promise<void> {
  try {
    const { notice } = await app.archive(chosen ?? (await apiWorkspace(app)));
    if (notice) sayError(notice);
  } catch (thrown) {
    app.log('warn', 'archive not opened', { message: String(thrown) });
  }
}

/** Present name of a workspace, which may have been renamed; its file keeps its name. */
function nameOf(app: App, { file, name }: Entry): string {
  return app.workspaces.list().find((entry) => entry.file === file)?.name ?? name;
}

/** The workspace of the API without --workspace: the one the window has open, else the first, at a first start the demo. */
async function apiWorkspace(app: App): Promise<string> {
  const names = app.workspaces.list().map((entry) => entry.name);
  const last = app.settings.get().workspace;
  return last !== null && names.includes(last) ? last : (names[0] ?? (await app.ensureDemo()).name);
}

/** Opens the page in a browser. As root only the address is printed: Chromium refuses its sandbox there. */
async function open(url: string, stayShut: boolean): Promise<(() => Promise<void>) | null> {
  const canShow = hasDisplay() && process.getuid?.() !== 0;
  const forget = stayShut || !canShow ? null : await openWindow(url);
  say(
    forget
      ? 'Taskscope is open in the browser. Ctrl+C here ends it.'
      : `Open this address in a browser on this machine; it works once:\n  ${url}\nCtrl+C here ends Taskscope.`,
  );
  return forget;
}

/** Folder of the built window: beside the bundle in out/main, or in out/ when this runs from source. */
function windowFolder(): string {
  const beside = resolve(import.meta.dirname, '../renderer');
  return existsSync(beside) ? beside : resolve(import.meta.dirname, '../../../../out/renderer');
}
