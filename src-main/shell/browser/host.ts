/**
 * The loopback host of the browser shell, with two doors that share a port and nothing else.
 *
 * Page door: `http://s<random>.localhost:PORT/`. Cookies ignore the port, so on 127.0.0.1 every other local server would be
 * sent ours. A random host name avoids that, and a rebinding attacker cannot guess it. The ticket in the
 * address's fragment is never sent by itself; the page trades it once, at POST /session, for a cookie.
 * API door: `http://127.0.0.1:PORT/api/…` with the token. The cookie does not open it, the token does not open the page.
 */
import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { errorWords } from '../../contract/error-words.ts';
import { AppError, toAppError } from '../../contract/errors.ts';
import type { App } from '../../core/app.ts';
import type { Log } from '../../core/shell.ts';
import { socketChannel } from '../../rpc/channels.ts';
import { pageHeaders, readAsset } from '../assets.ts';
import { guardConnections, refuseUpgrade, serverOptions } from './connections.ts';
import type { Downloads } from './downloads.ts';
import { Keys } from './keys.ts';

const LOOPBACK = '127.0.0.1';
const LOOPBACK_6 = '::1';
const MAX_BODY = 8 * 1024 * 1024; // bytes; a filter with 100,000 ids is 4 MB
const MAX_FRAME = 16 * 1024 * 1024; // bytes
const MAX_TICKET = 4096; // bytes of POST /session

export type HostOptions = {
  /** folder of the built window */
  assets: string;
  /** 0: any free port */
  port: number;
  downloads: Downloads;
  serve: App['serve'];
  /** answers an API request; the host has checked the token */
  api: (request: Parameters<App['api']>[1]) => Promise<{ status: number; body: Uint8Array }>;
  log: Log;
};

export type BrowserHost = {
  /** address of the page with its one-use ticket */
  url: string;
  apiUrl: string;
  token: string;
  close(): Promise<void>;
};

/** Throws BAD_INPUT when the port is taken or may not be used. */
export async function startBrowserHost(options: HostOptions): Promise<BrowserHost> {
  const host = new Host(options);
  await host.listen(options.port);
  return {
    url: `http://${host.pageHost}/#${host.keys.newTicket()}`,
    apiUrl: `http://${LOOPBACK}:${host.port}/api`,
    token: host.keys.token,
    close: () => host.close(),
  };
}

class Host {
  readonly keys = new Keys();
  port = 0;
  readonly #name = `s${randomBytes(8).toString('hex')}.localhost`;
  readonly #options: HostOptions;
  readonly #servers: Server[] = [];
  readonly #sockets = new WebSocketServer({ noServer: true, maxPayload: MAX_FRAME });

  constructor(options: HostOptions) {
    this.#options = options;
  }

  get pageHost(): string {
    return `${this.#name}:${this.port}`;
  }

  /**
   * Listens on 127.0.0.1 and on ::1. Browsers may try ::1 first for a *.localhost name, and another program that listened there on
   * our port could read the ticket.
   */
  async listen(port: number): Promise<void> {
    for (let tries = 0; ; tries += 1) {
      this.port = await this.#listenOn(LOOPBACK, port);
      try {
        await this.#listenOn(LOOPBACK_6, this.port);
        return;
      } catch (thrown) {
        const code = (thrown as NodeJS.ErrnoException).code;
        if (code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT' || code === 'EINVAL') return; // no IPv6 here
        await this.#closeServers();
        if (port !== 0 || tries >= 5) throw portError(thrown, this.port);
      }
    }
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets.clients) socket.terminate();
    this.#sockets.close();
    await this.#closeServers();
  }

