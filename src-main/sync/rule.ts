/**
 * Fetches history, logs and artifacts of the runs that a rule names, after the rows: newest first, a share in each pass. Runs that the share
 * does not reach are due in the next pass, also after a restart: the archive itself tells which runs are due.
 */
import { noActivity, type RunActivity } from '../contract/run.ts';
import type { FetchRule } from '../contract/sync.ts';
import { fetchActivities } from '../prefect/activity.ts';
import type { SyncMemory } from './memory.ts';
import type { Pass } from './pass.ts';
import { readRuns, TOGETHER, type RefusedRun } from './read-runs.ts';

const DAY = 86_400_000_000;
/** µs after its end until a run's last lines have arrived: clients send logs every 2 s, and try again when that fails. */
const SETTLE = 10_000_000;
/** Most runs in a pass. */
const MOST = 200;
/** ms of a pass after which no further runs are begun: the next pass starts 30 s later. At Cloud's 2 requests a second this is 15 runs. */
const SHARE = 10_000;
/** Lines of one run up to which all of them are read; of a run with more, the first and the last. Opening the run reads the others. */
const MOST_LINES_BY_RULE = 100_000;
/** Passes in which no run could be read before one that is asked for counts as the cause. */
const MOST_TRIES = 3;

/**
 * Throws errors that concern the whole server, and CANCELLED; activities fetched by then are kept. A run whose replies cannot be used is not
 * asked for again until it changes. `now`: ms, for the share.
 */
export async function fetchByRule(
  { source, sink, progress }: Pass,
  { states, days }: FetchRule,
  tries: SyncMemory['ruleTries'] = new Map(),
  now: () => number = () => performance.now(),
): Promise<void> {
  if (!sink.dueActivities || !sink.saveActivity || days === 0 || states.length === 0) return;
  const save = sink.saveActivity.bind(sink);
  const clock = source.clock ?? Date.now() * 1000;
  const wanted = { states, from: clock - days * DAY, to: clock - SETTLE, settle: SETTLE, limit: MOST };
  const due = await sink.dueActivities(wanted);
  if (due.length === 0) return;
  progress.step('activity');

  const end = now() + SHARE;
  const refused: RefusedRun[] = [];
  const stamps = new Map(due.map(({ id, stamp }) => [id, stamp]));
  let fetched = 0;
  const { client, limit, options } = source;
  /** With the lines between the two ends that are read first, as far as the share reaches. */
  const saveWhole = async (id: string, first: RunActivity): Promise<void> => {
    const stamp = stamps.get(id) ?? null;
    await save(id, first, stamp);
    let read = first.logs.length;
    for (let last = first; last.gap !== null && read < MOST_LINES_BY_RULE && now() < end;) {
      const after = last.logs.find((line) => line.id === last.gap)?.timestamp ?? null;
      const more = await fetchActivities(client, [id], limit, options, { after, rest: true });
      last = more.get(id) as RunActivity;
      read += last.logs.length;
      await save(id, last, stamp);
    }
    fetched += 1;
  };
  const read = (ids: readonly string[]) => fetchActivities(client, ids, limit, options);
  for (let at = 0; at < due.length && now() < end; at += TOGETHER) {
    const ids = due.slice(at, at + TOGETHER).map(({ id }) => id);
    refused.push(...(await readRuns(ids, read, saveWhole, () => now() < end)));
    if (fetched === 0) break; // the server itself may be the cause: the next pass tells
  }
  for (const { id, error } of refused) {
    const failed = (tries.get(id) ?? 0) + 1;
    tries.set(id, failed);
    if (fetched === 0 && failed < MOST_TRIES) continue;
    await save(id, noActivity(error), stamps.get(id) ?? null);
    tries.delete(id);
  }
}
