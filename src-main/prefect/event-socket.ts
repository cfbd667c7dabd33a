/** One connection to the server's event stream, from its handshake to its end. What to do after that is events.ts's. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { ping, WebSocket, type Dispatcher } from 'undici';
import { formatTime } from '../contract/time.ts';
import type { Auth } from './connection.ts';
import { secretHeaders } from './secrets.ts';
import { socketMessageSchema, type WireEvent } from './wire.ts';

/** ms from the first byte sent to the filter accepted; a proxy that swallows the upgrade never answers */
const OPEN_WITHIN = 15_000;
/** ms. A dead line (sleep, a NAT that forgot) shows in no other way: the server's own pings would just stop coming. */
const PING_EVERY = 20_000;
/** µs. The filter's `until` holds for live events too and defaults to now, so nothing would arrive (facts §5). */
const FAR_AHEAD = 10 * 365 * 86_400_000_000;
/** The server may be restarting, or is busy: the stream itself may well be there. */
const passing = new Set([408, 425, 429, 500, 502, 503, 504]);
/** Closed by the server as unwanted: sign-in refused, or a message it does not understand. */
const refusals = new Set([1002, 1003, 1007, 1008]);

export type SocketOptions = {
  /** http(s)://…/api, or Cloud's …/workspaces/<id> */
  apiUrl: string;
  auth: Auth;
  headers: Record<string, string>;
  dispatcher: Dispatcher;
  /** µs; events from then on, those of the past included */
  since: number;
  signal: AbortSignal;
  /** The server has answered the handshake, or never will. Also called when the connection ends. */
  onAnswered(): void;
  /** events come from now on */
  onOpen(): void;
  onEvent(event: WireEvent): void;
};

/** refused: there is no stream for us at this address. lost: there may be one again. */
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
      socket.close(); // waits for the other side at most 3 s, which nobody waits for here
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
      if (!message.success || signal.aborted) return; // a later server's message: what matters still comes in passes
      if (message.data.type === 'event') return options.onEvent(message.data.event);
      if (open) return;
      socket.send(JSON.stringify({ type: 'filter', filter: filterFrom(options.since), backfill: true }));
      open = true;
      clearTimeout(slow);
      options.onOpen();
    });
    socket.addEventListener('error', () => undefined); // `close` follows, and tells what can be told
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

/** The browser's WebSocket hides the status of a refused handshake on purpose; the way to the server sees it. */
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
