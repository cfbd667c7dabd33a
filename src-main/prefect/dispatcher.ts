/** Makes the undici dispatcher for one server: TLS trust, proxy and time limits, for requests and WebSockets alike. */
import { Agent, EnvHttpProxyAgent, type Dispatcher } from 'undici';
import { authoritiesWith } from './authorities.ts';
import { proxyFor } from './proxies.ts';

/** Seconds. */
export type Timeouts = {
  connect: number;
  /** until the first byte of the answer; the SDK's default is 60 */
  headers: number;
  /** between two pieces of the body */
  body: number;
  /** for the whole exchange, against a body that never ends */
  whole: number;
};
export const defaultTimeouts: Timeouts = { connect: 10, headers: 60, body: 30, whole: 300 };

/** uvicorn closes an idle connection after 5 s, and a request at that moment is reset. */
const KEEP_ALIVE_MS = 4000;
/** Bytes. A page of 200 rows whose state messages are all at Prefect's limit of 100k characters is 20 MB. */
export const LARGEST_REPLY = 256 * 1024 * 1024;

export type WaySettings = {
  insecure_tls: boolean;
  /** full path of a PEM file with further certificate authorities */
  ca_file: string | null;
  timeouts: Timeouts;
  /** bytes; otherwise LARGEST_REPLY */
  largestReply?: number;
  /** plain HTTP, too, goes through a proxy by CONNECT: a forwarded request cannot become a WebSocket */
  tunnel?: boolean;
  /** for tests */
  env?: Record<string, string | undefined>;
};
/** `proxy`: host and port of the proxy in use, for messages; null: none. */
type Way = { dispatcher: Dispatcher; proxy: string | null };

/** Throws BAD_INPUT for a CA file or a proxy variable that cannot be used. Contacts nothing. */
export function openWay(
  apiUrl: string,
  { insecure_tls, ca_file, timeouts, largestReply = LARGEST_REPLY, tunnel, env }: WaySettings,
): Way {
  const proxy = proxyFor(apiUrl, env);
  const trust = ca_file === null ? {} : { ca: authoritiesWith(ca_file) };
  const timeout = timeouts.connect * 1000;
  const connect = { ...trust, rejectUnauthorized: !insecure_tls, timeout };
  const options = {
    connect,
    keepAliveTimeout: KEEP_ALIVE_MS,
    keepAliveMaxTimeout: KEEP_ALIVE_MS,
    headersTimeout: timeouts.headers * 1000,
    bodyTimeout: timeouts.body * 1000,
    maxResponseSize: largestReply,
    allowH2: false,
  };
  if (proxy.uri === null) return { dispatcher: new Agent(options), proxy: null };
  const dispatcher = new EnvHttpProxyAgent({
    ...options,
    httpProxy: proxy.uri,
    httpsProxy: proxy.uri,
    noProxy: proxy.except,
    requestTls: connect,
    ...(tunnel ? { proxyTunnel: true } : {}),
    // the proxy's certificate is checked even when the server's is not: all traffic passes there
    proxyTls: { ...trust, timeout },
  });
  return { dispatcher, proxy: proxy.host };
}
