/** Reads history, logs and artifacts of a few runs together; where the common reply fails, of each by itself: one run may be the cause. */
import { isRefused } from '../contract/archive.ts';
import type { AppError } from '../contract/errors.ts';
import type { RunActivity } from '../contract/run.ts';
import { isRunFailure } from '../prefect/failures.ts';

/** Runs whose logs and artifacts are asked for in one request. */
export const TOGETHER = 10;

export type RefusedRun = { id: string; error: AppError };

/**
 * Returns the runs that could not be read, or not be kept. `mayAsk`: asked before each further request. Throws errors that concern the whole server, and
 * CANCELLED.
 */
export async function readRuns(
  ids: readonly string[],
  read: (ids: readonly string[]) => Promise<Map<string, RunActivity>>,
  take: (id: string, activity: RunActivity) => Promise<void>,
  mayAsk: () => boolean = () => true,
): Promise<RefusedRun[]> {
  try {
    const found = await read(ids);
    for (const id of ids) await take(id, found.get(id) as RunActivity);
    return [];
  } catch (thrown) {
    if (!isRunFailure(thrown) && !isRefused(thrown)) throw thrown;
    const [id] = ids;
    if (ids.length === 1 && id !== undefined) return [{ id, error: thrown }];
    const refused: RefusedRun[] = [];
    for (const one of ids) if (mayAsk()) refused.push(...(await readRuns([one], read, take, mayAsk)));
    return refused;
  }
}
