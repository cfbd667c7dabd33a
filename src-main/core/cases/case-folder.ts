import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { removeOfDead } from '../files/data-folder.ts';

/** A folder of this process's own in the system's temporary one. Those of processes that were killed go: they hold whole archives. */
export async function caseFolder(): Promise<string> {
  await removeOfDead(tmpdir(), /^taskscope-case-(\d+)-/);
  return mkdtemp(join(tmpdir(), `taskscope-case-${process.pid}-`));
}
