/** Taskscope in Electron: starts the core in the main process, opens one window, and ends after the last worker thread. */
import { join, resolve } from 'node:path';
import { app as electron, BrowserWindow, dialog, Notification, shell as system } from 'electron';
import { errorWords } from '../../contract/error-words.ts';
import { AppError, toAppError } from '../../contract/errors.ts';
import { LINK_SCHEME, placeInLink } from '../../contract/place.ts';
import { createApp, type App } from '../../core/app.ts';
import { defaultDataDir } from '../../core/files/paths.ts';
import type { Shell } from '../../core/shell.ts';
import { electronArguments } from './arguments.ts';
import { setMenu } from './menu.ts';
import { keychainSecrets } from './secrets.ts';
import { closeNetwork, declareScheme, openWindow, serveAssets, showPlace } from './window.ts';
import { onProcessFault } from '../process-faults.ts';
import { log } from '../terminal.ts';
import { openWindowState } from './window-state.ts';

const started = electronArguments(process.argv.slice(1));
/** opens a window when there is none, as on macOS after the last one was closed */
let openAgain: () => void = () => undefined;
/** those on the desktop: one that is collected as garbage takes no click any more */
const notices = new Set<Notification>();
const MOST_NOTICES = 20;
/** the core, once it runs */
let opened: App | null = null;
/** the place that the link names with which the program was started; null: none */
let startPlace = started.place;
const dataDir = started.dataDir ?? defaultDataDir();
const { demoRuns } = started;
/** the case file to begin with */
let first = started.case && resolve(started.case);

onProcessFault((kind, thrown) => log('error', kind, { message: String(thrown) }));
declareScheme();
electron.setPath('userData', join(dataDir, 'electron'));

// macOS hands over a link as an event, also the one it starts the program with
electron.on('open-url', (event, url) => {
  event.preventDefault();
  const place = placeInLink(url);
  const [window] = BrowserWindow.getAllWindows();
  if (window && place) showPlace(window, place, log);
  else startPlace = place;
});
// from a checkout the system would start Electron without the app
if (electron.isPackaged) electron.setAsDefaultProtocolClient(LINK_SCHEME);

if (electron.requestSingleInstanceLock()) void start();
else electron.quit();

async function start(): Promise<void> {
  electron.on('second-instance', (_, argv, folder) => {
    const [window] = BrowserWindow.getAllWindows();
    if (window?.isMinimized()) window.restore();
    window?.focus();
    const { place, case: file } = electronArguments(argv.slice(1));
    if (window && place) showPlace(window, place, log);
    if (file !== null) openNow(resolve(folder, file));
  });
  // macOS tells of a double click so, at the start before the app is ready
  electron.on('open-file', (event, path) => {
    event.preventDefault();
    openNow(path);
  });
  await electron.whenReady();
  try {
    await run();
  } catch (thrown) {
    const { title, advice } = errorWords(toAppError(thrown));
    log('error', 'not started', { message: String(thrown) });
    dialog.showErrorBox(title, advice);
    electron.exit(1);
  }
}

/** Opens a case file in the window; while the app starts, once it has. */
function openNow(path: string): void {
  if (!opened) first = path;
  else void openCase(opened, path).then(() => BrowserWindow.getAllWindows()[0]?.reload());
}

async function run(): Promise<void> {
  const secrets = await keychainSecrets(join(dataDir, 'keychain.json'));
  const shell = electronShell(secrets);
  const app = await createApp({ dataDir, shell, log, ...(demoRuns && { demoRuns }) });
  onProcessFault((kind, thrown) => app.fault(kind, thrown));
  opened = app;
  if (first) await openCase(app, first);
  serveAssets(join(import.meta.dirname, '../renderer'));
  closeNetwork();
  setMenu({ dataDir }, () => app.diagnostics());
  const state = await openWindowState(join(dataDir, 'window.json'), app.readOnly);
  openWindow(app, state, app.log, startPlace);
  openAgain = () => openWindow(app, state, app.log);
  electron.on('activate', () => {
    if (BrowserWindow.getAllWindows().length === 0) openAgain();
  });
  electron.on('window-all-closed', () => {
    if (process.platform !== 'darwin') electron.quit();
  });
  quitInOrder(app);
}

/** A file that cannot be opened is said, and the window opens all the same. */
async function openCase(app: App, path: string): Promise<void> {
  try {
    await app.openCase(path);
  } catch (thrown) {
    const { title, advice } = errorWords(toAppError(thrown));
    dialog.showErrorBox(title, advice);
  }
}

/** Closes the core before quitting: Electron has crashed on quit with live worker threads (electron#23315, #26103). */
function quitInOrder(app: App): void {
  let closed = false;
  let closing = false;
  electron.on('will-quit', (event) => {
    if (closed) return;
    event.preventDefault();
    if (closing) return;
    closing = true;
    app
      .close()
      .catch((thrown: unknown) => app.log('error', 'not closed in order', { message: String(thrown) }))
      .finally(() => {
        closed = true;
        electron.quit();
      });
  });
}

function showWindow(): void {
  const [window] = BrowserWindow.getAllWindows();
  if (!window) return openAgain();
  if (window.isMinimized()) window.restore();
  window.show();
  window.focus();
}

function electronShell(secrets: Shell['secrets']): Shell {
  return {
    capabilities: { save_dialog: true, reveal_file: true, open_file: true, links: 'taskscope', notices: 'shell' },
    chooseSavePath: async (suggested, _folder, start) => {
      const options = { defaultPath: join(start ?? electron.getPath('downloads'), suggested) };
      const window = BrowserWindow.getFocusedWindow();
      const { canceled, filePath } = await (window
        ? dialog.showSaveDialog(window, options)
        : dialog.showSaveDialog(options));
      return canceled || !filePath ? null : { path: filePath, download: null, overwrite: true };
    },
    openExternal: (url) =>
      system.openExternal(url).then(
        () => true,
        () => false,
      ),
    revealFile: (path) => Promise.resolve(system.showItemInFolder(path)),
    openFile: async (path) => {
      const problem = await system.openPath(path);
      if (problem !== '')
        throw new AppError('NOT_FOUND', problem, {
          path,
          advice: 'Choose a program for such files in the system’s settings.',
        });
    },
    notify: ({ title, body }, onClick) => {
      if (!Notification.isSupported()) return;
      const shown = new Notification({ title, body, silent: true });
      shown.on('click', () => {
        showWindow();
        onClick();
      });
      notices.add(shown);
      for (const old of notices) if (notices.size > MOST_NOTICES) notices.delete(old);
      shown.show();
    },
    badge: (count) => void electron.setBadgeCount(count),
    secrets,
  };
}
