/** What a task run did over time: from its kept states, attempt by attempt, or from its row when none are kept. */
import { historySpans, rowSpans, type Span } from '../../ui/charts/timeline-layout.ts';
import type { TaskRun } from './model.ts';

/** `now` in µs */
export function spansOf(run: TaskRun, now: number): Span[] {
  const { states } = run;
  if (states.length === 0) return rowSpans(run, now);
  const last = states.reduce((latest, { timestamp }) => Math.max(latest, timestamp), -Infinity);
  // the states may have been kept before the run went on
  const { state_type: type, state_name: name, state_timestamp: at } = run;
  const later =
    type !== null && at !== null && at > last
      ? [{ id: '', type, name: name ?? type, timestamp: at, message: null }]
      : [];
  return historySpans([...states, ...later], now);
}
