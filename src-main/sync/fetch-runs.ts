/** Fetches history, logs and artifacts of runs that a person has asked for together, so that they can be searched and read offline. */
import { AppError } from '../contract/errors.ts';
import type { RunActivity } from '../contract/run.ts';
import { fetchActivities } from '../prefect/activity.ts';
import { USUAL_PAGE_LIMIT, type PrefectClient } from '../prefect/client.ts';
import type { Sink } from './sink.ts';

/** Runs whose logs and artifacts are asked for in one request. */
const TOGETHER = 10;

/**
 * In the order given, within the server's request budget and behind what a person waits for. `tell` hears how many runs are done. A run that
 * makes the server fail is passed over. Throws errors that concern the whole server, and CANCELLED; what was read by then is kept.
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
  const fetchSome = async (some: readonly string[]): Promise<void> => {
    try {
      const found = await fetchActivities(client, some, limit, options);
      for (const id of some) await save(id, found.get(id) as RunActivity, null);
    } catch (thrown) {
      const isOnes = thrown instanceof AppError && ['NOT_FOUND', 'SERVER_REJECTED', 'SERVER_BAD_REPLY', 'SERVER_FAILED'].includes(thrown.code); // prettier-ignore
      if (!isOnes) throw thrown;
      if (some.length > 1) for (const id of some) await fetchSome([id]);
    }
  };
  for (let at = 0; at < ids.length; at += TOGETHER) {
    await fetchSome(ids.slice(at, at + TOGETHER));
    tell(Math.min(at + TOGETHER, ids.length));
  }
}
