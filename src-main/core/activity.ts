/** A run's logs and history over time: the server may clean its own up, the archive keeps what it has seen. */
import type { RunActivity } from '../contract/rows.ts';

/** What was kept and what the server says now, each entry once; where both have one, the server's. Ordered by time. */
export function mergeActivity(kept: RunActivity | null, fresh: RunActivity): RunActivity {
  if (!kept) return fresh;
  return {
    ...fresh,
    history: union(kept.history, fresh.history),
    logs: union(kept.logs, fresh.logs),
  };
}

function union<T extends { id: string; timestamp: number }>(kept: readonly T[], fresh: readonly T[]): T[] {
  const all = new Map(kept.map((one) => [one.id, one]));
  for (const one of fresh) all.set(one.id, one);
  return [...all.values()].sort((a, b) => a.timestamp - b.timestamp);
}
