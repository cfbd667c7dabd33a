/** Reads the built window's files and names their headers, for the browser host and for Electron's app:// scheme. */
import { readFile } from 'node:fs/promises';
import { extname, join, resolve, sep } from 'node:path';

const types: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
};

type Asset = { type: string; body: Buffer<ArrayBuffer>; immutable: boolean };

/**
 * Reads one file. `pathname` is still percent-encoded; `/` is the page. Returns null for a missing file, an extension that is not
 * served, and a path that leads out of the folder.
 */
export async function readAsset(root: string, pathname: string): Promise<Asset | null> {
  const path = decode(pathname);
  if (path === null || path.includes('\0') || path.includes('\\')) return null;
  const file = resolve(join(root, path === '/' ? 'index.html' : path));
  if (!file.startsWith(resolve(root) + sep)) return null;
  const type = types[extname(file)];
  if (!type) return null;
  try {
    // the names of all files but the page contain a hash of their content
    return { type, body: await readFile(file), immutable: !file.endsWith('.html') };
  } catch (thrown) {
    const code = (thrown as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'EISDIR' || code === 'ENOTDIR' || code === 'ENAMETOOLONG') return null;
    throw thrown;
  }
}

function decode(pathname: string): string | null {
  try {
    return decodeURIComponent(pathname);
  } catch {
    return null;
  }
}

/**
 * Headers for the page and its files. `connect`: a further origin that the page may connect to.
 * Inline styles are allowed (the grid places its rows with them), inline scripts are not.
 */
export function pageHeaders(connect = ''): Record<string, string> {
  return {
    'content-security-policy': [
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self' 'unsafe-inline'",
      "font-src 'self' data:",
      "img-src 'self' data:",
      `connect-src 'self'${connect ? ` ${connect}` : ''}`,
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
    ].join('; '),
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
  };
}
