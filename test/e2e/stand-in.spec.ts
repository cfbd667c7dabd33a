/** The stand-in itself: a sound little app passes, and each mistake that it is there to catch makes it fail. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@playwright/test';
import { chromiumArgs, executablePath } from './chromium.ts';
import { startChild } from './process.ts';

const register = join(import.meta.dirname, '../fake-electron/register.ts');

type Parts = {
  imports: string;
  before: string;
  ready: string;
  window: string;
  onMessage: string;
  preload: string;
  page: string;
};

/** A whole app in one file, which ends when its page has had its say. */
function mainText(parts: Parts): string {
  return `
    import { app, BrowserWindow, ipcMain, protocol${parts.imports} } from 'electron';
    import { join } from 'node:path';
    import { Worker } from 'node:worker_threads';
    protocol.registerSchemesAsPrivileged([{ scheme: 'app', privileges: { standard: true, secure: true } }]);
    ${parts.before}
    await app.whenReady();
    ${parts.ready}
    const files = { '/': ['text/html', '<script src="/page.js"></script>'], '/page.js': ['text/javascript', ${JSON.stringify(parts.page)}] };
    protocol.handle('app', (request) => {
      const [type, text] = files[new URL(request.url).pathname];
      return new Response(text, { headers: { 'content-type': type, 'content-security-policy': "default-src 'none'; script-src 'self'" } });
    });
    const window = new BrowserWindow({ show: false, webPreferences: { preload: join(import.meta.dirname, 'preload.cjs'), ${parts.window} } });
    window.once('ready-to-show', () => window.show());
    ipcMain.on('talk', (event, value) => { ${parts.onMessage} });
    window.loadURL('app://small/');
    setTimeout(() => app.quit(), 4000);
  `;
}

const sound: Parts = {
  imports: '',
  before: '',
  ready: '',
  window: '',
  onMessage: "if (value === 'done') app.quit(); else event.sender.send('talk', value);",
  preload: `
    const { contextBridge, ipcRenderer } = require('electron');
    contextBridge.exposeInMainWorld('bridge', {
      send: (value) => ipcRenderer.send('talk', value),
      receive: (listener) => { ipcRenderer.on('talk', (event, value) => listener(value)); },
    });`,
  page: `
    const sent = { none: undefined, nan: NaN, big: 5n, when: new Date(5), bytes: new Uint8Array([1, 2]), map: new Map([[1, { a: [null] }]]) };
    bridge.receive((got) => {
      if (got.nan !== got.nan && got.big === 5n && got.when.getTime() === 5 && got.bytes[1] === 2 && got.map.get(1).a[0] === null && 'none' in got)
        bridge.send('done');
      else throw new Error('values changed on the way');
    });
    bridge.send(sent);`,
};

async function run(change: Partial<Parts>): Promise<{ code: number | null; output: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'taskscope-small-'));
  const parts = { ...sound, ...change };
  try {
    await writeFile(join(folder, 'main.mjs'), mainText(parts));
    await writeFile(join(folder, 'preload.cjs'), parts.preload);
    const STANDIN = JSON.stringify({ chromium: executablePath, args: chromiumArgs });
    const child = startChild(process.execPath, ['--import', register, join(folder, 'main.mjs')], {
      ...process.env,
      STANDIN,
    });
    const code = await new Promise<number | null>((resolve) => child.process.once('close', resolve));
    return { code, output: child.output() };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

test('a sound app: what JSON lacks crosses both ways, and it ends with 0', async () => {
  const { code, output } = await run({});
  expect(output).not.toContain('stand-in:');
  expect(code).toBe(0);
});

const preloadWith = (line: string) => `${line}\n${sound.preload}`;
const mistakes: [name: string, change: Partial<Parts>, told: RegExp][] = [
  ['a name Electron lacks', { ready: 'app.whenRaedy();' }, /app\.whenRaedy is not provided/],
  ['an import Electron lacks', { imports: ', Trey' }, /Trey/],
  ['a window before the app is ready', { before: 'new BrowserWindow();' }, /before the app is ready/],
  [
    'a scheme without its rights',
    { ready: "protocol.handle('other', () => new Response());" },
    /not registered as standard and secure/,
  ],
  ['no preload where main says', { window: "preload: '/nowhere/preload.cjs'" }, /no preload at/],
  ['a window without its sandbox', { window: 'sandbox: false' }, /only sandboxed/],
  ['a preload that wants Node', { preload: preloadWith("require('node:fs');") }, /cannot require\('node:fs'\)/],
  [
    'a preload that wants main',
    { preload: preloadWith("require('electron').ipcMain.on();") },
    /ipcMain is not provided/,
  ],
  [
    'two names for one channel',
    { preload: sound.preload.replace("send('talk'", "send('tolk'") },
    /"tolk", where nobody listens/,
  ],
  ['a proxy for a value', { page: 'bridge.send(new Proxy({}, {}));' }, /could not be cloned/],
  ['a function for an answer', { onMessage: "event.sender.send('talk', () => 1);" }, /could not be cloned/],
  ['a page that throws', { page: "throw new Error('page fell over');" }, /page error: Error: page fell over/],
  ['a page that expects window members', { page: 'taskscope.send(1);' }, /taskscope is not defined/],
  ['a promise nobody waits for', { ready: "void Promise.reject(new Error('lost promise'));" }, /lost promise/],
  [
    'a worker left at the end',
    { ready: "new Worker('setInterval(() => 0, 1000)', { eval: true });" },
    /1 worker thread\(s\) alive/,
  ],
  [
    'a menu item that does nothing',
    { imports: ', Menu', ready: "Menu.buildFromTemplate([{ label: 'Nothing' }]);" },
    /"Nothing" does nothing/,
  ],
  [
    'a dialog nobody expects',
    { imports: ', dialog', ready: "dialog.showSaveDialog({ defaultPath: 'x' });" },
    /did not expect/,
  ],
];
for (const [name, change, told] of mistakes) {
  test(`caught: ${name}`, async () => {
    const { code, output } = await run(change);
    expect(output).toMatch(told);
    expect(code).not.toBe(0);
  });
}
