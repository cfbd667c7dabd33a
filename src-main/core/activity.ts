/** A run's logs, history and artifacts over time: the server may clean its own up, the archive keeps what it has seen. */
import type { RunActivity } from '../contract/rows.ts';
import { byCreation } from '../prefect/artifacts.ts';

/** What was kept and what the server says now, each entry once; where both have one, the server's. Ordered by time. */
export function mergeActivity(kept: RunActivity | null, fresh: RunActivity): RunActivity {
  if (!kept) return fresh;
  if (fresh.fetched === null) return kept; // the server refused
  const byTime = (a: { timestamp: number }, b: { timestamp: number }) => a.timestamp - b.timestamp;
  return {
    ...fresh,
    history: union(kept.history, fresh.history).sort(byTime),
    logs: union(kept.logs, fresh.logs).sort(byTime),
    artifacts: union(kept.artifacts, fresh.artifacts).sort(byCreation),
  };
}

function union<T extends { id: string }>(kept: readonly T[], fresh: readonly T[]): T[] {
  const all = new Map(kept.map((one) => [one.id, one]));
  for (const one of fresh) all.set(one.id, one);
  return [...all.values()];
}
