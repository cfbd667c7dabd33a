/** Finds the proxy that the environment names for a server, by the rules of Prefect's own client (httpx). */
import { AppError } from '../contract/errors.ts';
import { isLoopback } from './address.ts';

type Env = Record<string, string | undefined>;

type ProxyRule = {
  /** address of the proxy, which may hold a password and must not be in a message; null: no proxy */
  uri: string | null;
  /** its host and port, for messages */
  host: string | null;
  /** the value of NO_PROXY */
  except: string;
};

const direct: ProxyRule = { uri: null, host: null, except: '' };

/**
 * HTTPS_PROXY for https, HTTP_PROXY for http, else ALL_PROXY; lower case goes first, as in curl. A loopback address is never asked through
 * a proxy: there it would mean the proxy's machine, and HTTP_PROXY without NO_PROXY is common. Throws BAD_INPUT for a proxy variable that is
 * no address.
 */
export function proxyFor(apiUrl: string, env: Env = process.env): ProxyRule {
  const { protocol, hostname } = new URL(apiUrl);
  if (isLoopback(hostname)) return direct;
  const named = (name: string) => env[name.toLowerCase()] ?? env[name] ?? '';
  const [variable, text] =
    [protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY', 'ALL_PROXY']
      .map((name) => [name, named(name).trim()] as const)
      .find(([, value]) => value !== '') ?? [];
  if (!variable || !text) return direct;
  const address = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`;
  const url = URL.canParse(address) ? new URL(address) : null;
  if (!url || !/^(https?|socks5?):$/.test(url.protocol))
    throw new AppError('BAD_INPUT', `the environment variable ${variable} is not the address of a proxy`, {
      variable,
      advice: 'It looks like http://proxy.example.com:3128. Correct or unset it and start Taskscope again.',
    });
  return { uri: url.href, host: url.host, except: named('NO_PROXY') };
}
