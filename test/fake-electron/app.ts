/** electron.app: start, the order of quitting, and the process's end. */
import { EventEmitter } from 'node:events';
import { join } from 'node:path';
import { setImmediate as soon } from 'node:timers/promises';
import { chromium } from './chromium.ts';
import { hadProblems, problem } from './problems.ts';
import { liveWorkers } from './workers.ts';

/** What quitting needs of the windows, without knowing them. */
export const windowsOfApp = { closeAll: (): Promise<boolean> => Promise.resolve(true) };

class Preventable {
  defaultPrevented = false;
  preventDefault(): void {
    this.defaultPrevented = true;
  }
}
export const preventable = () => new Preventable();

class App extends EventEmitter {
  readonly name = 'Taskscope';
  isPackaged = false;
  readonly #paths = new Map<string, string>();
  #ready = false;
  #quitting = false;
  readonly #whenReady = chromium().then(() => {
    this.#ready = true;
    this.emit('ready');
  });

  isReady(): boolean {
    return this.#ready;
  }

  whenReady(): Promise<void> {
    return this.#whenReady;
  }

  requestSingleInstanceLock(): boolean {
    return true;
  }

  setPath(name: string, path: string): void {
    this.#paths.set(name, path);
  }

  getPath(name: string): string {
    return this.#paths.get(name) ?? join(this.#paths.get('userData') ?? '/nonexistent', name);
  }

  getVersion(): string {
    return '0.0.0';
  }

  setBadgeCount(count = 0): boolean {
    process.stdout.write(`${JSON.stringify({ badge: count })}\n`);
    return true;
  }

  getName(): string {
    return this.name;
  }

  quit(): void {
    if (this.#quitting) return;
    this.#quitting = true;
    void this.#quit().finally(() => (this.#quitting = false));
  }

  exit(code = 0): void {
    void end(code);
  }

  async #quit(): Promise<void> {
    const ask = (name: string) => {
      const event = preventable();
      this.emit(name, event);
      return !event.defaultPrevented;
    };
    if (!ask('before-quit')) return;
    if (!(await windowsOfApp.closeAll())) return;
    await soon();
    if (!ask('will-quit')) return;
    this.emit('quit', preventable(), 0);
    if (liveWorkers.size > 0) problem(`quits with ${liveWorkers.size} worker thread(s) alive`);
    await end(0);
  }
}

async function end(code: number): Promise<never> {
  try {
    await (await chromium()).close();
  } finally {
    process.exit(code === 0 && hadProblems() ? 1 : code);
  }
}

export const app = new App();

/** For what must not be used before the app is ready. */
export function needsReady(what: string): void {
  if (!app.isReady()) throw new Error(`stand-in: ${what} before the app is ready`);
}

// as Electron on Linux and macOS: a polite signal quits in order
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => app.quit());
process.on('uncaughtException', (error) => {
  problem(error.stack ?? error.message);
  void end(1);
});
