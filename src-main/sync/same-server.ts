/**
 * Is a server the one an archive was read from? Ids are random: one that it knows settles it. Flows are asked for first, since they
 * outlive their runs; runs may all have been deleted there, and flows and runs both only when it was emptied.
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
    const missing = await source.byIds(kind, ids[kind], () => Promise.resolve());
    if (missing.length < ids[kind].length) return true;
  }
  return false;
}
