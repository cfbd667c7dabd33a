/** electron.BrowserWindow over one page. Only what a sandboxed, isolated window does. */
import { EventEmitter } from 'node:events';
import { existsSync } from 'node:fs';
import { app, needsReady, preventable, windowsOfApp } from './app.ts';
import { chromium } from './chromium.ts';
import { problem } from './problems.ts';
import { provided } from './provided.ts';
import { WebContents } from './web-contents.ts';

type Bounds = { x: number; y: number; width: number; height: number };
type Options = Partial<Bounds> & {
  minWidth?: number;
  minHeight?: number;
  title?: string;
  show?: boolean;
  backgroundColor?: string;
  icon?: string;
  titleBarStyle?: string;
  autoHideMenuBar?: boolean;
  webPreferences?: {
    preload?: string;
    sandbox?: boolean;
    contextIsolation?: boolean;
    nodeIntegration?: boolean;
    webviewTag?: boolean;
    spellcheck?: boolean;
  };
};

const windows = new Set<BrowserWindow>();
let announced = false;

export class BrowserWindow extends EventEmitter {
  readonly webContents: WebContents;
  #bounds: Bounds;
  #maximized = false;
  #minimized = false;
  #visible: boolean;
  #destroyed = false;
  #self: BrowserWindow;

  constructor(options: Options = {}) {
    super();
    needsReady('new BrowserWindow');
    const { preload, sandbox, contextIsolation, nodeIntegration, webviewTag } = options.webPreferences ?? {};
    if (sandbox === false || contextIsolation === false || nodeIntegration || webviewTag)
      throw new Error('stand-in: only sandboxed, isolated windows without Node and webviews are provided');
    if (!preload || !existsSync(preload)) throw new Error(`stand-in: no preload at ${preload}`);
    this.#bounds = { x: options.x ?? 0, y: options.y ?? 0, width: options.width ?? 800, height: options.height ?? 600 };
    this.#visible = options.show !== false;
    this.#self = provided('BrowserWindow', this);
    const contents = new WebContents(preload);
    this.webContents = contents.self;
    windows.add(this.#self);
    contents.once('did-finish-load', () => {
      this.emit('ready-to-show');
      void announce();
    });
    return this.#self;
  }

  static getAllWindows(): BrowserWindow[] {
    return [...windows];
  }

  static getFocusedWindow(): BrowserWindow | null {
    return [...windows][0] ?? null;
  }

  static fromWebContents(contents: WebContents): BrowserWindow | null {
    return [...windows].find((window) => window.webContents === contents) ?? null;
  }

  loadURL(url: string): Promise<void> {
    return this.webContents.loadURL(url);
  }

  show(): void {
    this.#visible = true;
    this.emit('show');
  }
  isVisible(): boolean {
    return this.#visible;
  }
  focus(): void {
    this.emit('focus');
  }
  maximize(): void {
    this.#maximized = true;
  }
  isMaximized(): boolean {
    return this.#maximized;
  }
  isMinimized(): boolean {
    return this.#minimized;
  }
  minimize(): void {
    this.#minimized = true;
  }
  restore(): void {
    this.#minimized = false;
  }
  getNormalBounds(): Bounds {
    return { ...this.#bounds };
  }
  getBounds(): Bounds {
    return { ...this.#bounds };
  }
  setBounds(bounds: Partial<Bounds>): void {
    this.#bounds = { ...this.#bounds, ...bounds };
    this.emit('resize');
  }
  isDestroyed(): boolean {
    return this.#destroyed;
  }

  close(): void {
    void closeWindow(this.#self);
  }

  destroy(): void {
    void this.webContents.destroy().then(() => {
      this.#destroyed = true;
      windows.delete(this.#self);
      this.emit('closed');
    });
  }
}

/** false: a listener kept it open */
async function closeWindow(window: BrowserWindow): Promise<boolean> {
  const event = preventable();
  window.emit('close', event);
  if (event.defaultPrevented) return false;
  const closed = new Promise<void>((resolve) => window.once('closed', () => resolve()));
  window.destroy();
  await closed;
  if (windows.size === 0) app.emit('window-all-closed');
  return true;
}

windowsOfApp.closeAll = async () => {
  for (const window of [...windows]) if (!(await closeWindow(window))) return false;
  return true;
};

/** Tells the test where to look: once, when the first window shows its page. */
async function announce(): Promise<void> {
  if (announced) return;
  announced = true;
  const { endpoint } = await chromium();
  process.stdout.write(`${JSON.stringify({ standIn: { cdp: endpoint } })}\n`);
  const [first] = windows;
  if (first && !first.isVisible()) problem('the first window was never shown');
}
