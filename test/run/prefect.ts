/** Real Prefects for the tests, each in a Python of its own in a cache folder: the version that every answer is made after, and the newest. */
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PINNED } from './proven.ts';
import { aptInstall, cacheFolder, tryProgram, type Found } from './machine.ts';

// asyncpg: for PostgreSQL
const pinned = [`prefect==${PINNED}`, 'fastapi==0.140.13', 'asyncpg'];
const newest = ['prefect', 'asyncpg'];
// 3.13 last: a server on it reads fewer spellings of a time, and comparing those is then skipped
const pythons = ['python3.12', 'python3.11', 'python3.10', 'python3', 'python', 'python3.13'];
const INSTALL_LIMIT = 15 * 60_000; // ms; about a minute with a near package index
/** ms after which a newer version is looked for again. */
const NEWEST_FOR = 20 * 3_600_000;

export async function findOrMakePrefect(): Promise<Found> {
  const named = process.env.TASKSCOPE_PREFECT_PYTHON;
  if (named) {
    const version = await prefectIn(named);
    if (version === PINNED) return { path: named, why: '' };
    return { path: null, why: `TASKSCOPE_PREFECT_PYTHON has Prefect ${version ?? 'not at all'}, not ${PINNED}` };
  }
  const folder = join(cacheFolder(), `prefect-${PINNED}`);
  // the mark alone is not enough: the Python it was made from may have been removed since
  if ((await isMarked(folder, pinned)) && (await prefectIn(pythonOf(folder))) === PINNED)
    return { path: pythonOf(folder), why: '' };
  return makeVenv(folder, pinned);
}

/** The newest version that pip finds, if it is newer than the pinned one. Without a package index, the one found last. */
export async function findOrMakeNewest(): Promise<Found> {
  const named = process.env.TASKSCOPE_NEWEST_PREFECT_PYTHON;
  const folder = join(cacheFolder(), 'prefect-newest');
  const python = named ?? pythonOf(folder);
  if (!named) {
    const there = (await isMarked(folder, newest)) && (await prefectIn(python)) !== null;
    if (!there || (await ageOf(folder)) > NEWEST_FOR) {
      const made = await makeVenv(folder, newest, there);
      if (!made.path && !there) return made;
    }
  }
  const version = await prefectIn(python);
  if (version === null) return { path: null, why: `${python} has no Prefect` };
  return version === PINNED ? { path: null, why: `${PINNED} is the newest` } : { path: python, why: '' };
}

export const pythonOf = (folder: string): string =>
  join(folder, ...(process.platform === 'win32' ? ['Scripts', 'python.exe'] : ['bin', 'python']));
const markOf = (folder: string): string => join(folder, 'taskscope-ready');

export async function isMarked(folder: string, requirements: string[]): Promise<boolean> {
  const mark = markOf(folder);
  return existsSync(mark) && (await readFile(mark, 'utf8')) === requirements.join('\n');
}

/** ms since the last installation. */
const ageOf = async (folder: string): Promise<number> => Date.now() - (await stat(markOf(folder))).mtimeMs;

/** `upgrade`: the folder is there and stays usable when the installation fails. */
export async function makeVenv(folder: string, requirements: string[], upgrade = false): Promise<Found> {
  const base = (await findPython()) ?? ((await aptInstall(['python3', 'python3-venv'])) ? await findPython() : null);
  if (!base) return { path: null, why: 'no Python 3.10 or newer with venv' };
  const python = pythonOf(folder);
  console.log(`set-up: installing ${requirements[0]} into ${folder} …`);
  try {
    if (!upgrade) {
      await rm(folder, { recursive: true, force: true });
      await mkdir(folder, { recursive: true });
      const made = await tryProgram(base, ['-m', 'venv', folder], { limit: INSTALL_LIMIT, show: true });
      if (made?.code !== 0) return { path: null, why: `${base} -m venv failed` };
    }
    const pip = ['-m', 'pip', 'install', '--disable-pip-version-check', '--quiet', '--upgrade', ...requirements];
    const installed = await tryProgram(python, pip, { limit: INSTALL_LIMIT, show: true });
    if (installed?.code !== 0) return { path: null, why: `pip could not install ${requirements.join(' ')}` };
    await writeFile(markOf(folder), requirements.join('\n'));
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
