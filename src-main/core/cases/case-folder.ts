import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isAlive } from '../files/data-folder.ts';

/** A folder of this process's own in the system's temporary one. Those of processes that were killed go: they hold whole archives. */
export async function caseFolder(): Promise<string> {
  for (const name of await readdir(tmpdir())) {
    const pid = Number(/^taskscope-case-(\d+)-/.exec(name)?.[1]);
    if (!pid || pid === process.pid || isAlive(pid)) continue;
    await rm(join(tmpdir(), name), { recursive: true, force: true }).catch(() => undefined); // another person's
  }
  return mkdtemp(join(tmpdir(), `taskscope-case-${process.pid}-`));
}
