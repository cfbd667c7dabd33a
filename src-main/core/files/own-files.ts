/** Keeps exports from replacing what Taskscope keeps: an archive may hold what the server has forgotten. */
import { realpath } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { AppError } from '../../contract/errors.ts';
import { followLinks } from '../../export/file.ts';
import { isOwnName } from '../../store/file/private.ts';

/** Throws BAD_INPUT when `path`, or what a link of that name points to, is an archive or another file of the data folder's own. */
export async function refuseOwnFiles(dataDir: string, path: string): Promise<void> {
  const target = await followLinks(path).catch(() => resolve(path));
  const folder = await real(dirname(target));
  const own = await real(dataDir);
  if (folder !== join(own, 'archives') && !(folder === own && isOwnName(basename(target)))) return;
  throw new AppError('BAD_INPUT', `${path} is a place of Taskscope’s own files`, {
    path,
    advice: 'An export there could replace an archive or the settings. Choose another folder or name.',
  });
}

const real = (path: string): Promise<string> => realpath(path).catch(() => resolve(path));
