/** What a sync asks, written down once, and the same asked again with nothing done to the answers. */
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Pool } from 'undici';

export type Asked = { method: string; path: string; body: string };

/** As the client's budget has it. */
const IN_FLIGHT = 2;

const options = { connections: IN_FLIGHT, pipelining: 1, keepAliveTimeout: 4000 };
const headers = { accept: 'application/json', 'accept-encoding': 'identity', 'content-type': 'application/json' };

async function readAll(stream: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of stream) parts.push(part as Buffer);
  return Buffer.concat(parts).toString('utf8');
}

/** Stands before a server and writes down what it is asked. `apiUrl` has the server's own path. */
export async function recorder(
  apiUrl: string,
): Promise<{ apiUrl: string; asked: Asked[]; close: () => Promise<unknown> }> {
  const { origin, pathname } = new URL(apiUrl);
  const pool = new Pool(origin, options);
  const asked: Asked[] = [];
  const http = createServer((request, response) => {
    const pass = async () => {
      const one = { method: request.method ?? 'GET', path: request.url ?? '/', body: await readAll(request) };
      asked.push(one);
      const reply = await ask(pool, one);
      response.writeHead(reply.statusCode, { 'content-type': 'application/json', date: String(reply.headers.date) });
      response.end(Buffer.from(await reply.body.arrayBuffer()));
    };
    pass().catch((thrown: unknown) => response.destroy(thrown as Error));
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const { port } = http.address() as AddressInfo;
  const close = () => {
    http.closeAllConnections();
    http.close();
    return pool.close();
  };
  return { apiUrl: `http://127.0.0.1:${port}${pathname}`, asked, close };
}

function ask(pool: Pool, { method, path, body }: Asked) {
  return pool.request({ method: method, path, headers, body: method === 'POST' ? body : null });
}

/** Asks it all in the same order, two at a time, and throws the bodies away; returns seconds and bytes. */
export async function download(apiUrl: string, asked: readonly Asked[]): Promise<{ seconds: number; bytes: number }> {
  const pool = new Pool(new URL(apiUrl).origin, options);
  const began = performance.now();
  let bytes = 0;
  let next = 0;
  const lane = async () => {
    for (let one = asked[next++]; one; one = asked[next++]) {
      const { body } = await ask(pool, one);
      for await (const part of body) bytes += (part as Buffer).length;
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, lane));
  const seconds = (performance.now() - began) / 1000;
  await pool.close();
  return { seconds, bytes };
}
