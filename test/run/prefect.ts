/** A real Prefect for the tests: a Python of its own in a cache folder, made once. */
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { aptInstall, cacheFolder, tryProgram, type Found } from './machine.ts';

export const PREFECT_VERSION = '3.8.8';
const requirements = [`prefect==${PREFECT_VERSION}`, 'fastapi==0.140.13', 'asyncpg'];
// 3.13 last: a server on it reads fewer spellings of a time, and comparing those is then skipped
const pythons = ['python3.12', 'python3.11', 'python3.10', 'python3', 'python', 'python3.13'];
const INSTALL_LIMIT = 15 * 60_000; // ms; about a minute with a near package index

export async function findOrMakePrefect(): Promise<Found> {
  const named = process.env.TASKSCOPE_PREFECT_PYTHON;
  if (named) {
    const version = await prefectIn(named);
    if (version === PREFECT_VERSION) return { path: named, why: '' };
    return {
      path: null,
      why: `TASKSCOPE_PREFECT_PYTHON has Prefect ${version ?? 'not at all'}, not ${PREFECT_VERSION}`,
    };
  }
  const folder = join(cacheFolder(), `prefect-${PREFECT_VERSION}`);
  const python = join(folder, ...(process.platform === 'win32' ? ['Scripts', 'python.exe'] : ['bin', 'python']));
  const mark = join(folder, 'taskscope-ready');
  const wanted = requirements.join('\n');
  const ready = existsSync(mark) && (await readFile(mark, 'utf8')) === wanted;
  // the mark alone is not enough: the Python it was made from may have been removed since
  if (ready && (await prefectIn(python)) === PREFECT_VERSION) return { path: python, why: '' };

  const base = (await findPython()) ?? ((await aptInstall(['python3', 'python3-venv'])) ? await findPython() : null);
  if (!base) return { path: null, why: 'no Python 3.10 or newer with venv' };
  console.log(`set-up: installing Prefect ${PREFECT_VERSION} into ${folder}, once …`);
  try {
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true });
    const made = await tryProgram(base, ['-m', 'venv', folder], { limit: INSTALL_LIMIT, show: true });
    if (made?.code !== 0) return { path: null, why: `${base} -m venv failed` };
    const pip = ['-m', 'pip', 'install', '--disable-pip-version-check', '--quiet', ...requirements];
    const installed = await tryProgram(python, pip, { limit: INSTALL_LIMIT, show: true });
    if (installed?.code !== 0) return { path: null, why: `pip could not install ${requirements.join(' ')}` };
    await writeFile(mark, wanted);
    return { path: python, why: '' };
  } catch (thrown) {
    return { path: null, why: `${folder} cannot be made: ${String(thrown)}` };
  }
}

/** Asks the package's metadata: importing Prefect takes seconds. */
async function prefectIn(python: string): Promise<string | null> {
  const answer = await tryProgram(python, ['-c', 'from importlib.metadata import version; print(version("prefect"))']);
  return answer?.code === 0 ? answer.out : null;
}

/** Debian's python3 comes without ensurepip until python3-venv is installed. */
async function findPython(): Promise<string | null> {
  const check = 'import sys, venv, ensurepip; sys.exit(0 if sys.version_info >= (3, 10) else 1)';
  for (const name of pythons) if ((await tryProgram(name, ['-c', check]))?.code === 0) return name;
  return null;
}
