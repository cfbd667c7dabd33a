/** A worker thread's channel to main; the thread ends when main sends `exit`. */
import { parentPort } from 'node:worker_threads';
import { portChannel, type Channel } from '../../rpc/channels.ts';
import type { SalvageProgress } from '../../store/file/salvage.ts';
import type { Log } from '../shell.ts';

/** Throws outside a worker thread. `onExit` runs before the thread ends. */
export function mainChannel(onExit: () => void | Promise<void> = () => undefined): Channel {
  const port = parentPort;
  if (!port) throw new Error('this file is a worker thread');
  port.on('message', (frame: unknown) => {
    if (!isExit(frame)) return;
    void (async () => onExit())()
      .catch((thrown: unknown) => logToMain('warn', 'thread not ended cleanly', { message: String(thrown) }))
      .finally(() => process.exit(0));
  });
  return portChannel(port);
}

/** A line for main's log: goes out at once, also from within a call that takes long. */
export type LogFrame = { t: 'log'; entry: Parameters<Log> };

export function logToMain(...entry: Parameters<Log>): void {
  parentPort?.postMessage({ t: 'log', entry } satisfies LogFrame);
}

export function isLog(frame: unknown): frame is LogFrame {
  return typeof frame === 'object' && frame !== null && 't' in frame && frame.t === 'log';
}

/** How far a damaged archive has been saved. */
type SalvageFrame = { t: 'salvage'; salvage: SalvageProgress };

/** Tells main at once: saving a damaged archive is one long call, and no reply leaves the thread before its end. */
export function salvageToMain(salvage: SalvageProgress): void {
  parentPort?.postMessage({ t: 'salvage', salvage } satisfies SalvageFrame);
}

export function isSalvage(frame: unknown): frame is SalvageFrame {
  return typeof frame === 'object' && frame !== null && 't' in frame && frame.t === 'salvage';
}

function isExit(frame: unknown): boolean {
  return typeof frame === 'object' && frame !== null && 't' in frame && frame.t === 'exit';
}
