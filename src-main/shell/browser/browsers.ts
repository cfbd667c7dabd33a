/** Finds a browser on this machine and opens an address in it. */
import { spawn } from 'node:child_process';
import { accessSync, constants, realpathSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { pathToFileURL } from 'node:url';

const onPath = [
  'chromium',
  'chromium-browser',
  'google-chrome',
  'google-chrome-stable',
  'microsoft-edge',
  'brave-browser',
];
const macApps = ['Google Chrome', 'Chromium', 'Microsoft Edge', 'Brave Browser'];
const windowsApps = ['Google\\Chrome\\Application\\chrome.exe', 'Microsoft\\Edge\\Application\\msedge.exe'];

/** Path of a browser of the Chromium family, or null. `TASKSCOPE_CHROMIUM` names one and is not checked. */
export function findChromium(): string | null {
  return process.env.TASKSCOPE_CHROMIUM || (usualPlaces().find(isProgram) ?? null);
}

function usualPlaces(): string[] {
  const { env, platform } = process;
  if (platform === 'darwin') return macApps.map((name) => `/Applications/${name}.app/Contents/MacOS/${name}`);
  if (platform === 'win32') {
    const roots = [env.PROGRAMFILES, env['PROGRAMFILES(X86)'], env.LOCALAPPDATA].filter((root) => root !== undefined);
    return windowsApps.flatMap((app) => roots.map((root) => join(root, app)));
  }
  const folders = (env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  return onPath.flatMap((name) => folders.map((folder) => join(folder, name)));
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** True when a window can be shown. macOS and Windows always have a desktop. */
export function hasDisplay(): boolean {
  const { env, platform } = process;
  if (platform === 'darwin' || platform === 'win32') return true;
  return Boolean(env.DISPLAY || env.WAYLAND_DISPLAY);
}

/**
 * Opens the window's address in a Chromium app window, else in the default browser. The address holds a ticket, and every user of
 * the machine can read a command line, so the browser gets the path of a private file that redirects to the address.
 * Resolves to a function that removes the file, or null when nothing could be started.
 */
export async function openWindow(url: string): Promise<(() => Promise<void>) | null> {
  const folder = await mkdtemp(join(tmpdir(), 'taskscope-open-'));
  const remove = () => rm(folder, { recursive: true, force: true });
  const file = join(folder, 'taskscope.html');
  const script = `location.replace(${JSON.stringify(url).replace(/</g, '\\u003c')})`;
  await writeFile(file, `<!doctype html><meta charset="utf-8"><title>Taskscope</title><script>${script}</script>\n`, {
    mode: 0o600,
  });
  const address = pathToFileURL(file).href;
  const chromium = findChromium();
  // a snap cannot read /tmp, so it gets the address itself, whose ticket works only once
  if (chromium && (await starts(chromium, [`--app=${isSnap(chromium) ? url : address}`]))) return remove;
  if (await openInDefaultBrowser(address)) return remove;
  await remove();
  return null;
}

/** Resolves to false when the system's opener is missing or fails. */
export function openInDefaultBrowser(address: string): Promise<boolean> {
  if (process.platform === 'darwin') return starts('open', [address]);
  if (process.platform === 'win32') return starts('rundll32', ['url.dll,FileProtocolHandler', address]);
  return starts('xdg-open', [address]);
}

function isSnap(program: string): boolean {
  try {
    return realpathSync(program).startsWith('/snap/') || realpathSync(program).endsWith('/snap');
  } catch {
    return false;
  }
}

/**
 * Time in which a browser that cannot run here (no display, a missing library) has ended, ms. One that hands over to a running
 * browser ends with 0.
 */
const EARLY = 1500;

/** Starts a browser that outlives this process. Resolves to false when it did not start. */
function starts(program: string, args: string[]): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn(program, args, { detached: true, stdio: 'ignore' });
    const timer = setTimeout(() => {
      child.unref();
      resolve(true);
    }, EARLY);
    const end = (started: boolean) => {
      clearTimeout(timer);
      resolve(started);
    };
    child.on('error', () => end(false));
    child.once('exit', (code) => end(code === 0));
  });
}