  async #closeServers(): Promise<void> {
    await Promise.all(
      this.#servers.splice(0).map((server) => {
        const closed = new Promise((resolve) => server.close(resolve));
        server.closeAllConnections();
        return closed;
      }),
    );
  }

  #listenOn(address: string, port: number): Promise<number> {
    const server = createServer(serverOptions, (request, response) => {
      response.on('error', () => response.destroy());
      this.#answer(request, response).catch((thrown: unknown) => this.#fail(thrown, request, response));
    });
    guardConnections(server, this.#options.log);
    server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
    return new Promise((resolve, reject) => {
      server.on('error', (thrown) => {
        if (server.listening) this.#options.log('error', 'host failed', { message: thrown.message });
        else reject(address === LOOPBACK ? portError(thrown, port) : thrown);
      });
      server.listen({ host: address, port, ipv6Only: address === LOOPBACK_6 }, () => {
        this.#servers.push(server);
        resolve((server.address() as AddressInfo).port);
      });
    });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? '/').split('?', 1)[0];
    if (path === '/api' || path.startsWith('/api/')) return this.#answerApi(request, response);
    if (request.headers.host !== this.pageHost) return sayAnotherStart(response);
    if (path === '/session') return this.#answerSession(request, response);
    if (request.method !== 'GET' && request.method !== 'HEAD') return refuse(response, 405, { allow: 'GET, HEAD' });
    if (path.startsWith('/download/')) {
      if (!this.keys.hasSession(request.headers.cookie)) return refuse(response, 401);
      const sent = request.method === 'GET' && (await this.#options.downloads.send(path.slice(10), response));
      return sent ? undefined : refuse(response, 404);
    }
    const asset = await readAsset(this.#options.assets, path);
    if (!asset) return refuse(response, 404);
    response.writeHead(200, {
      ...pageHeaders(`ws://${this.pageHost}`),
      'content-type': asset.type,
      'content-length': asset.body.byteLength,
      'cache-control': asset.immutable ? 'private, max-age=31536000, immutable' : 'no-store',
    });
    response.end(request.method === 'HEAD' ? undefined : asset.body);
  }

  async #answerSession(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method !== 'POST') return refuse(response, 405, { allow: 'POST' });
    if (!this.#ownOrigin(request)) return refuse(response, 403);
    // a form cannot send this type, so a foreign page needs a CORS preflight, which is refused
    if (mediaType(request) !== 'application/json') return refuse(response, 415);
    const body = await readBody(request, MAX_TICKET);
    if (body === null) return refuse(response, 413);
    const cookie = this.keys.trade(ticketIn(body.toString('utf8')));
    if (!cookie) return refuse(response, 401);
    response.writeHead(204, { 'set-cookie': cookie, 'cache-control': 'no-store' });
    response.end();
  }

  async #answerApi(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const hosts = [`${LOOPBACK}:${this.port}`, `localhost:${this.port}`];
    if (!hosts.includes(request.headers.host ?? '')) return refuse(response, 421);
    if (!this.keys.hasToken(request.headers.authorization))
      return sendJson(response, 401, JSON.stringify({ exception_message: 'Unauthorized' }));
    const body = await readBody(request, MAX_BODY);
    if (body === null)
      return sendJson(response, 413, JSON.stringify({ exception_message: 'Request body is too large' }));
    try {
      const answer = await this.#options.api({
        method: request.method ?? 'GET',
        path: request.url ?? '/',
        contentType: request.headers['content-type'] ?? null,
        body,
      });
      sendJson(response, answer.status, answer.body);
    } catch (thrown) {
      const error = toAppError(thrown);
      if (error.code === 'INTERNAL') throw thrown;
      sendJson(response, 503, JSON.stringify({ exception_message: errorWords(error).title }));
    }
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const status =
      request.headers.host !== this.pageHost
        ? 421
        : request.url !== '/rpc'
          ? 404
          : !this.#ownOrigin(request)
            ? 403
            : !this.keys.hasSession(request.headers.cookie)
              ? 401
              : null;
    if (status !== null) return refuseUpgrade(socket, status);
    this.#sockets.handleUpgrade(request, socket, head, (client) => {
      client.on('error', (thrown) => this.#options.log('warn', 'page socket failed', { message: thrown.message }));
      this.#options.serve(socketChannel(client));
    });
  }

  #ownOrigin(request: IncomingMessage): boolean {
    return request.headers.origin === `http://${this.pageHost}`;
  }

  #fail(thrown: unknown, request: IncomingMessage, response: ServerResponse): void {
    if (request.socket.destroyed) return; // the peer went away while it was answered
    this.#options.log('error', 'request failed', { message: String(thrown) });
    if (response.headersSent) response.destroy();
    else sendJson(response, 500, JSON.stringify({ exception_message: 'Internal Server Error' }));
  }
}

function refuse(response: ServerResponse, status: number, headers: Record<string, string> = {}): void {
  response.writeHead(status, { ...headers, 'content-length': 0, 'x-content-type-options': 'nosniff' });
  response.end();
}

/** A page of an earlier start asks under that start's name. */
function sayAnotherStart(response: ServerResponse): void {
  const text = 'Taskscope was started anew since. Open the address that it printed, or start it once more.\n';
  const headers = { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' };
  response.writeHead(421, { ...headers, 'content-length': text.length, 'x-content-type-options': 'nosniff' });
  response.end(text);
}

function sendJson(response: ServerResponse, status: number, body: string | Uint8Array): void {
  const headers: Record<string, string | number> = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' };
  if (status !== 204) {
    headers['content-type'] = 'application/json';
    headers['content-length'] = Buffer.byteLength(body);
  }
  response.writeHead(status, headers);
  response.end(status === 204 ? undefined : body);
}

function mediaType(request: IncomingMessage): string {
  return (request.headers['content-type'] ?? '').split(';', 1)[0].trim().toLowerCase();
}

function ticketIn(body: string): string {
  try {
    const parsed = JSON.parse(body) as { ticket?: unknown } | null;
    return typeof parsed?.ticket === 'string' ? parsed.ticket : '';
  } catch {
    return '';
  }
}

/** The body's bytes; null when it is longer than `limit` bytes. */
async function readBody(request: IncomingMessage, limit: number): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  let size = 0;
  // the request stays undestroyed, so that the refusal can still be sent
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += chunk.byteLength;
    if (size > limit) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function portError(thrown: unknown, port: number): unknown {
  const code = (thrown as NodeJS.ErrnoException).code;
  if (code === 'EADDRINUSE') return new AppError('BAD_INPUT', `port ${port} is already in use`, { port }, thrown);
  if (code === 'EACCES') return new AppError('BAD_INPUT', `port ${port} may not be used by you`, { port }, thrown);
  return thrown;
}
