/** Fetches history, logs and artifacts of runs that a person has asked for together, so that they can be searched and read offline. */
import { fetchActivities } from '../prefect/activity.ts';
import { USUAL_PAGE_LIMIT, type PrefectClient } from '../prefect/client.ts';
import { readRuns, TOGETHER, type RefusedRun } from './read-runs.ts';
import type { Sink } from './sink.ts';

/**
 * In the order given, within the server's request budget and behind what a person waits for. `tell` hears how many runs are done. A run that
 * makes the server fail is passed over; when no run can be read, the first one's error is thrown. Throws errors that concern the whole
 * server, and CANCELLED; what was read by then is kept.
 */
export async function fetchRuns(
  client: PrefectClient,
  save: NonNullable<Sink['saveActivity']>,
  ids: readonly string[],
  signal: AbortSignal,
  tell: (done: number) => void,
): Promise<void> {
  const options = { signal };
  const limit = Math.min(USUAL_PAGE_LIMIT, await client.pageLimit(options));
  const read = (some: readonly string[]) => fetchActivities(client, some, limit, options);
  const refused: RefusedRun[] = [];
  for (let at = 0; at < ids.length; at += TOGETHER) {
    const some = ids.slice(at, at + TOGETHER);
    refused.push(...(await readRuns(some, read, (id, activity) => save(id, activity, null))));
    tell(at + some.length);
  }
  if (refused[0] && refused.length === ids.length) throw refused[0].error;
}
