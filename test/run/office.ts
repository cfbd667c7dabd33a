/** LibreOffice for the tests: used where the machine has it, never installed. With Debian's packages it is 90 MB, and its first start takes 10 s. */
import { tryProgram, type Found } from './machine.ts';

/** Seconds may pass: the first start makes a profile. ms. */
const LIMIT = 120_000;

export async function findOffice(): Promise<Found> {
  for (const name of [process.env.TASKSCOPE_SOFFICE, 'soffice', 'libreoffice']) {
    if (!name) continue;
    const answer = await tryProgram(name, ['--headless', '--version'], { limit: LIMIT });
    if (answer?.code === 0) return { path: name, why: '' };
  }
  return { path: null, why: 'no soffice' };
}
