/** Rules for connections to the loopback host: a failing socket ends alone, and no peer can use up sockets or memory. */
import type { Server } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Log } from '../../core/shell.ts';

/**
 * Connections at once, for each of the two loopback addresses. A page opens at most 7, Prefect's Python client at most 16; macOS
 * gives a process 256 file descriptors.
 */
const MAX_CONNECTIONS = 64;
const MAX_HEADERS = 10_000; // ms for a peer to send its headers
const MAX_REQUEST = 60_000; // ms for a peer to send its whole request
const CHECK_EVERY = 5000; // ms between two looks for peers that are late
const LOG_EVERY = 60_000; // ms; a flood must not fill the log

/** For `createServer`: how often Node looks for peers that are late. */
export const serverOptions = { connectionsCheckingInterval: CHECK_EVERY } as const;

/** Applies the rules to a server that does not listen yet. */
export function guardConnections(server: Server, log: Log): void {
  server.maxConnections = MAX_CONNECTIONS;
  server.headersTimeout = MAX_HEADERS;
  server.requestTimeout = MAX_REQUEST;
  // Node removes its own error listener before `upgrade`; this one stays as long as the socket
  server.on('connection', (socket) => socket.on('error', () => socket.destroy()));
  let said = -Infinity;
  server.on('drop', () => {
    if (Date.now() - said < LOG_EVERY) return;
    said = Date.now();
    log('warn', `connections refused: more than ${MAX_CONNECTIONS} at once`);
  });
}

/** Answers an upgrade request with an HTTP status, then closes both directions: Node's timeouts no longer watch this socket. */
export function refuseUpgrade(socket: Duplex, status: number): void {
  socket.once('finish', () => socket.destroy());
  socket.end(`HTTP/1.1 ${status} Refused\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}
