/** The demo server's HTTP: one loopback port, its connections, and a request turned into a question. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Request } from './api.ts';
import type { Reply } from './replies.ts';

/** ms; uvicorn's keep-alive */
const IDLE_MILLIS = 5000;

export type Handlers = {
  respond(request: IncomingMessage, response: ServerResponse): Promise<void>;
  upgrade(request: IncomingMessage, socket: Socket, head: Buffer): void;
  /** What `respond` threw; the client got a 500 unless its reply had begun. */
  failed?(thrown: unknown): void;
};

export type Listening = {
  port: number;
  /** Drops every connection; resolves when the port is free. */
  close(): Promise<void>;
};

/** Listens on 127.0.0.1; port 0 is any free one. Rejects when the port is taken. */
export async function listen(handlers: Handlers, port: number): Promise<Listening> {
  const sockets = new Set<Socket>();
  const http = createServer((request, response) => {
    handlers.respond(request, response).catch((thrown: unknown) => {
      if (response.destroyed) return; // the client went away while its reply was made
      if (!response.headersSent) response.writeHead(500, { 'content-type': 'application/json' });
      response.end('{"exception_message":"Internal Server Error"}');
      handlers.failed?.(thrown);
    });
  });
  http.keepAliveTimeout = IDLE_MILLIS;
  http.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) =>
    handlers.upgrade(request, socket, head),
  );
  http.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy()); // Node takes its own listener off before `upgrade`
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    http.on('error', reject); // stays: an error of a server that listens already is nobody's to answer
    http.listen(port, '127.0.0.1', resolve);
  });
  return {
    port: (http.address() as AddressInfo).port,
    close: async () => {
      const closed = new Promise<void>((resolve) => http.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** A request below `/api`, or the reply to one that is not. Reads the body to its end. */
export async function readRequest(request: IncomingMessage): Promise<{ asked: Request } | { reply: Reply }> {
  const url = new URL(`http://demo${request.url ?? '/'}`);
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  if (!url.pathname.startsWith('/api/')) return { reply: { status: 404, body: '{"detail":"Not Found"}' } };
  const path = url.pathname.slice('/api'.length);
  if (path.endsWith('/') && path !== '/task_run_states/' && path !== '/flow_run_states/') {
    const location = `http://${request.headers.host}${url.pathname.replace(/\/+$/, '')}`;
    return { reply: { status: 307, body: '', headers: { location } } };
  }
  return {
    asked: {
      method: request.method ?? 'GET',
      path,
      query: url.searchParams,
      contentType: request.headers['content-type'] ?? null,
      body: Buffer.concat(chunks).toString('utf8'),
    },
  };
}

/** The headers of a reply with a body of `bytes` bytes. `now`: µs. */
export function headersOf(reply: Reply, bytes: number, now: number): Record<string, string> {
  return {
    'content-type': 'application/json',
    date: new Date(now / 1000).toUTCString(),
    server: 'uvicorn',
    ...reply.headers,
    'content-length': String(bytes),
  };
}
