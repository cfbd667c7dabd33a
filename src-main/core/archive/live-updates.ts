/** Whether one archive's server is asked for events, and with which connection. Reading them is the sync thread's work. */
import { toWireError } from '../../contract/errors.ts';
import type { Live } from '../../contract/sync.ts';
import type { Connection } from '../../prefect/connection.ts';
import type { Log } from '../shell.ts';

/** `reconnected`: how often the line has come back after it was lost. */
type Item = { state: Live; reconnected: number };

type LiveUpdatesOptions = {
  read: (connection: Connection, signal: AbortSignal) => AsyncIterable<Item>;
  onState: (live: Live) => void;
  /** the line is back: a sync brings what events did not tell meanwhile */
  onBack: () => void;
  log: Log;
};

export class LiveUpdates {
  readonly #options: LiveUpdatesOptions;
  #now: { with: string; abort: AbortController; done: Promise<void> } | null = null;

  constructor(options: LiveUpdatesOptions) {
    this.#options = options;
  }

  /** Reads events from now on, anew when the connection is another one. */
  start(connection: Connection): void {
    const asked = JSON.stringify(connection);
    if (this.#now?.with === asked) return;
    const before = this.stop();
    const abort = new AbortController();
    const now = { with: asked, abort, done: before.then(() => this.#run(connection, abort.signal)) };
    this.#now = now;
    void now.done.finally(() => {
      if (this.#now === now) this.#now = null;
    });
  }

  /** Settles when no events are read any more. */
  async stop(): Promise<void> {
    const now = this.#now;
    this.#now = null;
    now?.abort.abort();
    await now?.done;
  }

  async #run(connection: Connection, signal: AbortSignal): Promise<void> {
    const { read, onState, onBack, log } = this.#options;
    let reconnected = 0;
    try {
      if (signal.aborted) return;
      for await (const item of read(connection, signal)) {
        if (signal.aborted) break;
        onState(item.state);
        if (item.reconnected > reconnected) onBack();
        ({ reconnected } = item);
      }
    } catch (thrown) {
      // the next sync that goes through starts it again
      if (!signal.aborted) log('warn', 'live updates ended', { code: toWireError(thrown).code });
    } finally {
      onState('off');
    }
  }
}
