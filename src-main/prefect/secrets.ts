/** Makes the headers that carry secrets, and keeps those secrets out of messages. */
import { AppError } from '../contract/errors.ts';
import type { Auth } from './connection.ts';

/** Headers that only the client sets: the server ties its CSRF token to them, or the transport depends on them. */
const reserved = new Set([
  'user-agent',
  'prefect-csrf-token',
  'prefect-csrf-client',
  'content-length',
  'content-type',
  'transfer-encoding',
  'connection',
  'host',
  'accept-encoding',
]);

/**
 * Authorization and custom headers, ready to send. The scheme word is exactly `Basic`: 3.8.8 refuses `basic`.
 * Throws BAD_INPUT for a header that may not be set, or a secret that cannot be a header.
 */
export function secretHeaders(auth: Auth, custom: Record<string, string> = {}): Record<string, string> {
  const headers: Record<string, string> = {};
  if (auth?.scheme === 'api_key') headers['authorization'] = `Bearer ${sendable(auth.secret.trim(), 'the API key')}`;
  if (auth?.scheme === 'basic') headers['authorization'] = `Basic ${base64(auth.secret)}`;
  for (const [name, value] of Object.entries(custom)) {
    const key = name.trim().toLowerCase();
    if (!/^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(key) || reserved.has(key))
      throw new AppError('BAD_INPUT', `the custom header ${JSON.stringify(name)} cannot be set`, { field: 'headers' });
    if (key === 'authorization' && auth !== null)
      throw new AppError('BAD_INPUT', 'a custom Authorization header and a sign-in cannot both be used', {
        field: 'headers',
      });
    headers[key] = sendable(value.trim(), `the custom header ${name}`);
  }
  return headers;
}

function sendable(value: string, what: string): string {
  if (/^[\x20-\x7e]+$/.test(value)) return value;
  throw new AppError('BAD_INPUT', `${what} must be plain ASCII on one line`, { field: 'auth' });
}

/** Returns a function that replaces every secret of the connection in a text. */
export function redactor(auth: Auth, custom: Record<string, string> = {}): (text: string) => string {
  const secrets = new Set<string>(Object.values(custom));
  if (auth) secrets.add(auth.secret.trim());
  if (auth?.scheme === 'basic') {
    secrets.add(base64(auth.secret));
    secrets.add(auth.secret.slice(auth.secret.indexOf(':') + 1));
  }
  // the longest first: replacing the password alone would leave the user name of the auth string
  const sorted = [...secrets].filter((s) => s.length > 0).sort((a, b) => b.length - a.length);
  return (text) => sorted.reduce((clean, secret) => clean.replaceAll(secret, '•••'), text);
}

function base64(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64');
}
