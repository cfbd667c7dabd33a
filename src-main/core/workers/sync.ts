/** Sync thread: talks to the server, turns pages into batches, hands them to the writer thread. */
import { workerData, type MessagePort } from 'node:worker_threads';
import type { Dialect } from '../../contract/query.ts';
import { shareBudgets } from '../../prefect/budget.ts';
import { createClient } from '../../prefect/client.ts';
import { fetchActivity } from '../../prefect/activity.ts';
import { portChannel } from '../../rpc/channels.ts';
import { connect, serve } from '../../rpc/rpc.ts';
import { prepare } from '../../store/write/encode.ts';
import { Packer } from '../../store/write/packer.ts';
import { checkQuestion } from '../../sync/check.ts';
import { followServer, type LiveItem } from '../../sync/follow.ts';
import { Recency } from '../../sync/recency.ts';
import { knowsOneOf } from '../../sync/same-server.ts';
import { runSync, type SyncProgress } from '../../sync/run.ts';
import type { Tries } from '../../sync/rule.ts';
import type { Sink } from '../../sync/sink.ts';
import { Latest } from '../archive/latest.ts';
import { syncContract, writerContract, type Connection } from './contracts.ts';
import { mainChannel } from './port.ts';

/** `budgets`: workspaces of one server share what it allows */
export type SyncData = { writer: MessagePort; budgets: SharedArrayBuffer };
const data = workerData as SyncData;
const writer = connect(writerContract, portChannel(data.writer));
shareBudgets(data.budgets);

/** Under this key of its state a write goes through the packer with the number of its chain: one for each sink. */
const CHAIN = 'chain';
let chains = 0;

/** one for all that is written, so that it is written in order */
const packer = new Packer({
  needed: (keys) => writer.needed({ keys }),
  dictionary: (entity) => writer.dictionary({ entity }),
  write: ({ batches, state: { [CHAIN]: chain, ...state } }) => writer.write({ batches, state, chain: chain as number }),
});

/** ms between two progress items: a page comes every 5–20 ms, an eye needs four a second */
const PROGRESS_PAUSE = 200;

const settings = ({ api_url, auth, headers, insecure_tls, ca_file }: Connection) => ({
  apiUrl: api_url,
  auth,
  headers,
  insecureTls: insecure_tls,
  caFile: ca_file,
});
const open = (connection: Connection) => createClient(settings(connection));

/** With a client of its own, closed afterwards. */
async function asking<T>(connection: Connection, work: (client: ReturnType<typeof open>) => Promise<T>): Promise<T> {
  const client = open(connection);
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}

/** `drop`: what the server has deleted is deleted here too. */
function sinkOf(drop: boolean): Sink {
  const chain = chains++;
  return {
    write: (batches, state) => packer.write(batches, { ...state, [CHAIN]: chain }),
    markGone: (entity, ids, at) => writer.markGone({ entity, ids, at, drop }).then(() => undefined),
    replaceDocuments: (kind, documents, at) => writer.replaceDocuments({ kind, documents, at, drop }),
    unfinished: (entity) => writer.unfinished({ entity }),
    stubs: (entity, limit) => writer.stubs({ entity, limit }),
    ids: (entity, range) => writer.ids({ entity, range }),
    histogram: (entity, step) => writer.histogram({ entity, step }),
    compare: (entity, rows) => writer.compare({ keys: prepare(entity, rows).keys }),
    dueActivities: (wanted) => writer.dueActivities(wanted),
    saveActivity: (id, activity, stamp) => writer.saveActivity({ id, activity, stamp }).then(() => undefined),
  };
}

const ruleTries: Tries = new Map();
const recency = new Recency();

type Item = { status: SyncProgress; dialect: Dialect | null };

serve(
  syncContract,
  {
    async *run({ connection, since, verify, drop, rule, sparing }, { signal }) {
      const client = open(connection);
      const news = new Latest<Item | null>(null);
      const ended = new AbortController();
      const reader = recency.reader(sinkOf(drop));
      const work = runSync({
        client,
        signal,
        since,
        verify,
        sparing,
        rule,
        ruleTries,
        state: (key) => writer.state({ key }),
        sink: reader.sink,
        onStatus: (status) => news.set({ status, dialect: news.get()?.dialect ?? null }),
        onDialect: (dialect) => {
          const last = news.get();
          if (last) news.set({ ...last, dialect });
        },
      }).finally(() => {
        reader.end();
        ended.abort();
      });
      work.catch(() => undefined); // awaited below; this keeps an early failure from being "unhandled" meanwhile
      for await (const item of news.watch(ended.signal, PROGRESS_PAUSE)) if (item) yield item;
      await work.finally(() => client.close());
      const last = news.get();
      if (last) yield last;
    },
    async *live({ connection }, { signal }) {
      const client = open(connection);
      const news = new Latest<LiveItem>({ state: 'connecting', reconnected: 0 });
      const ended = new AbortController();
      const work = followServer({
        client,
        settings: settings(connection),
        reader: () => recency.reader(sinkOf(false)),
        signal,
        onState: (item) => news.set(item),
      }).finally(() => ended.abort());
      work.catch(() => undefined); // as above
      for await (const item of news.watch(ended.signal)) yield item;
      await work.finally(() => client.close());
    },
    check: ({ connection, body, ids, count, drop }, { signal }) =>
      asking(connection, async (client) => {
        const reader = recency.reader(sinkOf(drop));
        try {
          return await checkQuestion({ client, sink: reader.sink, signal, body, ids, count });
        } finally {
          reader.end();
        }
      }),
    activity: ({ connection, id }, { signal }) => asking(connection, (client) => fetchActivity(client, id, signal)),
    knows: ({ connection, ids }, { signal }) => asking(connection, (client) => knowsOneOf(client, ids, signal)),
  },
  mainChannel(),
);
