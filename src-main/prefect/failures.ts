/**
 * Turns a failed exchange with a server into its AppError, once. `again` tells whether asking again can help; repeating is always safe, since
 * Taskscope only reads.
 */
import { AppError, type ErrorCode, type ErrorDetails } from '../contract/errors.ts';

export type Failure = {
  error: AppError;
  /** never; soon: the usual few attempts; later: the server asked for time (429, 503); endless: announced maintenance */
  again: 'never' | 'soon' | 'later' | 'endless';
  /** seconds the server asked for */
  after: number | null;
  /** the server did not answer at all: an address that never has is not asked again */
  unreachable: boolean;
};

const tlsCodes = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'CERT_UNTRUSTED',
  'CERT_REJECTED',
  'CERT_REVOKED',
  'CERT_SIGNATURE_FAILURE',
  'HOSTNAME_MISMATCH',
  'EPROTO',
]);
const unreachableCodes = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EAI_FAIL',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EADDRNOTAVAIL',
  'EHOSTDOWN',
  'ENETDOWN',
]);
const timeoutCodes = new Set([
  'ETIMEDOUT',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
]);

/** The first code in a chain of causes; happy eyeballs hides several errors in one AggregateError. */
function codeOf(thrown: unknown): string {
  for (let at: unknown = thrown, depth = 0; at instanceof Error && depth < 5; depth++) {
    const { code, errors } = at as Error & { code?: unknown; errors?: unknown[] };
    if (typeof code === 'string' && code !== 'UND_ERR') return code;
    at = at.cause ?? errors?.[0];
  }
  return '';
}

/** OpenSSL's word for a reply to its greeting that is no TLS: the server on that port speaks plain HTTP. */
function isPlainHttp(thrown: unknown): boolean {
  for (let at: unknown = thrown, depth = 0; at instanceof Error && depth < 5; depth++) {
    const { code, errors } = at as Error & { code?: unknown; errors?: unknown[] };
    if (code === 'ERR_SSL_WRONG_VERSION_NUMBER' || code === 'ERR_SSL_PACKET_LENGTH_TOO_LONG') return true;
    if (code === 'EPROTO' && /wrong version number|packet length too long/i.test(at.message)) return true;
    at = at.cause ?? errors?.[0];
  }
  return false;
}

/** The connection broke after a part of the reply had come: a proxy may not pass so large a reply. */
export class CutOff extends Error {}

/** For errors of undici, Node's sockets and TLS. `url` must hold no secret; `proxy`: host and port of the proxy in use. */
export function fromThrown(thrown: unknown, url: string, proxy: string | null): Failure {
  if (thrown instanceof AppError) return { error: thrown, again: 'never', after: null, unreachable: false };
  if (thrown instanceof CutOff) return badReply(url, 'it was cut off');
  const host = new URL(url).host;
  const code = codeOf(thrown);
  // a refused tunnel: undici tells the proxy's status only in its message
  const refused = thrown instanceof Error ? /^Proxy response \((\d+)\)/.exec(thrown.message)?.[1] : undefined;
  const reason =
    refused === undefined ? code || 'unknown' : refused === '407' ? 'PROXY_AUTHENTICATION' : 'PROXY_REFUSED';
  const fail = (appCode: ErrorCode, message: string, again: Failure['again'], unreachable: boolean): Failure => ({
    // without the cause: undici's errors may hold the request with its secret headers
    error: new AppError(appCode, message, { url, host, reason, ...(proxy ? { proxy } : {}) }),
    again,
    after: null,
    unreachable,
  });
  if (refused !== undefined)
    return fail('SERVER_UNREACHABLE', `the proxy refused the way to ${host}: HTTP ${refused}`, 'never', true);
  if (isPlainHttp(thrown)) {
    const plain = fail('SERVER_TLS', `${host} speaks http, not https`, 'never', true);
    plain.error.details['http'] = `http${new URL(url).origin.slice('https'.length)}`;
    return plain;
  }
  if (tlsCodes.has(code) || code.startsWith('ERR_TLS') || code.startsWith('ERR_SSL'))
    return fail('SERVER_TLS', `no trusted TLS connection to ${host}: ${code}`, 'never', true);
  if (code.startsWith('UND_ERR_PRX'))
    return fail('SERVER_UNREACHABLE', `the proxy cannot be used for ${host}: ${code}`, 'soon', true);
  if (unreachableCodes.has(code)) return fail('SERVER_UNREACHABLE', `cannot connect to ${host}: ${code}`, 'soon', true);
  if (timeoutCodes.has(code))
    return fail(
      'SERVER_TIMEOUT',
      `${host} did not answer in time: ${code}`,
      'soon',
      code === 'UND_ERR_CONNECT_TIMEOUT',
    );
  if (thrown instanceof Error && thrown.name === 'TimeoutError')
    return fail('SERVER_TIMEOUT', `${host} did not finish its answer in time`, 'soon', false);
  // ECONNRESET, EPIPE, UND_ERR_SOCKET "other side closed", a parser error: the connection broke while in use
  return fail('SERVER_UNREACHABLE', `the connection to ${host} broke: ${code || 'unknown reason'}`, 'soon', false);
}

