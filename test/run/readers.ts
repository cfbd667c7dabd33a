/** The Python that reads exports: openpyxl and pandas in a folder of its own. */
import { join } from 'node:path';
import { cacheFolder, tryProgram, type Found } from './machine.ts';
import { isMarked, makeVenv, pythonOf } from './prefect.ts';

const requirements = ['openpyxl==3.1.5', 'pandas==2.3.3'];

export async function findOrMakeReaders(): Promise<Found> {
  const folder = join(cacheFolder(), 'readers');
  const python = pythonOf(folder);
  if (await isMarked(folder, requirements)) {
    const answer = await tryProgram(python, ['-c', 'import csv, openpyxl, pandas']);
    if (answer?.code === 0) return { path: python, why: '' };
  }
  return makeVenv(folder, requirements);
}
