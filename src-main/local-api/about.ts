/** The replies that a client asks for before it reads rows: health, version, rows a page. */

import { USUAL_VERSION } from '../contract/prefect/versions.ts';

/** PREFECT_SERVER_API_DEFAULT_LIMIT: default and maximum of `limit`. */
export const DEFAULT_LIMIT = 200;

const API_VERSION = '0.8.4';

/** GET replies that are the same for every archive, by path. `body` is sent as JSON. */
const fixedReplies: Record<string, { status: number; body: unknown }> = {
  '/health': { status: 200, body: true },
  '/ready': { status: 200, body: { message: 'OK' } },
  '/version': { status: 200, body: API_VERSION },
  '/hello': { status: 200, body: '👋' },
  '/admin/settings': { status: 200, body: { server: { api: { default_limit: DEFAULT_LIMIT } } } },
  // Prefect's client asks before its first POST; after this answer it sends no CSRF token
  '/csrf-token': { status: 422, body: { detail: 'CSRF protection is disabled.' } },
};

/** null: not such a path. `prefect`: the server's version, null where it is not known. */
export function fixedReply(path: string, prefect: string | null): { status: number; body: unknown } | null {
  if (path === '/admin/version') return { status: 200, body: prefect ?? USUAL_VERSION };
  return Object.hasOwn(fixedReplies, path) ? (fixedReplies[path] ?? null) : null;
}
