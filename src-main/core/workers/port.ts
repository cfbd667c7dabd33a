/** A worker thread's channel to main; the thread ends when main sends `exit`. */
import { parentPort } from 'node:worker_threads';
import { portChannel, type Channel } from '../../rpc/channels.ts';

/** Throws outside a worker thread. `onExit` runs before the thread ends. */
export function mainChannel(onExit: () => void | Promise<void> = () => undefined): Channel {
  const port = parentPort;
  if (!port) throw new Error('this file is a worker thread');
  port.on('message', (frame: unknown) => {
    if (!isExit(frame)) return;
    void Promise.resolve(onExit()).finally(() => process.exit(0));
  });
  return portChannel(port);
}

function isExit(frame: unknown): boolean {
  return typeof frame === 'object' && frame !== null && 't' in frame && frame.t === 'exit';
}
