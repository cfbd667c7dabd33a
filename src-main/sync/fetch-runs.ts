/** Fetches history, logs and artifacts of runs that a person has asked for together, so that they can be searched and read offline. */
import { LINES_AT_ONCE, MOST_LINES, type RunActivity } from '../contract/run.ts';
import { fetchActivities } from '../prefect/activity.ts';
import { USUAL_PAGE_LIMIT, type PrefectClient } from '../prefect/client.ts';
import { readRuns, TOGETHER, type RefusedRun } from './read-runs.ts';
import type { Sink } from './sink.ts';

/**
 * In the order given, within the server's request budget and behind what a person waits for; the lines between the ends of long logs come
 * last. `tell` hears how many runs are done. A run that makes the server fail is passed over; when no run can be read, the first one's error
 * is thrown. Throws errors that concern the whole server, and CANCELLED; what was read by then is kept.
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
  const long = new Map<string, RunActivity>();
  const keep = async (id: string, activity: RunActivity): Promise<void> => {
    await save(id, activity, null);
    if (activity.gap === null) long.delete(id);
    else long.set(id, activity);
  };
  const read = (some: readonly string[]) => fetchActivities(client, some, limit, options);
  const refused: RefusedRun[] = [];
  for (let at = 0; at < ids.length; at += TOGETHER) {
    const some = ids.slice(at, at + TOGETHER);
    refused.push(...(await readRuns(some, read, keep)));
    tell(at + some.length - long.size);
  }
  if (refused[0] && refused.length === ids.length) throw refused[0].error;
  for (const id of [...long.keys()]) {
    for (let lines = 0, from = long.get(id); from && lines < MOST_LINES; from = long.get(id)) {
      const after = from.logs.find((line) => line.id === from?.gap)?.timestamp ?? null;
      const readOn = (some: readonly string[]) => fetchActivities(client, some, limit, options, { after, rest: true });
      const failed = await readRuns([id], readOn, keep);
      if (failed.length > 0) break;
      lines += LINES_AT_ONCE;
    }
    long.delete(id);
    tell(ids.length - long.size);
  }
}
