/**
 * Exported files on their way to a browser page. The browser shell cannot ask where to save, so an export is written into
 * a folder of this process and handed out once under an address nobody can guess; then it is deleted.
 */
import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { isAlive } from '../core/files/data-folder.ts';

const OWNER_ONLY = 0o700; // the rows of an archive are nobody else's business

export class Downloads {
  readonly #folder: string;
  readonly #files = new Map<string, string>();

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** In `exports`, or in the system's temporary folder when the data folder cannot be written. Clears what dead processes left. */
  static async open(exports: string): Promise<Downloads> {
    const folder = join(exports, `${process.pid}-${randomBytes(4).toString('hex')}`);
    try {
      await mkdir(folder, { recursive: true, mode: OWNER_ONLY });
      await removeLeftovers(exports);
      return new Downloads(folder);
    } catch {
      return new Downloads(await mkdtemp(join(tmpdir(), 'taskscope-exports-')));
    }
  }

  /** A place for one file and the path on this host that will hand it out. */
  async place(suggested: string): Promise<{ path: string; download: string }> {
    const id = randomBytes(32).toString('hex');
    const folder = join(this.#folder, id.slice(0, 16));
    await mkdir(folder, { recursive: true, mode: OWNER_ONLY });
    const path = join(folder, fileName(suggested));
    this.#files.set(id, path);
    return { path, download: `/download/${id}` };
  }

  /**
   * Sends the file and deletes it; false when there is none under this id, or not yet. A download that breaks off
   * keeps the file for another try.
   */
  async send(id: string, response: ServerResponse): Promise<boolean> {
    const path = this.#files.get(id);
    if (!path) return false;
    const size = await stat(path).then(
      (found) => found.size,
      () => null,
    );
    if (size === null) return false;
    this.#files.delete(id); // a second request must not start beside the first
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
      this.#files.set(id, path);
    }
    return true;
  }

  close(): Promise<void> {
    this.#files.clear();
    return rm(this.#folder, { recursive: true, force: true });
  }
}

async function removeLeftovers(exports: string): Promise<void> {
  for (const name of await readdir(exports)) {
    const pid = Number(/^(\d+)-[0-9a-f]{8}$/.exec(name)?.[1]);
    if (pid && pid !== process.pid && !isAlive(pid)) await rm(join(exports, name), { recursive: true, force: true });
  }
}

/** What any system takes as a file name. */
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
