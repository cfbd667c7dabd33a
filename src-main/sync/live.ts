/** Live updates from one server: reads its events, fetches the rows that they name, and tells the state of the line. */
import type { Live } from '../contract/sync.ts';
import type { PrefectClient } from '../prefect/client.ts';
import type { Connection } from '../prefect/connection.ts';
import { isRouteFailure } from '../prefect/failures.ts';
import { subscribeToEvents } from '../prefect/events.ts';
import { LiveRows } from './live-rows.ts';
import type { Reader } from './recency.ts';
import { Source } from './source.ts';

export type LiveItem = {
  state: Live;
  /** how often the line has come back after it was lost; events of the meantime may be missing */
  reconnected: number;
};

type LiveOptions = {
  client: PrefectClient;
  connection: Connection;
  reader: () => Reader;
  signal: AbortSignal;
  onState: (item: LiveItem) => void;
};

/** Resolves when the signal aborts. Throws the client's errors when the server does not answer at the beginning; later a lost line is opened again. */
export async function runLive({ client, connection, reader, signal, onState }: LiveOptions): Promise<void> {
  const stop = new AbortController();
  const both = AbortSignal.any([signal, stop.signal]);
  try {
    const api_url = await client.apiUrl({ signal });
    const source = new Source(client, await client.pageLimit({ signal }), { signal });
    // for its clock; a server that cannot list flows may have events all the same
    await source.page('flow', 'NAME_ASC', {}, 0, {}, { atMost: 1 }).catch((thrown: unknown) => {
      if (!isRouteFailure(thrown)) throw thrown;
    });
    const ahead = (source.clock ?? Date.now() * 1000) - Date.now() * 1000;
    const rows = new LiveRows({ source, reader, signal: both });
    let item: LiveItem = { state: 'connecting', reconnected: 0 };
    let wasOn = false;
    const events = subscribeToEvents({
      connection: { ...connection, api_url },
      clock: () => Date.now() * 1000 + ahead,
      signal: both,
      onRunEvent: (event) => rows.add(event),
      onState: (state) => {
        const back = state === 'on' && wasOn;
        wasOn ||= state === 'on';
        item = { state, reconnected: item.reconnected + (back ? 1 : 0) };
        onState(item);
      },
    });
    await Promise.all([events, rows.run()]);
  } catch (thrown) {
    if (!signal.aborted) throw thrown;
  } finally {
    stop.abort();
  }
}
