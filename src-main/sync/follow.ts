/** One server listened to: its events, the rows they name, and what is told of it. */
import type { Live } from '../contract/sync.ts';
import type { PrefectClient } from '../prefect/client.ts';
import { followEvents, type EventOptions } from '../prefect/events.ts';
import { LiveRows } from './live.ts';
import type { Reader } from './recency.ts';
import { Source } from './source.ts';

export type LiveItem = {
  state: Live;
  /** how often the line has come back after it was lost: what happened meanwhile may be further back than events reach */
  reconnected: number;
};

export type FollowOptions = {
  client: PrefectClient;
  settings: Pick<EventOptions, 'apiUrl' | 'auth' | 'headers' | 'insecureTls' | 'caFile'>;
  reader: () => Reader;
  signal: AbortSignal;
  onState: (item: LiveItem) => void;
};

/** Resolves when the signal aborts. Throws the client's errors when the server does not answer at the beginning; later it waits. */
export async function followServer({ client, settings, reader, signal, onState }: FollowOptions): Promise<void> {
  const stop = new AbortController();
  const both = AbortSignal.any([signal, stop.signal]);
  try {
    const apiUrl = await client.apiUrl({ signal });
    const source = new Source(client, await client.pageLimit({ signal }), { signal });
    await source.page('flow', 'NAME_ASC', {}, 0, {}, 1); // for its clock
    const ahead = (source.clock ?? Date.now() * 1000) - Date.now() * 1000;
    const rows = new LiveRows({ source, reader, signal: both });
    let item: LiveItem = { state: 'connecting', reconnected: 0 };
    let wasOn = false;
    const events = followEvents({
      ...settings,
      apiUrl,
      clock: () => Date.now() * 1000 + ahead,
      signal: both,
      onHint: (hint) => rows.add(hint),
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
