/**
 * The three threads of one open archive. Data goes sync → writer → query on ports of their own and never through main.
 */
import { MessageChannel } from 'node:worker_threads';
import type { WireError } from '../../contract/errors.ts';
import type { Dialect } from '../../contract/query.ts';
import { budgetMemory, forgetThread } from '../../prefect/budget.ts';
import type { Log } from '../shell.ts';
import { startWorker, type Started } from '../workers/start-worker.ts';
import { queryContract, syncContract, writerContract } from '../workers/contracts.ts';

/** writer and sync are null in a window that only reads */
export type Threads = {
  query: Started<typeof queryContract>;
  writer: Started<typeof writerContract> | null;
  sync: Started<typeof syncContract> | null;
};
export type ThreadOptions = { path: string; dialect: Dialect; readOnly: boolean; log: Log };

/** Throws ARCHIVE_NEWER, ARCHIVE_DAMAGED, DISK_FULL, FOLDER_READ_ONLY, NOT_FOUND (read-only and no file yet). */
export async function startThreads(options: ThreadOptions): Promise<{ started: Threads; notice: WireError | null }> {
  const { log } = options;
  const changes = new MessageChannel();
  const batches = new MessageChannel();
  const query = startWorker('query', queryContract, {
    data: { changes: changes.port2 },
    transfer: [changes.port2],
    log,
  });
  const started: Threads = { query, writer: null, sync: null };
  try {
    let notice: WireError | null = null;
    if (!options.readOnly) {
      started.writer = startWorker('writer', writerContract, {
        data: { sync: batches.port1, changes: changes.port1 },
        transfer: [batches.port1, changes.port1],
        log,
      });
      ({ notice } = await started.writer.client.open({ path: options.path }));
      started.sync = startWorker('sync', syncContract, {
        data: { writer: batches.port2, budgets: budgetMemory() },
        transfer: [batches.port2],
        log,
        onExit: forgetThread,
      });
    }
    await query.client.open({ path: options.path, dialect: options.dialect, watchFile: options.readOnly });
    return { started, notice };
  } catch (thrown) {
    await stopThreads(started);
    throw thrown;
  }
}

/** Readers first, then the one that feeds the writer, the writer last: nothing is written into a closed file. */
export async function stopThreads(started: Threads): Promise<void> {
  await started.sync?.stop();
  await started.query.stop();
  await started.writer?.stop();
}
