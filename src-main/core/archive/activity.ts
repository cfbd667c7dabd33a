/** Reads and merges a run's logs, history and artifacts: the server may delete its own, the archive keeps all that it has read. */
import { toWireError, type AppError } from '../../contract/errors.ts';
import { noActivity, type RunActivity } from '../../contract/run.ts';
import { byCreation } from '../../prefect/artifacts.ts';
import type { Threads } from './threads.ts';
import type { Connection } from '../../prefect/connection.ts';

/** A fresh copy from the server merged with the kept one; when the server does not answer, the kept copy with the problem. `onlyReads`: why there is no server. */
export async function readActivity(
  { query, sync, writer }: Threads,
  connection: () => Promise<Connection>,
  id: string,
  signal: AbortSignal,
  onlyReads: () => AppError,
): Promise<RunActivity> {
  const kept = await query.client.activity({ id }, { signal });
  if (!sync || !writer) return kept ?? noActivity(onlyReads());
  try {
    const activity = await sync.client.activity({ connection: await connection(), id }, { signal });
    return await writer.client.saveActivity({ id, activity, stamp: null });
  } catch (thrown) {
    return kept ? { ...kept, problem: toWireError(thrown) } : noActivity(toWireError(thrown));
  }
}

/** The kept and the server's entries, each once and ordered by time; where both have an entry, the server's. */
export function mergeActivity(kept: RunActivity | null, fresh: RunActivity): RunActivity {
  if (!kept) return fresh;
  if (fresh.fetched === null) return kept; // the server refused
  const byTime = (a: { timestamp: number }, b: { timestamp: number }) => a.timestamp - b.timestamp;
  const logs = union(kept.logs, fresh.logs).sort(byTime);
  const gap = gapOf(kept, fresh);
  return {
    ...fresh,
    history: union(kept.history, fresh.history).sort(byTime),
    logs,
    truncated: fresh.gap === null ? fresh.truncated : gap !== null,
    gap,
    artifacts: union(kept.artifacts, fresh.artifacts).sort(byCreation),
  };
}

/** The gap left in both together: lines read earlier, when the run had fewer of them, may close the gap or a part of it. */
function gapOf(kept: RunActivity, fresh: RunActivity): string | null {
  const at = fresh.logs.findIndex(({ id }) => id === fresh.gap);
  const before = fresh.logs[at];
  const after = fresh.logs[at + 1];
  if (!before || !after) return fresh.gap;
  // the kept copy has all lines up to its own gap; without one, up to its last line
  const end = kept.gap === null ? kept.logs.at(-1) : kept.logs.find(({ id }) => id === kept.gap);
  if (!end || end.timestamp <= before.timestamp) return fresh.gap;
  return end.timestamp >= after.timestamp ? null : end.id;
}

function union<T extends { id: string }>(kept: readonly T[], fresh: readonly T[]): T[] {
  const all = new Map(kept.map((one) => [one.id, one]));
  for (const one of fresh) all.set(one.id, one);
  return [...all.values()];
}
