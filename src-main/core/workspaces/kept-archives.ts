/** Archives of removed workspaces: a new workspace of the same server may go on with one, and never comes upon one by its name. */
import { basename, dirname } from 'node:path';
import { AppError } from '../../contract/errors.ts';
import type { KeptArchive } from '../../contract/workspace.ts';
import type { Connection } from '../../prefect/connection.ts';
import { archiveFiles, archiveNames } from '../../store/file/files.ts';
import type { Archives } from '../archive/archives.ts';
import type { Paths } from '../files/paths.ts';
import type { Workspaces } from './workspaces.ts';

type Parts = { paths: Paths; workspaces: Workspaces; archives: Archives };

/** Those whose runs the server knows, the largest first. The server is asked only when there are archives of no workspace. Throws its errors. */
export async function keptArchives(
  { paths, workspaces, archives }: Parts,
  connection: () => Connection,
  signal: AbortSignal,
): Promise<KeptArchive[]> {
  const used = new Set(workspaces.list().map(({ file }) => file.toLowerCase()));
  const free = archiveNames(dirname(paths.archive('x'))).filter((name) => !used.has(name.toLowerCase()));
  if (free.length === 0) return [];
  const known = await archives.server.known(
    { connection: connection(), paths: free.map((name) => paths.archive(name)) },
    { signal },
  );
  return known
    .map(({ path, task_runs, server }) => ({
      file: basename(path),
      task_runs,
      bytes: archiveFiles(path).find((one) => one.path === path)?.bytes ?? 0,
      server,
    }))
    .sort((a, b) => b.task_runs - a.task_runs);
}

/** Throws ANOTHER_SERVER unless `file` is null or one of `keptArchives`, and the server's errors. */
export async function adoptable(
  parts: Parts,
  file: string | null,
  connection: () => Connection,
  signal: AbortSignal,
): Promise<void> {
  if (file === null) return;
  const kept = await keptArchives(parts, connection, signal);
  if (kept.some((one) => one.file === file)) return;
  const { host } = new URL(connection().api_url);
  throw new AppError('ANOTHER_SERVER', `${host} knows nothing of ${file}`, { workspace: file, host });
}
