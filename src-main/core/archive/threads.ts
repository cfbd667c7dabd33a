/**
 * What works for one open archive: a query thread and a writer thread of its own, and its part of the sync thread. Rows go
 * sync → writer → query on ports of their own and never through main.
 */
import { MessageChannel } from 'node:worker_threads';
import type { AppError, WireError } from '../../contract/errors.ts';
import type { Dialect } from '../../contract/query.ts';
import type { SalvageProgress } from '../../store/file/salvage.ts';
import type { Log } from '../shell.ts';
import { queryContract, writerContract } from '../workers/contracts.ts';
import { startWorker, type Started } from '../workers/start-worker.ts';
import type { AttachedSync, SyncThread } from '../workers/sync-thread.ts';

/** `writer` and `sync` are null in a window that only reads. */
export type Threads = {
  query: Started<typeof queryContract>;
  writer: Started<typeof writerContract> | null;
  sync: AttachedSync | null;
};
type ThreadOptions = {
  path: string;
  /** address of the server that the rows are from */
  server: string;
  dialect: Dialect;
  readOnly: boolean;
  /** the file is from elsewhere: it is checked before it is read */
  foreign: boolean;
  log: Log;
  syncThread: SyncThread;
  /** aborted: the archive is not wanted any more, also while it is being opened */
  signal: AbortSignal;
  /** a damaged archive is being saved */
  onSalvage: (salvage: SalvageProgress) => void;
  /** one of the threads has died; told once for each of them */
  onDeath: (error: AppError) => void;
};

/** Throws ARCHIVE_NEWER, ARCHIVE_DAMAGED, DISK_FULL, FOLDER_READ_ONLY, THREAD_DIED, NOT_FOUND (read-only and no file yet). */
export async function startThreads(options: ThreadOptions): Promise<{ started: Threads; notice: WireError | null }> {
  const { log, onDeath, onSalvage } = options;
  const changes = new MessageChannel();
  const batches = new MessageChannel();
  const query = startWorker('query', queryContract, {
    data: { changes: changes.port2 },
    transfer: [changes.port2],
    log,
    onDeath,
  });
  const started: Threads = { query, writer: null, sync: null };
  try {
    let notice: WireError | null = null;
    if (!options.readOnly) {
      started.writer = startWorker('writer', writerContract, {
        data: { sync: batches.port1, changes: changes.port1 },
        transfer: [batches.port1, changes.port1],
        log,
        onDeath,
        onSalvage,
      });
      // saving what can be read of a damaged archive takes a while, and can be cut short at any point: it starts anew at the next opening
      const cut = () => void started.writer?.stop(true);
      options.signal.addEventListener('abort', cut, { once: true });
      ({ notice } = await started.writer.client.open({ path: options.path, server: options.server }));
      options.signal.removeEventListener('abort', cut);
      options.signal.throwIfAborted();
      started.sync = options.syncThread.attach(batches.port2, onDeath);
    }
    const opened = await query.client.open({
      path: options.path,
      dialect: options.dialect,
      watchFile: options.readOnly,
      foreign: options.foreign,
    });
    if (opened.notice) log('warn', 'notes', { code: opened.notice.code, message: opened.notice.message });
    return { started, notice: notice ?? opened.notice };
  } catch (thrown) {
    await stopThreads(started);
    // the writer was stopped on purpose then, so it has not died
    throw options.signal.aborted ? options.signal.reason : thrown;
  }
}

/** The sync first, which feeds the writer, and the writer last: nothing is written into a closed file. */
export async function stopThreads(started: Threads): Promise<void> {
  await started.sync?.detach();
  await started.query.stop();
  await started.writer?.stop();
}
