/**
 * `WS /api/events/out` of the demo server: the client signs in, sends one filter and receives events. As with Prefect, an event comes
 * before its row can be read. An event carries only what a filter of names and times needs.
 */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';
import { z } from 'zod';
import { parseTime } from '../../contract/time.ts';
import type { JsonRow } from '../json.ts';

export type DemoEvent = {
  id: string;
  occurred: string;
  event: string;
  resource: Record<string, string>;
  related: Record<string, string>[];
  payload: object;
};

const PATH = '/api/events/out';
/** Past events that a new subscriber can still receive. */
const BACKFILL = 1000;
/** µs; a filter's `since` reaches no further back. */
const FURTHEST = 15 * 60e6;

const authSchema = z.object({ type: z.literal('auth'), token: z.string().nullable() });
const moment = z.string().transform((text, context) => {
  const micros = parseTime(text);
  if (micros === null) context.addIssue('not a time');
  return micros ?? 0;
});
const filterSchema = z.object({
  type: z.literal('filter'),
  backfill: z.boolean().default(true),
  filter: z.object({
    occurred: z.object({ since: moment.optional(), until: moment.optional() }).default({}),
    event: z.object({ prefix: z.array(z.string()).nullish() }).nullish(),
  }),
});
export type EventFilter = z.output<typeof filterSchema>['filter'];
type Subscriber = { socket: WebSocket; includes: (event: DemoEvent) => boolean };

export class EventStream {
  readonly #now: () => number;
  readonly #sockets = new WebSocketServer({ noServer: true, handleProtocols: () => 'prefect' });
  readonly #subscribers = new Set<Subscriber>();
  #past: DemoEvent[] = [];
  /** Called with true when there are subscribers and with false when the last one is gone. */
  onSubscribers: (some: boolean) => void = () => undefined;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** The number of subscribers. */
  get listening(): number {
    return this.#subscribers.size;
  }

  /** A request to switch protocols. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    // starlette answers 403 to an unknown path, and to a socket that is closed before it was accepted
    const asked = request.headers['sec-websocket-protocol']?.split(',').map((one) => one.trim());
    if (pathOf(request) !== PATH || !asked?.includes('prefect')) return refuse(socket, 403, '');
    this.#sockets.handleUpgrade(request, socket, head, (open) => this.#serve(open));
  }

  emit(event: DemoEvent): void {
    this.#past.push(event);
    if (this.#past.length > 2 * BACKFILL) this.#past = this.#past.slice(-BACKFILL);
    for (const { socket, includes } of this.#subscribers) if (includes(event)) send(socket, event);
  }

  /** Ends every connection without a closing frame. */
  drop(): void {
    for (const socket of this.#sockets.clients) socket.terminate();
  }

  #serve(socket: WebSocket): void {
    let signedIn = false;
    let subscriber: Subscriber | null = null;
    socket.on('error', () => undefined);
    socket.on('message', (data: Buffer) => {
      const message = parse(data.toString('utf8'));
      if (!signedIn) {
        const auth = authSchema.safeParse(message);
        if (!auth.success || !this.admits(auth.data.token)) return socket.close(1008, 'Invalid token');
        signedIn = true;
        socket.send('{"type":"auth_success"}');
        return;
      }
      const asked = filterSchema.safeParse(message);
      if (subscriber || !asked.success) return socket.close(1002, "Expected 'filter' message");
      subscriber = { socket, includes: this.matcher(asked.data.filter) };
      this.#subscribers.add(subscriber);
      if (asked.data.backfill) for (const event of this.#past) if (subscriber.includes(event)) send(socket, event);
      this.onSubscribers(true);
    });
    socket.on('close', () => {
      if (subscriber) this.#subscribers.delete(subscriber);
      if (this.#subscribers.size === 0) this.onSubscribers(false);
    });
  }

  /** Whether the token of a socket's first message is good; the demo server takes any. */
  protected admits(_token: string | null): boolean {
    return true;
  }

  /** Called once a subscription. */
  protected matcher({ occurred, event }: EventFilter): (event: DemoEvent) => boolean {
    const since = Math.max(occurred.since ?? -Infinity, this.#now() - FURTHEST);
    const until = occurred.until ?? this.#now();
    const prefixes = event?.prefix ?? [''];
    return (one) => {
      const at = parseTime(one.occurred) ?? 0;
      return at >= since && at <= until && prefixes.some((prefix) => one.event.startsWith(prefix));
    };
  }
}

/** The event of a run's current state; null for a run without a state. */
export function stateEvent(entity: 'task_run' | 'flow_run', row: JsonRow): DemoEvent | null {
  const state = row['state'] as { id?: unknown; name?: unknown; timestamp?: unknown } | null | undefined;
  if (typeof state?.id !== 'string' || typeof state.timestamp !== 'string') return null;
  const kind = entity === 'task_run' ? 'task-run' : 'flow-run';
  const flowRun = entity === 'task_run' ? row['flow_run_id'] : null;
  return {
    id: state.id,
    occurred: state.timestamp,
    event: `prefect.${kind}.${String(state.name)}`,
    resource: { 'prefect.resource.id': `prefect.${kind}.${String(row['id'])}` },
    related:
      typeof flowRun === 'string'
        ? [{ 'prefect.resource.id': `prefect.flow-run.${flowRun}`, 'prefect.resource.role': 'flow-run' }]
        : [],
    payload: {},
  };
}

function send(socket: WebSocket, event: DemoEvent): void {
  socket.send(JSON.stringify({ type: 'event', event }));
}

/** Path of a request, also of an address that `URL` refuses, such as `//`. */
export function pathOf(request: IncomingMessage): string {
  return (request.url ?? '/').split('?', 1)[0];
}

/** Answers a request to switch protocols with an ordinary reply. */
export function refuse(socket: Duplex, status: number, body: string): void {
  const type = body.startsWith('<') ? 'text/html' : 'application/json';
  socket.end(
    `HTTP/1.1 ${status} No\r\ncontent-type: ${type}\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
