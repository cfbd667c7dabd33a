/**
 * Tells whether an archive was read from a server. Ids are random, so one id that the server knows is proof. Flows are asked for first: runs
 * may all have been deleted on the server, but flows outlive their runs unless the server was emptied.
 */
import type { PrefectClient } from '../prefect/client.ts';
import { Source } from './source.ts';

const kinds = ['flow', 'flow_run', 'task_run'] as const;
export type Ids = Record<(typeof kinds)[number], readonly string[]>;

/** At most three requests for a page of ids each. Throws the client's errors. */
export async function knowsOneOf(client: PrefectClient, ids: Ids, signal: AbortSignal): Promise<boolean> {
  const options = { signal, urgent: true };
  const source = new Source(client, await client.pageLimit(options), options);
  for (const kind of kinds) {
    const unknown = await source.byIds(kind, ids[kind], () => Promise.resolve());
    if (unknown.length < ids[kind].length) return true;
  }
  return false;
}
