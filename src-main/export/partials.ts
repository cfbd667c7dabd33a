/** Names of what an export has not finished, and clearing away what processes have left that were killed. */
import { randomBytes } from 'node:crypto';
import { lstat, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

const shape = /^(.+)\.(\d+)-[0-9a-f]{8}\.taskscope-(partial|replaced)$/;
/** ms. The process of a file in a shared folder may run on another machine, and then writes to it all the time. */
const QUIET = 60_000;

/** The name says which process has made it, and that it is ours. */
const named = (path: string, what: 'partial' | 'replaced'): string =>
  `${path}.${process.pid}-${randomBytes(4).toString('hex')}.taskscope-${what}`;

/** Where an export to `path` is written until it is whole. */
export const partialOf = (path: string): string => named(path, 'partial');

/** Where the folder at `path` is while a new one takes its name. After a kill at that moment it is the only whole one. */
export const replacedOf = (path: string): string => named(path, 'replaced');

type Left = { file: string; path: string; pid: number; replaced: boolean };

async function leftIn(folder: string): Promise<Left[]> {
  const names = await readdir(folder).catch(() => []); // an export into no folder fails by itself
  return names.flatMap((name) => {
    const [, path, pid, what] = shape.exec(name) ?? [];
    return path ? { file: join(folder, name), path: join(folder, path), pid: Number(pid), replaced: what === 'replaced' } : []; // prettier-ignore
  });
}

/** Gives a folder that was being replaced its name back when nothing has it; removes everything else. Never throws: the next export tries it again. */
async function clear({ file, path, replaced }: Left): Promise<void> {
  const isOnly = replaced && (await lstat(path).catch(() => null)) === null;
  await (isOnly ? rename(file, path) : rm(file, { recursive: true, force: true })).catch(() => undefined);
}

/** Clears away what killed exports have left in the folder of `path`. Never throws: the export at hand does not need it. */
export async function clearStale(path: string): Promise<void> {
  for (const left of await leftIn(dirname(path))) {
    if (isAlive(left.pid)) continue;
    const found = await stat(left.file).catch(() => null);
    if (found && (left.replaced || Date.now() - found.mtimeMs > QUIET)) await clear(left);
  }
}

/** Clears away what exports of this process to `path` have left. For an export whose thread has died; one that still runs would fail. Never throws. */
export async function clearOwn(path: string): Promise<void> {
  for (const left of await leftIn(dirname(path)))
    if (left.path === join(dirname(path), basename(path)) && left.pid === process.pid) await clear(left);
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
