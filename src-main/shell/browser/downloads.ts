/**
 * Hands exported files to a browser page. The browser shell cannot ask where to save, so an export is written into a folder of this
 * process, sent once under an address that cannot be guessed, and deleted.
 */
import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { removeOfDead } from '../../core/files/data-folder.ts';

const OWNER_ONLY = 0o700;

export class Downloads {
  readonly #folder: string;
  readonly #files = new Map<string, string>();

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** Uses `exports`, or the system's temporary folder when the data folder cannot be written. Removes the folders of dead processes. */
  static async open(exports: string): Promise<Downloads> {
    const folder = join(exports, `${process.pid}-${randomBytes(4).toString('hex')}`);
    try {
      await mkdir(folder, { recursive: true, mode: OWNER_ONLY });
      await removeOfDead(exports, /^(\d+)-[0-9a-f]{8}$/);
      return new Downloads(folder);
    } catch {
      return new Downloads(await mkdtemp(join(tmpdir(), 'taskscope-exports-')));
    }
  }

  /** Returns a path for one file and the address path that will send it. */
  async place(suggested: string): Promise<{ path: string; download: string }> {
    const id = randomBytes(32).toString('hex');
    const folder = join(this.#folder, id.slice(0, 16));
    await mkdir(folder, { recursive: true, mode: OWNER_ONLY });
    const path = join(folder, fileName(suggested));
    this.#files.set(id, path);
    return { path, download: `/download/${id}` };
  }

  /**
   * Sends the file and deletes it. Resolves to false when no file has this id or it is not written yet. When the download breaks
   * off, the file stays for another try.
   */
  async send(id: string, response: ServerResponse): Promise<boolean> {
    const path = this.#files.get(id);
    if (!path) return false;
    const size = await stat(path).then(
      (found) => found.size,
      () => null,
    );
    if (size === null) return false;
    this.#files.delete(id); // a second request must not send the file at the same time
    const name = basename(path);
    response.writeHead(200, {
      'content-type': 'application/octet-stream',
      'content-length': size,
      'content-disposition': `attachment; filename="${name.replace(/[^\x20-\x7e]|["\\]/g, '_')}"; filename*=UTF-8''${encodeName(name)}`,
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    });
    try {
      await pipeline(createReadStream(path), response);
      await rm(join(path, '..'), { recursive: true, force: true });
    } catch {
      this.#files.set(id, path); // the browser has told its person, and can ask for the file again
    }
    return true;
  }

  close(): Promise<void> {
    this.#files.clear();
    return rm(this.#folder, { recursive: true, force: true });
  }
}

/** The suggested name without characters that Windows, macOS or Linux refuse; at most 120 characters. */
function fileName(suggested: string): string {
  const clean = basename(suggested)
    .replace(/[\p{Cc}<>:"/\\|?*]/gu, '_')
    .replace(/^\.+|[. ]+$/g, '')
    .slice(0, 120);
  return clean || 'taskscope-export';
}

/** RFC 5987: encodeURIComponent leaves a few characters that a header parameter may not hold. */
function encodeName(name: string): string {
  return encodeURIComponent(name).replace(/['()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}
