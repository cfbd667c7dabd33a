/**
 * A simulated Prefect 3.8.8 server on a loopback port: the demo workspace syncs from it like from any server, and the
 * tests make it fail in every way a real one does. Same seed, epoch and number of runs: same story.
 */
import { createServer, type IncomingMessage, type Server as HttpServer, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { gzip as gzipWithCallback } from 'node:zlib';
import type { Entity } from '../../contract/fields.ts';
import type { Dialect } from '../../contract/query.ts';
import { formatTimeLikePrefect } from '../../contract/time.ts';
import { answer, type Server } from './api.ts';
import { openDatabase, type Database } from './database.ts';
import { EventStream, pathOf, stateEvent } from './events.ts';
import { Faults, type FaultRule } from './faults.ts';
import { Gate, type Auth } from './gate.ts';
import { failed, type Reply } from './replies.ts';
import { newRow } from './new-rows.ts';
import { broadcast } from './newscast.ts';
import { Story } from '../story/story.ts';
import type { JsonRow } from './wire-rows.ts';

export type DemoOptions = {
  /** task runs that exist at the epoch */
  runs: number;
  seed: number;
  /** 0 (default): any free one */
  port?: number;
  /** µs; the moment the story's 30 days end and the live part begins. Default: now */
  epoch?: number;
  /** µs; a clock that stands still (or is moved by the caller). Default: this machine's */
  now?: number | (() => number);
  /** the database whose null order, collation and like_ it shows; default sqlite */
  dialect?: Dialect;
  /** default and largest page; 200 as Prefect ships */
  limit?: number;
  /** compress as Prefect does. Default false: on loopback it only costs the processor */
  gzip?: boolean;
  auth?: Auth;
  csrf?: boolean;
  faults?: readonly FaultRule[];
};

/** What a test does to a server that is not a client's doing. */
export type Control = {
  readonly database: Database;
  readonly faults: Faults;
  readonly events: EventStream;
  /** requests so far, `METHOD /path`, without their bodies */
  readonly requests: string[];
  now(): number;
  /** Fills what `row` leaves out with a row's defaults; returns the id. A run's state is told as an event, here and on a change. */
  insert(entity: Entity, row?: JsonRow): string;
  update(entity: Entity, id: string, change: JsonRow): void;
  /** with what the server deletes along */
  remove(entity: Entity, ids: readonly string[]): void;
  requireAuth(auth: Auth | null): void;
  requireCsrf(on: boolean): void;
  /** drops every connection, listens again on the same port */
  restart(): Promise<void>;
  /** drops every connection and listens no more until `restart` */
  stop(): Promise<void>;
};

export type Demo = { apiUrl: string; port: number; control: Control; close(): Promise<void> };

const gzip = promisify(gzipWithCallback);
/** starlette's minimum */
const GZIP_FROM = 500;
/** uvicorn's keep-alive */
const IDLE_MILLIS = 5000;

export async function startDemo(options: DemoOptions): Promise<Demo> {
  const given = options.now;
  const now = typeof given === 'function' ? given : given === undefined ? () => Date.now() * 1000 : () => given;
  const story = new Story(options.seed, options.epoch ?? now(), options.runs);
  const database = openDatabase(story);
  const server: Server = { database, dialect: options.dialect ?? 'sqlite', limit: options.limit ?? 200, now };
  const faults = new Faults(options.faults);
  const gate = new Gate();
  gate.auth = options.auth ?? null;
  gate.csrf = options.csrf ?? false;
  const events = new EventStream(gate, faults, now);
  const silent = broadcast(database, events, now);
  const tell = (entity: Entity, id: string) => {
    const key = entity === 'task_run' || entity === 'flow_run' ? database[entity].find(id, now()) : null;
    if (key === null || (entity !== 'task_run' && entity !== 'flow_run')) return;
    const event = stateEvent(entity, database[entity].json(key, now()));
    if (event) events.emit(event);
  };
  const requests: string[] = [];
  const sockets = new Set<Socket>();

  const respond = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const method = request.method ?? 'GET';
    const url = new URL(request.url ?? '/', 'http://demo');
    requests.push(`${method} ${url.pathname}`);
    const body = await readAll(request);
    const struck = faults.strike(method, url.pathname);
    for (const rule of struck) {
      if (rule.kind === 'meanwhile') rule.run();
      if (rule.kind === 'slow' && rule.delay) await sleep(rule.delay);
      if (rule.kind === 'reset') return void request.socket.resetAndDestroy();
      if (rule.kind === 'silence') return;
    }
    await send(request, response, makeReply(method, url, request, body, struck), struck);
  };

  const makeReply = (method: string, url: URL, request: IncomingMessage, body: string, struck: FaultRule[]): Reply => {
    for (const rule of struck) {
      if (rule.kind === 'html')
        return {
          status: rule.status ?? 200,
          body: '<html><body>Welcome</body></html>',
          headers: { 'content-type': 'text/html' },
        };
      if (rule.kind !== 'status') continue;
      const headers = rule.retryAfter === undefined ? undefined : { 'retry-after': rule.retryAfter };
      return {
        ...failed(rule.status),
        ...(rule.body === undefined ? {} : { body: rule.body }),
        ...(headers ? { headers } : {}),
      };
    }
    const header = (name: string) => {
      const value = request.headers[name];
      return typeof value === 'string' ? value : null;
    };
    if (!url.pathname.startsWith('/api/')) return { status: 404, body: '{"detail":"Not Found"}' };
    const path = url.pathname.slice('/api'.length);
    const refused = gate.check(method, path, { get: header });
    if (refused) return refused;
    if (path === '/csrf-token')
      return gate.token(url.searchParams.get('client'), formatTimeLikePrefect(now() + 3600e6));
    if (path.endsWith('/') && path !== '/task_run_states/')
      return {
        status: 307,
        body: '',
        headers: { location: `http://${request.headers.host}${url.pathname.replace(/\/+$/, '')}` },
      };
    return answer(server, { method, path, query: url.searchParams, contentType: header('content-type'), body });
  };

  const send = async (
    request: IncomingMessage,
    response: ServerResponse,
    reply: Reply,
    struck: FaultRule[],
  ): Promise<void> => {
    let bytes: Buffer = Buffer.from(reply.body, 'utf8');
    const has = <K extends FaultRule['kind']>(kind: K) =>
      struck.find((rule): rule is Extract<FaultRule, { kind: K }> => rule.kind === kind);
    if (has('duplicate_row')) bytes = Buffer.from(twice(reply.body), 'utf8');
    if (has('truncate')) bytes = bytes.subarray(0, Math.floor(bytes.length / 2));
    const skew = has('clock_skew')?.seconds ?? 0;
    const headers: Record<string, string> = {
      'content-type': 'application/json',
      date: new Date(now() / 1000 + skew * 1000).toUTCString(),
      server: 'uvicorn',
      ...reply.headers,
    };
    const compress =
      options.gzip && bytes.length >= GZIP_FROM && /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''));
    if (compress) {
      bytes = await gzip(bytes);
      headers['content-encoding'] = 'gzip';
    }
    headers['content-length'] = String(bytes.length);
    response.writeHead(reply.status, headers);
    const cut = has('reset_mid_body');
    if (cut) {
      response.write(bytes.subarray(0, cut.bytes ?? Math.floor(bytes.length / 2)), () =>
        request.socket.resetAndDestroy(),
      );
      return;
    }
    const slow = has('slow');
    const pieces = slow?.pieces ?? 1;
    const size = Math.ceil(bytes.length / pieces);
    for (let piece = 0; piece < pieces - 1; piece++) {
      response.write(bytes.subarray(piece * size, (piece + 1) * size));
      await sleep(slow?.pause ?? 0);
    }
    response.end(bytes.subarray((pieces - 1) * size));
  };

  const listen = async (port: number): Promise<HttpServer> => {
    const http = createServer((request, response) => {
      respond(request, response).catch((thrown: unknown) => {
        // a client that went away while its reply was under way
        if (response.destroyed) return;
        const reply = failed(500);
        if (!response.headersSent) response.writeHead(500, { 'content-type': 'application/json' });
        response.end(reply.body);
        faults.problems.push(thrown);
      });
    });
    http.keepAliveTimeout = IDLE_MILLIS;
    http.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
      requests.push(`GET ${pathOf(request)}`);
      events.upgrade(request, socket, head);
    });
    http.on('connection', (socket) => {
      sockets.add(socket);
      socket.on('error', () => socket.destroy()); // Node takes its own listener off before `upgrade`
      socket.on('close', () => sockets.delete(socket));
    });
    await new Promise<void>((resolve, reject) => {
      http.on('error', reject); // stays: an error of a server that listens already is nobody's to answer
      http.listen(port, '127.0.0.1', resolve);
    });
    return http;
  };

  let http: HttpServer | null = await listen(options.port ?? 0);
  const { port } = http.address() as AddressInfo;
  const stop = async () => {
    silent();
    const old = http;
    http = null;
    if (!old) return;
    const closed = new Promise<void>((resolve) => old.close(() => resolve()));
    for (const socket of sockets) socket.destroy();
    await closed;
  };

  const control: Control = {
    database,
    faults,
    events,
    requests,
    now,
    insert: (entity, row = {}) => {
      const id = database.insert(entity, newRow(database, entity, row, now()));
      tell(entity, id);
      return id;
    },
    update: (entity, id, change) => {
      database.update(entity, id, change, now());
      if ('state' in change) tell(entity, id);
    },
    remove: (entity, ids) => {
      for (const id of ids) database.remove(entity, id, now());
    },
    requireAuth: (auth) => {
      gate.auth = auth;
    },
    requireCsrf: (on) => {
      gate.csrf = on;
      gate.forgetTokens();
    },
    restart: async () => {
      await stop();
      http = await listen(port);
    },
    stop,
  };
  return { apiUrl: `http://127.0.0.1:${port}/api`, port, control, close: stop };
}

async function readAll(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

/** The same row a second time, as offset paging gives it when rows move. */
function twice(body: string): string {
  const parsed: unknown = JSON.parse(body);
  return Array.isArray(parsed) && parsed.length > 0 ? JSON.stringify([parsed[0], ...(parsed as unknown[])]) : body;
}
