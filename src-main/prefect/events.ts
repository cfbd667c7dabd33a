/**
 * Reads the server's events: ids of task runs and flow runs as they change. They tell where to look and are no log: some get lost (a queue
 * of 256 for each subscriber), and changes made through REST emit none.
 */
import { parseTime } from '../contract/time.ts';
import type { Live } from '../contract/sync.ts';
import { isCloud } from './address.ts';
import { budgetFor } from './budget.ts';
import { defaultTimeouts, openWay } from './dispatcher.ts';
import { readEvents } from './event-socket.ts';
import { backoff, sleep as realSleep, type Sleep } from './retry.ts';
import type { Connection } from './connection.ts';
import type { WireEvent } from './wire.ts';

const MINUTE = 60_000_000;
/** Seconds until a server without a stream is asked again, with one request: an update of it or of a proxy may bring the stream. */
const UNSUPPORTED_PAUSE = 600;
/** ms from which on a connection counts as working */
const STEADY = 5000;
/** Attempts in a row, without any working connection before, after which the server counts as one without a stream. */
const HOPELESS = 5;
/** Events remembered, so that repeated ones are skipped after a reconnect: a minute of a server at 80 events a second. */
const REMEMBERED = 5000;

export type RunEvent = {
  entity: 'task_run' | 'flow_run';
  id: string;
  /** id of the state that the run has entered */
  state: string;
  /** µs by the clock of the machine that ran it */
  occurred: number;
};

export type EventOptions = {
  /** `api_url`: the API's exact address */
  connection: Connection;
  /** µs by the server's clock */
  clock: () => number;
  signal: AbortSignal;
  onState: (live: Exclude<Live, 'off'>) => void;
  onRunEvent: (found: RunEvent) => void;
  /** the rest is for tests; `env`: where proxies are named */
  env?: Record<string, string | undefined>;
  sleep?: Sleep;
  random?: () => number;
};

/** Resolves when the signal aborts. Throws BAD_INPUT for settings that cannot be used. */
export async function subscribeToEvents(options: EventOptions): Promise<void> {
  const { connection, env, signal, onState } = options;
  const { api_url: apiUrl, auth, headers = {}, insecure_tls = false, ca_file = null } = connection;
  const sleep = options.sleep ?? realSleep;
  const timeouts = { ...defaultTimeouts, headers: defaultTimeouts.connect };
  const { dispatcher } = openWay(apiUrl, { insecure_tls, ca_file, timeouts, tunnel: true, ...(env ? { env } : {}) });
  const budget = budgetFor(new URL(apiUrl).origin, isCloud(apiUrl));
  const seen = new Seen();
  const start = options.clock();
  let last: number | null = null;
  let steady = false;
  let failures = 0;
  const onEvent = (event: WireEvent) => {
    const found = runEventOf(event);
    if (!found || !seen.add(event.id)) return;
    last = Math.max(last ?? found.occurred, found.occurred);
    options.onRunEvent(found);
  };
  try {
    onState('connecting');
    while (!signal.aborted) {
      // the handshake counts as a request in flight until it is answered; the open connection does not
      const onAnswered = await budget.take(signal).catch(() => null); // only the signal ends it
      if (!onAnswered) return;
      let opened: number | null = null;
      const onOpen = () => {
        opened = performance.now();
        onState('on');
      };
      // an event of a machine whose clock is ahead must not hide those of the others
      const since = Math.min(last ?? start, options.clock()) - MINUTE;
      const ended = await readEvents({ apiUrl, auth, headers, dispatcher, since, signal, onAnswered, onOpen, onEvent });
      if (signal.aborted) return;
      if (opened !== null && performance.now() - opened > STEADY) {
        steady = true;
        failures = 0;
      }
      failures += 1;
      const unsupported = ended === 'refused' || (!steady && failures >= HOPELESS);
      onState(unsupported ? 'unsupported' : 'connecting');
      const wait = backoff(failures - 1, options.random ?? Math.random);
      await sleep(unsupported ? UNSUPPORTED_PAUSE : wait, signal).catch(() => undefined); // only the signal ends it
    }
  } finally {
    await dispatcher.destroy();
  }
}

/** null: the event names no run or no state. `prefect.flow-run.heartbeat` tells of no change. */
function runEventOf({ id, event, occurred, resource }: WireEvent): RunEvent | null {
  const named = /^prefect\.(task|flow)-run\.([0-9a-f-]{36})$/.exec(resource['prefect.resource.id'] ?? '');
  const at = parseTime(occurred);
  if (!named || at === null || event.endsWith('.heartbeat')) return null;
  return { entity: named[1] === 'task' ? 'task_run' : 'flow_run', id: named[2], state: id, occurred: at };
}

class Seen {
  #ids = new Set<string>();
  #older = new Set<string>();

  /** Returns false when the id is known. Remembers the last 5,000 to 10,000 ids. */
  add(id: string): boolean {
    if (this.#ids.has(id) || this.#older.has(id)) return false;
    if (this.#ids.size >= REMEMBERED) {
      this.#older = this.#ids;
      this.#ids = new Set();
    }
    this.#ids.add(id);
    return true;
  }
}
