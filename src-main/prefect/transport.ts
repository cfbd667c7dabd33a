/** One HTTP exchange, without retries: bytes out, status, headers and bytes back. undici's only user. */
import { rootCertificates } from 'node:tls';
import { gunzip } from 'node:zlib';
import { promisify } from 'node:util';
import { Agent, EnvHttpProxyAgent, type Dispatcher } from 'undici';
import { isLoopback } from './address.ts';

const inflate = promisify(gunzip);

/** Seconds. */
export type Timeouts = {
  connect: number;
  /** until the first byte of the answer; the SDK's default is 60 */
  headers: number;
  /** between two pieces of the body */
  body: number;
  /** for the whole exchange: a body that drips for ever is cut here */
  whole: number;
};
export const defaultTimeouts: Timeouts = { connect: 10, headers: 60, body: 30, whole: 300 };

/** uvicorn closes an idle connection after 5 s; asking on it at that moment is a reset. */
const KEEP_ALIVE_MS = 4000;
/** Bytes. A page of 200 rows whose state messages are all at Prefect's limit of 100k characters is 20 MB. */
const LARGEST_REPLY = 256 * 1024 * 1024;

export type TransportSettings = { insecureTls: boolean; ca: string | null; timeouts: Timeouts };

export type Reply = {
  status: number;
  /** lower-case names; a repeated header is joined by a comma */
  header(name: string): string | undefined;
  body: Buffer;
};

export type Transport = {
  /** Rejects with what undici threw; `fromThrown` maps it. */
  send(
    method: 'GET' | 'POST',
    url: string,
    headers: Record<string, string>,
    body: string | null,
    signal: AbortSignal | undefined,
  ): Promise<Reply>;
  close(): Promise<void>;
};

/** Connections to one server. A server on this machine is reached directly and unpacked, everything else by the environment's proxy rules. */
export function openTransport(apiUrl: string, settings: TransportSettings): Transport {
  const { timeouts } = settings;
  const tls = {
    rejectUnauthorized: !settings.insecureTls,
    ...(settings.ca === null ? {} : { ca: [...rootCertificates, settings.ca] }),
  };
  const options = {
    connect: { ...tls, timeout: timeouts.connect * 1000 },
    keepAliveTimeout: KEEP_ALIVE_MS,
    keepAliveMaxTimeout: KEEP_ALIVE_MS,
    headersTimeout: timeouts.headers * 1000,
    bodyTimeout: timeouts.body * 1000,
    maxResponseSize: LARGEST_REPLY,
    allowH2: false,
  };
  const local = isLoopback(new URL(apiUrl).hostname);
  // HTTP_PROXY without NO_PROXY is common, and no proxy can reach this machine's own loopback
  const dispatcher: Dispatcher = local
    ? new Agent(options)
    : new EnvHttpProxyAgent({
        ...options,
        requestTls: options.connect,
        proxyTls: { timeout: timeouts.connect * 1000 },
      });
  // packing costs the server more than the loopback saves: see the numbers in test/bench
  const encoding = local ? 'identity' : 'gzip';

  return {
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
      const raw = Buffer.from(await response.body.arrayBuffer());
      const packed = (header('content-encoding') ?? '').toLowerCase() === 'gzip';
      return {
        status: response.statusCode,
        header,
        body: packed ? await inflate(raw, { maxOutputLength: LARGEST_REPLY }) : raw,
      };
    },
    close: () => dispatcher.destroy(),
  };
}