/** For a reply that arrived and cannot be used. */
export function badReply(url: string, why: string): Failure {
  const error = new AppError('SERVER_BAD_REPLY', `the server's reply cannot be used: ${why}`, { url });
  return { error, again: 'soon', after: null, unreachable: false };
}

/** A body longer than LARGEST_REPLY, as it came or unpacked. */
export function isTooLarge(thrown: unknown): boolean {
  const code = codeOf(thrown);
  return code === 'UND_ERR_RES_EXCEEDED_MAX_SIZE' || code === 'ERR_BUFFER_TOO_LARGE';
}

/** Not asked again: the same reply would be as large. */
export function tooLarge(url: string): Failure {
  const error = new AppError('SERVER_BAD_REPLY', 'the reply is larger than the limit', { url, reason: TOO_LARGE });
  return { error, again: 'never', after: null, unreachable: false };
}

/** `details.reason` of a reply over the size limit. */
export const TOO_LARGE = 'TOO_LARGE';

/** True when the server was reached and its answer to this one question is of no use: another question may be answered. */
export function isBadAnswer(thrown: unknown): thrown is AppError {
  if (!(thrown instanceof AppError) || thrown.details['reason'] === 'UND_ERR_CONNECT_TIMEOUT') return false;
  return ['SERVER_FAILED', 'SERVER_BAD_REPLY', 'SERVER_TIMEOUT'].includes(thrown.code);
}

/** Whether other routes of the server may answer all the same: what it cannot answer, does not have, or forbids. */
export function isRouteFailure(thrown: unknown): thrown is AppError {
  const refused = ['SERVER_FORBIDDEN', 'SERVER_NOT_PREFECT', 'SERVER_REJECTED'];
  return isBadAnswer(thrown) || (thrown instanceof AppError && refused.includes(thrown.code));
}

/** Whether the answer may be due to the one run that was asked for. No connection, no sign-in and a busy server say nothing about a run. */
export function isRunFailure(thrown: unknown): thrown is AppError {
  return isRouteFailure(thrown) || (thrown instanceof AppError && thrown.code === 'NOT_FOUND');
}

/** `https`: the address that is answered; the one without TLS is not. */
export function speaksHttps(https: string): AppError {
  const { host } = new URL(https);
  return new AppError('SERVER_TLS', `${host} speaks https, not http`, { url: https, host, https });
}

export function notPrefect(url: string, why: string, details: ErrorDetails = {}): Failure {
  const error = new AppError('SERVER_NOT_PREFECT', `no Prefect API answers at this address: ${why}`, {
    url,
    ...details,
  });
  return { error, again: 'never', after: null, unreachable: false };
}

/** Prefect's own words in an error body, in any of its three shapes. At most 500 characters. */
function prefectMessage(body: string): string {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return '';
  }
  if (value === null || typeof value !== 'object') return '';
  const { detail, exception_message: message, exception_detail: details } = value as Record<string, unknown>;
  const parts: string[] = [];
  if (typeof detail === 'string') parts.push(detail);
  if (typeof message === 'string') parts.push(message);
  const list = Array.isArray(detail) ? detail : Array.isArray(details) ? details : [];
  for (const one of list.slice(0, 5)) {
    const { loc, msg } = (one ?? {}) as { loc?: unknown; msg?: unknown };
    if (typeof msg === 'string') parts.push(Array.isArray(loc) ? `${loc.join('.')}: ${msg}` : msg);
  }
  return parts.join('; ').slice(0, 500);
}

type StatusReply = {
  status: number;
  body: string;
  html: boolean;
  retryAfter: number | null;
  maintenance: boolean;
};

/** For a status other than 2xx. `oneRow`: a 404 means that the row does not exist (NOT_FOUND), otherwise that the address is no Prefect API. */
export function fromStatus(reply: StatusReply, url: string, oneRow: boolean): Failure {
  const { status, retryAfter } = reply;
  const said = prefectMessage(reply.body);
  const words = `HTTP ${status}${said ? `: ${said}` : ''}`;
  const fail = (code: ErrorCode, again: Failure['again'], more: ErrorDetails = {}): Failure => ({
    error: new AppError(code, words, { url, status, ...(said ? { said } : {}), ...more }),
    again,
    after: retryAfter,
    unreachable: false,
  });
  const wait: ErrorDetails = retryAfter === null ? {} : { retryAfter };
  if (reply.maintenance) return fail('SERVER_BUSY', 'endless', wait);
  if (status === 401) return fail('SERVER_UNAUTHORIZED', 'never');
  if (status === 403) return fail('SERVER_FORBIDDEN', 'never');
  if (status === 404 && oneRow && !reply.html && said !== '') return fail('NOT_FOUND', 'never');
  if (status === 404 || status === 405 || status === 410) return notPrefect(url, words, { status });
  if (status === 407) return fail('SERVER_UNREACHABLE', 'never', { reason: 'PROXY_AUTHENTICATION' });
  if (status === 408) return fail('SERVER_TIMEOUT', 'soon');
  if (status === 429) return fail('SERVER_BUSY', 'later', wait);
  if (status === 503) return fail('SERVER_FAILED', 'later', wait);
  if (status >= 500) return fail('SERVER_FAILED', 'soon');
  if (status >= 300 && status < 400) return notPrefect(url, words, { status });
  return fail(reply.html ? 'SERVER_NOT_PREFECT' : 'SERVER_REJECTED', 'never');
}
