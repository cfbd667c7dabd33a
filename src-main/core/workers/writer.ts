/** Writer thread: has the only connection that writes one archive. Serves main and, on a port of its own, the sync thread. */
import { workerData, type MessagePort } from 'node:worker_threads';
import { AppError, toWireError } from '../../contract/errors.ts';
import { LINES_AT_ONCE } from '../../contract/run.ts';
import { portChannel } from '../../rpc/channels.ts';
import type { Handlers } from '../../contract/define.ts';
import { serve } from '../../rpc/rpc.ts';
import type { SalvageProgress } from '../../store/file/salvage.ts';
import { openWriter, type Writer } from '../../store/write/writer.ts';
import { mergeActivity } from '../archive/activity.ts';
import { writerContract } from './contracts.ts';
import { standBack } from './background.ts';
import { logToMain, mainChannel, salvageToMain } from './port.ts';

/** `sync`: calls of the sync thread come in here. `changes`: row numbers that the query thread's index must read go out here. */
type WriterData = { sync: MessagePort; changes: MessagePort };
const { sync, changes } = workerData as WriterData;

let opened: Writer | null = null;
const writer = (): Writer => {
  if (!opened) throw new AppError('INTERNAL', 'the archive is not open');
  return opened;
};
const close = () => {
  opened?.close();
  opened = null;
  changes.close();
};

/** ms between two slices, in which calls are answered. */
const PAUSE = 20;
/** ms until the next try after a failed slice: room on the disk may be made meanwhile, and a sync says that there is none. */
const TRY_AGAIN = 60_000;

/**
 * What an older rule made is made anew in the background, a slice at a time: failures, then the full-text index. A damaged page ends the
 * thread: main then opens the archive again, which saves what can be read and says so.
 */
function refresh(): void {
  let pause = PAUSE;
  try {
    if (!opened?.refreshFailures() && !opened?.indexTexts()) return;
  } catch (thrown) {
    const { code, message } = toWireError(thrown);
    if (code === 'ARCHIVE_DAMAGED') throw thrown;
    logToMain('warn', 'failures and full-text index are not brought up to date', { code, message });
    pause = TRY_AGAIN;
  }
  setTimeout(refresh, pause).unref();
}

/** ms between two lines of the log about a salvage, and between two reports of it to the window. */
const LOG_EVERY = 2000;
const TELL_EVERY = 200;

function tellSalvaged(path: string): (salvage: SalvageProgress) => void {
  let logged = -Infinity;
  let told = -Infinity;
  return (salvage) => {
    const now = performance.now();
    if (now - told >= TELL_EVERY) {
      told = now;
      salvageToMain(salvage);
    }
    if (now - logged < LOG_EVERY) return;
    logged = now;
    logToMain('warn', 'saving what can be read of a damaged archive', { path, rows: salvage.rows });
  };
}

/** Chains in which a write has failed, and its error. Their next write may have been sent before the sender knew of the failure. */
const broken = new Map<number, unknown>();

const handlers: Handlers<typeof writerContract> = {
  open: ({ path, server }) => {
    opened = openWriter(path, { onChange: (change) => changes.postMessage(change), onSalvage: tellSalvaged(path) });
    opened.setServer(server);
    setTimeout(refresh, PAUSE);
    return { notice: opened.notice ? toWireError(opened.notice) : null };
  },
  write: ({ chain, ...input }) => {
    if (chain !== undefined && broken.has(chain)) throw broken.get(chain);
    try {
      return writer().write(input);
    } catch (thrown) {
      if (chain !== undefined) broken.set(chain, thrown);
      throw thrown;
    }
  },
  markGone: ({ entity, ids, at, drop }) => {
    if (drop) writer().remove(entity, ids, at);
    else writer().markGone(entity, ids, at);
    return {};
  },
  replaceDocuments: ({ kind, documents, at, all, drop }) =>
    writer().replaceDocuments(kind, documents, at, { all, drop }),
  unfinished: ({ entity, since }) => writer().lookup((it) => it.unfinished(entity, since)),
  stubs: ({ entity, limit }) => writer().lookup((it) => it.stubs(entity, limit)),
  ids: ({ entity, range }) => writer().lookup((it) => it.ids(entity, range)),
  histogram: ({ entity, step }) => writer().lookup((it) => it.histogram(entity, step)),
  differing: ({ keys }) => writer().differing(keys),
  needed: ({ keys }) => writer().needed(keys),
  preview: ({ retention, now }) => writer().preview(retention, now),
  enforce: ({ retention, now }) => writer().enforce(retention, now),
  state: ({ key }) => writer().getState(key),
  lastBatch: () => writer().lastBatch(),
  setState: ({ key, value }) => {
    writer().setState(key, value);
    return {};
  },
  setServer: ({ server }) => {
    writer().setServer(server);
    return {};
  },
  saveActivity: ({ id, activity, stamp, from }) => {
    // in this thread, so that no other save of the same run comes in between
    const merged = mergeActivity(writer().activity(id, Infinity), writer().activityEnd(id), activity);
    writer().saveActivity(id, merged, stamp);
    return writer().activity(id, from, LINES_AT_ONCE) ?? merged;
  },
  dueActivities: (wanted) => writer().dueActivities(wanted),
  close: () => {
    close();
    return {};
  },
};

standBack();
serve(writerContract, handlers, mainChannel(close));
serve(writerContract, handlers, portChannel(sync));
