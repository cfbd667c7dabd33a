/** One archive's part of the sync thread: reads its server, turns pages into batches, hands them to its writer thread. */
import type { MessagePort } from 'node:worker_threads';
import type { Dialect } from '../../contract/query.ts';
import { createClient, type PrefectClient } from '../../prefect/client.ts';
import type { Connection } from '../../prefect/connection.ts';
import { fetchActivity } from '../../prefect/activity.ts';
import { portChannel } from '../../rpc/channels.ts';
import { connect, serve } from '../../rpc/rpc.ts';
import { prepare } from '../../store/write/encode.ts';
import { RowSender } from '../../store/write/row-sender.ts';
import { checkQuestion } from '../../sync/check.ts';
import { runLive, type LiveItem } from '../../sync/live.ts';
import { SyncMemory } from '../../sync/memory.ts';
import { Recency } from '../../sync/recency.ts';
import { fetchRuns } from '../../sync/fetch-runs.ts';
import { knowsOneOf } from '../../sync/same-server.ts';
import { runSync, type SyncProgress } from '../../sync/run.ts';
import type { Sink } from '../../sync/sink.ts';
import { Latest } from '../archive/latest.ts';
import { syncContract, writerContract } from './contracts.ts';
import { threadDied } from './start-worker.ts';

/** A write's chain travels through the sender as a member of the write's state, under this key. Each sink is one chain. */
const CHAIN = 'chain';

/** ms between two progress items: a page comes every 5 to 20 ms, an eye needs four items a second */
const PROGRESS_PAUSE = 200;

type Item = { status: SyncProgress; dialect: Dialect | null };

/** Serves main's calls about the archive until `detach`. */
export function serveArchive(calls: MessagePort, writerPort: MessagePort): void {
  const writer = connect(writerContract, portChannel(writerPort), () => threadDied('writer'));
  /** one for all writes, so that rows are written in the order in which they were read */
  const sender = new RowSender({
    needed: (keys) => writer.needed({ keys }),
    write: ({ batches, state: { [CHAIN]: chain, ...state } }) =>
      writer.write({ batches, state, chain: chain as number }),
  });
  const memory = new SyncMemory();
  const recency = new Recency();
  const working = new Set<Promise<unknown>>();
  const detached = new AbortController();
  let chains = 0;

  /** `drop`: rows that the server has deleted are deleted here too. */
  function sinkOf(drop: boolean): Sink {
    const chain = chains++;
    return {
      write: (batches, state) => sender.write(batches, { ...state, [CHAIN]: chain }),
      markGone: (entity, ids, at) => writer.markGone({ entity, ids, at, drop }).then(() => undefined),
      replaceDocuments: (kind, documents, at, all) => writer.replaceDocuments({ kind, documents, at, all, drop }),
      unfinished: (entity, since) => writer.unfinished({ entity, since }),
      stubs: (entity, limit) => writer.stubs({ entity, limit }),
      ids: (entity, range) => writer.ids({ entity, range }),
      histogram: (entity, step) => writer.histogram({ entity, step }),
      differing: (entity, rows) => writer.differing({ keys: prepare(entity, rows).keys }),
      dueActivities: (wanted) => writer.dueActivities(wanted),
      saveActivity: (id, activity, stamp) => writer.saveActivity({ id, activity, stamp }).then(() => undefined),
    };
  }

  /** Runs `work` with a client of its own, closed afterwards. `detach` aborts it and waits for it. */
  function asking<T>(
    connection: Connection,
    signal: AbortSignal,
    work: (client: PrefectClient, signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const client = createClient(connection);
    const done = work(client, AbortSignal.any([signal, detached.signal])).finally(() => client.close());
    working.add(done);
    // a stream awaits `done` at its end only: an early failure must not count as unhandled
    void done.catch(() => undefined).finally(() => working.delete(done));
    return done;
  }

  /** The newest values that `work` tells, until it settles; then the last one again. Throws what `work` throws. */
  async function* told<T>(
    work: (tell: (value: T) => void, last: () => T | null) => Promise<void>,
    pause: number,
  ): AsyncGenerator<T> {
    const news = new Latest<T | null>(null);
    const ended = new AbortController();
    const done = work(
      (value) => news.set(value),
      () => news.get(),
    ).finally(() => ended.abort());
    done.catch(() => undefined);
    for await (const item of news.watch(ended.signal, pause)) if (item) yield item;
    await done;
    const last = news.get();
    if (last) yield last;
  }

  serve(
    syncContract,
    {
      run: ({ connection, since, verify, drop, rule, metered }, context) =>
        told<Item>(
          (tell, last) =>
            asking(connection, context.signal, async (client, signal) => {
              const reader = recency.reader(sinkOf(drop));
              try {
                await runSync({
                  client,
                  signal,
                  since,
                  verify,
                  metered,
                  rule,
                  memory,
                  state: (key) => writer.state({ key }),
                  sink: reader.sink,
                  onStatus: (status) => tell({ status, dialect: last()?.dialect ?? null }),
                  onDialect: (dialect) => {
                    const before = last();
                    if (before) tell({ ...before, dialect });
                  },
                });
              } finally {
                reader.end();
              }
            }),
          PROGRESS_PAUSE,
        ),
      live: ({ connection }, context) =>
        told<LiveItem>((tell) => {
          tell({ state: 'connecting', reconnected: 0 });
          return asking(connection, context.signal, (client, signal) =>
            runLive({ client, connection, reader: () => recency.reader(sinkOf(false)), signal, onState: tell }),
          );
        }, 0),
      check: ({ connection, body, ids, count, drop }, context) =>
        asking(connection, context.signal, async (client, signal) => {
          const reader = recency.reader(sinkOf(drop));
          try {
            return await checkQuestion({ client, sink: reader.sink, signal, body, ids, count });
          } finally {
            reader.end();
          }
        }),
      activity: ({ connection, id, of, ...span }, context) =>
        asking(connection, context.signal, (client, signal) => fetchActivity(client, id, signal, span, of)),
      fetchRuns: ({ connection, ids }, context) =>
        told<{ done: number }>(
          (tell) =>
            asking(connection, context.signal, (client, signal) => {
              const save = sinkOf(false).saveActivity;
              return save ? fetchRuns(client, save, ids, signal, (done) => tell({ done })) : Promise.resolve();
            }),
          PROGRESS_PAUSE,
        ),
      knows: ({ connection, ids }, context) =>
        asking(connection, context.signal, (client, signal) => knowsOneOf(client, ids, signal)),
      detach: async () => {
        detached.abort();
        await Promise.allSettled(working);
        writerPort.close();
        return {};
      },
    },
    portChannel(calls),
  );
  // main has gone without a word
  calls.on('close', () => {
    detached.abort();
    void Promise.allSettled(working).then(() => writerPort.close());
  });
}
