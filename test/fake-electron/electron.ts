/** What the built main process gets for `import … from 'electron'`. A name that is not here does not link. */
import { EventEmitter } from 'node:events';
import { basename, join } from 'node:path';
import { app as theApp, needsReady } from './app.ts';
import { ipcMain as theIpcMain } from './ipc.ts';
import { options } from './options.ts';
import { problem } from './problems.ts';
import { provided } from './provided.ts';
import { handlers, privileged, setBeforeRequest } from './schemes.ts';

export { BrowserWindow } from './window.ts';
export const app = provided('app', theApp);
export const ipcMain = provided('ipcMain', theIpcMain);

/** What the app asked of the desktop, one JSON line each, for a test to read. */
const told = (what: string, value: string) => void process.stdout.write(`${JSON.stringify({ [what]: value })}\n`);

export const shell = provided('shell', {
  openExternal: (url: string) => Promise.resolve(told('openExternal', url)),
  openPath: (path: string) => {
    told('openPath', path);
    return Promise.resolve('');
  },
  showItemInFolder: (path: string) => told('showItemInFolder', path),
});

/** Tells of each one that is shown. */
class DesktopNotice extends EventEmitter {
  readonly #title: string;
  readonly #body: string;

  static isSupported(): boolean {
    return true;
  }

  constructor({ title = '', body = '' }: { title?: string; body?: string; silent?: boolean } = {}) {
    super();
    needsReady('new Notification');
    this.#title = title;
    this.#body = body;
  }

  show(): void {
    told('notice', [this.#title, this.#body].join('\n'));
  }
}
export const Notification = DesktopNotice;

export const clipboard = provided('clipboard', {
  writeText: (text: string) => told('clipboard', text),
});

type SaveOptions = { defaultPath?: string };
export const dialog = provided('dialog', {
  showSaveDialog: (...args: unknown[]) => {
    const { defaultPath } = (args.at(-1) ?? {}) as SaveOptions;
    if (!options.saves || !defaultPath) {
      problem('a save dialog that the test did not expect');
      return Promise.resolve({ canceled: true, filePath: '' });
    }
    return Promise.resolve({ canceled: false, filePath: join(options.saves, basename(defaultPath)) });
  },
  showErrorBox: (title: string, content: string) => problem(`error box: ${title}: ${content}`),
});

export const protocol = provided('protocol', {
  registerSchemesAsPrivileged: (
    schemes: { scheme: string; privileges?: { standard?: boolean; secure?: boolean } }[],
  ) => {
    if (theApp.isReady()) throw new Error('stand-in: registerSchemesAsPrivileged after the app is ready');
    for (const { scheme, privileges } of schemes) privileged.set(scheme, privileges ?? {});
  },
  handle: (scheme: string, handler: (request: Request) => Response | Promise<Response>) => {
    needsReady('protocol.handle');
    const rights = privileged.get(scheme);
    if (!rights?.standard || !rights.secure)
      throw new Error(`stand-in: ${scheme}: is not registered as standard and secure`);
    if (handlers.has(scheme)) throw new Error(`stand-in: ${scheme}: has a handler already`);
    handlers.set(scheme, handler);
  },
});

const webRequest = provided('webRequest', {
  onBeforeRequest: (filter: { urls: string[] }, listener: Parameters<typeof setBeforeRequest>[1]) =>
    setBeforeRequest(filter.urls, listener),
});
export const session = provided('session', {
  defaultSession: provided('session.defaultSession', {
    webRequest,
    // headless Chromium asks for no permission; that the app denies is checked where Electron itself runs
    setPermissionRequestHandler: (handler: unknown) => void handler,
    setPermissionCheckHandler: (handler: unknown) => void handler,
  }),
});

const MARK = 'stand-in:';
export const safeStorage = provided('safeStorage', {
  isEncryptionAvailable: () => {
    needsReady('safeStorage');
    return true;
  },
  getSelectedStorageBackend: () => {
    needsReady('safeStorage');
    return options.keychain ?? 'gnome_libsecret';
  },
  encryptString: (text: string) => Buffer.from(MARK + [...text].reverse().join(''), 'utf8'),
  decryptString: (bytes: Buffer) => {
    const text = bytes.toString('utf8');
    if (!text.startsWith(MARK))
      throw new Error('Error while decrypting the ciphertext provided to safeStorage.decryptString.');
    return [...text.slice(MARK.length)].reverse().join('');
  },
});

const area = { x: 0, y: 0, width: 1920, height: 1080 };
export const screen = provided('screen', {
  getAllDisplays: () => {
    needsReady('screen');
    return [{ id: 1, bounds: area, workArea: area, scaleFactor: 1 }];
  },
});

type Item = {
  label?: string;
  role?: string;
  type?: string;
  accelerator?: string;
  submenu?: Item[];
  click?: () => void;
};

/** An item that does nothing when chosen is a mistake. */
function check(items: Item[]): void {
  for (const item of items) {
    if (item.submenu) check(item.submenu);
    else if (!item.role && !item.click && item.type !== 'separator')
      throw new Error(`stand-in: menu item "${item.label}" does nothing`);
  }
}

export const Menu = provided('Menu', {
  buildFromTemplate: (items: Item[]) => {
    check(items);
    return { items };
  },
  setApplicationMenu: (menu: { items: Item[] } | null) => {
    needsReady('Menu.setApplicationMenu');
    void menu;
  },
});
