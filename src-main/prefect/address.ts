/** What a person types as the server's address → the API addresses it can mean. Contacts nothing. */
import { AppError } from '../contract/errors.ts';
import { pastedAddress } from '../contract/pasted-address.ts';

const cloudUiHosts = new Set(['app.prefect.cloud', 'beta.prefect.cloud']);
const cloudApiHost = 'api.prefect.cloud';

/** Paths of Prefect's own UI beside the API, at the origin or behind a path: an address copied from the browser has one of these. */
const uiPaths =
  /^(.*?)\/(?:v2|dashboard|runs|flow-runs|task-runs|flows|deployments|work-pools|work-queues|blocks|variables|automations|events?|artifacts?|concurrency-limits|settings|notifications|radar)(?:\/.*)?$/;

export function isLoopback(hostname: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, '').toLowerCase();
  return host === 'localhost' || host.endsWith('.localhost') || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
}

/** Prefect's client tells Cloud by its address alone, and so does this. Only Cloud has accounts in its paths. */
export function isCloud(apiUrl: string): boolean {
  const { hostname, pathname } = new URL(apiUrl);
  return hostname === cloudApiHost || /\/accounts\/[0-9a-f-]{36}\/workspaces\//i.test(pathname);
}

const hasScheme = (text: string) => /^[a-z][a-z0-9+.-]*:\/\//i.test(text);

function parse(typed: string): URL {
  const text = pastedAddress(typed);
  // a bare name with a port (`host:4200`), a bare IP and localhost are self-hosted servers, which speak plain HTTP by default
  const bare = /^(\[[^\]]+\]|[^/:]+)(:\d+)?/.exec(text);
  const plain =
    bare !== null && (bare[2] !== undefined || /^[\d.]+$|^\[/.test(bare[1] ?? '') || isLoopback(bare[1] ?? ''));
  let url: URL;
  try {
    url = new URL(hasScheme(text) ? text : `${plain ? 'http' : 'https'}://${text}`);
  } catch (cause) {
    throw new AppError('BAD_INPUT', 'not a web address', { field: 'api_url' }, cause);
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw new AppError('BAD_INPUT', `an address starts with http:// or https://, not ${url.protocol}`, {
      field: 'api_url',
    });
  if (url.username || url.password)
    throw new AppError('BAD_INPUT', 'a user name or password belongs in the sign-in fields, not in the address', {
      field: 'api_url',
    });
  return url;
}

/**
 * The API addresses that `typed` can mean, the likeliest first; at least one, without trailing slashes, queries or fragments. Throws
 * BAD_INPUT when it is no http(s) address or holds a password.
 */
export function apiUrlGuesses(typed: string): string[] {
  const url = parse(typed);
  const path = url.pathname.replace(/\/+$/, '');
  const here = `${url.origin}${path}`;

  if (cloudUiHosts.has(url.hostname) || url.hostname === cloudApiHost) {
    const named = /\/accounts?\/([0-9a-f-]{36})\/workspaces?\/([0-9a-f-]{36})/i.exec(path);
    if (named) return [`https://${cloudApiHost}/api/accounts/${named[1]}/workspaces/${named[2]}`];
    if (url.hostname !== cloudApiHost)
      throw new AppError('BAD_INPUT', 'a Prefect Cloud address must name the account and the workspace', {
        field: 'api_url',
      });
    return [here];
  }
  if (path === '') return [`${url.origin}/api`];
  if (/\/api$/.test(path)) return [here];
  // `…/api/admin/version` or the docs page, pasted from a browser
  const inside = /^(.*?\/api)(?:\/|$)/.exec(path)?.[1];
  if (inside) return [`${url.origin}${inside}`, here];
  const before = uiPaths.exec(path)?.[1];
  if (before) return [`${url.origin}${before}/api`, `${here}/api`, here, `${url.origin}/api`];
  if (before === '' || uiPaths.exec(url.hash.slice(1))?.[1] === '') return [`${url.origin}/api`, `${here}/api`, here];
  return [`${here}/api`, here, `${url.origin}/api`];
}

/**
 * `typed` with each scheme it can mean, the likelier first; one that names its scheme has that alone. `secret`: something secret is sent
 * along, which leaves this machine over http only where the person has written http. Throws as `apiUrlGuesses` does.
 */
export function withSchemes(typed: string, secret: boolean): [string, ...string[]] {
  const text = pastedAddress(typed);
  const { protocol, hostname } = parse(text);
  if (hasScheme(text)) return [text];
  const [plain, tls] = [`http://${text}`, `https://${text}`];
  if ((secret && !isLoopback(hostname)) || isCloud(apiUrlGuesses(text)[0] ?? '')) return [tls];
  return protocol === 'http:' ? [plain, tls] : [tls, plain];
}

/** The API's address when `typed` can mean only one, else null. Throws as `apiUrlGuesses` does. */
export function exactApiUrl(typed: string): string | null {
  const guesses = withSchemes(typed, false).flatMap(apiUrlGuesses);
  return guesses.length === 1 ? (guesses[0] ?? null) : null;
}
