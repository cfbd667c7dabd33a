/**
 * Fetches history, logs and artifacts of the runs that a rule names, after the rows: newest first, a share in each pass. Runs that the share
 * does not reach are due in the next pass, also after a restart: the archive itself tells which runs are due.
 */
import { AppError, type ErrorCode } from '../contract/errors.ts';
import { noActivity, type RunActivity } from '../contract/run.ts';
import type { FetchRule } from '../contract/sync.ts';
import { fetchActivities } from '../prefect/activity.ts';
import type { SyncMemory } from './memory.ts';
import type { Pass } from './pass.ts';
import type { DueRun } from '../contract/archive.ts';

const DAY = 86_400_000_000;
/** µs after its end until a run's last lines have arrived: clients send logs every 2 s, and try again when that fails. */
const SETTLE = 10_000_000;
/** Most runs in a pass. */
const MOST = 200;
/** ms of a pass after which no further runs are begun: the next pass starts 30 s later. At Cloud's 2 requests a second this is 15 runs. */
const SHARE = 10_000;
/** Lines of one run up to which all of them are read; of a run with more, the first and the last. Opening the run reads the others. */
const MOST_LINES_BY_RULE = 100_000;
/** Runs whose logs and artifacts are asked for in one request. */
const TOGETHER = 10;

/** Passes in which the server failed for a run, and for every other run asked for, before the run counts as the cause. */
const MOST_TRIES = 3;

/** Errors that may be due to one run. Others (no connection, no sign-in, busy) say nothing about the run and end the fetching. */
const refusals: ErrorCode[] = [
  'NOT_FOUND',
  'SERVER_REJECTED',
  'SERVER_NOT_PREFECT',
  'SERVER_BAD_REPLY',
  'SERVER_FAILED',
];

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
  const refused: { one: DueRun; error: AppError }[] = [];
  let fetched = 0;
  /** With the lines between the two ends that are read first, as far as the share reaches. */
  const saveWhole = async (id: string, first: RunActivity, stamp: number): Promise<void> => {
    await save(id, first, stamp);
    let read = first.logs.length;
    for (let last = first; last.gap !== null && read < MOST_LINES_BY_RULE && now() < end;) {
      const after = last.logs.find((line) => line.id === last.gap)?.timestamp ?? null;
      const more = await fetchActivities(source.client, [id], source.limit, source.options, { after, rest: true });
      last = more.get(id) as RunActivity;
      read += last.logs.length;
      await save(id, last, stamp);
    }
  };
  const fetchSome = async (some: DueRun[]): Promise<void> => {
    const ids = some.map(({ id }) => id);
    try {
      const found = await fetchActivities(source.client, ids, source.limit, source.options);
      for (const { id, stamp } of some) await saveWhole(id, found.get(id) as RunActivity, stamp);
      fetched += some.length;
    } catch (thrown) {
      if (!(thrown instanceof AppError) || !refusals.includes(thrown.code)) throw thrown;
      const [one] = some;
      if (some.length === 1 && one) refused.push({ one, error: thrown });
      else for (const each of some) if (now() < end) await fetchSome([each]); // one run may make the common reply fail
    }
  };
  for (let at = 0; at < due.length && now() < end; at += TOGETHER) {
    await fetchSome(due.slice(at, at + TOGETHER));
    if (fetched === 0) break; // the server itself may be the cause: the next pass tells
  }
  for (const { one, error } of refused) {
    const failed = (tries.get(one.id) ?? 0) + 1;
    tries.set(one.id, failed);
    if (error.code === 'SERVER_FAILED' && fetched === 0 && failed < MOST_TRIES) continue;
    await save(one.id, noActivity(error), one.stamp);
    tries.delete(one.id);
  }
}
