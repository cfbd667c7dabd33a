/** One connection to the server's event stream, from its handshake to its end. events.ts decides what follows. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { ping, WebSocket, type Dispatcher } from 'undici';
import { formatTime } from '../contract/time.ts';
import type { Auth } from './connection.ts';
import { secretHeaders } from './secrets.ts';
import { socketMessageSchema, type WireEvent } from './wire.ts';

/** ms from the first byte sent to the accepted filter; a proxy that swallows the upgrade never answers */
const OPEN_WITHIN = 15_000;
/** ms between pings. A dead line (sleep, a forgotten NAT entry) shows in no other way: the server's own pings just stop. */
const PING_EVERY = 20_000;
/** µs. The filter's `until` also holds for live events and defaults to now, so without it none would arrive. */
const FAR_AHEAD = 10 * 365 * 86_400_000_000;
/** Statuses of a server that is restarting or busy, and may have a stream later. */
const passing = new Set([408, 425, 429, 500, 502, 503, 504]);
/** Close codes of a server that refuses: the sign-in failed, or it does not understand a message. */
const refusals = new Set([1002, 1003, 1007, 1008]);

type SocketOptions = {
  /** http(s)://…/api, or Cloud's …/workspaces/<id> */
  apiUrl: string;
  auth: Auth;
  headers: Record<string, string>;
  dispatcher: Dispatcher;
  /** µs; events since then, past ones included */
  since: number;
  signal: AbortSignal;
  /** called when the server has answered the handshake, and again when the connection ends */
  onAnswered(): void;
  /** called when events will come */
  onOpen(): void;
  onEvent(event: WireEvent): void;
};

/** refused: the server gives no stream at this address. lost: it may give one again. */
export type Ended = 'refused' | 'lost';

/** Resolves when the connection has ended, also by the signal. Secrets go in headers and in the first message, never in the address. */
export function readEvents(options: SocketOptions): Promise<Ended> {
  const { signal, auth } = options;
  return new Promise((resolve) => {
    if (signal.aborted) {
      options.onAnswered();
      return resolve('lost');
    }
    let status = 0;
    let open = false;
    let answered = true;
    const socket = new WebSocket(`${options.apiUrl.replace(/^http/, 'ws')}/events/out`, {
      protocols: ['prefect'],
      headers: secretHeaders(auth, options.headers),
      dispatcher: watching(options.dispatcher, (seen) => (status = seen)),
    });
    const end = (how: Ended) => {
      options.onAnswered();
      clearTimeout(slow);
      clearInterval(pings);
      unsubscribe('undici:websocket:pong', onPong);
      signal.removeEventListener('abort', onAbort);
      socket.close(); // goes on by itself: undici waits up to 3 s for the other side
      resolve(how);
    };
    const onAbort = () => end('lost');
    const onPong = (message: unknown) => {
      if ((message as { websocket?: unknown }).websocket === socket) answered = true;
    };
    const slow = setTimeout(() => end('lost'), OPEN_WITHIN);
    const pings = setInterval(() => {
      if (!open) return;
      if (!answered) return end('lost');
      answered = false;
      ping(socket);
    }, PING_EVERY);
    subscribe('undici:websocket:pong', onPong);
    signal.addEventListener('abort', onAbort, { once: true });

    socket.addEventListener('open', () => {
      options.onAnswered();
      socket.send(JSON.stringify({ type: 'auth', token: auth?.secret.trim() ?? null }));
    });
    socket.addEventListener('message', ({ data }) => {
      answered = true;
      const message = socketMessageSchema.safeParse(parse(data));
      if (!message.success || signal.aborted) return; // a message of a newer server: syncs read the changes all the same
      if (message.data.type === 'event') return options.onEvent(message.data.event);
      if (open) return;
      socket.send(JSON.stringify({ type: 'filter', filter: filterFrom(options.since), backfill: true }));
      open = true;
      clearTimeout(slow);
      options.onOpen();
    });
    socket.addEventListener('error', () => undefined); // `close` follows with the reason
    socket.addEventListener('close', ({ code }) => {
      const refused = status >= 200 ? !passing.has(status) : refusals.has(code) && socket.protocol !== '';
      end(refused ? 'refused' : 'lost');
    });
  });
}

function filterFrom(since: number): unknown {
  return {
    occurred: { since: formatTime(since), until: formatTime(Date.now() * 1000 + FAR_AHEAD) },
    event: { prefix: ['prefect.task-run.', 'prefect.flow-run.'] },
  };
}

function parse(data: unknown): unknown {
  try {
    return typeof data === 'string' ? JSON.parse(data) : null;
  } catch {
    return null;
  }
}

/** Tells the status of a refused handshake, which the WebSocket API hides on purpose. */
function watching(dispatcher: Dispatcher, seen: (status: number) => void): Dispatcher {
  return dispatcher.compose((dispatch) => (options, handler) => {
    const told: Dispatcher.DispatchHandler = {
      onRequestStart: (...all) => handler.onRequestStart?.(...all),
      onRequestUpgrade: (...all) => handler.onRequestUpgrade?.(...all),
      onResponseStart: (controller, status, ...rest) => {
        seen(status);
        handler.onResponseStart?.(controller, status, ...rest);
      },
      onResponseData: (...all) => handler.onResponseData?.(...all),
      onResponseEnd: (...all) => handler.onResponseEnd?.(...all),
      onResponseError: (...all) => handler.onResponseError?.(...all),
    };
    return dispatch(options, told);
  });
}
