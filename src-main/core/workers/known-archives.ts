/** Finds archives of no workspace that were read from a server, so that a workspace can go on with one instead of reading all anew. */
import { createClient } from '../../prefect/client.ts';
import type { Connection } from '../../prefect/connection.ts';
import { readOrigin, type Origin } from '../../store/read/origin.ts';
import { knowsOneOf } from '../../sync/same-server.ts';

/** At most three requests for each archive. Throws the server's errors. */
export async function archivesKnownTo(
  connection: Connection,
  paths: readonly string[],
  signal: AbortSignal,
): Promise<{ path: string; task_runs: number; server: string | null }[]> {
  const client = createClient(connection);
  try {
    const known = [];
    for (const path of paths) {
      const origin = originOf(path);
      if (!origin || !(await knowsOneOf(client, origin.ids, signal))) continue;
      known.push({ path, task_runs: origin.task_runs, server: origin.server });
    }
    return known;
  } finally {
    await client.close();
  }
}

/** null: damaged, or of a newer version */
function originOf(path: string): Origin | null {
  try {
    return readOrigin(path);
  } catch {
    return null;
  }
}
