/**
 * `WS /api/events/out` of the demo server, by the protocol of prefect-api-facts §5: sign in, one filter, then events; live ones
 * come before their row does, as the recorder has it. Only what a filter of names and times needs is told.
 */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';
import { z } from 'zod';
import { parseTime } from '../../contract/time.ts';
import type { Faults } from './faults.ts';
import type { Gate } from './gate.ts';
import type { JsonRow } from './wire-rows.ts';

export type DemoEvent = {
  id: string;
  occurred: string;
  event: string;
  resource: Record<string, string>;
  related: Record<string, string>[];
  payload: object;
};

const PATH = '/api/events/out';
/** events kept for a subscriber that comes later */
const BACKFILL = 1000;
/** µs; `since` reaches no further back */
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
type Subscriber = { socket: WebSocket; includes: (event: DemoEvent) => boolean };

export class EventStream {
  readonly #gate: Gate;
  readonly #faults: Faults;
  readonly #now: () => number;
  readonly #sockets = new WebSocketServer({ noServer: true, handleProtocols: () => 'prefect' });
  readonly #subscribers = new Set<Subscriber>();
  #past: DemoEvent[] = [];
  /** somebody listens, nobody does any more */
  onSubscribers: (some: boolean) => void = () => undefined;
  /** filters received, as they came */
  readonly filters: unknown[] = [];

  constructor(gate: Gate, faults: Faults, now: () => number) {
    this.#gate = gate;
    this.#faults = faults;
    this.#now = now;
  }

  get listening(): number {
    return this.#subscribers.size;
  }

  /** A request to switch protocols. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const pathname = pathOf(request);
    const struck = this.#faults.strike('GET', pathname);
    if (struck.some(({ kind }) => kind === 'silence')) return;
    if (struck.some(({ kind }) => kind === 'reset')) return void socket.destroy();
    const status = struck.find((rule) => rule.kind === 'status');
    if (status) return refuse(socket, status.status, status.body ?? '{"detail":"Not Found"}');
    if (struck.some(({ kind }) => kind === 'html')) return refuse(socket, 200, '<html></html>');
    // starlette's answer to an unknown path, and to a socket that is closed before it was accepted
    const asked = request.headers['sec-websocket-protocol']?.split(',').map((one) => one.trim());
    if (pathname !== PATH || !asked?.includes('prefect')) return refuse(socket, 403, '');
    this.#sockets.handleUpgrade(request, socket, head, (open) => this.#serve(open));
  }

  emit(event: DemoEvent): void {
    this.#past.push(event);
    if (this.#past.length > 2 * BACKFILL) this.#past = this.#past.slice(-BACKFILL);
    for (const { socket, includes } of this.#subscribers) if (includes(event)) send(socket, event);
  }

  /** Every connection breaks without a word. */
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
        if (!auth.success || !this.#gate.admits(auth.data.token)) return socket.close(1008, 'Invalid token');
        signedIn = true;
        socket.send('{"type":"auth_success"}');
        return;
      }
      const asked = filterSchema.safeParse(message);
      if (subscriber || !asked.success) return socket.close(1002, "Expected 'filter' message");
      this.filters.push(asked.data.filter);
      subscriber = { socket, includes: this.#matcher(asked.data.filter) };
      this.#subscribers.add(subscriber);
      if (asked.data.backfill) for (const event of this.#past) if (subscriber.includes(event)) send(socket, event);
      this.onSubscribers(true);
    });
    socket.on('close', () => {
      if (subscriber) this.#subscribers.delete(subscriber);
      if (this.#subscribers.size === 0) this.onSubscribers(false);
    });
  }

  #matcher({ occurred, event }: z.output<typeof filterSchema>['filter']): Subscriber['includes'] {
    const since = Math.max(occurred.since ?? -Infinity, this.#now() - FURTHEST);
    const until = occurred.until ?? this.#now();
    const prefixes = event?.prefix ?? [''];
    return (one) => {
      const at = parseTime(one.occurred) ?? 0;
      return at >= since && at <= until && prefixes.some((prefix) => one.event.startsWith(prefix));
    };
  }
}

/** The event of a run's present state; null when it has none. */
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

function refuse(socket: Duplex, status: number, body: string): void {
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
