/** Names of files that an export has not finished, and removing those whose process was killed. */
import { randomBytes } from 'node:crypto';
import { readdir, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

const ending = /\.(\d+)-[0-9a-f]{8}\.taskscope-partial$/;
/** ms. The process of a file in a shared folder may run on another machine, and then writes to it all the time. */
const QUIET = 60_000;

/** Where an export to `path` is written until it is whole. Its name says which process writes it, and that it is ours. */
export const partialOf = (path: string): string =>
  `${path}.${process.pid}-${randomBytes(4).toString('hex')}.taskscope-partial`;

/** Removes what killed exports have left in the folder of `path`. Never throws: the export at hand does not need it. */
export async function removeStale(path: string): Promise<void> {
  const folder = dirname(path);
  for (const name of await readdir(folder).catch(() => [])) {
    const pid = Number(ending.exec(name)?.[1]);
    if (!pid || isAlive(pid)) continue;
    const file = join(folder, name);
    const found = await stat(file).catch(() => null);
    if (found && Date.now() - found.mtimeMs > QUIET)
      await rm(file, { recursive: true, force: true }).catch(() => undefined);
  }
}

/** Removes what exports of this process to `path` have left. For an export whose thread has died; one that still runs would fail. Never throws. */
export async function removeOwn(path: string): Promise<void> {
  const folder = dirname(path);
  const own = (name: string) => name.startsWith(`${basename(path)}.${process.pid}-`) && ending.test(name);
  for (const name of await readdir(folder).catch(() => []))
    if (own(name)) await rm(join(folder, name), { recursive: true, force: true }).catch(() => undefined);
}

/** Does a process with this id run on this machine? */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code === 'EPERM';
  }
}
