/**
 * `node --import ./test/fake-electron/register.ts out/main/electron.js`: the built main process in plain Node, with this
 * folder in the place of the `electron` module. What it cannot show: Electron's own Node and ABI, asar paths, real
 * keychains, dialogs, menus and accelerators, MessagePorts, child windows, updates, signing.
 */
import { createRequire, registerHooks, syncBuiltinESMExports } from 'node:module';
import type { Worker } from 'node:worker_threads';
import { liveWorkers } from './workers.ts';

const electron = new URL('./electron.ts', import.meta.url).href;
registerHooks({
  resolve: (specifier, context, next) =>
    specifier === 'electron'
      ? { url: electron, format: 'module-typescript', shortCircuit: true }
      : next(specifier, context),
});

// Electron has crashed on quitting with live worker threads: they are counted, and one left at the end is a failure.
const threads = createRequire(import.meta.url)('node:worker_threads') as { Worker: typeof Worker };
threads.Worker = class extends threads.Worker {
  constructor(...args: ConstructorParameters<typeof Worker>) {
    super(...args);
    liveWorkers.add(this);
    this.once('exit', () => liveWorkers.delete(this));
  }
};
syncBuiltinESMExports();
