/**
 * Tells whether an archive was read from a server. Ids are random, so one id that the server knows is proof. Flows are asked for first: runs
 * may all have been deleted on the server, but flows outlive their runs unless the server was emptied.
 */
import type { AppError } from '../contract/errors.ts';
import type { PrefectClient } from '../prefect/client.ts';
import { isRouteFailure } from '../prefect/failures.ts';
import { Source } from './source.ts';

const kinds = ['flow', 'flow_run', 'task_run'] as const;
export type Ids = Record<(typeof kinds)[number], readonly string[]>;

/** At most three requests for a page of ids each. Throws the client's errors; one route that fails is passed over while another tells. */
export async function knowsOneOf(client: PrefectClient, ids: Ids, signal: AbortSignal): Promise<boolean> {
  const options = { signal, urgent: true };
  const source = new Source(client, await client.pageLimit(options), options);
  let failed: AppError | null = null;
  for (const kind of kinds)
    try {
      let known = false;
      await source.byIds(kind, ids[kind], (rows) => {
        known ||= rows.length > 0;
        return Promise.resolve();
      });
      if (known) return true;
    } catch (thrown) {
      if (!isRouteFailure(thrown)) throw thrown;
      failed = thrown;
    }
  if (failed) throw failed;
  return false;
}
