/** Starts a worker thread and talks to it. When the thread dies, all waiting calls fail with THREAD_DIED and its owner is told. */
import { Worker, type ResourceLimits, type TransferListItem } from 'node:worker_threads';
import { portChannel } from '../../rpc/channels.ts';
import type { AnyContract, Client } from '../../contract/define.ts';
import { AppError } from '../../contract/errors.ts';
import { connect } from '../../rpc/rpc.ts';
import type { Log } from '../shell.ts';
import type { SalvageProgress } from '../../store/file/salvage.ts';
import { isLog, isSalvage } from './port.ts';

type WorkerName = 'writer' | 'query' | 'sync' | 'demo';

/**
 * Pages of 450 kB outlive Node's young heap of 48 MB while they are packed and written. With twice that, 5 % more new rows a second and 9 %
 * more unchanged ones (medians of three pairs).
 */
const sync = { maxYoungGenerationSizeMb: 96 };
/**
 * V8's own young heap grows to 96 MB while a Parquet file of a million rows is written, and the old heap with what outlives it: 144 MiB more
 * than for 10,000 rows. With half of it 53 MiB.
 */
const query = { maxYoungGenerationSizeMb: 48 };
export const workerLimits: Partial<Record<WorkerName, ResourceLimits>> = { sync, query };

/** The source file under Node 24, or the bundle beside this one (electron.vite.config.ts puts all bundles into one folder for this). */
function entry(name: WorkerName): URL {
  return new URL(import.meta.url.endsWith('.ts') ? `./${name}.ts` : `./${name}.js`, import.meta.url);
}

export type Started<C extends AnyContract> = {
  client: Client<C>;
  /** for what no frame of the protocol can carry: ports */
  post(message: unknown, transfer: readonly TransferListItem[]): void;
  /** asks the thread to end; it is terminated after 5 s, or `now`, when what it is at may be cut short */
  stop(now?: boolean): Promise<void>;
};

/** What calls to a thread that has died fail with. */
export const threadDied = (thread: WorkerName, message = 'ended'): AppError =>
  new AppError('THREAD_DIED', `the ${thread} thread died: ${message}`, { thread });

/** `onDeath`: the thread has ended without having been stopped: an exception, out of memory, `terminate`, `process.exit`. */
export function startWorker<C extends AnyContract>(
  name: WorkerName,
  contract: C,
  options: {
    data?: unknown;
    transfer?: TransferListItem[];
    log: Log;
    onDeath?: (error: AppError) => void;
    onSalvage?: (salvage: SalvageProgress) => void;
  },
): Started<C> {
  const worker = new Worker(entry(name), {
    name,
    workerData: options.data ?? {},
    transferList: options.transfer ?? [],
    resourceLimits: workerLimits[name],
  });
  let stopping = false;
  let thrown: Error | null = null;
  worker.on('error', (error: Error) => (thrown = error)); // 'exit' follows
  const exited = new Promise<void>((resolve) =>
    worker.once('exit', (code) => {
      resolve();
      if (stopping && !thrown) return;
      if (stopping) return options.log('warn', 'worker died at its end', { worker: name, message: thrown?.message });
      const message = thrown?.message ?? `exit code ${code}`;
      options.log('error', 'worker died', { worker: name, message, stack: thrown?.stack });
      options.onDeath?.(threadDied(name, message));
    }),
  );
  worker.on('message', (frame: unknown) => {
    if (isLog(frame)) options.log(...frame.entry);
    else if (isSalvage(frame)) options.onSalvage?.(frame.salvage);
  });
  const channel = portChannel(worker);
  return {
    client: connect(contract, channel, () => threadDied(name, thrown?.message)),
    post: (message, transfer) => worker.postMessage(message, transfer),
    stop: async (now = false) => {
      stopping = true;
      if (now) void worker.terminate();
      worker.unref();
      const timer = setTimeout(() => {
        if (!now) options.log('warn', 'worker did not end in time', { worker: name });
        void worker.terminate();
      }, 5000);
      worker.postMessage({ t: 'exit' });
      await exited;
      clearTimeout(timer);
    },
  };
}
