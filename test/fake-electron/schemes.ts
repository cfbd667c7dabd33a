/**
 * Custom schemes. Chromium cannot be given one from outside, so `app://taskscope/x` is shown as
 * `http://taskscope.app.standin.localhost/x`: a secure context with an origin of its own, like the real thing.
 */
const SUFFIX = '.standin.localhost';

export function shownAs(url: string): string {
  const parsed = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)(.*)$/i.exec(url);
  const [, scheme = '', host = '', rest = ''] = parsed ?? [];
  if (!parsed || ['http', 'https', 'file', 'data'].includes(scheme)) throw new Error(`stand-in: cannot load ${url}`);
  return `http://${host}.${scheme}${SUFFIX}${rest}`;
}

/** null: not one of ours */
export function realUrl(shown: string): string | null {
  const parsed = URL.canParse(shown) ? new URL(shown) : null;
  if (!parsed?.hostname.endsWith(SUFFIX)) return null;
  const [host = '', scheme = ''] = parsed.hostname.slice(0, -SUFFIX.length).split('.');
  return `${scheme}://${host}${parsed.pathname}${parsed.search}${parsed.hash}`;
}

type Handler = (request: Request) => Response | Promise<Response>;
export const privileged = new Map<string, { standard?: boolean; secure?: boolean }>();
export const handlers = new Map<string, Handler>();

/** The handler's answer to a request for one of our addresses. */
export async function answerScheme(url: string, method: string, headers: Record<string, string>): Promise<Response> {
  const scheme = url.slice(0, url.indexOf(':'));
  const handler = handlers.get(scheme);
  if (!handler) throw new Error(`no handler for ${scheme}:`);
  // a Request refuses the Host header and knows no custom scheme's special rules; what a handler reads is url and method
  const request = new Request(url, { method });
  for (const [name, value] of Object.entries(headers)) if (!/^(host|:)/i.test(name)) request.headers.set(name, value);
  return handler(request);
}

type BeforeRequest = (
  details: { url: string; method: string },
  answer: (response: { cancel?: boolean }) => void,
) => void;
let before: { urls: string[]; listener: BeforeRequest } | null = null;

export function setBeforeRequest(urls: string[], listener: BeforeRequest): void {
  before = { urls, listener };
}

/** What webRequest.onBeforeRequest says to a request that is not for a custom scheme. */
export function isCancelled(url: string, method: string): Promise<boolean> {
  const matching = before?.urls.some((pattern) => url.startsWith(pattern.split('*')[0] ?? pattern));
  if (!before || !matching) return Promise.resolve(false);
  const { listener } = before;
  return new Promise((resolve) => listener({ url, method }, ({ cancel }) => resolve(cancel === true)));
}
