/** Starting a worker thread and talking to it. An unhandled throw in a worker fails all waiting calls and is told, never silent. */
import { Worker, type ResourceLimits, type TransferListItem } from 'node:worker_threads';
import { portChannel, type Channel } from '../../rpc/channels.ts';
import type { AnyContract, Client } from '../../contract/define.ts';
import { connect } from '../../rpc/rpc.ts';
import type { Log } from '../shell.ts';

export type WorkerName = 'writer' | 'query' | 'sync' | 'demo';

/**
 * Pages of 450 kB outlive Node's young heap of 48 MB while they are packed and written; with twice that, 5 % more new rows a
 * second and 9 % more unchanged ones (medians of three pairs).
 */
export const workerLimits: Partial<Record<WorkerName, ResourceLimits>> = { sync: { maxYoungGenerationSizeMb: 96 } };

/** Straight from source under Node 24, or the flat bundle beside this one (electron.vite.config.ts keeps them flat for this). */
function entry(name: WorkerName): URL {
  return new URL(import.meta.url.endsWith('.ts') ? `./${name}.ts` : `./${name}.js`, import.meta.url);
}

export type Started<C extends AnyContract> = { client: Client<C>; channel: Channel; stop(): Promise<void> };

export function startWorker<C extends AnyContract>(
  name: WorkerName,
  contract: C,
  options: {
    data?: unknown;
    transfer?: TransferListItem[];
    log: Log;
    onDeath?: (thrown: Error) => void;
    /** however it ended; `thread`: its id */
    onExit?: (thread: number) => void;
  },
): Started<C> {
  const worker = new Worker(entry(name), {
    name,
    workerData: options.data ?? {},
    transferList: options.transfer ?? [],
    resourceLimits: workerLimits[name],
  });
  worker.on('error', (thrown: Error) => {
    options.log('error', 'worker died', { worker: name, message: thrown.message, stack: thrown.stack });
    options.onDeath?.(thrown);
  });
  const { threadId } = worker; // -1 once it has ended
  const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
  worker.once('exit', () => options.onExit?.(threadId));
  const channel = portChannel(worker);
  return {
    client: connect(contract, channel),
    channel,
    // the worker's own `close` call comes first and ends its loop; terminate is for one that did not finish
    stop: async () => {
      worker.unref();
      const timer = setTimeout(() => void worker.terminate(), 5000);
      worker.postMessage({ t: 'exit' });
      await exited;
      clearTimeout(timer);
    },
  };
}
