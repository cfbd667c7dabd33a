/** One HTTP exchange without retries: sends bytes, returns status, headers and bytes. */
import { gunzip } from 'node:zlib';
import { promisify } from 'node:util';
import { isLoopback } from './address.ts';
import { CutOff } from './failures.ts';
import { LARGEST_REPLY, openWay, type WaySettings } from './dispatcher.ts';

const inflate = promisify(gunzip);

export type Reply = {
  status: number;
  /** lower-case names; a repeated header is joined by a comma */
  header(name: string): string | undefined;
  body: Buffer;
};

export type Transport = {
  /** host and port of the proxy that the environment names for this server; null: none */
  proxy: string | null;
  /** Throws undici's errors; `fromThrown` turns them into AppErrors. */
  send(
    method: 'GET' | 'POST',
    url: string,
    headers: Record<string, string>,
    body: string | null,
    signal: AbortSignal | undefined,
  ): Promise<Reply>;
  close(): Promise<void>;
};

/** Opens connections to one server as they are needed. Throws BAD_INPUT for settings that cannot be used. */
export function openTransport(apiUrl: string, settings: WaySettings): Transport {
  const { timeouts, largestReply = LARGEST_REPLY } = settings;
  const { dispatcher, proxy } = openWay(apiUrl, settings);
  const local = isLoopback(new URL(apiUrl).hostname);
  // on the loopback compressing costs the server more time than it saves: see test/bench
  const encoding = local ? 'identity' : 'gzip';

  return {
    proxy,
    async send(method, url, headers, body, signal) {
      const { origin, pathname, search } = new URL(url);
      const limit = AbortSignal.timeout(timeouts.whole * 1000);
      const response = await dispatcher.request({
        origin,
        path: pathname + search,
        method,
        headers: { ...headers, accept: 'application/json', 'accept-encoding': encoding },
        body,
        signal: signal ? AbortSignal.any([signal, limit]) : limit,
      });
      const header = (name: string): string | undefined => {
        const value = response.headers[name];
        return Array.isArray(value) ? value.join(', ') : value;
      };
      const raw = Buffer.from(await response.body.arrayBuffer().catch(cutOff));
      const packed = (header('content-encoding') ?? '').toLowerCase() === 'gzip';
      return {
        status: response.statusCode,
        header,
        body: packed ? await inflate(raw, { maxOutputLength: largestReply }) : raw,
      };
    },
    close: () => dispatcher.destroy(),
  };
}

/** Throws what ended the reading: CutOff when the connection did. */
function cutOff(thrown: unknown): never {
  const code = thrown instanceof Error ? (thrown as NodeJS.ErrnoException).code : undefined;
  throw code === 'UND_ERR_SOCKET' || code === 'ECONNRESET' || code === 'EPIPE' ? new CutOff() : thrown;
}
