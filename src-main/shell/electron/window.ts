/** The Electron window: sandboxed, isolated, on its own scheme, with one channel to main and no network. */
import { join } from 'node:path';
import {
  BrowserWindow,
  dialog,
  ipcMain,
  protocol,
  session,
  shell,
  type IpcMainEvent,
  type WebContents,
} from 'electron';
import type { App } from '../../core/app.ts';
import type { Log } from '../../core/shell.ts';
import type { Channel } from '../../rpc/channels.ts';
import { pageHeaders, readAsset } from '../assets.ts';
import type { WindowState } from './window-state.ts';

const SCHEME = 'app';
const ORIGIN = `${SCHEME}://taskscope`;
const CHANNEL = 'taskscope';
/** ms; a page that dies again within this time is not loaded once more: it would die without end */
const SOON = 60_000;

/** Must run before the app is ready: Electron registers privileged schemes only then. */
export function declareScheme(): void {
  protocol.registerSchemesAsPrivileged([
    { scheme: SCHEME, privileges: { standard: true, secure: true, supportFetchAPI: true } },
  ]);
}

/** Serves the built window under app://taskscope/ with the same reader and policy as the browser host. */
export function serveAssets(folder: string): void {
  protocol.handle(SCHEME, async (request) => {
    const url = new URL(request.url);
    const asset = url.host === 'taskscope' && request.method === 'GET' ? await readAsset(folder, url.pathname) : null;
    if (!asset) return new Response('Not found', { status: 404 });
    return new Response(asset.body, { headers: { 'content-type': asset.type, ...pageHeaders() } });
  });
  session.defaultSession.setPermissionRequestHandler((_contents, _permission, answer) => answer(false));
  session.defaultSession.setPermissionCheckHandler(() => false);
}

/** `place`: what it shows first, as place.ts writes it; null: where the last window ended. */
export function openWindow(app: App, state: WindowState, log: Log, place: string | null = null): BrowserWindow {
  const window = new BrowserWindow({
    ...state.bounds(),
    minWidth: 800,
    minHeight: 560,
    title: 'Taskscope',
    show: false, // shown when it has something to show: no white flash
    backgroundColor: '#17181a',
    webPreferences: {
      preload: join(import.meta.dirname, '../preload/preload.cjs'),
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      webviewTag: false,
      spellcheck: false,
    },
  });
  state.follow(window);
  const { webContents } = window;
  /** when the page's process last died, ms by `performance.now` */
  let goneAt = -Infinity;
  webContents.setWindowOpenHandler(({ url }) => {
    if (/^https?:\/\//i.test(url)) void shell.openExternal(url);
    return { action: 'deny' };
  });
  webContents.on('will-navigate', (event, url) => {
    if (!url.startsWith(`${ORIGIN}/`)) event.preventDefault();
  });
  webContents.on('render-process-gone', (_event, { reason }) => {
    log('error', 'window process gone', { reason });
    if (reason === 'clean-exit') return;
    const again = performance.now() - goneAt < SOON;
    goneAt = performance.now();
    if (!again) return webContents.reload();
    dialog.showErrorBox(
      'The window has died twice within a minute, so it stays empty',
      'Nothing that was kept is lost. Close Taskscope and open it again; if this stays, Help > Show Log tells more.',
    );
  });
  window.once('ready-to-show', () => window.show());
  serveWindow(app, webContents, log);
  followMouseKeys(window);
  if (place === null) load(window, `${ORIGIN}/`, log);
  else showPlace(window, place, log);
  return window;
}

/** An open page stays: only its address changes, and it goes there as to an entry of its history. */
export function showPlace(window: BrowserWindow, place: string, log: Log): void {
  load(window, `${ORIGIN}/#${place}`, log);
}

/** Electron rejects with ERR_ABORTED when another link comes while this one loads: the later one is shown. */
function load(window: BrowserWindow, url: string, log: Log): void {
  window.loadURL(url).catch((thrown: unknown) => log('warn', 'page not loaded', { message: String(thrown) }));
}

/** A browser goes back and forth by the mouse's keys and a trackpad by itself, Electron does not. The page has the Alt keys. */
function followMouseKeys(window: BrowserWindow): void {
  const go = (back: boolean) => {
    const { navigationHistory: entries } = window.webContents;
    if (back) entries.goBack();
    else entries.goForward();
  };
  window.on('app-command', (_event, command) => {
    if (command === 'browser-backward' || command === 'browser-forward') go(command === 'browser-backward');
  });
  window.on('swipe', (_event, direction) => {
    if (direction === 'left' || direction === 'right') go(direction === 'left');
  });
}

/** Serves the page's calls. A reload is a new page: the calls of the old one are aborted, as when a socket closes. */
function serveWindow(app: App, contents: WebContents, log: Log): void {
  let stop: () => void = () => undefined;
  let listener: ((frame: unknown) => void) | null = null;
  const start = () => {
    stop();
    const closers: (() => void)[] = [];
    const channel: Channel = {
      send: (frame) => {
        if (!contents.isDestroyed()) contents.send(CHANNEL, frame);
      },
      onMessage: (receive) => (listener = receive),
      onClose: (closed) => closers.push(closed),
      close: () => undefined,
    };
    app.serve(channel);
    stop = () => closers.forEach((close) => close());
  };
  const onFrame = (event: IpcMainEvent, frame: unknown) => {
    if (event.sender !== contents) return; // a frame of another window
    if (event.senderFrame !== contents.mainFrame || event.senderFrame?.origin !== ORIGIN)
      return log('warn', 'frame from a stranger refused', { origin: event.senderFrame?.origin ?? 'none' });
    listener?.(frame);
  };
  start();
  contents.on('did-start-navigation', (details) => {
    if (details.isMainFrame && !details.isSameDocument) start();
  });
  ipcMain.on(CHANNEL, onFrame);
  contents.once('destroyed', () => {
    ipcMain.off(CHANNEL, onFrame);
    stop();
  });
}

/** Cancels every network request of the page: only the core talks to servers. */
export function closeNetwork(): void {
  session.defaultSession.webRequest.onBeforeRequest(
    { urls: ['http://*/*', 'https://*/*', 'ws://*/*', 'wss://*/*'] },
    (_, answer) => answer({ cancel: true }),
  );
}
