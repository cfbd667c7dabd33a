/** Who may ask: the CSRF check, then the sign-in, in the server's order (facts §7). */
import { hash } from '../story/random.ts';
import { reply, unauthorized, type Reply } from './replies.ts';

/** `api_key`: Bearer, as Cloud; `basic`: `user:password`, as PREFECT_SERVER_API_AUTH_STRING. */
export type Auth = { kind: 'api_key'; key: string } | { kind: 'basic'; auth: string };

type Headers = { get(name: string): string | null };

export class Gate {
  auth: Auth | null = null;
  csrf = false;
  readonly #tokens = new Map<string, string>();
  #issued = 0;

  /** null: let it through */
  check(method: string, path: string, headers: Headers): Reply | null {
    if (path === '/health' || path === '/ready') return null;
    const version = headers.get('x-prefect-api-version');
    if (version !== null && !acceptable(version))
      return reply(400, { detail: `Client specified API version ${version}, which is not supported by this server.` });
    if (this.csrf && ['POST', 'PUT', 'PATCH', 'DELETE'].includes(method)) {
      const token = headers.get('prefect-csrf-token');
      const client = headers.get('prefect-csrf-client');
      if (!token) return reply(403, { detail: 'Missing CSRF token.' });
      if (!client) return reply(403, { detail: 'Missing client identifier.' });
      if (this.#tokens.get(client) !== token) return reply(403, { detail: 'Invalid CSRF token or client identifier.' });
    }
    return this.auth && headers.get('authorization') !== wanted(this.auth) ? unauthorized() : null;
  }

  /** The first message on a socket: the API key, or the auth string as it is. */
  admits(token: string | null): boolean {
    return !this.auth || token === (this.auth.kind === 'api_key' ? this.auth.key : this.auth.auth);
  }

  /** GET /csrf-token?client= ; a new token replaces the client's old one */
  token(client: string | null, now: string): Reply {
    if (!this.csrf) return reply(422, { detail: 'CSRF protection is disabled.' });
    if (client === null)
      return reply(422, {
        exception_message: 'Invalid request received.',
        exception_detail: [{ type: 'missing', loc: ['query', 'client'], msg: 'Field required', input: null }],
        request_body: null,
      });
    this.#issued += 1;
    const token = `csrf-${hash(this.#issued, 7).toString(16)}${hash(this.#issued, 8).toString(16)}`;
    this.#tokens.set(client, token);
    return reply(200, { client, token, expiration: now });
  }

  /** what a server forgets when it restarts with a new database, or after an hour */
  forgetTokens(): void {
    this.#tokens.clear();
  }
}

function wanted(auth: Auth): string {
  return auth.kind === 'api_key' ? `Bearer ${auth.key}` : `Basic ${Buffer.from(auth.auth, 'utf8').toString('base64')}`;
}

/** below 0.8.0 or malformed is refused */
function acceptable(version: string): boolean {
  const parts = /^(\d+)\.(\d+)\.(\d+)$/.exec(version);
  return parts !== null && (Number(parts[1]) > 0 || Number(parts[2]) >= 8);
}
