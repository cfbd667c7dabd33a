/** Reads and merges logs, history and artifacts of a task run or a flow run: the server may delete its own, the archive keeps all that it has read. */
import { toWireError, type AppError } from '../../contract/errors.ts';
import { MOST_LINES, noActivity, type ActivityOwner, type LinePlace, type RunActivity } from '../../contract/run.ts';
import { byCreation } from '../../prefect/artifacts.ts';
import type { Threads } from './threads.ts';
import type { Connection } from '../../prefect/connection.ts';

/** µs. Lines that came late, after younger ones had been read, are looked for this far back: clients send theirs every 2 s, and try again. */
const LATE_LINES = 120_000_000;

export type WantedActivity = {
  id: string;
  of: ActivityOwner;
  from: number | null;
  rest: boolean;
  only_kept?: boolean;
};

/**
 * A fresh copy from the server merged with the kept one; when the server does not answer, the kept copy with the problem. Of the lines
 * those from `from` (µs) on are returned. `rest`: reads some of the lines that are missing. `only_kept`: the server is not asked. `onlyReads`: why there is no server.
 */
export async function readActivity(
  { query, sync, writer }: Threads,
  connection: () => Promise<Connection>,
  { id, of, from, rest, only_kept }: WantedActivity,
  signal: AbortSignal,
  onlyReads: () => AppError,
): Promise<RunActivity> {
  const known = await query.client.activity({ id, from }, { signal });
  const kept = known?.activity ?? null;
  if (only_kept) return kept ?? noActivity(null);
  if (rest && kept && kept.kept >= MOST_LINES) return kept;
  if (!sync || !writer) return kept ?? noActivity(onlyReads());
  try {
    const end = known?.end?.timestamp ?? null;
    const after = end === null || (kept && kept.gap !== null) ? end : end - LATE_LINES;
    const activity = await sync.client.activity({ connection: await connection(), id, of, after, rest }, { signal });
    return await writer.client.saveActivity({ id, activity, stamp: null, from });
  } catch (thrown) {
    return kept ? { ...kept, problem: toWireError(thrown) } : noActivity(toWireError(thrown));
  }
}

/**
 * The kept and the server's entries, each once and in order; where both have an entry, the server's. `logs` are the server's lines: the
 * archive adds them to its own. `end`: the kept line up to which none is missing.
 */
export function mergeActivity(kept: RunActivity | null, end: LinePlace | null, fresh: RunActivity): RunActivity {
  if (!kept) return fresh;
  if (fresh.fetched === null) return { ...kept, logs: [] }; // the server refused
  const byTime = (a: { timestamp: number }, b: { timestamp: number }) => a.timestamp - b.timestamp;
  const gap = fresh.missed.logs ? kept.gap : gapOf(end, fresh);
  return {
    ...fresh,
    history: union(kept.history, fresh.history).sort(byTime),
    gap,
    count: gap === null ? null : (fresh.count ?? kept.count),
    artifacts: union(kept.artifacts, fresh.artifacts).sort(byCreation),
  };
}

/** The gap left in both together: lines read earlier, when the run had fewer of them, may close the gap or a part of it. */
function gapOf(end: LinePlace | null, fresh: RunActivity): string | null {
  const at = fresh.logs.findIndex(({ id }) => id === fresh.gap);
  const before = fresh.logs[at];
  const after = fresh.logs[at + 1];
  if (!before || !after) return fresh.gap;
  if (!end || end.timestamp <= before.timestamp) return fresh.gap;
  return end.timestamp >= after.timestamp ? null : end.id;
}

function union<T extends { id: string }>(kept: readonly T[], fresh: readonly T[]): T[] {
  const all = new Map(kept.map((one) => [one.id, one]));
  for (const one of fresh) all.set(one.id, one);
  return [...all.values()];
}
